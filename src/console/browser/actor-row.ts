import type { ActorView } from '../api-types.js';
import { explanation } from '../explanation.js';
import { countWords, durationWords, lastingWords } from '../words.js';
import { actorPath } from './api.js';
import { button, html, setAttribute, setText } from './dom.js';
import type { Entry } from './keyed-list.js';
import { bar, pill } from './pills.js';
import { actorHref } from './router.js';
import type { ViewContext } from './view.js';

/** A button that starts a parked actor again. */
export function unparkButton({ api, notices }: ViewContext, address: string, onDone: () => void): HTMLButtonElement {
  return button(
    'Unpark',
    async () => {
      await notices.attempt(() => api.post(`${actorPath(address)}/unpark`), `${address} is started again.`);
      onDone();
    },
    { class: 'primary', 'aria-label': `Unpark ${address}` },
  );
}

/** An actor in a list: where it is, and in one sentence why it stays there. */
export function actorRow(context: ViewContext, onChange: () => void): (actor: ActorView) => Entry<ActorView> {
  return ({ address }) => {
    const state = pill();
    const status = html('span', { class: 'muted' });
    const sentence = html('p', { class: 'sentence' });
    const since = html('td', { class: 'number', 'data-label': 'For' });
    const fill = bar(`Mailbox of ${address}`);
    const depth = html('span');
    const restarts = html('td', { class: 'number', 'data-label': 'Restarts' });
    const unpark = unparkButton(context, address, onChange);
    const link = html('a', { href: actorHref(address), class: 'mono' }, address);
    const element = html(
      'tr',
      {},
      html('th', { scope: 'row', class: 'actor-cell' }, link, sentence),
      html('td', {}, html('div', { class: 'state-cell' }, state.element, status, unpark)),
      since,
      html('td', { class: 'mailbox-cell', 'data-label': 'Mailbox' }, depth, fill.element),
      restarts,
    );
    return {
      element,
      update(actor) {
        const now = context.api.now();
        const isOut = actor.status === 'parked' || actor.status === 'restarting';
        state.update(isOut ? actor.status : actor.state, isOut ? 'bad' : undefined);
        setText(
          status,
          isOut && actor.state !== '' ? `in ${actor.state}` : actor.status === 'live' ? '' : actor.status,
        );
        setText(sentence, explanation(actor, now)[0] ?? '');
        setText(since, actor.since === null ? '–' : lastingWords(actor.since, now));
        const { depth: waiting, capacity, oldestAgeMs, stored } = actor.mailbox;
        fill.update(waiting, capacity);
        setText(depth, waiting + stored === 0 ? 'empty' : `${countWords(waiting + stored)} of ${countWords(capacity)}`);
        setAttribute(depth, 'title', waiting === 0 ? undefined : `oldest ${durationWords(oldestAgeMs)}`);
        setText(restarts, countWords(actor.restarts));
        setAttribute(unpark, 'hidden', actor.status !== 'parked');
        setAttribute(element, 'class', isOut ? 'bad' : undefined);
      },
    };
  };
}
