import type { ActorDetailView } from '../api-types.js';
import { countWords, durationWords, errorWords, eventWords, lastingWords, relativeWords } from '../words.js';
import { html, setText } from './dom.js';

const FACTS: ReadonlyArray<readonly [string, (actor: ActorDetailView, now: number) => string]> = [
  ['Type', ({ type, typeVersion }) => `${type}, version ${typeVersion}`],
  ['Durability', ({ durability }) => KEPT[durability]],
  ['In this state', ({ since }, now) => (since === null ? 'not known' : lastingWords(since, now))],
  ['Last event', lastEvent],
  ['Mailbox', mailbox],
  ['Restarts', ({ restarts }) => countWords(restarts)],
  ['Last error', ({ lastError }) => errorWords(lastError) || 'none'],
];

const KEPT = {
  none: 'in memory only',
  committed: 'stored; outputs do not wait for the disk',
  durable: 'stored before anything leaves the process',
} as const;

/** What there is to know of an actor besides its chart. */
export function actorFacts(): { readonly element: HTMLElement; update(actor: ActorDetailView, now: number): void } {
  const values = FACTS.map(([label, read]) => ({ label, read, value: html('dd') }));
  const element = html(
    'dl',
    { class: 'facts' },
    ...values.map(({ label, value }) => html('div', {}, html('dt', {}, label), value)),
  );
  return {
    element,
    update(actor, now) {
      for (const { read, value } of values) setText(value, read(actor, now));
    },
  };
}

function lastEvent({ lastEvent: event }: ActorDetailView, now: number): string {
  return event === null ? 'none' : `${eventWords(event.type)}, ${relativeWords(event.at, now)}`;
}

function mailbox({ mailbox: { depth, capacity, oldestAgeMs, stored } }: ActorDetailView): string {
  const room = `of ${countWords(capacity)}`;
  if (depth + stored === 0) return `empty, room for ${countWords(capacity)}`;
  const age = depth === 0 ? '' : `, oldest ${durationWords(oldestAgeMs)}`;
  return stored === 0
    ? `${countWords(depth)} ${room}${age}`
    : `${countWords(depth)} + ${countWords(stored)} stored ${room}${age}`;
}
