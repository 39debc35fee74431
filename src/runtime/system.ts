/** The actor system: actors by address, each an XState system of its own under the runtime's care (RT-1…RT-3). */
import type { EventObject } from 'xstate';
import { type ActorChildOptions, actorChild } from './actor-child.js';
import type { ActorType, LogAppend } from './actor-type.js';
import type { Address } from './address.js';
import { takeUp } from './boot.js';
import type { Cell } from './cell/cell.js';
import type { ActorTap } from './cell/cell-host.js';
import type { Watermarks } from './cell/mailbox.js';
import { type PreparedType, prepareType } from './cell/prepared-type.js';
import { type Clock, systemClock } from './clock.js';
import type { RuntimeCounts } from './counts.js';
import { DeadLetterReplay } from './dead-letter-replay.js';
import { ActorError, errorRecord, type StorageError } from './errors.js';
import { Host, type LogPort } from './host.js';
import type { ActorView, ChartSnapshot } from './http/actor-view.js';
import { type Ids, systemIds } from './ids.js';
import { type RuntimeLog, SILENT } from './logging/runtime-log.js';
import { type MailboxFigures, Roster } from './roster.js';
import type { DeadLetters } from './store/dead-letters.js';
import type { GroupCommit } from './store/group-commit.js';
import { LetterLosses } from './store/letter-losses.js';
import { openStorage, type Storage } from './store/storage.js';
import type { Summaries } from './store/summaries.js';
import type { UnreadableRow } from './store/unreadable-rows.js';
import type { Child } from './supervision.js';
import type { Table, TableOptions } from './table/table.js';
import { within } from './wait.js';

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

export class ActorSystem {
  /** Wall time as the actors see it: it never goes back (TIM-1). */
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: RuntimeLog;
  /** Sends what dead letters hold to where it was refused again (SUP-7). */
  readonly replay: DeadLetterReplay;
  private readonly storage: Storage;
  private readonly host: Host;
  private readonly roster: Roster;
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
    const losses = new LetterLosses(clock, log);
    this.deadLetters.onDropped((letter) => losses.dropped(letter));
    this.host = new Host({ clock, ids, log, storage: this.storage, maxLive: options.maxLive });
    this.clock = this.host.clock;
    this.replay = new DeadLetterReplay(this.host, this.storage.deadLetters);
    this.roster = new Roster(this.host.cells, this.storage.snapshots, this.clock);
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
    return this.host.counts.types;
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
    if (this.host.cells.types.has(type.name))
      throw new ActorError('ACTOR_TYPE_INVALID', `${type.name} is registered twice`);
    const prepared = prepareType(type);
    this.host.cells.types.set(type.name, prepared);
    for (const warning of prepared.warnings) this.log.warn({ type: type.name, warning }, 'actor_type_doubtful');
  }

  /** Makes a log known to `log.append` outputs and hot appends. */
  addLog(name: string, log: LogPort): void {
    this.host.logs.set(name, log);
  }

  /** Opens a table (DUR-16), once for each name: rows for outputs, for {@link ActorType.rows} and for hot code. */
  table<Row>(options: TableOptions<Row>): Table<Row> {
    return this.storage.tables.open(options);
  }

  /** Takes up where the last run of the store ended. */
  async start(): Promise<void> {
    this.host.start();
    takeUp(this.host, this.storage);
    await this.commit.flushed();
  }

  /** Drains mailboxes for at most `deadlineMs`, persists every actor, flushes and closes the store (DUR-7). */
  async stop(deadlineMs = 10_000): Promise<void> {
    this.host.wakes.stop();
    await within(this.clock, this.settled(), deadlineMs);
    this.host.stop();
    await this.storage.close();
  }

  // Messages.

  /**
   * Puts an event into an actor's mailbox. False if there is no room, or if the store cannot be written and the type
   * is durable: the source keeps the message and pauses (MBX-2, DUR-9). Throws `ACTOR_TYPE_UNKNOWN`.
   */
  tell(address: Address, event: EventObject, options: { readonly acknowledged?: () => void } = {}): boolean {
    return this.host.messages.tell(this.host.cells.target(address), event, options.acknowledged);
  }

  /** Stores the event for the actor; resolves once it cannot be lost any more (DUR-4). */
  async tellStored(address: Address, event: EventObject): Promise<void> {
    const cell = this.host.cells.target(address);
    this.host.messages.tellStored(cell, event);
    await this.commit.flushed();
  }

  /** Hands data to the type's `hot` function, in order with the actor's other messages. False if there is no room. */
  hot(address: Address, message: unknown): boolean {
    return this.host.messages.push(this.host.cells.target(address), {
      kind: 'hot',
      message,
      enqueuedAt: this.clock.now(),
    });
  }

  /** Makes the actor unless there is one. False if there is no room for the request. */
  spawn(address: Address, input: unknown = {}): boolean {
    return this.host.messages.push(this.host.cells.target(address), {
      kind: 'start',
      input,
      enqueuedAt: this.clock.now(),
    });
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
    return this.host.append(request) === 'stored';
  }

  /** Tells a source when an actor's mailbox fills and when it has room again (MBX-4); returns how to end that. */
  watermark(address: Address, watcher: Watermarks): () => void {
    const cell = this.host.cells.target(address);
    const end = cell.queue.mailbox.watch({
      high: () => this.host.guard(address, watcher.high),
      low: () => this.host.guard(address, watcher.low),
    });
    return () => {
      end();
      this.host.cells.forget(cell);
    };
  }

  // Looking.

  /** The committed chart of an actor, without waking it (RT-2). */
  peek(address: Address): ChartSnapshot | undefined {
    return this.roster.peek(address);
  }

  view(address: Address): ActorView | undefined {
    return this.roster.view(address);
  }

  /** Addresses in order, those of sleeping actors included, after `cursor`. */
  addresses(type?: string, cursor = ''): Iterable<Address> {
    return this.roster.addresses(type, cursor);
  }

  typeNamed(name: string): PreparedType | undefined {
    return this.host.cells.types.get(name);
  }

  /** Of all that are registered, with actors or without. */
  get typeNames(): Iterable<string> {
    return this.host.cells.types.keys();
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
    return this.roster.byState();
  }

  /** Waiting messages by actor type (MBX-6). */
  mailboxes(): Map<string, MailboxFigures> {
    return this.roster.mailboxes();
  }

  /** How long the actor that is next has waited for its slice, milliseconds. */
  get waitMs(): number {
    return this.host.scheduler.waitMs;
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
    const type = this.host.cells.typeOf(address);
    if (!type) return;
    const cell = this.host.cells.at(address, type);
    cell.queue.forgetAll();
    this.host.messages.enqueue(cell, { kind: 'stop', enqueuedAt: this.clock.now() });
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

  /**
   * An actor as a supervisor's child: made with `input` when it is not there yet. With `stopEvent` it is told before it
   * is stopped, and has its `shutdownMs` to reach its end.
   */
  child(address: Address, options: ActorChildOptions = {}): Child {
    return actorChild(this.host, address, options);
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
}
