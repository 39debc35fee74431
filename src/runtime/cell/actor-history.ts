import type { AnyActor, EventObject, Snapshot } from 'xstate';
import type { Address } from '../address.js';
import { RecordSlot } from '../store/snapshot-store.js';
import type { WakeTime } from '../store/wake-index.js';
import { type ActorRecord, activeChildren, RECORD_FORMAT, storable, wakeTime } from './actor-record.js';
import type { CellHost } from './cell-host.js';
import type { Stamp } from './message.js';
import type { PreparedType } from './prepared-type.js';
import { captureTimers, NO_TIMERS, type PendingTimers } from './stored-timers.js';
import { activeSince } from './waits.js';

/** The parts of a machine's snapshot that the runtime reads. */
export interface MachineSnapshot {
  readonly status: string;
  readonly value: unknown;
  readonly context: unknown;
  readonly output?: unknown;
  /** Invoked logic and private machines, by their ids. */
  readonly children: Readonly<Record<string, unknown>>;
  /** The active states: the same array for as long as they are the same. */
  readonly _nodes: unknown;
}

/** What a record is made of, beside what is known of the actor's past. */
export interface Moment {
  readonly actor: AnyActor;
  readonly snapshot: MachineSnapshot;
  /** The snapshot of the record before. */
  readonly committed: MachineSnapshot | undefined;
  /** Whether timers or children may be other than in the record before. */
  readonly isStale: boolean;
  readonly hotState: unknown;
}

/** A record with what is written beside it. */
export interface EncodedRecord extends EncodedRows {
  readonly record: ActorRecord;
  readonly timers: PendingTimers;
}

export interface EncodedRows {
  readonly bytes: Buffer;
  readonly summary: Buffer | undefined;
}

/** What is known of an actor beside its chart: where it came from, since when it is as it is, and how it is stored. */
export class ActorHistory {
  readonly slot = new RecordSlot();
  input: unknown;
  /** Who made it, and is told of its end. */
  startedBy: Address | undefined;
  since: Readonly<Record<string, number>> = {};
  lastEvent: { readonly type: string; readonly at: number } | undefined;
  restarts = 0;
  /** Its timers as they were when its record was made, while it is in memory. */
  timers: PendingTimers = NO_TIMERS;
  /** Invoked logic and private machines that are under way. */
  effects = 0;
  /** Its place in the wake index. */
  wakeAt: WakeTime | undefined;
  private seq = 0;
  /** Tells this actor from earlier ones of its address. */
  private born = '';

  constructor(
    private readonly address: Address,
    private readonly type: PreparedType,
  ) {}

  begin(input: unknown, startedBy: Address | undefined, stamp: Stamp): void {
    this.input = input;
    this.startedBy = startedBy;
    this.born = stamp.id;
  }

  take(record: ActorRecord): void {
    this.input = record.input;
    this.startedBy = record.startedBy;
    this.born = record.born;
    this.seq = record.seq;
    this.since = record.since;
    this.lastEvent = record.lastEvent;
    this.restarts = Math.max(this.restarts, record.restarts);
    this.wakeAt = wakeTime(record);
    this.effects = activeChildren(record);
  }

  noteEvent(event: EventObject): void {
    this.lastEvent = { type: event.type, at: (event as unknown as { stamp: Stamp }).stamp.at };
  }

  /** The idempotency key of an effect invoked in the turn that is under way (DUR-13). */
  effectKey(invokeId: string): string {
    // Without records nothing counts the turns.
    const turn = this.type.stored ? this.seq + 1 : ++this.seq;
    return `${this.address}#${invokeId}#${this.born}.${turn}`;
  }

  /** Encodes the next record; nothing is written yet, so that a failure leaves everything as it was (CE-1). */
  encode(host: CellHost, { actor, snapshot, committed, isStale, hotState }: Moment): EncodedRecord {
    const { type } = this;
    const now = host.clock.now();
    const persisted = actor.getPersistedSnapshot() as Snapshot<unknown> & { children?: Record<string, unknown> };
    const isMoved = committed?._nodes !== snapshot._nodes;
    const timers = isStale ? captureTimers(actor, this.timers, now) : this.timers;
    const record: ActorRecord = {
      format: RECORD_FORMAT,
      type: type.name,
      typeVersion: type.version,
      at: now,
      born: this.born,
      seq: this.seq + 1,
      snapshot: storable(persisted, type.volatile),
      timers: [...timers.values()],
      ...(type.hot?.stored ? { hot: hotState } : {}),
      input: this.input,
      startedBy: this.startedBy,
      since: isMoved ? activeSince(snapshot, this.since, now) : this.since,
      lastEvent: this.lastEvent,
      restarts: this.restarts,
    };
    return { record, timers, ...host.records.encode(type, record, snapshot) };
  }

  /** An encoded record has been written. */
  wrote(host: CellHost, { record, timers }: EncodedRecord): void {
    this.seq = record.seq;
    this.timers = timers;
    this.since = record.since;
    this.effects = activeChildren(record);
    const wakeAt = wakeTime(record);
    host.records.place(this.address, this.wakeAt, wakeAt);
    this.wakeAt = wakeAt;
  }

  /** What a record would say of time, for an actor without one. */
  noteTime(host: CellHost, { actor, snapshot, committed, isStale }: Omit<Moment, 'hotState'>): void {
    const now = host.clock.now();
    if (committed?._nodes !== snapshot._nodes) this.since = activeSince(snapshot, this.since, now);
    if (isStale) this.timers = captureTimers(actor, this.timers, now);
  }

  /** Its records are gone. */
  erased(): void {
    this.wakeAt = undefined;
    this.seq = 0;
  }

  /** It is not in memory any more. */
  slept(): void {
    this.effects = 0;
    this.timers = NO_TIMERS;
  }
}
