/**
 * The actor system: actors by address, each an XState system of its own under the runtime's supervision (RT-1…RT-3).
 */
import type { EventObject } from 'xstate';
import type { ActorType, LogAppend, OutputEffect } from './actor-type.js';
import { type ActorView, type ChartSnapshot, chartOf, viewActor } from './actor-view.js';
import { type Address, isAddress, typeOf } from './address.js';
import { Asks } from './asks.js';
import { Cell, type RestoreCause } from './cell.js';
import type { ActorTap, CellHost } from './cell-host.js';
import { type Clock, systemClock } from './clock.js';
import { countsOf, type RuntimeCounts } from './counts.js';
import { DeadLetters } from './dead-letters.js';
import { ActorError, errorRecord, type StorageError } from './errors.js';
import { GroupCommit } from './group-commit.js';
import { type Ids, systemIds } from './ids.js';
import type { OverflowPolicy, Watermarks } from './mailbox.js';
import type { Message, Stamp } from './message.js';
import { Outbox } from './outbox.js';
import { OutputRouter } from './output-router.js';
import { ParkedActors } from './parked.js';
import { liveActorsByHeap, Passivation } from './passivation.js';
import { type PreparedType, prepareType } from './prepared-type.js';
import { RecordCodec } from './record-codec.js';
import { decideRestart, recentFailures } from './restart-policy.js';
import { RowSequence } from './row-sequence.js';
import { Scheduler } from './scheduler.js';
import { type ActorRecord, type RecordSlot, SnapshotStore } from './snapshot-store.js';
import { StoredInbox } from './stored-inbox.js';
import { Summaries } from './summaries.js';
import type { Child } from './supervision.js';
import { WakeIndex, type WakeTime } from './wake-index.js';

export interface RuntimeLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ActorSystemOptions {
  /** Folder of the store. */
  readonly directory: string;
  readonly clock?: Clock;
  readonly ids?: Ids;
  readonly log?: RuntimeLog;
  /** Bytes on disk past which the store takes nothing more. @default unlimited */
  readonly quotaBytes?: number;
  /** Actors in memory past which the longest idle ones sleep. @default by the heap's size */
  readonly maxLive?: number;
}

/** A log of the store as the system sees it. */
export interface LogPort {
  append(payload: Uint8Array, readers: readonly string[]): { readonly stored: boolean };
}

const SILENT: RuntimeLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
/** A wall clock before this has not been set yet (TIM-1). */
const EARLIEST_TRUSTED = Date.UTC(2025, 0, 1);
const LAST_AT_ROW = 'lastAt';
const BUSY_CELLS = 1_000;
const STORED_PER_ACTOR = 100_000;

export class ActorSystem implements CellHost {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: RuntimeLog;
  readonly commit: GroupCommit;
  readonly codec: RecordCodec;
  readonly store: SnapshotStore;
  readonly inbox: StoredInbox;
  readonly outbox: Outbox;
  readonly deadLetters: DeadLetters;
  readonly summaries: Summaries;
  readonly wakes: WakeIndex;
  readonly asks: Asks;
  readonly counts = new Map<string, RuntimeCounts>();
  /** Whether the wall clock can be believed; decided at start. */
  trusted = true;
  private readonly parked: ParkedActors;
  private readonly types = new Map<string, PreparedType>();
  private readonly cells = new Map<Address, Cell>();
  private readonly logs = new Map<string, LogPort>();
  private readonly supervised = new Map<Address, (end: { error: unknown } | 'done') => void>();
  private readonly taps = new Map<Address, Set<ActorTap>>();
  private readonly scheduler: Scheduler<Cell>;
  private readonly router: OutputRouter;
  private readonly passivation: Passivation;
  private readonly sequence: RowSequence;
  private live = 0;
  private lastAt: number;
  private stamps = 0;
  private started = false;
  private readonly lifecycleListeners = new Set<(address: Address, change: 'woke' | 'left') => void>();
  private readonly degradedListeners = new Set<(error: StorageError | undefined) => void>();

