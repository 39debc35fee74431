/** Hosts the cells: gives them what they need, schedules them, wakes them and sends them to sleep. */
import type { EventObject } from 'xstate';
import type { AppendOutcome, LogAppend, OutputEffect } from './actor-type.js';
import type { Address } from './address.js';
import type { Once } from './append-log/log-repeats.js';
import { Asks } from './asks.js';
import type { Cell } from './cell/cell.js';
import type { ActorTap, CellHost, CellId } from './cell/cell-host.js';
import { CellRecords, lastWrittenAt } from './cell/cell-records.js';
import type { Stamp } from './cell/message.js';
import { OutputRouter, type RoutedOutputs } from './cell/output-router.js';
import type { RestoreCause } from './cell/presence.js';
import { Scheduler } from './cell/scheduler.js';
import { Cells } from './cells.js';
import type { Clock } from './clock.js';
import { CountsByType } from './counts.js';
import { Delivery } from './delivery.js';
import { owned } from './effect-owner.js';
import { ActorError, errorRecord } from './errors.js';
import { FailurePolicy } from './failure-policy.js';
import type { Ids } from './ids.js';
import { Taps } from './inspection/taps.js';
import type { RuntimeLog } from './logging/runtime-log.js';
import { liveActorsByHeap, Passivation } from './passivation.js';
import { SteadyClock } from './steady-clock.js';
import { Outbox } from './store/outbox.js';
import type { Storage } from './store/storage.js';
import { WakeIndex, type WakeTime } from './store/wake-index.js';
import type { Tables } from './table/tables.js';

/** A log of the store as the runtime sees it. */
export interface LogPort {
  append(
    payload: Uint8Array,
    readers: readonly string[],
    options?: { readonly once?: Once | undefined },
  ): { readonly stored: boolean; readonly reason?: string };
}

export interface HostOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: RuntimeLog;
  readonly storage: Storage;
  readonly maxLive?: number | undefined;
}

/** Ready cells past which no more are woken: what is in memory and waits is copied by each garbage collection. */
const BUSY_CELLS = 100;

export class Host implements CellHost {
  readonly clock: SteadyClock;
  readonly startedAt: number;
  readonly log: RuntimeLog;
  readonly commit;
  readonly inbox;
  readonly tables: Tables;
  readonly counts = new CountsByType();
  readonly cells: Cells;
  readonly records: CellRecords;
  readonly messages: Delivery;
  readonly failures: FailurePolicy;
  readonly wakes: WakeIndex;
  readonly outbox: Outbox;
  readonly asks: Asks;
  readonly taps: Taps;
  readonly logs = new Map<string, LogPort>();
  readonly lifecycle = new Set<(address: Address, change: 'woke' | 'left') => void>();
  readonly scheduler: Scheduler<Cell>;
  /** Cells whose actor is in memory. */
  live = 0;
  private readonly ids: Ids;
  private readonly sequence;
  private readonly router: OutputRouter;
  private readonly passivation: Passivation;
  private stamps = 0;

  constructor({ clock: wallClock, ids, log, storage, maxLive }: HostOptions) {
    const { counts } = this;
    const clock = new SteadyClock(wallClock, lastWrittenAt(storage), (byMs) => this.wallClockJumped(byMs));
    this.clock = clock;
    this.startedAt = clock.now();
    this.ids = ids;
    this.log = log;
    this.commit = storage.commit;
    this.inbox = storage.inbox;
    this.tables = storage.tables;
    this.sequence = storage.sequence;
    this.taps = new Taps((address, error) => log.error({ actor: address, err: errorRecord(error) }, 'tap_failed'));
    this.asks = new Asks(clock, String(storage.sequence.boot));
    this.cells = new Cells(this, clock);
    const effect = (address: Address, output: string) => this.effectFor(address, output);
    this.outbox = new Outbox({ ...storage, clock, ids, effect });
    this.scheduler = new Scheduler(clock, (cell, elapsedMs) => {
      counts.of(cell.type.name).slowSlices++;
      log.warn({ actor: cell.address, elapsedMs: Math.round(elapsedMs) }, 'slow_slice');
    });
    const isBusy = () => this.scheduler.length > BUSY_CELLS;
    const wakes = new WakeIndex(this.commit, clock, (address, at) => this.wakeSleeping(address, at), isBusy);
    this.wakes = wakes;
    this.records = new CellRecords({ clock, log, counts, storage, wakes });
    const ready = (cell: Cell): void => this.ready(cell);
    this.messages = new Delivery({ clock, cells: this.cells, storage, counts, log, ready });
    const route = (cell: CellId, outputs: readonly EventObject[]) => this.route(cell, outputs);
    this.failures = new FailurePolicy({ clock, ids, log, counts, storage, route });
    this.passivation = new Passivation(clock, () => this.live, maxLive ?? liveActorsByHeap());
    this.router = new OutputRouter({
      inbox: this.inbox,
      outbox: this.outbox,
      asks: this.asks,
      effect,
      typeNamed: (name) => this.cells.types.get(name),
      deliver: (address, message) => this.messages.deliver(address, message),
      append: (output) => this.append(output) === 'stored',
      tables: storage.tables,
      deadLetter: (address, message, error) => storage.deadLetters.add(address, message, error, { isWhole: true }),
      guard: (address, callback) => this.guard(address, callback),
      now: () => clock.now(),
      nextId: () => storage.sequence.next(),
    });
  }

