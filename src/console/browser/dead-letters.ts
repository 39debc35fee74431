import type { DeadLettersAnswer, DeadLetterView, ReplayAnswer } from '../api-types.js';
import { countWords, errorWords, relativeWords } from '../words.js';
import { button, html, setAttribute, setText } from './dom.js';
import { JsonTree } from './json-tree.js';
import { type Entry, KeyedList } from './keyed-list.js';
import { actorHref } from './router.js';
import type { ViewContext } from './view.js';

const SOME = 'Nobody took these, for the reasons that stand with them. They are sent again only by hand.';
const NONE = 'No dead letters.';

/** What was refused, or what its receiver failed on; an operator may send it again once the cause is gone. */
export function deadLetters(context: ViewContext): { readonly element: HTMLElement; refresh(): Promise<void> } {
  const list = html('ul', { class: 'letters' });
  const about = html('p', { class: 'muted' });
  const all = html('ul', { class: 'letters' });
  const section = html('section', { hidden: true }, html('h2', {}, 'Dead letters'), about, all, list);
  const refresh = async (): Promise<void> => {
    const { deadLetters: letters } = await context.api.get<DeadLettersAnswer>('/api/v1/dead-letters?limit=50');
    setAttribute(section, 'hidden', false);
    setText(about, letters.length === 0 ? NONE : SOME);
    places.update(placesOfMany(letters));
    entries.update(letters);
  };
  const entries = new KeyedList<DeadLetterView>(
    list,
    ({ id }) => id,
    (letter) => letterEntry(context, letter, refresh),
  );
  const places = new KeyedList<string>(
    all,
    (address) => address,
    (address) => placeEntry(context, address, refresh),
  );
  return { element: section, refresh };
}

/** Addresses of which more than one letter is shown. */
function placesOfMany(letters: readonly DeadLetterView[]): string[] {
  const addresses = letters.map(({ address }) => address);
  return [...new Set(addresses.filter((address, index) => addresses.indexOf(address) < index))].sort();
}

/** All of one address with one press, request by request. */
function placeEntry({ api, notices }: ViewContext, address: string, refresh: () => Promise<void>): Entry<string> {
  const replayAll = async (): Promise<string> => {
    let replayed = 0;
    let refused = 0;
    let cursor: string | null = null;
    do {
      const body = JSON.stringify({ address, ...(cursor === null ? {} : { cursor }) });
      const answer: ReplayAnswer = await api.ask<ReplayAnswer>('/api/v1/dead-letters/replay', body);
      replayed += answer.replayed;
      refused += answer.refused.length;
      cursor = answer.next;
      setText(progress, `${countWords(replayed)} replayed`);
    } while (cursor !== null);
    const rest = refused === 0 ? '' : ` ${countWords(refused)} stay: there is nothing left of them to send.`;
    return `${countWords(replayed)} dead letters of ${address} were sent again.${rest}`;
  };
  const progress = html('span', { class: 'muted', role: 'status' });
  const replay = button(`Replay all of ${address}`, async () => {
    await notices.attempt(replayAll, (text) => text);
    await refresh().catch(() => undefined);
  });
  return { element: html('li', {}, replay, ' ', progress), update: () => undefined };
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

/** A record by its type and vehicle, a publication by its topic, a message by the type of its event. */
function messageType(message: unknown): string {
  const { type, vehicle, topic, event } = (message ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof vehicle === 'string') return `${type} of ${vehicle}`;
  if (typeof topic === 'string') return topic;
  const own = (event as { type?: unknown } | undefined)?.type ?? type;
  return typeof own === 'string' ? own : 'message';
}
