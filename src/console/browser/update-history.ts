import { statusTone, statusWords } from '../updates.js';
import type { FinishedUpdateView, UpdatesView } from '../vehicle-types.js';
import { durationWords, relativeWords } from '../words.js';
import { html, setAttribute, setText } from './dom.js';
import { type Entry, KeyedList } from './keyed-list.js';
import { pill } from './pills.js';

const HEADS = ['Update', 'Outcome', 'Took', 'Ended'];

/** What waits for its turn, and what came of the last updates. */
export function updateHistory(now: () => number) {
  const queue = html('ol', { class: 'queue' });
  const waiting = new KeyedList<{ id: string; place: number }>(queue, ({ id, place }) => `${place} ${id}`, waitingRow);
  const queued = html('section', { hidden: true }, html('h2', {}, 'Waiting'), html('div', { class: 'panel' }, queue));
  const rows = html('tbody');
  // The same id may come again.
  const finished = new KeyedList<FinishedUpdateView>(
    rows,
    ({ activityId, endedAt }) => `${endedAt} ${activityId}`,
    (update) => finishedRow(update, now),
  );
  const none = html('p', { class: 'muted' }, 'None has ended yet. The last ten are remembered, with how they ended.');
  const table = html(
    'div',
    { class: 'panel scroll-x', hidden: true },
    html(
      'table',
      { class: 'rows history cards-when-narrow' },
      html('thead', {}, html('tr', {}, ...HEADS.map((head) => html('th', { scope: 'col' }, head)))),
      rows,
    ),
  );
  const ended = html('section', {}, html('h2', {}, 'Last updates'), none, table);
  return {
    queued,
    ended,
    update(updates: UpdatesView): void {
      setAttribute(queued, 'hidden', updates.waiting.length === 0);
      waiting.update(updates.waiting.map((id, place) => ({ id, place })));
      setAttribute(none, 'hidden', updates.recent.length > 0);
      setAttribute(table, 'hidden', updates.recent.length === 0);
      finished.update(updates.recent);
    },
  };
}

function failureLine({ component, message }: NonNullable<FinishedUpdateView['failures']>[number]): HTMLElement {
  return html('p', { class: 'sentence failure' }, html('strong', {}, component), ` ${message}`);
}

function waitingRow({ id, place }: { id: string; place: number }): Entry<unknown> {
  const note = place === 0 ? 'begins when the running one has ended' : '';
  const element = html('li', {}, html('span', { class: 'mono' }, id), html('span', { class: 'muted' }, note));
  return { element, update: () => {} };
}

function finishedRow(
  { activityId, status, message, startedAt, endedAt, failures = [] }: FinishedUpdateView,
  now: () => number,
): Entry<FinishedUpdateView> {
  const outcome = pill();
  outcome.update(statusWords(status), statusTone(status));
  const ended = html('td', { 'data-label': 'Ended', title: new Date(endedAt).toLocaleString() });
  const element = html(
    'tr',
    {},
    html('th', { scope: 'row', class: 'mono' }, activityId),
    html(
      'td',
      {},
      outcome.element,
      message === null ? undefined : html('p', { class: 'sentence' }, message),
      ...failures.map(failureLine),
    ),
    html('td', { 'data-label': 'Took' }, startedAt === undefined ? '–' : durationWords(endedAt - startedAt)),
    ended,
  );
  return { element, update: () => setText(ended, relativeWords(endedAt, now())) };
}
