/** Hosts the cells: gives them what they need, schedules them, and decides what their failures lead to. */
import type { EventObject } from 'xstate';
import type { ActorRecord } from './actor-record.js';
import type { LogAppend } from './actor-type.js';
import { type Address, isAddress, typeOf } from './address.js';
import { Asks } from './asks.js';
import { Cell, type RestoreCause } from './cell.js';
import type { ActorTap, CellHost } from './cell-host.js';
import type { Clock } from './clock.js';
import { countsOf, type RuntimeCounts } from './counts.js';
import { ActorError, errorRecord } from './errors.js';
import type { Ids } from './ids.js';
import type { OverflowPolicy } from './mailbox.js';
import type { Message, Stamp } from './message.js';
import { Outbox } from './outbox.js';
import { OutputRouter } from './output-router.js';
import { liveActorsByHeap, Passivation } from './passivation.js';
import type { PreparedType } from './prepared-type.js';
import { decideRestart, recentFailures } from './restart-policy.js';
import { Scheduler } from './scheduler.js';
import { type RecordSlot, SnapshotStore } from './snapshot-store.js';
import type { Storage } from './storage.js';
import type { ReportEnd } from './supervision.js';
import { Taps } from './taps.js';
import { WakeIndex, type WakeTime } from './wake-index.js';

export interface RuntimeLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A log of the store as the runtime sees it. */
export interface LogPort {
  append(payload: Uint8Array, readers: readonly string[]): { readonly stored: boolean };
}

export interface HostOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: RuntimeLog;
  readonly storage: Storage;
  readonly maxLive?: number | undefined;
}

/** A wall clock before this has not been set yet (TIM-1). */
const EARLIEST_TRUSTED = Date.UTC(2025, 0, 1);
const LAST_AT_ROW = 'lastAt';
const BUSY_CELLS = 1_000;
/** Messages that one actor's stored inbox holds (DUR-4). */
export const STORED_PER_ACTOR = 100_000;

export class Host implements CellHost {
  readonly clock: Clock;
  readonly log: RuntimeLog;
  readonly commit;
  readonly store: SnapshotStore;
  readonly inbox;
  readonly wakes: WakeIndex;
  readonly outbox: Outbox;
  readonly asks: Asks;
  readonly taps = new Taps();
  readonly types = new Map<string, PreparedType>();
  readonly cells = new Map<Address, Cell>();
  readonly logs = new Map<string, LogPort>();
  readonly supervised = new Map<Address, ReportEnd>();
  readonly counts = new Map<string, RuntimeCounts>();
  readonly lifecycle = new Set<(address: Address, change: 'woke' | 'left') => void>();
  readonly scheduler: Scheduler<Cell>;
  /** Cells whose actor is in memory. */
  live = 0;
  trusted = true;
  isStarted = false;
  private readonly ids: Ids;
  private readonly storage: Storage;
  private readonly router: OutputRouter;
  private readonly passivation: Passivation;
  private lastAt: number;
  private stamps = 0;

  constructor({ clock, ids, log, storage, maxLive }: HostOptions) {
    this.clock = clock;
    this.ids = ids;
    this.log = log;
    this.storage = storage;
    this.commit = storage.commit;
    this.store = storage.snapshots;
    this.inbox = storage.inbox;
    this.lastAt = storage.commit.get('meta', LAST_AT_ROW)?.readDoubleBE() ?? 0;
    this.asks = new Asks(clock);
    const effect = (address: Address, output: string) => this.types.get(typeOf(address))?.outputs?.[output];
    this.outbox = new Outbox({ ...storage, clock, ids, effect });
    this.scheduler = new Scheduler((cell, elapsedMs) => {
      this.countsFor(cell.type.name).slowSlices++;
      log.warn({ actor: cell.address, elapsedMs: Math.round(elapsedMs) }, 'slow_slice');
    });
    const isBusy = () => this.scheduler.length > BUSY_CELLS;
    this.wakes = new WakeIndex(this.commit, clock, (address) => this.wakeSleeping(address), isBusy);
    this.passivation = new Passivation(clock, () => this.live, maxLive ?? liveActorsByHeap());
    this.router = new OutputRouter({
      inbox: this.inbox,
      outbox: this.outbox,
      asks: this.asks,
      typeNamed: (name) => this.types.get(name),
      deliver: (address, message) => this.deliver(address, message),
      append: (output) => this.append(output),
      deadLetter: (address, message, error) => storage.deadLetters.add(address, message, error),
      guard: (cell, callback) => this.guard(cell, callback),
      now: () => clock.now(),
    });
  }

  start(): void {
    const now = this.clock.now();
    this.trusted = now >= EARLIEST_TRUSTED && now >= this.lastAt;
    if (!this.trusted) this.log.warn({ now, lastAt: this.lastAt }, 'wall_clock_not_trusted');
    this.isStarted = true;
  }

