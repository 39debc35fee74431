import type { EventObject } from 'xstate';
import type { ActorRecord } from './actor-record.js';
import type { HotResult, LogAppend } from './actor-type.js';
import type { Address } from './address.js';
import type { Cell } from './cell.js';
import type { Clock } from './clock.js';
import type { GroupCommit } from './group-commit.js';
import type { OverflowPolicy } from './mailbox.js';
import type { Message, Stamp } from './message.js';
import type { RecordSlot, SnapshotStore } from './snapshot-store.js';
import type { StoredInbox } from './stored-inbox.js';
import type { WakeIndex, WakeTime } from './wake-index.js';

/** Sees what an actor takes and gives; the recorder is one. */
export interface ActorTap {
  started(address: Address, input: unknown): void;
  restored(address: Address, record: ActorRecord): void;
  event(address: Address, event: EventObject): void;
  hot(address: Address, message: unknown, at: number, result: HotResult | undefined): void;
  /** A slice was committed with these outputs; `value` is the state it ended in. */
  committed(address: Address, outputs: readonly EventObject[], value: unknown): void;
}

/** What a cell needs of the actor system. */
export interface CellHost {
  readonly clock: Clock;
  readonly commit: GroupCommit;
  readonly store: SnapshotStore;
  readonly inbox: StoredInbox;
  readonly wakes: WakeIndex;
  /** Whether the wall clock can be believed (TIM-1). */
  readonly trusted: boolean;
  ready(cell: Cell): void;
  stamp(): Stamp;
  /** Epoch milliseconds, the same for all hot messages of a slice. */
  sliceTime(): number;
  /** The record to restore from; undefined for none. Unreadable ones go to quarantine and throw. */
  load(cell: Cell, slot: RecordSlot): ActorRecord | undefined;
  /** Writes the rows of outputs now; the function returned, if any, carries out the rest when it is called. */
  route(cell: Cell, outputs: readonly EventObject[]): (() => void) | undefined;
  /** False if the log refused the entry. */
  append(request: LogAppend): boolean;
  summarize(cell: Cell, snapshot: { value: unknown; context: unknown; status: string }): void;
  recordWritten(cell: Cell, bytes: number): void;
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
