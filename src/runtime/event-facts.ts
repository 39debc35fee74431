/**
 * What a chart reads off the events that the runtime brings. Pure; charts take these through their `events.ts`. Where a
 * machine is run without the runtime there is no stamp.
 */
import type { Stamp } from './cell/message.js';

/** What the runtime adds to each event (RT-10). */
export const stampOf = (event: object): Stamp | undefined => (event as { stamp?: Stamp }).stamp;

/** Epoch milliseconds of an event; of a new actor, those in its input; 0 without a stamp. */
export function timeOf(event: object): number {
  const { input } = event as { input?: object };
  return (stampOf(event) ?? (input && stampOf(input)))?.at ?? 0;
}

/** Told once per process, to whom waits for something that was under way when the last one ended. */
export const isBoot = (event: object): boolean => (event as { cause?: unknown }).cause === 'boot';

/** Why something failed, as a chart's context holds it. */
export interface Failure {
  readonly code: string | null;
  readonly message: string;
}

export interface DatedFailure extends Failure {
  /** Epoch milliseconds, where the runtime told. */
  readonly at: number | null;
}

/** Of what an effect ended by. */
export function failureOf(error: unknown): Failure {
  const code = (error as { code?: unknown } | null)?.code;
  return {
    code: typeof code === 'string' ? code : null,
    message: error instanceof Error ? error.message : String(error),
  };
}
