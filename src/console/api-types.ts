/**
 * What the HTTP API under `/api/v1` says, as both its routes and the console read it. Types only. Times are epoch
 * milliseconds of the process that answers; durations and sizes carry their unit in the name.
 */

/** An error as it is stored and shown. */
export interface ErrorView {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
}

/** `GET /api/v1/overview`. */
export interface OverviewView {
  readonly role: 'hub' | 'vehicle';
  readonly version: string;
  readonly startedAt: number;
  readonly uptimeS: number;
  readonly overload: OverloadView;
  readonly actors: ActorCountsView;
  readonly storage: StorageView;
  /** Absent where no telemetry is received. */
  readonly telemetry?: TelemetryView;
  readonly dispatchers?: readonly DispatcherView[];
}

/** What is given up while there is more work than time (MBX-5); each level sheds what those before it shed, too. */
export interface OverloadView {
  readonly level: 'none' | 'inspection' | 'metrics' | 'telemetry';
  readonly since: number | null;
  /** How long work waited for its turn when it was last looked at. */
  readonly delayMs: number;
}

export interface ActorCountsView {
  readonly live: number;
  /** Absent where they are not counted. */
  readonly passivated?: number;
  readonly parked: number;
  /** All types, with live actors or without; empty under overload. */
  readonly byType: Readonly<Record<string, ActorTypeCountView>>;
}

export interface ActorTypeCountView {
  readonly live: number;
  /** Actors by the state they are in, named as {@link ActorView.state}. */
  readonly states: Readonly<Record<string, number>>;
}

export interface StorageView {
  readonly sizeBytes: number;
  /** Why nothing can be stored at present (DUR-9); `null` while all is well. */
  readonly degraded: string | null;
}

export interface TelemetryView {
  readonly connections: number;
  readonly recordsTotal: number;
  readonly recordsPerSecond: number;
  readonly acksTotal: number;
}

/** An entry of `GET /api/v1/dispatchers`. */
export interface DispatcherView {
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly pendingItems: number;
  readonly pendingBytes: number;
  /** Bytes that may be pending before records stay unacknowledged or are dropped. */
  readonly boundBytes: number;
  /** Age of the oldest pending record; `null` when none is pending. */
  readonly oldestAgeMs: number | null;
  readonly delivered: number;
  readonly refused: number;
  readonly dropped: number;
  readonly lastError: FailureView | null;
  /** When a destination that failed is tried again; `null` while that is not planned. */
  readonly nextTryAt: number | null;
}

/** Why a destination last failed. */
export interface FailureView {
  readonly code: string | null;
  readonly message: string;
  readonly at: number | null;
}

/** An entry of `GET /api/v1/telemetry/connections`. */
export interface ConnectionView {
  /** The key of its actor: `vehicle-connection/<id>`. */
  readonly id: string;
  readonly vin: string;
  readonly deviceType: string;
  readonly networkInterface?: string | null | undefined;
  readonly remote: string;
  readonly since: number;
  readonly records: number;
  readonly bytes: number;
  readonly acks: number;
  readonly state: string;
  readonly lastRecordAt: number | null;
}

export interface ConnectionsAnswer {
  readonly connections: readonly ConnectionView[];
  /** All, where not all are listed. */
  readonly total?: number;
}

/** In memory, passivated, between two attempts, stopped until a person acts, not started, at its end. */
export type ActorStatus = 'live' | 'sleeping' | 'restarting' | 'parked' | 'stopped' | 'done';

/** An entry of `GET /api/v1/actors`. */
export interface ActorView {
  /** `type/key` (RT-1). */
  readonly address: string;
  readonly type: string;
  readonly typeVersion: number;
  readonly durability: 'none' | 'committed' | 'durable';
  readonly status: ActorStatus;
  /** The state value of XState: a string or nested objects of strings. */
  readonly value: unknown;
  /** The same for people: `a.b`, parallel regions joined by ` & `. */
  readonly state: string;
  /** When the state was entered; `null` when that is not known. */
  readonly since: number | null;
  readonly ageMs: number | null;
  readonly waits: readonly WaitView[];
  readonly lastEvent: { readonly type: string; readonly at: number } | null;
  readonly restarts: number;
  readonly mailbox: MailboxView;
  readonly lastError: ErrorView | null;
  readonly parkedReason: string | null;
}

