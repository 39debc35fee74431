import type { EventObject } from 'xstate';
import type { HotResult, LogAppend } from '../actor-type.js';
import type { Address } from '../address.js';
import type { Clock } from '../clock.js';
import type { GroupCommit } from '../store/group-commit.js';
import type { RecordSlot, SnapshotStore } from '../store/snapshot-store.js';
import type { StoredInbox } from '../store/stored-inbox.js';
import type { WakeIndex, WakeTime } from '../store/wake-index.js';
import type { EncodedRecord } from './actor-history.js';
import type { ActorRecord } from './actor-record.js';
import type { Cell, RestoreCause } from './cell.js';
import type { OverflowPolicy } from './mailbox.js';
import type { Message, Stamp } from './message.js';
import type { RoutedOutputs } from './output-router.js';
import type { PreparedType } from './prepared-type.js';

/** Sees what an actor takes and gives; the recorder is one. */
export interface ActorTap {
  started(address: Address, input: unknown): void;
  restored(address: Address, record: ActorRecord): void;
  event(address: Address, event: EventObject): void;
  hot(address: Address, message: unknown, at: number, result: HotResult | undefined): void;
  /** A slice was committed with these outputs; `value` is the state it ended in. */
  committed(address: Address, outputs: readonly EventObject[], value: unknown): void;
}

/** What is there to bring an actor back from. */
export type Loaded =
  | { readonly kind: 'none' }
  | { readonly kind: 'record'; readonly record: ActorRecord; readonly cause?: RestoreCause }
  /** Its record cannot be read, and the type begins anew then (SUP-6). */
  | { readonly kind: 'reset'; readonly input: unknown; readonly startedBy: Address | undefined };

/** What a cell needs of the actor system. */
export interface CellHost {
  readonly clock: Clock;
  readonly commit: GroupCommit;
  readonly store: SnapshotStore;
  readonly inbox: StoredInbox;
  readonly wakes: WakeIndex;
  /** When the process was started, epoch milliseconds. */
  readonly startedAt: number;
  ready(cell: Cell): void;
  stamp(): Stamp;
  /** Epoch milliseconds, the same for all hot messages of a slice. */
  sliceTime(): number;
  /** What to restore from; throws where the type says that an unreadable record parks its actor. */
  load(cell: Cell, slot: RecordSlot): Loaded;
  /** The record cannot be restored: it goes to quarantine (DUR-10). Throws as {@link load} does. */
  unreadable(cell: Cell, error: unknown, record: ActorRecord): Loaded;
  /** How an actor ended whose record was kept (DUR-11). */
  ended(cell: Cell): { readonly output: unknown } | undefined;
  /** Where a sleeping actor stands in the wake index. */
  storedWakeTime(cell: Cell): WakeTime | undefined;
  /** A message of the stored inbox; one that cannot be read is a dead letter. */
  stored(address: Address, row: string): Message | undefined;
  /** Removes a message from the stored inbox; with an `error` it becomes a dead letter. */
  discard(address: Address, message: Message, error?: unknown): void;
  /** What is to be done with outputs; throws if one of them cannot be stored. */
  route(cell: Cell, outputs: readonly EventObject[]): RoutedOutputs;
  /** False if the log refused the entry. */
  append(request: LogAppend): boolean;
  /** The actor's summary row, encoded (RT-12). */
  summary(type: PreparedType, snapshot: { value: unknown; context: unknown; status: string }): Buffer | undefined;
  /** Puts a record, and the summary that goes with it. */
  write(cell: Cell, encoded: EncodedRecord): void;
  erase(cell: Cell): void;
  /** A slice has ended. */
  ran(cell: Cell): void;
  woke(cell: Cell): void;
  left(cell: Cell): void;
  slept(cell: Cell, wakeAt: WakeTime | undefined): void;
  finished(cell: Cell, how: 'done' | 'stopped'): void;
  failed(cell: Cell, error: unknown): void;
  dropped(cell: Cell, message: Message, policy: OverflowPolicy): void;
  deadLetter(address: Address, message: Message, error: unknown): void;
  /** Runs a callback of somebody else; what it throws is reported, not passed on. */
  guard(cell: Cell, callback: () => void): void;
  tapped(cell: Cell): ActorTap | undefined;
}
