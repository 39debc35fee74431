import type { DeadLettersAnswer, DeadLetterView } from '../api-types.js';
import { errorWords, relativeWords } from '../words.js';
import { button, html, setAttribute, setText } from './dom.js';
import { JsonTree } from './json-tree.js';
import { type Entry, KeyedList } from './keyed-list.js';
import { actorHref } from './router.js';
import type { ViewContext } from './view.js';

const SOME = 'Their receiver failed on these messages. They are sent again only by hand.';
const NONE = 'No dead letters.';

/** Messages that their receiver failed on; an operator may send one again once the cause is gone. */
export function deadLetters(context: ViewContext): { readonly element: HTMLElement; refresh(): Promise<void> } {
  const list = html('ul', { class: 'letters' });
  const about = html('p', { class: 'muted' });
  const section = html('section', { hidden: true }, html('h2', {}, 'Dead letters'), about, list);
  const refresh = async (): Promise<void> => {
    const { deadLetters: letters } = await context.api.get<DeadLettersAnswer>('/api/v1/dead-letters?limit=50');
    setAttribute(section, 'hidden', false);
    setText(about, letters.length === 0 ? NONE : SOME);
    entries.update(letters);
  };
  const entries = new KeyedList<DeadLetterView>(
    list,
    ({ id }) => id,
    (letter) => letterEntry(context, letter, refresh),
  );
  return { element: section, refresh };
}

function letterEntry(
  { api, notices }: ViewContext,
  letter: DeadLetterView,
  refresh: () => Promise<void>,
): Entry<DeadLetterView> {
  const when = html('span', { class: 'muted' });
  const replay = button(
    'Replay',
    async () => {
      const path = `/api/v1/dead-letters/${encodeURIComponent(letter.id)}/replay`;
      await notices.attempt(() => api.post(path), `The message was sent to ${letter.address} again.`);
      await refresh().catch(() => undefined);
    },
    { 'aria-label': `Replay the message to ${letter.address}` },
  );
  const message = new JsonTree();
  message.update(letter.message);
  const element = html(
    'li',
    { class: 'panel letter' },
    html(
      'div',
      { class: 'letter-head' },
      html('a', { href: actorHref(letter.address), class: 'mono' }, letter.address),
      when,
      replay,
    ),
    html('p', { class: 'bad-text' }, errorWords(letter.error)),
    html('details', {}, html('summary', {}, messageType(letter.message)), message.element),
  );
  return {
    element,
    update({ at, attempts }) {
      setText(when, `${relativeWords(at, api.now())}, ${attempts === 1 ? '1 attempt' : `${attempts} attempts`}`);
    },
  };
}

function messageType(message: unknown): string {
  const type = typeof message === 'object' && message !== null ? (message as { type?: unknown }).type : undefined;
  return typeof type === 'string' ? type : 'message';
}