  constructor(options: ActorSystemOptions) {
    this.clock = options.clock ?? systemClock;
    this.ids = options.ids ?? systemIds;
    this.log = options.log ?? SILENT;
    const { clock, ids } = this;
    this.commit = new GroupCommit({
      directory: options.directory,
      clock,
      ...(options.quotaBytes === undefined ? {} : { quotaBytes: options.quotaBytes }),
      onDegraded: (error) => this.storageChanged(error),
    });
    const { commit } = this;
    this.lastAt = commit.get('meta', LAST_AT_ROW)?.readDoubleBE() ?? 0;
    this.codec = new RecordCodec(commit);
    const { codec } = this;
    this.sequence = new RowSequence(commit);
    const { sequence } = this;
    this.store = new SnapshotStore(commit, codec);
    this.inbox = new StoredInbox(commit, codec, sequence);
    this.deadLetters = new DeadLetters(commit, codec, sequence, clock);
    this.summaries = new Summaries(commit, codec);
    this.parked = new ParkedActors(commit, codec);
    this.asks = new Asks(clock);
    this.outbox = new Outbox({
      commit,
      codec,
      sequence,
      clock,
      ids,
      deadLetters: this.deadLetters,
      effect: (address, output): OutputEffect | undefined => this.types.get(typeOf(address))?.outputs?.[output],
    });
    this.scheduler = new Scheduler((cell, elapsedMs) => {
      this.countsFor(cell.type.name).slowSlices++;
      this.log.warn({ actor: cell.address, elapsedMs: Math.round(elapsedMs) }, 'slow_slice');
    });
    this.wakes = new WakeIndex(
      commit,
      clock,
      (address) => this.wakeSleeping(address),
      () => this.scheduler.length > BUSY_CELLS,
    );
    this.passivation = new Passivation(clock, () => this.live, options.maxLive ?? liveActorsByHeap());
    this.router = new OutputRouter({
      inbox: this.inbox,
      outbox: this.outbox,
      asks: this.asks,
      typeNamed: (name) => this.types.get(name),
      deliver: (address, message) => this.deliver(address, message),
      append: (output) => this.append(output),
      deadLetter: (address, message, error) => this.deadLetters.add(address, message, error),
      guard: (cell, callback) => this.guard(cell, callback),
      now: () => this.clock.now(),
    });
  }

  // Composition: before start().

  /** Makes a kind of actor known; throws `ACTOR_TYPE_INVALID`. */
  register(type: ActorType): void {
    if (this.types.has(type.name)) throw new ActorError('ACTOR_TYPE_INVALID', `${type.name} is registered twice`);
    this.types.set(type.name, prepareType(type));
  }

  /** Makes a log known to `log.append` outputs and hot appends. */
  addLog(name: string, log: LogPort): void {
    this.logs.set(name, log);
  }

  /** Takes up where the last run of the store ended: stored messages, unfinished effects, due timers, eager types. */
  async start(): Promise<void> {
    const now = this.clock.now();
    this.trusted = now >= EARLIEST_TRUSTED && now >= this.lastAt;
    if (!this.trusted) this.log.warn({ now, lastAt: this.lastAt }, 'wall_clock_not_trusted');
    this.started = true;
    for (const address of this.parked.addresses()) {
      const type = this.types.get(typeOf(address));
      const parked = this.parked.get(address);
      // A new version may have mended what parked it.
      if (!type || !parked || parked.typeVersion !== type.version) this.parked.remove(address);
      else this.cellAt(address, type).park(parked.reason);
    }
    for (const { address, row } of [...this.inbox.rows()]) {
      const type = this.types.get(typeOf(address));
      if (type) {
        const cell = this.cellAt(address, type);
        cell.backlog.push(row);
        this.ready(cell);
      } else {
        this.deadLetters.add(address, this.inbox.read(address, row), new ActorError('ACTOR_TYPE_UNKNOWN', address));
        this.inbox.remove(address, row);
      }
    }
    for (const type of this.types.values()) {
      if (!type.eager) continue;
      for (const address of [...this.store.addresses(type.name)]) this.wakeCell(this.cellAt(address, type), 'boot');
    }
    this.outbox.start();
    this.wakes.start();
    await this.commit.flushed();
  }

