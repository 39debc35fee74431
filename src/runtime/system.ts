/** The actor system: actors by address, each an XState system of its own under the runtime's care (RT-1…RT-3). */
import type { EventObject } from 'xstate';
import type { ActorType, LogAppend } from './actor-type.js';
import { type Address, isAddress, typeOf } from './address.js';
import type { Cell } from './cell/cell.js';
import type { ActorTap } from './cell/cell-host.js';
import type { Watermarks } from './cell/mailbox.js';
import type { Message } from './cell/message.js';
import { type PreparedType, prepareType } from './cell/prepared-type.js';
import { stateText } from './cell/waits.js';
import { type Clock, systemClock } from './clock.js';
import type { RuntimeCounts } from './counts.js';
import { ActorError, errorRecord, type StorageError } from './errors.js';
import { Host, type LogPort, type RuntimeLog, STORED_PER_ACTOR } from './host.js';
import { type ActorView, type ChartSnapshot, chartOf, viewActor } from './http/actor-view.js';
import { type Ids, systemIds } from './ids.js';
import type { DeadLetters } from './store/dead-letters.js';
import type { GroupCommit } from './store/group-commit.js';
import { reviewRecords } from './store/review-records.js';
import { openStorage, type Storage } from './store/storage.js';
import type { Summaries } from './store/summaries.js';
import type { UnreadableRow } from './store/unreadable-rows.js';
import type { Child } from './supervision.js';

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

export interface ActorChildOptions {
  readonly input?: unknown;
  readonly restart?: Child['restart'];
  /** @default 5000 */
  readonly shutdownMs?: number;
  readonly stopEvent?: (deadlineMs: number) => EventObject;
  /** In which states the next child may start; waited for a few seconds. @default any */
  readonly startedIn?: (state: string) => boolean;
}

/** How long the start of a supervisor waits for one child. */
const START_MS = 5_000;

const ignore = (): void => {};

