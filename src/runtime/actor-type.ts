import type { AnyStateMachine, EventObject, Snapshot } from 'xstate';
import type { Address } from './address.js';
import type { Once } from './append-log/log-repeats.js';
import type { MailboxOptions } from './cell/mailbox.js';
import type { RowQuery } from './table/tables.js';

/**
 * What a crash may cost, and when outputs and effects leave (DUR-1).
 * - `none`: nothing is stored.
 * - `committed`: the snapshot is stored with the slice; outputs wait for nothing.
 * - `durable`: nothing leaves the process before the turn that asked for it is on disk.
 */
export type Durability = 'none' | 'committed' | 'durable';

/** OTP's restart types: always, after a failure only, never. */
export type RestartType = 'permanent' | 'transient' | 'temporary';

export interface OutputContext {
  readonly address: Address;
  /** Stable over repetitions: a receiver removes duplicates by it. */
  readonly id: string;
  readonly signal: AbortSignal;
}

/**
 * Carries an emitted output to the outside. For `durable` types it is called until it resolves, after restarts too
 * (at least once, in order per actor); otherwise once, at the end of the slice.
 */
export type OutputEffect = (output: EventObject, context: OutputContext) => void | Promise<void>;

export interface LogAppend {
  readonly log: string;
  readonly payload: Uint8Array;
  /** Which readers of the log the entry is for. */
  readonly readers: readonly string[];
  /** Set for what may be sent again although it is stored (DUR-15). */
  readonly once?: Once | undefined;
}

/**
 * `stored`: with the batch that gathers. `duplicate`, `awaited`: it was before; for `awaited` the reader that it depends
 * on has yet to confirm it. `refused`: the log does not take it, because of its bound or a store that cannot be written.
 */
export type AppendOutcome = 'stored' | 'duplicate' | 'awaited' | 'refused';

export interface HotResult {
  /** Goes to a log in the slice's transaction. */
  readonly append?: LogAppend;
  /** Handed to {@link HotLogic.release}. */
  readonly reply?: unknown;
  /** When: after the flush of what `append` has stored, or at the end of the slice anyway. @default 'stored' */
  readonly replyWhen?: 'stored' | 'now';
  /** Becomes a turn of the chart in the same slice. */
  readonly event?: EventObject;
}

/** What came of the append; `done` without one. */
export type HotOutcome = 'done' | AppendOutcome;

/**
 * What flows, apart from the chart (RT-6). `on` is pure but for the plain state object that it may change; it runs in
 * slices, in order, without a turn of the chart unless it returns an `event`.
 */
export interface HotLogic<State = unknown, Message = unknown> {
  initial(input: unknown): State;
  on(state: State, message: Message, at: number): HotResult | undefined;
  release?(address: Address, reply: unknown, outcome: HotOutcome): void;
  /** Whether the state goes into the actor's record, with a turn or at passivation. @default false */
  readonly stored?: boolean;
}

/** How an `after` that fell due while the process was down is treated (TIM-1). */
export type OverduePolicy = 'fire' | 'restart' | 'skip';

export type SummaryRow = Readonly<Record<string, string | number | boolean | null>>;

/** A kind of actor: its chart and what the runtime promises of it. Registered once under a name and a version. */
export interface ActorType {
  readonly name: string;
  /** Grows with each change of the persisted context or of state names. */
  readonly version: number;
  /** From `setup()`, effects provided; every `src` a string (RT-4). */
  readonly machine: AnyStateMachine;
  readonly durability: Durability;
  /** Restored at boot rather than by its next message. @default false */
  readonly eager?: boolean;
  /** Whether a message to an unknown address makes a new actor. @default false */
  readonly startOnTell?: boolean;
  /** Idle time after which it leaves memory, milliseconds. @default 60000 */
  readonly idleAfterMs?: number | 'never';
  readonly mailbox?: MailboxOptions;
  /** What becomes of the record of an actor that reached its final state. @default 'remove' */
  readonly onDone?: 'remove' | 'keep';
  /** @default 'transient' */
  readonly restart?: RestartType;
  /** Restarts within `periodMs` past which an actor is parked (SUP-1). @default 5 */
  readonly intensity?: number;
  /** @default 60000 */
  readonly periodMs?: number;
  /** Context keys that are not stored (DUR-2). */
  readonly volatile?: readonly string[];
  /** Turns a persisted snapshot of an older version into one of `version` (DUR-10). */
  readonly migrate?: (fromVersion: number, snapshot: Snapshot<unknown>) => Snapshot<unknown>;
  /** What an unreadable record leads to; `park` never loses a wish silently. @default 'park' */
  readonly onUnreadable?: 'park' | 'older-generation' | 'reset';
  /** By the names of delays. @default 'fire' */
  readonly overdue?: Readonly<Record<string, OverduePolicy>>;
  readonly outputs?: Readonly<Record<string, OutputEffect>>;
  /**
   * Takes back what the type itself made a dead letter of and what is no message for an actor (SUP-7): stores it with the
   * batch that gathers, or returns the output to carry out. Throws a `FleetchartError` that says why not.
   */
  readonly replay?: (address: Address, message: unknown) => EventObject | undefined;
  /** Told when an actor was stopped, or is parked: what is on its way to it may never be answered. */
  readonly gone?: (address: Address) => void;
  readonly hot?: HotLogic;
  /** A small row for lists and gauges, rewritten when it changes (RT-12). */
  readonly summary?: (snapshot: { value: unknown; context: unknown; status: string }) => SummaryRow;
  /**
   * Names rows of tables that go with a message (DUR-16): the event gets them as `rows`, a list for each query, so that
   * the chart stays pure. Pure itself. Events that children, effects and timers cause get none.
   */
  readonly rows?: (snapshot: { value: unknown; context: unknown }, event: EventObject) => readonly RowQuery[];
  /** Says "not now": the message waits in the stored inbox and is offered again after each turn (MBX-7). */
  readonly defer?: (snapshot: { value: unknown; context: unknown }, event: EventObject) => boolean;
}

/** Binds the message and state types of a hot function for {@link ActorType.hot}. */
export function hotLogic<State, Message>(logic: HotLogic<State, Message>): HotLogic {
  return logic as HotLogic;
}