  /** Drains mailboxes for at most `deadlineMs`, persists every actor, flushes and closes the store (DUR-7). */
  async stop(deadlineMs = 10_000): Promise<void> {
    this.started = false;
    this.wakes.stop();
    this.passivation.stop();
    await this.within(this.settled(), deadlineMs);
    this.scheduler.stop();
    this.outbox.stop();
    for (const cell of this.cells.values()) this.guard(cell, () => cell.shutdown());
    await this.commit.close();
  }

  // Messages.

  /**
   * Puts an event into an actor's mailbox. False if there is no room, or if the store cannot be written and the type
   * is durable: the source keeps the message and pauses (MBX-2, DUR-9). Throws `ACTOR_TYPE_UNKNOWN`.
   */
  tell(address: Address, event: EventObject, options: { readonly acknowledged?: () => void } = {}): boolean {
    const cell = this.target(address);
    const { acknowledged } = options;
    return this.push(cell, { kind: 'event', event, acknowledged, enqueuedAt: this.clock.now() });
  }

  /** Stores the event for the actor; resolves once it cannot be lost any more (DUR-4). */
  async tellStored(address: Address, event: EventObject): Promise<void> {
    const cell = this.target(address);
    if (this.commit.degraded) throw this.commit.degraded;
    if (cell.storedDepth >= STORED_PER_ACTOR) throw new ActorError('ACTOR_BUSY', `${address} has no room for messages`);
    const at = this.clock.now();
    const row = this.inbox.add(address, { kind: 'event', event, at });
    this.enqueue(cell, { kind: 'event', event, row, enqueuedAt: at });
    await this.commit.flushed();
  }

  /** Hands data to the type's `hot` function, in order with the actor's other messages. False if there is no room. */
  hot(address: Address, message: unknown): boolean {
    return this.push(this.target(address), { kind: 'hot', message, enqueuedAt: this.clock.now() });
  }

  /** Makes the actor unless there is one. False if there is no room for the request. */
  spawn(address: Address, input: unknown = {}): boolean {
    return this.push(this.target(address), { kind: 'start', input, enqueuedAt: this.clock.now() });
  }

  /**
   * Asks an actor and waits for its `reply` output (RT-9). The event gets `replyTo`. Rejects with `ACTOR_NO_ANSWER`,
   * `ACTOR_BUSY` or `ACTOR_ASK_CANCELLED`.
   */
  ask(address: Address, event: EventObject, deadlineMs: number, signal?: AbortSignal): Promise<unknown> {
    return this.asks.ask((replyTo) => this.tell(address, { ...event, replyTo } as EventObject), deadlineMs, signal);
  }

  /** Tells a source when an actor's mailbox fills and when it has room again (MBX-4); returns how to end that. */
  watermark(address: Address, watcher: Watermarks): () => void {
    return this.target(address).mailbox.watch(watcher);
  }

  // Looking.

  /** The committed chart of an actor, without waking it (RT-2). */
  peek(address: Address): ChartSnapshot | undefined {
    const type = this.types.get(typeOf(address));
    if (!type) return undefined;
    const cell = this.cells.get(address);
    if (cell?.snapshot) return cell.snapshot;
    const read = this.store.read(address);
    return read.kind === 'record' ? chartOf(type, read.record) : undefined;
  }

  view(address: Address): ActorView | undefined {
    const type = this.types.get(typeOf(address));
    if (!type) return undefined;
    const cell = this.cells.get(address);
    const read = cell?.isLive ? undefined : this.store.read(address);
    const record = read?.kind === 'record' ? read.record : undefined;
    return cell || record ? viewActor(address, type, cell, record, this.clock.now()) : undefined;
  }

  /** Addresses in order, those of sleeping actors included, after `cursor`. */
  *addresses(type?: string, cursor = ''): Generator<Address> {
    const here = [...this.cells.keys()].filter((address) => type === undefined || typeOf(address) === type).sort();
    let next = here.findIndex((address) => address > cursor);
    if (next < 0) next = here.length;
    for (const stored of this.store.addresses(type, cursor)) {
      for (let cell = here[next]; cell !== undefined && cell <= stored; cell = here[++next]) {
        if (cell !== stored) yield cell;
      }
      yield stored;
    }
    yield* here.slice(next);
  }

