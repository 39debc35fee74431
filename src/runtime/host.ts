/** Hosts the cells: gives them what they need, schedules them, and decides what their failures lead to. */
import type { EventObject } from 'xstate';
import type { LogAppend } from './actor-type.js';
import { type Address, isAddress, typeOf } from './address.js';
import { Asks } from './asks.js';
import type { EncodedRecord } from './cell/actor-history.js';
import { type ActorRecord, wakeTime } from './cell/actor-record.js';
import { Cell, type RestoreCause } from './cell/cell.js';
import type { ActorTap, CellHost, Loaded } from './cell/cell-host.js';
import type { OverflowPolicy } from './cell/mailbox.js';
import type { Message, Stamp } from './cell/message.js';
import { OutputRouter, type RoutedOutputs } from './cell/output-router.js';
import type { PreparedType } from './cell/prepared-type.js';
import { Scheduler } from './cell/scheduler.js';
import type { Clock, TimerHandle } from './clock.js';
import { countsOf, type RuntimeCounts } from './counts.js';
import { ActorError, errorRecord } from './errors.js';
import type { Ids } from './ids.js';
import { Taps } from './inspection/taps.js';
import { liveActorsByHeap, Passivation } from './passivation.js';
import { decideRestart, recentFailures } from './restart-policy.js';
import { SteadyClock } from './steady-clock.js';
import { Outbox } from './store/outbox.js';
import { type RecordSlot, SnapshotStore } from './store/snapshot-store.js';
import type { Storage } from './store/storage.js';
import { WakeIndex, type WakeTime } from './store/wake-index.js';
import type { ReportEnd } from './supervision.js';

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

const LAST_AT_ROW = 'lastAt';
const BUSY_CELLS = 1_000;
const REMEMBER_FAILURES_MS = 10 * 60_000;
/** Messages that one actor's stored inbox holds (DUR-4). */
export const STORED_PER_ACTOR = 100_000;

export class Host implements CellHost {
  readonly clock: SteadyClock;
  readonly startedAt: number;
  readonly log: RuntimeLog;
  readonly commit;
  readonly store: SnapshotStore;
  readonly inbox;
  readonly wakes: WakeIndex;
  readonly outbox: Outbox;
  readonly asks: Asks;
  readonly taps: Taps;
  readonly types = new Map<string, PreparedType>();
  readonly cells = new Map<Address, Cell>();
  readonly logs = new Map<string, LogPort>();
  readonly supervised = new Map<Address, ReportEnd>();
  readonly counts = new Map<string, RuntimeCounts>();
  readonly lifecycle = new Set<(address: Address, change: 'woke' | 'left') => void>();
  readonly scheduler: Scheduler<Cell>;
  /** Cells whose actor is in memory. */
  live = 0;
  private isStopped = false;
  /** Restarts to come. */
  private readonly timers = new Set<TimerHandle>();
  /** Cells that are kept for their failures only. */
  private readonly remembered = new Set<Cell>();
  private forgetTimer: TimerHandle;
  private readonly ids: Ids;
  private readonly storage: Storage;
  private readonly router: OutputRouter;
  private readonly passivation: Passivation;
  private stamps = 0;