  start(): void {
    if (!this.clock.isTrusted) this.log.warn({ now: this.clock.now() }, 'wall_clock_not_trusted');
  }

  /** No actor runs any more; all are persisted. */
  stop(): void {
    this.messages.stop();
    this.scheduler.stop();
    this.passivation.stop();
    this.outbox.stop();
    this.failures.stop();
    this.cells.stop();
    for (const cell of this.cells.all()) this.guard(cell.address, () => cell.shutdown());
  }

  /** A place in the wake index is due; what it stands for is gone at times. */
  private wakeSleeping(address: Address, at: WakeTime): boolean {
    const type = this.cells.typeOf(address);
    if (!type) {
      this.wakes.set(address, at, undefined);
      return false;
    }
    const cell = this.cells.at(address, type);
    const tidy = (): void => {
      if (!this.wakes.isAt(cell.history.wakeAt, at)) this.wakes.set(address, at, undefined);
    };
    if (cell.isLive) tidy();
    return cell.wakeForTimer(at === 0 ? 'boot' : 'wake', tidy);
  }

  /** The effect registered for an output; what it leaves uncaught is its actor's (RT-8). */
  private effectFor(address: Address, outputType: string): OutputEffect | undefined {
    const effect = this.cells.typeOf(address)?.outputs?.[outputType];
    if (!effect) return undefined;
    const owner = { address, strayed: (error: unknown) => this.cells.get(address)?.strayed(error) };
    return (output, context) => owned(owner, () => effect(output, context));
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
    return { at: this.sliceTime(), u: this.ids.uniform(), id: `${this.sequence.boot}-${++this.stamps}` };
  }

  sliceTime(): number {
    return this.clock.now();
  }

  route(cell: CellId, outputs: readonly EventObject[]): RoutedOutputs {
    return this.router.route(cell, outputs);
  }

  /** Refusals and mistakes look alike to the actor: neither may leave its slice half written (CE-1). */
  append({ log, payload, readers, once }: LogAppend): AppendOutcome {
    try {
      const port = this.logs.get(log);
      if (!port) throw new ActorError('LOG_UNKNOWN', `there is no log ${log}`);
      const result = port.append(payload, readers, { once });
      if (result.stored) return 'stored';
      return result.reason === 'duplicate' || result.reason === 'awaited' ? result.reason : 'refused';
    } catch (error) {
      this.log.error({ log, err: errorRecord(error) }, 'log_append_failed');
      return 'refused';
    }
  }

  ran(cell: Cell): void {
    this.counts.of(cell.type.name).slices++;
    if (cell.isBrief && cell.canSleep) {
      cell.isBrief = false;
      cell.sleep();
    } else if (cell.isLive) this.passivation.consider(cell);
    else if (cell.status === 'sleeping' && !cell.hasWork) this.cells.forget(cell);
  }

  woke(cell: Cell): void {
    this.live++;
    for (const listener of this.lifecycle) this.guard(cell.address, () => listener(cell.address, 'woke'));
  }

  left(cell: Cell): void {
    this.live--;
    this.passivation.forget(cell);
    for (const listener of this.lifecycle) this.guard(cell.address, () => listener(cell.address, 'left'));
  }

  slept(cell: Cell, wakeAt: WakeTime | undefined): void {
    this.counts.of(cell.type.name).passivated++;
    this.wakes.asleep(wakeAt);
    if (!cell.hasWork) this.cells.forget(cell);
  }

  finished(cell: Cell, how: 'done' | 'stopped'): void {
    this.failures.finished(cell, how);
    if (how === 'stopped' || cell.status === 'parked') this.gone(cell);
  }

  failed(cell: Cell, error: unknown): void {
    this.failures.failed(cell, error);
    if (cell.status === 'parked') this.gone(cell);
  }

  private gone({ address, type }: Cell): void {
    this.guard(address, () => type.gone?.(address));
  }

  guard(address: Address, callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.log.error({ actor: address, err: errorRecord(error) }, 'callback_failed');
    }
  }

  tapped(address: Address): ActorTap | undefined {
    return this.taps.of(address);
  }
}