const SILENT: RuntimeLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export class ActorSystem {
  /** Wall time as the actors see it: it never goes back (TIM-1). */
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: RuntimeLog;
  private readonly storage: Storage;
  private readonly host: Host;
  private readonly degradedListeners = new Set<(error: StorageError | undefined) => void>();

  constructor(options: ActorSystemOptions) {
    this.ids = options.ids ?? systemIds;
    this.log = options.log ?? SILENT;
    const { ids, log } = this;
    const clock = options.clock ?? systemClock;
    const onDegraded = (error: StorageError | undefined): void => this.storageChanged(error);
    const onUnreadable = ({ error, ...row }: UnreadableRow): void =>
      log.error({ ...row, err: errorRecord(error) }, 'row_unreadable');
    const { directory, quotaBytes } = options;
    this.storage = openStorage({ directory, clock, quotaBytes, onDegraded, onUnreadable });
    this.host = new Host({ clock, ids, log, storage: this.storage, maxLive: options.maxLive });
    this.clock = this.host.clock;
  }

  get commit(): GroupCommit {
    return this.storage.commit;
  }

  get deadLetters(): DeadLetters {
    return this.storage.deadLetters;
  }

  get summaries(): Summaries {
    return this.storage.summaries;
  }

  /** What is counted of each actor type. */
  get counts(): ReadonlyMap<string, RuntimeCounts> {
    return this.host.counts;
  }

  /** Rows of the store that could not be read and were passed over (DUR-10). */
  get unreadableRows(): number {
    return this.storage.unreadable.count;
  }

  /** Outputs that wait to be carried out. */
  get outboxSize(): number {
    return this.host.outbox.size;
  }

  // Composition: before start().

  /** Makes a kind of actor known; throws `ACTOR_TYPE_INVALID`. */
  register(type: ActorType): void {
    if (this.host.types.has(type.name)) throw new ActorError('ACTOR_TYPE_INVALID', `${type.name} is registered twice`);
    const prepared = prepareType(type);
    this.host.types.set(type.name, prepared);
    for (const warning of prepared.warnings) this.log.warn({ type: type.name, warning }, 'actor_type_doubtful');
  }

  /** Makes a log known to `log.append` outputs and hot appends. */
  addLog(name: string, log: LogPort): void {
    this.host.logs.set(name, log);
  }

  /** Takes up where the last run of the store ended: stored messages, unfinished effects, due timers, eager types. */
  async start(): Promise<void> {
    this.host.start();
    reviewRecords(this.host, this.storage);
    const messages = new Map<string, number>();
    for (const { address, row } of [...this.storage.inbox.rows()])
      if (!this.host.resumeMessage(address, row)) increment(messages, typeOf(address));
    this.logLeft(messages, 'messages_of_unknown_type');
    for (const type of this.host.types.values()) {
      if (!type.eager) continue;
      for (const address of [...this.storage.snapshots.addresses(type.name)])
        this.host.wakeCell(this.host.cellAt(address, type), 'boot');
    }
    const outputs = new Map<string, number>();
    for (const [address, rows] of this.host.outbox.start((address) => this.host.types.has(typeOf(address))))
      increment(outputs, typeOf(address), rows);
    this.logLeft(outputs, 'outputs_of_unknown_type');
    this.host.wakes.start();
    await this.commit.flushed();
  }

  /** Drains mailboxes for at most `deadlineMs`, persists every actor, flushes and closes the store (DUR-7). */
  async stop(deadlineMs = 10_000): Promise<void> {
    this.host.wakes.stop();
    await this.within(this.settled(), deadlineMs);
    this.host.stop();
    await this.storage.close();
  }

  // Messages.

  /**
   * Puts an event into an actor's mailbox. False if there is no room, or if the store cannot be written and the type
   * is durable: the source keeps the message and pauses (MBX-2, DUR-9). Throws `ACTOR_TYPE_UNKNOWN`.
   */
  tell(address: Address, event: EventObject, options: { readonly acknowledged?: () => void } = {}): boolean {
    const cell = this.host.target(address);
    const { acknowledged } = options;
    return this.host.push(cell, { kind: 'event', event, acknowledged, enqueuedAt: this.clock.now() });
  }

  /** Stores the event for the actor; resolves once it cannot be lost any more (DUR-4). */
  async tellStored(address: Address, event: EventObject): Promise<void> {
    const cell = this.host.target(address);
    if (this.commit.degraded) throw this.commit.degraded;
    if (cell.queue.storedDepth >= STORED_PER_ACTOR)
      throw new ActorError('ACTOR_BUSY', `${address} has no room for messages`);
    const at = this.clock.now();
    const row = this.storage.inbox.add(address, { kind: 'event', event, at });
    this.host.enqueue(cell, { kind: 'event', event, row, enqueuedAt: at });
    await this.commit.flushed();
  }

  /** Hands data to the type's `hot` function, in order with the actor's other messages. False if there is no room. */
  hot(address: Address, message: unknown): boolean {
    return this.host.push(this.host.target(address), { kind: 'hot', message, enqueuedAt: this.clock.now() });
  }

  /** Makes the actor unless there is one. False if there is no room for the request. */
  spawn(address: Address, input: unknown = {}): boolean {
    return this.host.push(this.host.target(address), { kind: 'start', input, enqueuedAt: this.clock.now() });
  }

  /**
   * Asks an actor and waits for its `reply` output (RT-9). The event gets `replyTo`. Rejects with `ACTOR_NO_ANSWER`,
   * `ACTOR_BUSY` or `ACTOR_ASK_CANCELLED`.
   */
  ask(address: Address, event: EventObject, deadlineMs: number, signal?: AbortSignal): Promise<unknown> {
    return this.host.asks.ask(
      (replyTo) => this.tell(address, { ...event, replyTo } as EventObject),
      deadlineMs,
      signal,
    );
  }

  /** Appends to a log with the batch that gathers now; false if the log refuses the entry. */
  append(request: LogAppend): boolean {
    return this.host.append(request);
  }

  /** Tells a source when an actor's mailbox fills and when it has room again (MBX-4); returns how to end that. */
  watermark(address: Address, watcher: Watermarks): () => void {
    const cell = this.host.target(address);
    const end = cell.queue.mailbox.watch({
      high: () => this.host.guard(cell, watcher.high),
      low: () => this.host.guard(cell, watcher.low),
    });
    return () => {
      end();
      this.host.forget(cell);
    };
  }

  // Looking.

  /** The committed chart of an actor, without waking it (RT-2). */
  peek(address: Address): ChartSnapshot | undefined {
    const type = this.host.types.get(typeOf(address));
    if (!type) return undefined;
    const cell = this.host.cells.get(address);
    if (cell?.committedSnapshot) return cell.committedSnapshot;
    const read = this.storage.snapshots.read(address);
    return read.kind === 'record' ? chartOf(type, read.record) : undefined;
  }

  view(address: Address): ActorView | undefined {
    const type = this.host.types.get(typeOf(address));
    if (!type) return undefined;
    const cell = this.host.cells.get(address);
    const read = cell?.isLive ? undefined : this.storage.snapshots.read(address);
    const record = read?.kind === 'record' ? read.record : undefined;
    return cell || record ? viewActor(address, type, cell, record, this.clock.now()) : undefined;
  }

  /** Addresses in order, those of sleeping actors included, after `cursor`. */
  *addresses(type?: string, cursor = ''): Generator<Address> {
    const here = [...this.host.cells.keys()].filter((address) => type === undefined || typeOf(address) === type).sort();
    let next = here.findIndex((address) => address > cursor);
    if (next < 0) next = here.length;
    for (const stored of this.storage.snapshots.addresses(type, cursor)) {
      for (let cell = here[next]; cell !== undefined && cell <= stored; cell = here[++next]) {
        if (cell !== stored) yield cell;
      }
      yield stored;
    }
    yield* here.slice(next);
  }

  typeNamed(name: string): PreparedType | undefined {
    return this.host.types.get(name);
  }

  cell(address: Address): Cell | undefined {
    return this.host.cells.get(address);
  }

  /** Actors in memory. */
  get liveCount(): number {
    return this.host.live;
  }

  get parkedCount(): number {
    return this.storage.parked.size;
  }

  /** Live actors by type and state. */
  byState(): Map<string, Map<string, number>> {
    const types = new Map<string, Map<string, number>>();
    for (const cell of this.host.cells.values()) {
      const view = cell.stateText;
      if (view === undefined) continue;
      const states = types.get(cell.type.name) ?? new Map<string, number>();
      types.set(cell.type.name, states.set(view, (states.get(view) ?? 0) + 1));
    }
    return types;
  }

  /** Waiting messages by actor type. */
  mailboxDepths(): Map<string, number> {
    const depths = new Map<string, number>();
    for (const { type, queue } of this.host.cells.values()) {
      depths.set(type.name, (depths.get(type.name) ?? 0) + queue.mailbox.depth);
    }
    return depths;
  }

  /** Sees what an actor takes and gives, until the function returned is called. */
  tap(address: Address, tap: ActorTap): () => void {
    return this.host.taps.add(address, tap);
  }

  onLifecycle(listener: (address: Address, change: 'woke' | 'left') => void): () => void {
    this.host.lifecycle.add(listener);
    return () => this.host.lifecycle.delete(listener);
  }

  /** Tells when the store stops taking rows, and with `undefined` when it does again. */
  onDegraded(listener: (error: StorageError | undefined) => void): () => void {
    this.degradedListeners.add(listener);
    return () => this.degradedListeners.delete(listener);
  }

  // Operating.

  /** Erases an actor with its record, timers and messages. */
  async remove(address: Address): Promise<void> {
    const type = this.host.types.get(typeOf(address));
    if (!type) return;
    const cell = this.host.cellAt(address, type);
    cell.queue.forgetAll();
    this.host.enqueue(cell, { kind: 'stop', enqueuedAt: this.clock.now() });
    await this.settled();
  }

  /** Lets a parked actor try again; false if it is not parked. */
  unpark(address: Address): boolean {
    const cell = this.host.cells.get(address);
    if (cell?.status !== 'parked') return false;
    this.storage.parked.remove(address);
    if (cell.isUnreadable) this.storage.snapshots.takeBack(address);
    cell.failures = [];
    cell.resume('restart');
    return true;
  }

  /** Sends a dead letter to its address again; false if there is none of that id, or no room. */
  replayDeadLetter(id: string): boolean {
    const letter = this.deadLetters.get(id);
    const message = letter?.message as Partial<Message> | undefined;
    if (!letter || !message || !this.host.types.has(typeOf(letter.address))) return false;
    if (!isAddress(letter.address) || !('event' in message || 'message' in message)) return false;
    const told =
      'event' in message && message.event
        ? this.tell(letter.address, message.event)
        : this.hot(letter.address, (message as { message: unknown }).message);
    if (told) this.deadLetters.remove(id);
    return told;
  }

  /**
   * An actor as a supervisor's child: made with `input` when it is not there yet. With `stopEvent` it is told before it
   * is stopped, and has its `shutdownMs` to reach its end.
   */
  child(address: Address, options: ActorChildOptions = {}): Child {
    return {
      name: address,
      kind: 'actor',
      restart: options.restart ?? 'permanent',
      ...(options.shutdownMs === undefined ? {} : { shutdownMs: options.shutdownMs }),
      start: async (report) => {
        this.host.supervised.set(address, report);
        const cell = this.host.target(address);
        // A message or a timer may have woken it already.
        if (cell.status === 'parked' || cell.isLive) return;
        const isAgain = cell.failures.length > 0 || cell.status === 'stopped';
        if (isAgain) cell.history.restarts++;
        cell.status = 'sleeping';
        const { startedIn } = options;
        const started = startedIn && this.reaches(address, startedIn, START_MS);
        cell.wake(isAgain ? 'restart' : 'boot', { input: options.input ?? {} });
        this.host.ready(cell);
        await started;
      },
      stop: async (deadlineMs) => {
        const { stopEvent } = options;
        const cell = this.host.cells.get(address);
        if (stopEvent && cell?.isLive && this.tell(address, stopEvent(deadlineMs))) {
          await this.within(new Promise((ended) => this.host.supervised.set(address, () => ended())), deadlineMs);
        }
        this.host.supervised.delete(address);
        cell?.shutdown();
      },
    };
  }

  /** Resolves once a slice of the actor ends in a state that `isReached` accepts, or after `deadlineMs`. */
  private reaches(address: Address, isReached: (state: string) => boolean, deadlineMs: number): Promise<void> {
    let end = (): void => {};
    const reached = new Promise<void>((resolve) => {
      const committed = (_address: Address, _outputs: unknown, value: unknown): void => {
        if (isReached(stateText(value))) resolve();
      };
      end = this.tap(address, { committed, started: ignore, restored: ignore, event: ignore, hot: ignore });
    });
    return this.within(reached, deadlineMs).finally(() => end());
  }

  /** Resolves when no message waits and all is flushed. Effects that are under way are not waited for. */
  async settled(): Promise<void> {
    do {
      await this.host.scheduler.idle();
      await this.commit.flushed();
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.host.scheduler.length > 0 || (this.commit.pending && !this.commit.degraded));
  }

  private storageChanged(error: StorageError | undefined): void {
    if (error) this.log.error({ err: errorRecord(error) }, 'storage_degraded');
    else this.log.info({}, 'storage_recovered');
    for (const listener of this.degradedListeners) listener(error);
  }

  /** What stays in the store until its type is back (DUR-10). */
  private logLeft(counts: ReadonlyMap<string, number>, message: string): void {
    for (const [type, count] of counts) this.log.error({ type, count }, message);
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

function increment(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