  constructor({ clock: wallClock, ids, log, storage, maxLive }: HostOptions) {
    const lastAt = storage.commit.get('meta', LAST_AT_ROW)?.readDoubleBE() ?? 0;
    const clock = new SteadyClock(wallClock, lastAt, (byMs) => this.wallClockJumped(byMs));
    this.clock = clock;
    this.startedAt = clock.now();
    this.ids = ids;
    this.log = log;
    this.storage = storage;
    this.commit = storage.commit;
    this.store = storage.snapshots;
    this.inbox = storage.inbox;
    this.taps = new Taps((address, error) => log.error({ actor: address, err: errorRecord(error) }, 'tap_failed'));
    this.asks = new Asks(clock, String(storage.sequence.boot));
    const effect = (address: Address, output: string) => this.types.get(typeOf(address))?.outputs?.[output];
    this.outbox = new Outbox({ ...storage, clock, ids, effect });
    this.scheduler = new Scheduler((cell, elapsedMs) => {
      this.countsFor(cell.type.name).slowSlices++;
      log.warn({ actor: cell.address, elapsedMs: Math.round(elapsedMs) }, 'slow_slice');
    });
    const isBusy = () => this.scheduler.length > BUSY_CELLS;
    this.wakes = new WakeIndex(this.commit, clock, (address, at) => this.wakeSleeping(address, at), isBusy);
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
      nextId: () => storage.sequence.next(),
    });
  }

  start(): void {
    if (!this.clock.isTrusted) this.log.warn({ now: this.clock.now() }, 'wall_clock_not_trusted');
  }

  /** No actor runs any more; all are persisted. */
  stop(): void {
    this.isStopped = true;
    this.scheduler.stop();
    this.passivation.stop();
    this.outbox.stop();
    for (const timer of [...this.timers, this.forgetTimer]) this.clock.clearTimeout(timer);
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
    if (this.isStopped || (this.commit.degraded && cell.type.durability === 'durable')) return false;
    if (cell.queue.isCrowded || !cell.queue.mailbox.push(message)) {
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
    if (message.kind === 'stop' && cell.status === 'parked') {
      this.storage.parked.remove(cell.address);
      cell.endParked();
    }
    const isBehind = cell.queue.backlog.length > 0 && row !== undefined;
    if (isBehind || !cell.queue.mailbox.push(message)) {
      if (row === undefined || cell.queue.storedDepth >= STORED_PER_ACTOR) {
        this.discard(cell.address, message, new ActorError('ACTOR_BUSY', `${cell.address} has no room for messages`));
        return;
      }
      cell.queue.backlog.push(row);
    }
    this.ready(cell);
  }

  /** A message that an earlier run of the process left in the store; false, and it stays, if its type is not known. */
  resumeMessage(address: Address, row: string): boolean {
    const type = this.types.get(typeOf(address));
    if (!type) return false;
    const cell = this.cellAt(address, type);
    if (!cell.isLive) cell.cause = 'boot';
    const message = cell.status === 'parked' ? this.stored(address, row) : undefined;
    if (message?.kind === 'stop') this.enqueue(cell, message);
    else cell.queue.backlog.push(row);
    this.ready(cell);
    return true;
  }

  /** A place in the wake index is due; what it stands for is gone at times. */
  private wakeSleeping(address: Address, at: WakeTime): boolean {
    const type = this.types.get(typeOf(address));
    if (!type) {
      this.wakes.set(address, at, undefined);
      return false;
    }
    const cell = this.cellAt(address, type);
    const isSleeping = !cell.isLive && cell.status === 'sleeping';
    if (isSleeping) {
      cell.isBrief = true;
      this.wakeCell(cell, at === 0 ? 'boot' : 'wake');
    }
    const isThere = cell.isLive || cell.status === 'sleeping';
    if (isThere && !this.wakes.isAt(cell.history.wakeAt, at)) this.wakes.set(address, at, undefined);
    return isSleeping;
  }

  private wallClockJumped(byMs: number): void {
    this.log.warn({ byMs }, 'wall_clock_jumped');
    this.wakes.soon();
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
    return this.clock.now();
  }

  load(cell: Cell, slot: RecordSlot): Loaded {
    const read = this.store.read(cell.address, slot);
    if (read.kind !== 'unreadable') return read;
    const { error, older } = read;
    if (!older || cell.type.onUnreadable !== 'older-generation') return this.unreadable(cell, error, older);
    this.quarantine(cell, error, 'broken');
    return { kind: 'record', record: older, cause: 'olderGeneration' };
  }

  ended(cell: Cell): { readonly output: unknown } | undefined {
    if (!cell.type.stored) return undefined;
    const read = this.store.read(cell.address);
    if (read.kind !== 'record' || read.record.snapshot.status !== 'done') return undefined;
    return { output: (read.record.snapshot as { output?: unknown }).output };
  }

  storedWakeTime(cell: Cell): WakeTime | undefined {
    if (!cell.type.stored) return undefined;
    const read = this.store.read(cell.address);
    return read.kind === 'record' ? wakeTime(read.record) : undefined;
  }

  stored(address: Address, row: string): Message | undefined {
    try {
      return this.inbox.read(address, row);
    } catch (error) {
      this.inbox.remove(address, row);
      this.storage.deadLetters.add(address, { kind: 'unreadable', row }, error);
      return undefined;
    }
  }

  discard(address: Address, message: Message, error?: unknown): void {
    if ('row' in message && message.row !== undefined) this.inbox.remove(address, message.row);
    if (error !== undefined) this.deadLetter(address, message, error);
  }

  route(cell: Cell, outputs: readonly EventObject[]): RoutedOutputs {
    return this.router.route(cell, outputs);
  }

  /** Refusals and mistakes look alike to the actor: neither may leave its slice half written (CE-1). */
  append({ log, payload, readers }: LogAppend): boolean {
    try {
      const port = this.logs.get(log);
      if (!port) throw new ActorError('LOG_UNKNOWN', `there is no log ${log}`);
      return port.append(payload, readers).stored;
    } catch (error) {
      this.log.error({ log, err: errorRecord(error) }, 'log_append_failed');
      return false;
    }
  }

  summary(type: PreparedType, snapshot: { value: unknown; context: unknown; status: string }): Buffer | undefined {
    return type.summary && this.storage.summaries.encode(type.summary(snapshot));
  }

  write(cell: Cell, { bytes, summary }: EncodedRecord): void {
    this.store.write(cell.address, cell.history.slot, bytes, cell.type.durability === 'durable');
    if (summary) this.storage.summaries.put(cell.address, summary);
    const counts = this.countsFor(cell.type.name);
    counts.records++;
    if (bytes.length > SnapshotStore.LARGE_RECORD && counts.largestRecord <= SnapshotStore.LARGE_RECORD) {
      this.log.warn({ actor: cell.address, bytes: bytes.length }, 'large_snapshot');
    }
    counts.largestRecord = Math.max(counts.largestRecord, bytes.length);
    const row = Buffer.allocUnsafe(8);
    row.writeDoubleBE(this.sliceTime());
    this.commit.put('meta', LAST_AT_ROW, row);
  }

  erase(cell: Cell): void {
    this.store.remove(cell.address);
    this.storage.summaries.remove(cell.address);
    this.wakes.set(cell.address, cell.history.wakeAt, undefined);
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
    for (const listener of this.lifecycle) this.guard(cell, () => listener(cell.address, 'woke'));
  }

  left(cell: Cell): void {
    this.live--;
    this.passivation.forget(cell);
    for (const listener of this.lifecycle) this.guard(cell, () => listener(cell.address, 'left'));
  }

  slept(cell: Cell, wakeAt: WakeTime | undefined): void {
    this.countsFor(cell.type.name).passivated++;
    this.wakes.asleep(wakeAt);
    if (!cell.hasWork) this.forget(cell);
  }

  finished(cell: Cell, how: 'done' | 'stopped'): void {
    const report = this.supervised.get(cell.address);
    if (how === 'done' && !report && cell.type.restart === 'permanent') {
      cell.startAgain();
      cell.failures.push({ at: this.clock.now(), phase: 'end' });
      this.restartLater(cell);
      return;
    }
    cell.failures = [];
    if (how === 'done') report?.('done');
  }

  failed(cell: Cell, error: unknown): void {
    const counts = this.countsFor(cell.type.name);
    counts.failures++;
    this.log.error({ actor: cell.address, err: errorRecord(error) }, 'actor_failed');
    this.pruneFailures(cell);
    const report = this.supervised.get(cell.address);
    if (cell.isUnreadable) {
      this.parkCell(cell, `its record cannot be read: ${cell.lastError?.message ?? ''}`);
      return;
    }
    if (report) {
      report({ error });
      return;
    }
    if (cell.type.restart !== 'temporary') {
      this.restartLater(cell);
      return;
    }
    cell.abandon();
    const failure = { type: 'actor.failed', address: cell.address, error: cell.lastError };
    this.tellOwner(cell, failure as EventObject);
  }

  private restartLater(cell: Cell): void {
    this.pruneFailures(cell);
    const decision = decideRestart(cell.failures, cell.type.limits, this.ids.uniform());
    if (decision.kind === 'park') {
      this.parkCell(cell, decision.reason);
      return;
    }
    cell.status = 'restarting';
    cell.history.restarts++;
    this.countsFor(cell.type.name).restarts++;
    const timer = this.clock.setTimeout(() => {
      this.timers.delete(timer);
      if (!this.isStopped && cell.status === 'restarting') cell.resume('restart');
    }, decision.delayMs);
    this.timers.add(timer);
  }

  dropped(cell: Cell, message: Message, policy: OverflowPolicy): void {
    this.countsFor(cell.type.name).dropped++;
    this.discard(cell.address, message);
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

  unreadable(cell: Cell, error: unknown, record: ActorRecord | undefined): Loaded {
    this.quarantine(cell, error);
    if (cell.type.onUnreadable === 'reset') {
      return { kind: 'reset', input: record?.input ?? {}, startedBy: record?.startedBy };
    }
    cell.isUnreadable = true;
    throw error;
  }

  private quarantine({ address, type }: Cell, error: unknown, which?: 'broken'): void {
    this.store.quarantine(address, error, this.clock.now(), type.version, which);
    this.countsFor(type.name).quarantined++;
    this.log.error({ actor: address, err: errorRecord(error) }, 'record_quarantined');
  }

  private parkCell(cell: Cell, reason: string): void {
    cell.park(reason);
    this.countsFor(cell.type.name).parked++;
    this.log.error({ actor: cell.address, reason }, 'actor_parked');
    if (cell.type.stored)
      this.storage.parked.add(cell.address, { reason, at: this.clock.now(), typeVersion: cell.type.version });
    this.tellOwner(cell, { type: 'actor.parked', address: cell.address, reason } as EventObject);
  }

  private tellOwner(cell: Cell, event: EventObject): void {
    if (!cell.history.startedBy) return;
    const routed = this.route(cell, [{ type: 'tell', to: cell.history.startedBy, event } as EventObject]);
    routed.write();
    this.commit.afterFlush(() => routed.release());
  }

  /** A cell that holds nothing which its record does not hold. */
  forget(cell: Cell): void {
    if (this.cells.get(cell.address) !== cell || cell.isLive || cell.status !== 'sleeping' || cell.hasWork) return;
    if (cell.queue.mailbox.isWatched) return;
    this.pruneFailures(cell);
    if (cell.failures.length === 0) {
      this.cells.delete(cell.address);
      return;
    }
    this.remembered.add(cell);
    this.forgetTimer ??= this.clock.setTimeout(() => {
      this.forgetTimer = undefined;
      const cells = [...this.remembered];
      this.remembered.clear();
      for (const remembered of cells) this.forget(remembered);
    }, REMEMBER_FAILURES_MS);
  }

  private pruneFailures(cell: Cell): void {
    cell.failures = recentFailures(cell.failures, cell.type.limits, this.clock.now());
  }

  countsFor(type: string): RuntimeCounts {
    const known = this.counts.get(type);
    if (known) return known;
    const counts = countsOf();
    this.counts.set(type, counts);
    return counts;
  }
}