  typeNamed(name: string): PreparedType | undefined {
    return this.types.get(name);
  }

  cell(address: Address): Cell | undefined {
    return this.cells.get(address);
  }

  /** Actors in memory. */
  get liveCount(): number {
    return this.live;
  }

  get parkedCount(): number {
    return this.parked.size;
  }

  /** Live actors by type and state. */
  byState(): Map<string, Map<string, number>> {
    const types = new Map<string, Map<string, number>>();
    for (const cell of this.cells.values()) {
      const view = cell.stateText;
      if (view === undefined) continue;
      const states = types.get(cell.type.name) ?? new Map<string, number>();
      types.set(cell.type.name, states.set(view, (states.get(view) ?? 0) + 1));
    }
    return types;
  }

  /** Sees what an actor takes and gives, until the function returned is called. */
  tap(address: Address, tap: ActorTap): () => void {
    const taps = this.taps.get(address) ?? new Set();
    this.taps.set(address, taps.add(tap));
    return () => {
      taps.delete(tap);
      if (taps.size === 0) this.taps.delete(address);
    };
  }

  onLifecycle(listener: (address: Address, change: 'woke' | 'left') => void): () => void {
    this.lifecycleListeners.add(listener);
    return () => this.lifecycleListeners.delete(listener);
  }

  /** Tells when the store stops taking rows, and with `undefined` when it does again. */
  onDegraded(listener: (error: StorageError | undefined) => void): () => void {
    this.degradedListeners.add(listener);
    return () => this.degradedListeners.delete(listener);
  }

  // Operating.

  /** Erases an actor with its record, timers and messages. */
  async remove(address: Address): Promise<void> {
    const type = this.types.get(typeOf(address));
    if (!type) return;
    const cell = this.cellAt(address, type);
    this.parked.remove(address);
    if (cell.status === 'parked') cell.status = 'sleeping';
    cell.mailbox.drain();
    for (let row = cell.backlog.shift(); row; row = cell.backlog.shift()) this.inbox.remove(address, row);
    this.enqueue(cell, { kind: 'stop', enqueuedAt: this.clock.now() });
    await this.settled();
  }

  /** Lets a parked actor try again; false if it is not parked. */
  unpark(address: Address): boolean {
    const cell = this.cells.get(address);
    if (cell?.status !== 'parked') return false;
    this.parked.remove(address);
    cell.failures = [];
    cell.resume('restart');
    return true;
  }

  /** Sends a dead letter to its address again; false if there is none of that id, or no room. */
  replayDeadLetter(id: string): boolean {
    const letter = this.deadLetters.get(id);
    const message = letter?.message as Partial<Message> | undefined;
    if (!letter || !isAddress(letter.address) || !message || !('event' in message || 'message' in message))
      return false;
    const told =
      'event' in message && message.event
        ? this.tell(letter.address, message.event)
        : this.hot(letter.address, (message as { message: unknown }).message);
    if (told) this.deadLetters.remove(id);
    return told;
  }

  /** An actor as a supervisor's child: made with `input` when it is not there yet. */
  child(address: Address, options: { readonly input?: unknown; readonly restart?: Child['restart'] } = {}): Child {
    return {
      name: address,
      kind: 'actor',
      restart: options.restart ?? 'permanent',
      start: async (report) => {
        this.supervised.set(address, report);
        const cell = this.target(address);
        if (cell.status === 'parked') return;
        const isAgain = cell.failures.length > 0 || cell.status === 'stopped';
        if (isAgain) cell.restarts++;
        cell.status = 'sleeping';
        cell.wake(isAgain ? 'restart' : 'boot', { input: options.input ?? {} });
        this.ready(cell);
      },
      stop: async () => {
        this.supervised.delete(address);
        const cell = this.cells.get(address);
        if (!cell) return;
        cell.shutdown();
        cell.status = 'stopped';
      },
    };
  }

