import type { ThingConfig } from '../../protocols/ditto/index.js';
import type { DesiredState, DesiredStateFeedback, Inventory } from '../../protocols/update-agent/index.js';
import type {
  Activity,
  ActivitySettings,
  Asker,
  Backend,
  Failure,
  Publication,
  Terminal,
} from '../../protocols/update-manager/index.js';

export { isBoot, stampOf, timeOf } from '../../runtime/event-facts.js';

/** What the charts need of the configuration. */
export interface OrchestrationSettings extends ActivitySettings {
  /** The manager's own domain. */
  readonly domain: string;
  /** Of the build, as the inventory shows it. */
  readonly version: string;
  readonly thingsEnabled: boolean;
  readonly currentStateDelayMs: number;
  /** What becomes of a desired state that comes while another is carried out (UM-CNC-3). */
  readonly onBusy: 'queue' | 'reject' | 'supersede';
  /** What becomes of an activity when the process stops (UM-RES-5). */
  readonly onStop: 'incomplete' | 'suspend';
  /** Whether an unreadable desired state is answered (UM-MSG-4). */
  readonly rejectFeedback: boolean;
}

/** An event for another actor. */
export type ToldEvent = { readonly type: string } & Readonly<Record<string, unknown>>;

/** Moves an event to an actor of this process, in the turn's transaction. */
export interface TellOutput {
  readonly type: 'tell';
  readonly to: string;
  readonly event: ToldEvent;
}

/** The same once all that the actor published before has been taken by the broker. */
export interface ThenTellOutput {
  readonly type: 'then.tell';
  readonly to: string;
  readonly event: ToldEvent;
}

