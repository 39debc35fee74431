import { statusTone, statusWords } from '../updates.js';
import type { DomainView, RunningUpdateView, UpdatesView } from '../vehicle-types.js';
import { lastingWords, waitWords } from '../words.js';
import { html, setAttribute, setText } from './dom.js';
import { domainCard } from './domain-card.js';
import { KeyedList } from './keyed-list.js';
import { pill } from './pills.js';
import { actorHref } from './router.js';
import { showSentences } from './sentences.js';

/** The update that is carried out now: its status, what it waits for, and its domains. */
export function runningUpdate(agentOf: (domain: string) => string | undefined) {
  const name = html('h2', { class: 'mono' });
  const status = pill();
  const lasting = html('span', { class: 'muted' });
  const chart = html('a', {}, 'Live chart');
  const waits = html('div', { class: 'explanation' });
  const cards = html('div', { class: 'domains' });
  const domains = new KeyedList<DomainView>(
    cards,
    ({ id }) => id,
    (domain) => domainCard(domain, agentOf),
  );
  const running = html(
    'div',
    { class: 'panel update', hidden: true },
    html('header', { class: 'update-head' }, name, status.element, lasting, chart),
    waits,
    cards,
  );
  const none = html(
    'div',
    { class: 'panel empty' },
    html('h2', {}, 'No update runs'),
    html('p', { class: 'muted' }, 'Start one below, or publish a desired state at the broker of the vehicle.'),
  );
  const element = html('div', { class: 'running' }, none, running);
  const show = (update: RunningUpdateView, now: number): void => {
    setText(name, update.activityId === '' ? '(without an id)' : update.activityId);
    setAttribute(chart, 'href', actorHref(update.address));
    status.update(statusWords(update.status), statusTone(update.status));
    setText(lasting, `for ${lastingWords(update.startedAt, now)}`);
    showSentences(
      waits,
      update.waits.map((wait) => waitWords(wait, now)),
    );
    domains.update(update.domains);
  };
  return {
    element,
    update({ current }: UpdatesView, now: number): void {
      setAttribute(none, 'hidden', current !== null);
      setAttribute(running, 'hidden', current === null);
      if (current !== null) show(current, now);
    },
  };
}