  /** Resolves when no message waits and all is flushed. Effects that are under way are not waited for. */
  async settled(): Promise<void> {
    do {
      await this.scheduler.idle();
      await this.commit.flushed();
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.scheduler.length > 0 || (this.commit.pending && !this.commit.degraded));
  }

  // What cells need (CellHost).

  ready(cell: Cell): void {
    this.scheduler.ready(cell);
  }

  stamp(): Stamp {
    return { at: this.sliceTime(), u: this.ids.uniform(), id: `${this.sequence.boot}-${++this.stamps}` };
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
    if (cell.type.summary) this.summaries.put(cell.address, cell.type.summary(snapshot));
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
    this.summaries.remove(cell.address);
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
    for (const listener of this.lifecycleListeners) listener(cell.address, 'woke');
  }

  left(cell: Cell): void {
    this.live--;
    for (const listener of this.lifecycleListeners) listener(cell.address, 'left');
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
      if (this.started && cell.status === 'restarting') cell.resume('restart');
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
    this.deadLetters.add(address, kept, error);
  }

  guard(cell: Cell, callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.log.error({ actor: cell.address, err: errorRecord(error) }, 'callback_failed');
    }
  }

  tapped(cell: Cell): ActorTap | undefined {
    if (this.taps.size === 0) return undefined;
    const taps = this.taps.get(cell.address);
    return taps && everyTap(taps);
  }

  // Inside.

  private target(address: Address): Cell {
    const type = isAddress(address) ? this.types.get(typeOf(address)) : undefined;
    if (!type) throw new ActorError('ACTOR_TYPE_UNKNOWN', `no actor type for ${JSON.stringify(address)}`);
    return this.cellAt(address, type);
  }

  private cellAt(address: Address, type: PreparedType): Cell {
    let cell = this.cells.get(address);
    if (!cell) {
      cell = new Cell(address, type, this);
      this.cells.set(address, cell);
    }
    return cell;
  }

  /** From a source: refused when the actor has no room. */
  private push(cell: Cell, message: Message): boolean {
    if (this.commit.degraded && cell.type.durability === 'durable') return false;
    if (cell.backlog.length > 0 || !cell.mailbox.push(message)) {
      this.countsFor(cell.type.name).refused++;
      return false;
    }
    this.ready(cell);
    return true;
  }

  /** From an actor: never refused; what finds no room waits in the store. */
  private deliver(address: Address, message: Message): void {
    const type = this.types.get(typeOf(address));
    if (type) this.enqueue(this.cellAt(address, type), message);
    else this.deadLetter(address, message, new ActorError('ACTOR_TYPE_UNKNOWN', `no actor type for ${address}`));
  }

  private enqueue(cell: Cell, message: Message): void {
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

  private wakeCell(cell: Cell, cause: RestoreCause): void {
    if (cell.status !== 'sleeping') return;
    cell.wake(cause);
    if (cell.hasWork) this.ready(cell);
  }

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
      this.parked.add(cell.address, { reason, at: this.clock.now(), typeVersion: cell.type.version });
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

  private countsFor(type: string): RuntimeCounts {
    const known = this.counts.get(type);
    if (known) return known;
    const counts = countsOf();
    this.counts.set(type, counts);
    return counts;
  }

  private storageChanged(error: StorageError | undefined): void {
    if (error) this.log.error({ err: errorRecord(error) }, 'storage_degraded');
    else this.log.info({}, 'storage_recovered');
    for (const listener of this.degradedListeners) listener(error);
  }

  private within(work: Promise<void>, deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.clock.setTimeout(resolve, deadlineMs);
      void work.then(() => {
        this.clock.clearTimeout(timer);
        resolve();
      });
    });
  }
}

function everyTap(taps: ReadonlySet<ActorTap>): ActorTap {
  return {
    started: (...args) => {
      for (const tap of taps) tap.started(...args);
    },
    restored: (...args) => {
      for (const tap of taps) tap.restored(...args);
    },
    event: (...args) => {
      for (const tap of taps) tap.event(...args);
    },
    hot: (...args) => {
      for (const tap of taps) tap.hot(...args);
    },
    outputs: (...args) => {
      for (const tap of taps) tap.outputs(...args);
    },
  };
}