/** A line for the log. */
export interface LogOutput {
  readonly type: 'log.info' | 'log.warn';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Something of a peer that is not taken: counted, and logged now and then. */
export interface RefuseOutput {
  readonly type: 'refuse';
  readonly peer: string;
  readonly reason: 'too_many_actions';
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A desired state on its way to become an activity. */
export interface Wish {
  readonly activityId: string;
  readonly desiredState: DesiredState;
  /** Of the message: tells a repetition by the broker from a second wish. */
  readonly digest: string;
}

/** One that waits; the desired state itself lies in a row, so that it is written once and not with each turn. */
export interface WaitingWish extends Omit<Wish, 'desiredState'> {
  /** Of the row in {@link WISHES}. */
  readonly key: string;
  /** Where a record of version 1 held it. */
  readonly desiredState?: DesiredState;
}

/** A row of {@link WISHES}. */
export type WishRow = Pick<Wish, 'desiredState'>;

/** The rows that came with a message. */
export interface WithRows {
  readonly rows?: ReadonlyArray<ReadonlyArray<{ readonly key: string; readonly row: unknown }>>;
}

/** Puts or removes a row, in the turn's transaction. */
export type RowOutput =
  | { readonly type: 'row.put'; readonly table: string; readonly key: string; readonly row: WishRow }
  | { readonly type: 'row.delete'; readonly table: string; readonly key: string };

// The manager.

export type ManagerEvent =
  | { readonly type: 'CONFIGURE'; readonly settings: OrchestrationSettings }
  | ({ readonly type: 'DESIRED_STATE'; readonly asker?: Asker } & Wish)
  /** A desired state that could not be read. */
  | { readonly type: 'UNREADABLE'; readonly activityId: string; readonly detail: string }
  | {
      readonly type: 'FEEDBACK';
      readonly domain: string;
      readonly activityId: string;
      readonly feedback: DesiredStateFeedback;
    }
  | ConsentEvent
  | { readonly type: 'REFRESH'; readonly activityId: string; readonly asker: Asker }
  /** An inbox message that is wrong in itself. */
  | { readonly type: 'REFUSED'; readonly problem: string; readonly asker: Asker }
  | { readonly type: 'THING_CONFIG'; readonly config: ThingConfig }
  /** The broker is reached, all topics subscribed. */
  | { readonly type: 'BROKER.UP' }
  /** To itself: the next desired state is to be had, as the one before could not be read. */
  | { readonly type: 'NEXT' }
  /** The process stops. */
  | { readonly type: 'STOP'; readonly replyTo?: string }
  | { readonly type: 'actor.done'; readonly address: string; readonly output: ActivityOutput };

export interface ConsentEvent {
  readonly type: 'CONSENT';
  readonly activityId: string;
  readonly isApproved: boolean;
  /** Of an answer that came as a thing's message. */
  readonly asker?: Asker;
}

export interface Running {
  readonly address: string;
  readonly activityId: string;
  readonly digest: string;
  readonly startedAt: number;
}

/** An activity that came to its end. */
export interface Finished extends Terminal {
  readonly activityId: string;
  /** Absent of one that an earlier version remembered. */
  readonly startedAt?: number;
  readonly endedAt: number;
  /** Absent where nothing failed. */
  readonly failures?: readonly Failure[];
}

export interface ManagerContext {
  readonly settings: OrchestrationSettings | null;
  readonly thing: ThingConfig | null;
  readonly isRegistered: boolean;
  /** Activities are numbered: their ids may be empty, overlong or used again. */
  readonly count: number;
  readonly current: Running | null;
  readonly queue: readonly WaitingWish[];
  /** Desired states that waited, so far: their rows are numbered. */
  readonly taken: number;
  /** The newest first. */
  readonly recent: readonly Finished[];
  readonly replyTo: string | null;
}

export type ManagerOutput =
  | Publication
  | TellOutput
  | LogOutput
  | RowOutput
  | { readonly type: 'start'; readonly address: string; readonly input: ActivityInput }
  | { readonly type: 'reply'; readonly to: string; readonly value: unknown };

export const INVENTORY = 'inventory/main';
export const MANAGER = 'update-manager/main';
/** The table of the desired states that wait. */
export const WISHES = 'update-wishes';
/** Desired states that wait, at most (UM-CNC-3). */
export const LONGEST_QUEUE = 8;
/** Ended activities that are remembered. */
export const MOST_RECENT = 10;

// An activity.

export interface ActivityInput {
  readonly activityId: string;
  readonly settings: ActivitySettings;
  readonly backend: Backend;
}

export type ActivityEvent =
  | { readonly type: 'BEGIN'; readonly desiredState: DesiredState }
  /** Another process goes on, by its own configuration. */
  | { readonly type: 'CONFIGURE'; readonly settings: ActivitySettings }
  | { readonly type: 'FEEDBACK'; readonly domain: string; readonly feedback: DesiredStateFeedback }
  | ConsentEvent
  /** The broker has taken what was published up to a mark. */
  | { readonly type: 'DELIVERED'; readonly mark: number }
  | { readonly type: 'BROKER.UP' }
  /** The time without RUNNING is over. */
  | { readonly type: 'WINDOW_OVER' }
  /** The inventory has published the current state. */
  | { readonly type: 'REPORTED' }
  | { readonly type: 'SUPERSEDE' }
  | { readonly type: 'STOP' }
  | { readonly type: 'runtime.restored'; readonly cause: string };

export interface ActivityContext {
  readonly address: string;
  readonly activity: Activity;
  /** Of what was published last, for `DELIVERED`. */
  readonly mark: number;
  /** When the wait for the owner, or for the reboot, ends; and what was left of it when the state was entered. */
  readonly dueAt: number;
  readonly leftMs: number;
  /** The process stops: the report is made of what is known. */
  readonly isStopping: boolean;
}

export interface ActivityOutput extends Terminal {
  readonly activityId: string;
  readonly rebootRequired: boolean;
  /** Absent where nothing failed. */
  readonly failures?: readonly Failure[];
}

export type ActivityEmitted =
  | Publication
  | TellOutput
  | ThenTellOutput
  | LogOutput
  | RefuseOutput
  | { readonly type: 'reboot' };

/** What ends the wait for a broker that takes nothing. */
export const SENT_AGAIN = 'the link leaves a silent one and sends again';

/** After a restart an answer that waits in the broker has this long to arrive (UM-RES-4). */
export const GRACE_MS = 30_000;

// The inventory.

export interface ReadRequest {
  readonly activityId: string;
  /** Who is told `REPORTED`. */
  readonly replyTo?: string;
  /** Without asking the agents. */
  readonly isCached?: boolean;
}

export type InventoryEvent =
  | { readonly type: 'CONFIGURE'; readonly settings: InventorySettings }
  | {
      readonly type: 'INVENTORY';
      readonly domain: string;
      readonly activityId: string;
      readonly timestamp: number;
      readonly inventory: Inventory;
    }
  | ({ readonly type: 'READ' } & ReadRequest)
  /** An agent has had its time. */
  | { readonly type: 'READ_OVER'; readonly read: number; readonly domain: string }
  /** The process stops: reads end with what is known. */
  | { readonly type: 'HURRY' }
  | { readonly type: 'runtime.restored'; readonly cause: string };

export interface InventorySettings {
  readonly backend: Backend;
  readonly version: string;
  readonly currentStateDelayMs: number;
  /** How long an answer of each agent is waited for. */
  readonly readTimeoutMs: Readonly<Record<string, number>>;
}

export interface Read extends ReadRequest {
  readonly number: number;
  /** Agents that have not answered. */
  readonly waiting: readonly string[];
}

export interface InventoryContext {
  readonly settings: InventorySettings | null;
  /** With the timestamp of the message; null: of one that another process of the manager got. */
  readonly known: Readonly<Record<string, { readonly timestamp: number | null; readonly inventory: Inventory }>>;
  readonly reads: readonly Read[];
  readonly count: number;
  /** The id of the last report after a connection that was asked for here. */
  readonly initialId: string;
}

export type InventoryEmitted = Publication | ThenTellOutput | LogOutput;

/** Reads under way; one more is answered with what is known. */
export const MOST_READS = 32;