  /** No actor runs any more; all are persisted. */
  stop(): void {
    this.isStarted = false;
    this.scheduler.stop();
    this.passivation.stop();
    this.outbox.stop();
    for (const cell of this.cells.values()) this.guard(cell, () => cell.shutdown());
  }

  // Messages.

  /** The cell of an address; throws `ACTOR_TYPE_UNKNOWN`. */
  target(address: Address): Cell {
    const type = isAddress(address) ? this.types.get(typeOf(address)) : undefined;
    if (!type) throw new ActorError('ACTOR_TYPE_UNKNOWN', `no actor type for ${JSON.stringify(address)}`);
    return this.cellAt(address, type);
  }

  cellAt(address: Address, type: PreparedType): Cell {
    let cell = this.cells.get(address);
    if (!cell) {
      cell = new Cell(address, type, this);
      this.cells.set(address, cell);
    }
    return cell;
  }

  /** From a source: refused when the actor has no room. */
  push(cell: Cell, message: Message): boolean {
    if (this.commit.degraded && cell.type.durability === 'durable') return false;
    if (cell.backlog.length > 0 || !cell.mailbox.push(message)) {
      this.countsFor(cell.type.name).refused++;
      return false;
    }
    this.ready(cell);
    return true;
  }

  /** From an actor: never refused; what finds no room waits in the store. */
  deliver(address: Address, message: Message): void {
    const type = this.types.get(typeOf(address));
    if (type) this.enqueue(this.cellAt(address, type), message);
    else this.deadLetter(address, message, new ActorError('ACTOR_TYPE_UNKNOWN', `no actor type for ${address}`));
  }

  enqueue(cell: Cell, message: Message): void {
    const row = 'row' in message ? message.row : undefined;
    const isBehind = cell.backlog.length > 0;
    if (isBehind || !cell.mailbox.push(message)) {
      if (row === undefined || cell.storedDepth >= STORED_PER_ACTOR) {
        if (row !== undefined) this.inbox.remove(cell.address, row);
        this.deadLetter(
          cell.address,
          message,
          new ActorError('ACTOR_BUSY', `${cell.address} has no room for messages`),
        );
        return;
      }
      cell.backlog.push(row);
    }
    this.ready(cell);
  }

  private wakeSleeping(address: Address): boolean {
    const type = this.types.get(typeOf(address));
    if (!type) return false;
    const cell = this.cellAt(address, type);
    if (cell.isLive || cell.status !== 'sleeping' || this.supervised.has(address)) return false;
    cell.isBrief = true;
    this.wakeCell(cell, 'wake');
    return true;
  }

  wakeCell(cell: Cell, cause: RestoreCause): void {
    if (cell.status !== 'sleeping') return;
    cell.wake(cause);
    if (cell.hasWork) this.ready(cell);
  }

  // What cells need (CellHost).

  ready(cell: Cell): void {
    this.scheduler.ready(cell);
  }

  stamp(): Stamp {
    return { at: this.sliceTime(), u: this.ids.uniform(), id: `${this.storage.sequence.boot}-${++this.stamps}` };
  }

  sliceTime(): number {
    const now = this.clock.now();
    if (now > this.lastAt) this.lastAt = now;
    return this.lastAt;
  }

  load(cell: Cell, slot: RecordSlot): ActorRecord | undefined {
    const read = this.store.read(cell.address, slot);
    if (read.kind === 'none') return undefined;
    if (read.kind === 'record') return read.record;
    return this.unreadable(cell, read.error, read.older);
  }

  route(cell: Cell, outputs: readonly EventObject[]): (() => void) | undefined {
    return outputs.length === 0 ? undefined : this.router.route(cell, outputs);
  }

  append({ log, payload, readers }: LogAppend): boolean {
    const port = this.logs.get(log);
    if (!port) throw new ActorError('LOG_UNKNOWN', `there is no log ${log}`);
    return port.append(payload, readers).stored;
  }

  summarize(cell: Cell, snapshot: { value: unknown; context: unknown; status: string }): void {
    if (cell.type.summary) this.storage.summaries.put(cell.address, cell.type.summary(snapshot));
  }

  recordWritten(cell: Cell, bytes: number): void {
    const counts = this.countsFor(cell.type.name);
    counts.records++;
    if (bytes > SnapshotStore.LARGE_RECORD && counts.largestRecord <= SnapshotStore.LARGE_RECORD) {
      this.log.warn({ actor: cell.address, bytes }, 'large_snapshot');
    }
    counts.largestRecord = Math.max(counts.largestRecord, bytes);
    const row = Buffer.allocUnsafe(8);
    row.writeDoubleBE(this.lastAt);
    this.commit.put('meta', LAST_AT_ROW, row);
  }

  erase(cell: Cell): void {
    this.store.remove(cell.address);
    this.storage.summaries.remove(cell.address);
    this.wakes.set(cell.address, cell.wakeTime, undefined);
  }

