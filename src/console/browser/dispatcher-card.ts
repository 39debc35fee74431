import type { DispatcherView } from '../api-types.js';
import { byteWords, countWords, durationWords, errorWords, relativeWords } from '../words.js';
import { html, setAttribute, setText } from './dom.js';
import type { Entry } from './keyed-list.js';
import { bar, pill } from './pills.js';
import { actorHref } from './router.js';

/** One destination of records: its state, what is pending against the bound, and what became of the rest. */
export function dispatcherCard(dispatcher: DispatcherView, now: () => number): Entry<DispatcherView> {
  const state = pill();
  const kind = html('span', { class: 'muted' });
  const link = html('a', { href: actorHref(`dispatcher/${dispatcher.name}`) }, dispatcher.name);
  const fill = bar(`Pending for ${dispatcher.name}`);
  const bytes = html('span');
  const items = html('span', { class: 'muted' });
  const figures = ['delivered', 'refused', 'dropped'].map((label) => ({ label, value: html('dd') }));
  const error = html('p', { class: 'card-error' });
  const element = html(
    'article',
    { class: 'card' },
    html('header', { class: 'card-head' }, html('h3', {}, link), kind, state.element),
    html('p', { class: 'card-line' }, bytes, items),
    fill.element,
    html(
      'dl',
      { class: 'figures' },
      ...figures.map(({ label, value }) => html('div', {}, html('dt', {}, label), value)),
    ),
    error,
  );
  return {
    element,
    update(next) {
      state.update(next.state);
      setText(kind, next.kind === next.name ? '' : next.kind);
      fill.update(next.pendingBytes, next.boundBytes);
      setText(bytes, `${byteWords(next.pendingBytes)} of ${byteWords(next.boundBytes)} pending`);
      const age = next.oldestAgeMs === null ? '' : `, oldest ${durationWords(next.oldestAgeMs)}`;
      setText(items, next.pendingItems === 0 ? 'nothing waits' : `${countWords(next.pendingItems)} records${age}`);
      for (const { label, value } of figures) {
        const count = next[label as 'delivered' | 'refused' | 'dropped'];
        setText(value, countWords(count));
        setAttribute(value, 'class', count > 0 && label !== 'delivered' ? 'bad' : undefined);
      }
      const at = next.lastError?.at ?? null;
      const retry =
        next.nextTryAt === null ? '' : `, next try ${relativeWords(Math.max(next.nextTryAt, now()), now())}`;
      setText(error, `${errorWords(next.lastError)}${at === null ? '' : ` (${relativeWords(at, now())})`}${retry}`);
      setAttribute(error, 'hidden', next.lastError === null);
    },
  };
}