/** What a state waits for, and what ends the wait if nothing comes (TIM-5). */
export interface WaitView {
  readonly state: string;
  readonly waitsFor: string;
  /** The error that led to it. */
  readonly because?: string;
  readonly since?: number | undefined;
  readonly until: 'never' | { readonly at: number; readonly event: string };
}

export interface MailboxView {
  readonly depth: number;
  readonly capacity: number;
  readonly oldestAgeMs: number;
  /** Messages kept in the stored inbox (DUR-4). */
  readonly stored: number;
}

export interface ActorsAnswer {
  readonly actors: readonly ActorView[];
  /** The cursor of the next page; `null` on the last. */
  readonly next: string | null;
}

/** `GET /api/v1/actors/{kind}/{key}`; the context is redacted (INS-5). */
export interface ActorDetailView extends ActorView {
  readonly context: unknown;
  readonly output?: unknown;
}

/** `GET /api/v1/supervision`: the root of the tree (SUP-1). */
export interface SupervisorView {
  readonly name: string;
  readonly strategy: 'one_for_one' | 'one_for_all' | 'rest_for_one';
  /** Restarts allowed within `periodS` before the failure goes to the supervisor above. */
  readonly intensity: number;
  readonly periodS: number;
  readonly restarts: number;
  readonly children: readonly SupervisionChildView[];
}

export interface SupervisionChildView {
  readonly name: string;
  readonly kind: 'actor' | 'service' | 'supervisor' | 'type';
  readonly state: string;
  readonly restarts: number;
  readonly lastError: ErrorView | null;
  /** For the kind `supervisor`. */
  readonly supervisor?: SupervisorView;
}

/** What nobody took: a message that its receiver failed on, or what a destination or a broker refused (SUP-7). */
export interface DeadLetterView {
  readonly id: string;
  readonly address: string;
  readonly message: unknown;
  readonly error: ErrorView;
  readonly attempts: number;
  readonly at: number;
}

export interface DeadLettersAnswer {
  readonly deadLetters: readonly DeadLetterView[];
}

/** `POST /api/v1/dead-letters/replay` */
export interface ReplayAnswer {
  readonly replayed: number;
  /** Letters that stay. */
  readonly refused: readonly { readonly id: string; readonly code: string; readonly message: string }[];
  /** Where the next request goes on; `null` at the end. */
  readonly next: string | null;
}

/** RFC 9457, with a stable `code`. */
export interface ProblemView {
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly code?: string;
}

/** A snapshot as the Stately protocol carries it. */
export interface InspectedSnapshot {
  readonly status?: string;
  readonly value?: unknown;
  readonly context?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
}

interface InspectionBase {
  readonly address: string;
  readonly typeVersion?: number;
  readonly sessionId: string;
  readonly rootId: string;
  /** Epoch milliseconds, as a string (the Stately protocol's way). */
  readonly createdAt: string;
}

export interface InspectedActor extends InspectionBase {
  readonly type: '@xstate.actor';
  readonly name: string;
  readonly parentId?: string;
  /** The machine's configuration as JSON, in document order (INS-3). */
  readonly definition: string;
  readonly snapshot: InspectedSnapshot;
}

export interface InspectedEvent extends InspectionBase {
  readonly type: '@xstate.event';
  readonly event: { readonly type: string };
  readonly sourceId?: string;
}

export interface InspectedTransition extends InspectionBase {
  readonly type: '@xstate.snapshot';
  /** The last of those that led here. */
  readonly event?: { readonly type: string };
  readonly snapshot: InspectedSnapshot;
}

/** What this viewer did not get so far, because it reads too slowly or the process is overloaded (INS-2, MBX-5). */
export interface InspectionLoss {
  readonly type: 'fleetchart.lost';
  readonly lost: number;
  /** Whether nothing is shown until the overload ends. */
  readonly isShedding: boolean;
  readonly createdAt: string;
}

/** What `WS /api/v1/inspect?watch=ADDRESS` sends (INS-3). */
export type InspectionMessage = InspectedActor | InspectedEvent | InspectedTransition | InspectionLoss;
