import type { ErrorView, FailureView, WaitView } from './api-types.js';

const integers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** `12,345`. */
export function countWords(count: number): string {
  return integers.format(count);
}

/** Whole numbers from ten up, one digit below: `0.4`, `12`, `1,234`. */
export function rateWords(perSecond: number): string {
  return (perSecond < 10 ? oneDigit : integers).format(perSecond);
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `1.5 MiB`. */
export function byteWords(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${(value < 10 && unit > 0 ? oneDigit : integers).format(value)} ${BYTE_UNITS[unit]}`;
}

/** A length of time in its two largest units: `40 ms`, `3.2 s`, `12 s`, `3 min 5 s`, `2 h 14 min`, `3 d 4 h`. */
export function durationWords(ms: number): string {
  const length = Math.max(0, ms);
  if (length < 1000) return `${Math.round(length)} ms`;
  if (length < 10_000) return `${oneDigit.format(Math.floor(length / 100) / 10)} s`;
  const s = Math.floor(length / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return twoUnits(Math.floor(s / 60), 'min', s % 60, 's');
  if (s < 86_400) return twoUnits(Math.floor(s / 3600), 'h', Math.floor((s % 3600) / 60), 'min');
  return twoUnits(Math.floor(s / 86_400), 'd', Math.floor((s % 86_400) / 3600), 'h');
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** An instant seen from `now`: `12 s ago`, `in 3 min`, `now`. Whole seconds, so that a live page does not flicker. */
export function relativeWords(at: number, now: number): string {
  const seconds = Math.floor(Math.abs(now - at) / 1000);
  if (seconds === 0) return 'now';
  const words = durationWords(seconds * 1000);
  return at > now ? `in ${words}` : `${words} ago`;
}

/** How long something lasts already, in whole seconds: `12 s`; `a moment` below one. */
export function lastingWords(since: number, now: number): string {
  const seconds = Math.floor((now - since) / 1000);
  return seconds < 1 ? 'a moment' : durationWords(seconds * 1000);
}

/** The answer to "why is it stuck?": what the state waits for, since when, and what ends the wait (TIM-5). */
export function waitWords(wait: WaitView, now: number): string {
  const words = waitAlone(wait, now);
  return wait.because === undefined ? words : `${words} The reason: ${wait.because}.`;
}

function waitAlone(wait: WaitView, now: number): string {
  const lasting = wait.since === undefined ? '' : `, ${lastingWords(wait.since, now)} so far`;
  const waiting = `Waiting for ${wait.waitsFor}${lasting}`;
  if (wait.until === 'never') return `${waiting}; no time-out ends this.`;
  const { at, event } = wait.until;
  const what = eventWords(event);
  if (at <= now) return `${waiting}; ${what} is due now.`;
  return `${waiting}; ends ${relativeWords(at, now)} by ${what} if nothing comes.`;
}

/** An event type as a person says it; XState's own types carry the state's path, which says nothing here. */
export function eventWords(type: string): string {
  const after = /^xstate\.after\.(.+?)\./.exec(type)?.[1];
  if (after !== undefined) return `time-out (${delayWords(after)})`;
  const unnamed = /^xstate\.(done|error)\.actor\.\d+\.(?:.*\.)?([^.]+)$/.exec(type);
  if (unnamed !== null) return `${unnamed[1]} in ${unnamed[2]}`;
  const ended = /^xstate\.(done|error)\.(?:actor|state)\.(.+)$/.exec(type);
  if (ended !== null) return `${ended[1]}: ${ended[2]}`;
  if (type === 'xstate.init') return 'start';
  return type;
}

/** A key of `after`: milliseconds in words, or the delay's name as it is. */
export function delayWords(delay: string): string {
  return /^\d+$/.test(delay) ? durationWords(Number(delay)) : delay;
}

/** One line for an error. */
export function errorWords(error: ErrorView | FailureView | null): string {
  if (error === null) return '';
  return error.code ? `${error.code}: ${error.message}` : error.message;
}

export type Tone = 'good' | 'busy' | 'bad' | 'quiet';

const TONES: ReadonlyArray<readonly [Tone, RegExp]> = [
  ['bad', /^(broken|failed|parked|error|aborted|lost|escalated|degraded)/],
  [
    'busy',
    /^(saturated|throttled|silent|leaving|returning|draining|connecting|recovering|restarting|handshaking|starting|stopping|backing|retry)/,
  ],
  ['good', /^(ready|streaming|live|running|online|healthy|up|in sync|connected|idle)/],
];

/** Whether a chart is in a state that it came to by the failure it names last; in others that one is history. */
export function isInTrouble(state: string): boolean {
  return stateTone(state) === 'bad' || /(?:^| & |\.)(?:offline|backingOff|retry)/.test(state);
}

/** How a state is coloured. States are named by their charts, so this goes by the words of the house; the worst wins. */
export function stateTone(state: string): Tone {
  const words = state.toLowerCase().split(/ & |\./);
  for (const [tone, pattern] of TONES) if (words.some((word) => pattern.test(word))) return tone;
  return 'quiet';
}
