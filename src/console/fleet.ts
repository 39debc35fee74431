import type { GapView, SignalView, VehicleRowView } from './fleet-types.js';
import { countWords, durationWords, lastingWords, relativeWords } from './words.js';

/** A value as a person reads it. */
export function signalWords({ state, value }: SignalView): string {
  if (state !== 'valid' || value === undefined) return state;
  // What a sum of floating-point numbers leaves behind says nothing to a person.
  if (typeof value === 'number') return String(Number(value.toPrecision(12)));
  if (typeof value !== 'object') return String(value);
  const entries = Object.entries(value);
  const isMarked = entries.every(([, part]) => typeof part === 'boolean');
  if (!isMarked) return entries.map(([name, part]) => `${name} ${part}`).join(', ');
  const marked = entries.filter(([, part]) => part === true).map(([name]) => name);
  return marked.length === 0 ? 'none' : marked.join(', ');
}

/** `1 short drop`, `2 short drops`. */
export function timesWords(count: number, one: string, many: string): string {
  return `${countWords(count)} ${count === 1 ? one : many}`;
}

/** What is to be known of a value besides itself. */
export function signalNotes({ clockAhead, cut }: SignalView): string {
  return [clockAhead ? "the vehicle's clock was ahead" : '', cut ? 'cut' : ''].filter(Boolean).join(', ');
}

/** What is missing, in a sentence. */
export function gapWords(gap: GapView, now: number): string {
  const { kind, from, to, times } = gap;
  const lasting = to === null ? `for ${lastingWords(from, now)} so far` : `for ${durationWords(to - from)}`;
  switch (kind) {
    case 'missing':
      return `${recordWords(gap)} missing by the vehicle's counter, within ${durationWords((to ?? now) - from)}`;
    case 'resend':
      return `${times === 1 ? 'Sent' : `${countWords(times)} times sent`} the latest values again: those in between are lost, ${lasting}`;
    case 'silent':
      return `Connected and sent nothing ${lasting}`;
    case 'outage':
      return `The hub was down, and the vehicle away ${lasting}`;
  }
}

function recordWords({ records = 0, late = 0 }: GapView): string {
  const all = `${countWords(records)} ${records === 1 ? 'record' : 'records'}`;
  return late === 0 ? all : `${all} (${countWords(late)} came late)`;
}

/** When a gap ended. */
export function gapTime({ to }: GapView, now: number): string {
  return to === null ? 'now' : relativeWords(to, now);
}

/** Of a fleet by its states: `3 online, 1 silent; 12 known`. */
export function statesWords(states: Readonly<Record<string, number>>): string {
  const known = Object.values(states).reduce((sum, count) => sum + count, 0);
  if (known === 0) return 'No vehicle has connected yet.';
  const online = known - (states['offline'] ?? 0);
  const notes = ['silent', 'leaving', 'returning']
    .filter((state) => (states[state] ?? 0) > 0)
    .map((state) => `${countWords(states[state] ?? 0)} ${state}`);
  return [`${countWords(online)} of ${countWords(known)} online`, ...notes].join(', ');
}

/** Since when a vehicle is there or away. */
export function presenceWords({ online, since }: VehicleRowView, now: number): string {
  return `${online ? 'online' : 'offline'} for ${lastingWords(since, now)}`;
}
