import type { EventObject } from 'xstate';
import type { AppendOutcome, HotResult, LogAppend } from '../actor-type.js';
import type { Address } from '../address.js';
import type { Clock } from '../clock.js';
import type { GroupCommit } from '../store/group-commit.js';
import type { StoredInbox } from '../store/stored-inbox.js';
import type { WakeTime } from '../store/wake-index.js';
import type { Tables } from '../table/tables.js';
import type { ActorHistory } from './actor-history.js';
import type { ActorRecord } from './actor-record.js';
import type { Cell } from './cell.js';
import type { CellQueue } from './cell-queue.js';
import type { CellRecords } from './cell-records.js';
import type { DropPolicy } from './mailbox.js';
import type { Message, Stamp } from './message.js';
import type { RoutedOutputs } from './output-router.js';
import type { PreparedType } from './prepared-type.js';
import type { Presence } from './presence.js';

/** Sees what an actor takes and gives; the recorder is one. */
export interface ActorTap {
  started(address: Address, input: unknown): void;
  restored(address: Address, record: ActorRecord): void;
  event(address: Address, event: EventObject): void;
  hot(address: Address, message: unknown, at: number, result: HotResult | undefined): void;
  /** A slice was committed with these outputs; `value` is the state it ended in. */
  committed(address: Address, outputs: readonly EventObject[], value: unknown): void;
}

/** Whose cell it is. */
export interface CellId {
  readonly address: Address;
  readonly type: PreparedType;
}

/** The parts of a cell that a slice works on. */
export interface CellParts extends CellId {
  readonly host: CellHost;
  readonly queue: CellQueue;
  readonly history: ActorHistory;
  readonly presence: Presence;
}

/** What becomes of messages that are not taken. */
export interface MessageEnds {
  /** A message of the stored inbox; one that cannot be read is a dead letter. */
  stored(address: Address, row: string): Message | undefined;
  /** Removes a message from the stored inbox; with an `error` it becomes a dead letter, and is acknowledged as one. */
  discard(address: Address, message: Message, error?: unknown): void;
  /** Makes an end of a message, or of a row of the stored inbox, without a dead letter; its sender is acknowledged. */
  passOver(address: Address, message: Message | string): void;
  /** A stop overtook so many; `withoutLetter` of them were {@link passOver passed over}. */
  overtaken(cell: CellId, count: number, withoutLetter: number): void;
  dropped(cell: CellId, message: Message, policy: DropPolicy): void;
  deadLetter(address: Address, message: Message, error: unknown): void;
}

/** What a cell needs of the actor system. */
export interface CellHost {
  readonly clock: Clock;
  readonly commit: GroupCommit;
  readonly inbox: StoredInbox;
  readonly tables: Tables;
  readonly records: CellRecords;
  readonly messages: MessageEnds;
  /** When the process was started, epoch milliseconds. */
  readonly startedAt: number;
  ready(cell: Cell): void;
  stamp(): Stamp;
  /** Epoch milliseconds, the same for all hot messages of a slice. */
  sliceTime(): number;
  /** What is to be done with outputs; throws if one of them cannot be stored. */
  route(cell: CellId, outputs: readonly EventObject[]): RoutedOutputs;
  append(request: LogAppend): AppendOutcome;
  /** A slice has ended. */
  ran(cell: Cell): void;
  woke(cell: Cell): void;
  left(cell: Cell): void;
  slept(cell: Cell, wakeAt: WakeTime | undefined): void;
  finished(cell: Cell, how: 'done' | 'stopped'): void;
  failed(cell: Cell, error: unknown): void;
  /** Runs a callback of somebody else; what it throws is reported, not passed on. */
  guard(address: Address, callback: () => void): void;
  tapped(address: Address): ActorTap | undefined;
}
