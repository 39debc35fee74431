import type { Result } from '../result.js';
import { quoted } from './validation.js';

/** How a container is stopped (CTR-9). */
export interface StopPlan {
  readonly timeoutS: number;
  readonly force: boolean;
  /** `SIGTERM`, or a number that has no name. */
  readonly signal: string;
}

/** By their numbers, from 1. */
const SIGNALS = [
  ...['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGKILL', 'SIGUSR1'],
  ...['SIGSEGV', 'SIGUSR2', 'SIGPIPE', 'SIGALRM', 'SIGTERM', 'SIGSTKFLT', 'SIGCHLD', 'SIGCONT', 'SIGSTOP', 'SIGTSTP'],
  ...['SIGTTIN', 'SIGTTOU', 'SIGURG', 'SIGXCPU', 'SIGXFSZ', 'SIGVTALRM', 'SIGPROF', 'SIGWINCH', 'SIGIO', 'SIGPWR'],
  'SIGSYS',
];
const OTHER_NAMES: Readonly<Record<string, string>> = { SIGPOLL: 'SIGIO', SIGCLD: 'SIGCHLD', SIGIOT: 'SIGABRT' };
const HIGHEST_SIGNAL = 255;

/** A signal by name or number, as engines take it; `undefined` if there is none. */
export function signalName(signal: string | number): string | undefined {
  const text = String(signal);
  if (!/^[+-]?\d+$/.test(text)) {
    const name = Object.hasOwn(OTHER_NAMES, text) ? OTHER_NAMES[text] : text;
    return name !== undefined && SIGNALS.includes(name) ? name : undefined;
  }
  const number = Number(text);
  return number >= 1 && number <= HIGHEST_SIGNAL ? (SIGNALS[number - 1] ?? String(number)) : undefined;
}

/** Stop options with their defaults. */
export function readStopOptions(
  options: {
    readonly timeoutS?: number | undefined;
    readonly force?: boolean | undefined;
    readonly signal?: string | number | undefined;
  },
  defaultTimeoutS: number,
): Result<StopPlan> {
  const { timeoutS = defaultTimeoutS, force = false, signal = 'SIGTERM' } = options;
  if (!(timeoutS >= 0)) return invalid(`the timeout = ${timeoutS} shouldn't be negative`);
  const name = signalName(signal);
  return name === undefined
    ? invalid(`invalid signal = ${quoted(String(signal))}`)
    : { ok: true, value: { timeoutS, force, signal: name } };
}

const invalid = (detail: string): Result<never> => ({ ok: false, error: { code: 'invalid_stop_options', detail } });