  ran(cell: Cell): void {
    this.countsFor(cell.type.name).slices++;
    if (cell.isBrief && cell.canSleep) {
      cell.isBrief = false;
      cell.sleep();
    } else if (cell.isLive) this.passivation.consider(cell);
    else if (cell.status === 'sleeping' && !cell.hasWork) this.forget(cell);
  }

  woke(cell: Cell): void {
    this.live++;
    for (const listener of this.lifecycle) listener(cell.address, 'woke');
  }

  left(cell: Cell): void {
    this.live--;
    for (const listener of this.lifecycle) listener(cell.address, 'left');
  }

  slept(cell: Cell, wakeAt: WakeTime | undefined): void {
    this.countsFor(cell.type.name).passivated++;
    this.wakes.asleep(wakeAt);
    if (!cell.hasWork) this.forget(cell);
  }

  finished(cell: Cell, how: 'done' | 'stopped'): void {
    const report = this.supervised.get(cell.address);
    if (report && how === 'done') report('done');
    else if (!report && how === 'done' && cell.type.restart === 'permanent') cell.again();
  }

  failed(cell: Cell, error: unknown): void {
    const counts = this.countsFor(cell.type.name);
    counts.failures++;
    this.log.error({ actor: cell.address, err: errorRecord(error) }, 'actor_failed');
    const now = this.clock.now();
    cell.failures = recentFailures(cell.failures, cell.type.limits, now);
    const report = this.supervised.get(cell.address);
    if (cell.isUnreadable) {
      this.parkCell(cell, `its record cannot be read: ${cell.lastError?.message ?? ''}`);
      return;
    }
    if (report) {
      report({ error });
      return;
    }
    if (cell.type.restart === 'temporary') {
      cell.abandon();
      return;
    }
    const decision = decideRestart(cell.failures, cell.type.limits, this.ids.uniform());
    if (decision.kind === 'park') {
      this.parkCell(cell, decision.reason);
      return;
    }
    cell.restarts++;
    counts.restarts++;
    this.clock.setTimeout(() => {
      if (this.isStarted && cell.status === 'restarting') cell.resume('restart');
    }, decision.delayMs);
  }

  dropped(cell: Cell, message: Message, policy: OverflowPolicy): void {
    this.countsFor(cell.type.name).dropped++;
    if (message.kind !== 'timer' && message.kind !== 'hot' && message.row !== undefined) {
      this.inbox.remove(cell.address, message.row);
    }
    this.log.debug({ actor: cell.address, policy }, 'message_dropped');
  }

  deadLetter(address: Address, message: Message, error: unknown): void {
    const { kind } = message;
    const kept =
      kind === 'event'
        ? { kind, event: message.event }
        : kind === 'hot'
          ? { kind, message: message.message }
          : { kind, ...(kind === 'start' ? { input: message.input } : {}) };
    this.storage.deadLetters.add(address, kept, error);
  }

  guard(cell: Cell, callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.log.error({ actor: cell.address, err: errorRecord(error) }, 'callback_failed');
    }
  }

  tapped(cell: Cell): ActorTap | undefined {
    return this.taps.of(cell.address);
  }

  // Failures.

  private unreadable(cell: Cell, error: unknown, older: ActorRecord | undefined): ActorRecord | undefined {
    this.store.quarantine(cell.address, error, this.clock.now());
    this.countsFor(cell.type.name).quarantined++;
    this.log.error({ actor: cell.address, err: errorRecord(error) }, 'record_quarantined');
    switch (cell.type.onUnreadable ?? 'park') {
      case 'older-generation':
        if (older) return older;
        break;
      case 'reset':
        return undefined;
    }
    cell.isUnreadable = true;
    throw error;
  }

  private parkCell(cell: Cell, reason: string): void {
    cell.park(reason);
    this.countsFor(cell.type.name).parked++;
    this.log.error({ actor: cell.address, reason }, 'actor_parked');
    if (cell.type.stored)
      this.storage.parked.add(cell.address, { reason, at: this.clock.now(), typeVersion: cell.type.version });
    const owner = cell.owner;
    if (owner) this.deliver(owner, this.notice({ type: 'actor.parked', address: cell.address, reason } as EventObject));
  }

  private notice(event: EventObject): Message {
    return { kind: 'event', event, enqueuedAt: this.clock.now() };
  }

  private forget(cell: Cell): void {
    if (
      this.cells.get(cell.address) === cell &&
      !cell.isLive &&
      cell.failures.length === 0 &&
      !cell.mailbox.isWatched
    ) {
      this.cells.delete(cell.address);
    }
  }

  countsFor(type: string): RuntimeCounts {
    const known = this.counts.get(type);
    if (known) return known;
    const counts = countsOf();
    this.counts.set(type, counts);
    return counts;
  }
}
