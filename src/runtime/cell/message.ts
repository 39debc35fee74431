import type { EventObject } from 'xstate';
import type { Address } from '../address.js';

/** What the runtime adds to each event that reaches a machine (RT-10), so that machines stay pure. */
export interface Stamp {
  /** Epoch milliseconds; never goes back for one process, nor over its restarts. */
  readonly at: number;
  /** Uniform in [0, 1): the machine's source of jitter. */
  readonly u: number;
  /** Names the turn in logs and traces. */
  readonly id: string;
}

/** An event for a machine. */
export interface EventMessage {
  readonly kind: 'event';
  readonly event: EventObject;
  /** Id of its row in the stored inbox, if it has one. */
  readonly row?: string | undefined;
  /** Called when the turn that took it is as safe as the type promises. */
  readonly acknowledged?: (() => void) | undefined;
  readonly enqueuedAt: number;
}

/** Data for a type's `hot` function. */
export interface HotMessage {
  readonly kind: 'hot';
  readonly message: unknown;
  readonly enqueuedAt: number;
}

/** Creates the actor if there is none yet; repeated, it changes nothing. */
export interface StartMessage {
  readonly kind: 'start';
  readonly input: unknown;
  readonly startedBy?: Address | undefined;
  readonly row?: string | undefined;
  readonly enqueuedAt: number;
}

/** Ends and erases the actor; `requestedBy` is told `actor.stopped`. */
export interface StopMessage {
  readonly kind: 'stop';
  readonly requestedBy?: Address | undefined;
  readonly row?: string | undefined;
  readonly enqueuedAt: number;
}

/** A timer of the actor that fired (MBX-1). */
export interface TimerMessage {
  readonly kind: 'timer';
  readonly fire: () => void;
  readonly enqueuedAt: number;
}

export type Message = EventMessage | HotMessage | StartMessage | StopMessage | TimerMessage;

/** Timers and stops go first and are exempt from the bound (MBX-2). */
export const isSystemMessage = ({ kind }: Message): boolean => kind === 'timer' || kind === 'stop';
