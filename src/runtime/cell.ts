/**
 * One actor: its mailbox, its place in the store and, while it is awake, its XState actor.
 *
 * Invariants
 * - CE-1 Messages are taken in slices. All that a slice changed, sent and consumed is handed to the group commit at
 *   its end, at once (DUR-2, DUR-4); a slice that fails hands over nothing (SUP-6).
 * - CE-2 What leaves the process from a `durable` actor leaves after the flush of its slice, in order.
 * - CE-3 A message is handed to a machine only in a slice; only results of private children come in between, and are
 *   committed with the next one.
 */
import type { AnyActor, EventObject, Snapshot } from 'xstate';
import { dropActor, type Restored, restoreActor, startActor } from './activation.js';
import { type ActorRecord, activeChildren, RECORD_FORMAT, storable, wakeTime } from './actor-record.js';
import type { Address } from './address.js';
import { CellClock, type CellPort } from './cell-clock.js';
import type { CellHost, Loaded } from './cell-host.js';
import { Deque } from './deque.js';
import { ActorError, type ErrorRecord, errorRecord } from './errors.js';
import { Mailbox } from './mailbox.js';
import type { EventMessage, Message, Stamp, StartMessage, StopMessage } from './message.js';
import type { PreparedType } from './prepared-type.js';
import type { FailurePhase, FailureTime } from './restart-policy.js';
import { releaseHot, releaseSlice, Slice } from './slice.js';
import { RecordSlot } from './snapshot-store.js';
import { captureTimers, type DueTimes } from './stored-timers.js';
import { activeSince, stateText } from './waits.js';
import type { WakeTime } from './wake-index.js';

export type CellStatus = 'sleeping' | 'live' | 'restarting' | 'parked' | 'stopped';

/** Why an actor is woken, told to it as `runtime.restored` (SUP-6). */
export type RestoreCause = 'boot' | 'wake' | 'restart' | 'olderGeneration';

interface MachineSnapshot {
  readonly status: string;
  readonly value: unknown;
  readonly context: unknown;
  readonly output?: unknown;
  readonly _nodes: unknown;
}

export class Cell implements CellPort {
  status: CellStatus = 'sleeping';
  readonly mailbox: Mailbox;
  /** Rows of the stored inbox that found no room in the mailbox, oldest first (DUR-4). */
  readonly backlog = new Deque<string>();
  /** Messages that `defer` put off, oldest first (MBX-7). */
  private deferred: EventMessage[] = [];
  private actor: AnyActor | undefined;
  private clock: CellClock | undefined;
  private due: DueTimes = new Map();
  private readonly slot = new RecordSlot();
  private committed: MachineSnapshot | undefined;
  private input: unknown;
  private startedBy: Address | undefined;
  private seq = 0;
  /** Tells this actor from earlier ones of its address. */
  private born = '';
  private wakeAt: WakeTime | undefined;
  /** What the record holds beside the snapshot itself has changed: timers, or children. */
  private isRecordStale = false;
  private hotState: unknown;
  private failure: { error: unknown } | undefined;
  /** Told to the actor when it is restored next. */
  cause: RestoreCause = 'wake';
  private expectStop = false;

  private taking = false;
  private slice = new Slice();
  /** What is being done, should it fail. */
  private phase: FailurePhase | 'commit' = 'effect';
  /** The message that is being taken. */
  private current: EventMessage | Message | undefined;
  /** The deferred messages as the slice found them. */
  private deferredBefore: readonly EventMessage[] = [];
  /** Messages still to be taken in slices of their own, to find the one that cannot be committed. */
  private oneByOne = 0;
  private effects = 0;

  since: Readonly<Record<string, number>> = {};
  lastEvent: { type: string; at: number } | undefined;
  lastActivity = 0;
  lastError: ErrorRecord | undefined;
  restarts = 0;
  failures: FailureTime[] = [];
  parkedReason: string | undefined;
  /** Woken for a timer only: it sleeps again as soon as that is done (PAS-1). */
  isBrief = false;
  /** Its record is in quarantine: only an operator can go on from there. */
  isUnreadable = false;

  constructor(
    readonly address: Address,
    readonly type: PreparedType,
    private readonly host: CellHost,
  ) {
    this.mailbox = new Mailbox(type.mailbox ?? {}, (message, policy) => host.dropped(this, message, policy));
  }

  get isLive(): boolean {
    return this.actor !== undefined;
  }

  get hasWork(): boolean {
    if (this.status === 'parked' || this.status === 'restarting' || this.status === 'stopped') return false;
    return this.mailbox.depth > 0 || this.backlog.length > 0 || this.failure !== undefined || this.isDirty;
  }

  /** Whether sources find no room: what waits in the store goes first, and what is deferred counts (MBX-7). */
  get isCrowded(): boolean {
    if (this.backlog.length > 0) return true;
    return this.deferred.length > 0 && this.deferred.length + this.mailbox.depth >= this.mailbox.capacity;
  }

  /** Messages that wait in the store rather than in memory. */
  get storedDepth(): number {
    return this.backlog.length + this.deferred.length;
  }

  /** The chart's snapshot after the last slice, while the actor is in memory. */
  get committedSnapshot(): MachineSnapshot | undefined {
    return this.committed;
  }

  /** The chart's snapshot now, while the actor is in memory. */
  get snapshot(): MachineSnapshot | undefined {
    return this.actor?.getSnapshot();
  }

  get xstate(): AnyActor | undefined {
    return this.actor;
  }

  get stateText(): string | undefined {
    return this.actor && stateText(this.snapshot?.value);
  }

  /** Who made it, and is told of its end. */
  get owner(): Address | undefined {
    return this.startedBy;
  }

  /** Its place in the wake index. */
  get wakeTime(): WakeTime | undefined {
    return this.wakeAt;
  }

  /** What a recording of the actor begins with. */
  persisted(): { input: unknown; snapshot: unknown; hot?: unknown } | undefined {
    if (!this.actor) return undefined;
    const hot = this.type.hot && this.hotState !== undefined ? { hot: structuredClone(this.hotState) } : {};
    return { input: this.input, snapshot: this.actor.getPersistedSnapshot(), ...hot };
  }

  get dueTimes(): ReadonlyMap<string, number> {
    return this.due;
  }

  /** Takes up to `limit` messages until `isOver`; commits what they did. */
  run(limit: number, isOver: () => boolean): void {
    if (this.status === 'parked' || this.status === 'restarting' || this.status === 'stopped') return;
    this.lastActivity = this.host.clock.now();
    this.begin('effect');
    try {
      this.throwFailure();
      const most = this.oneByOne > 0 ? 1 : limit;
      for (let count = 0; count < most; count++) {
        const message = this.next();
        if (!message) break;
        this.slice.took.push(message);
        this.current = message;
        this.phase = message.kind === 'timer' ? 'timer' : 'message';
        this.take(message);
        this.throwFailure();
        if (this.expectStop || this.snapshot?.status === 'done' || isOver()) break;
      }
      this.commit();
      if (this.oneByOne > 0) this.oneByOne--;
    } catch (error) {
      this.fail(error);
    } finally {
      this.taking = false;
    }
    this.host.ran(this);
  }

  private begin(phase: FailurePhase): void {
    this.taking = true;
    this.phase = phase;
    this.current = undefined;
    this.deferredBefore = this.deferred.slice();
  }

  private throwFailure(): void {
    if (this.failure) throw this.failure.error;
  }

  /** Wakes the actor, or makes sure that it exists, without a message: at boot, by the wake index, by a supervisor. */
  wake(cause: RestoreCause, start?: { input: unknown }): void {
    this.cause = cause;
    this.begin(cause === 'restart' ? 'restart' : 'activation');
    try {
      if (!this.actor && !this.restore() && start) this.create(start.input, undefined);
      this.throwFailure();
      this.commit();
    } catch (error) {
      this.fail(error);
    } finally {
      this.taking = false;
    }
    this.host.ran(this);
  }

  /** Leaves memory if nothing holds it there (PAS-1, PAS-2); the record is on disk first. */
  sleep(): void {
    if (!this.canSleep) return;
    this.begin('effect');
    try {
      this.storeHot();
    } catch (error) {
      this.fail(error);
      return;
    } finally {
      this.taking = false;
    }
    this.host.commit.afterFlush(() => {
      if (!this.canSleep) return;
      this.leave();
      this.host.slept(this, this.wakeAt);
    });
  }

  get canSleep(): boolean {
    const soon = this.host.clock.now() + 50;
    return (
      this.status === 'live' &&
      this.type.stored &&
      !this.hasWork &&
      !this.taking &&
      this.deferred.length === 0 &&
      this.effects === 0 &&
      (this.wakeAt === undefined || this.wakeAt > soon)
    );
  }

  /** Persists what is not yet, then drops the actor, which takes no more messages: for an orderly stop. */
  shutdown(): void {
    if (this.actor) this.host.guard(this, () => this.persist());
    if (this.actor) this.leave();
    if (this.status !== 'parked') this.status = 'stopped';
  }

  /** What children did since the last slice, and the hot state (DUR-7). */
  private persist(): void {
    this.begin('effect');
    try {
      if (this.isDirty && !this.failure) this.commit();
      this.storeHot();
    } finally {
      this.taking = false;
    }
  }

  /** After a failure: the next slice restores the actor from its last commit. */
  resume(cause: RestoreCause): void {
    this.status = 'sleeping';
    this.parkedReason = undefined;
    this.isUnreadable = false;
    this.wake(cause, this.type.stored && this.committedOnce ? undefined : { input: this.input });
    this.host.ready(this);
  }

  /** A permanent actor that came to its end begins anew, after a crash too. */
  startAgain(): void {
    const start = { input: this.input, ...(this.startedBy === undefined ? {} : { startedBy: this.startedBy }) };
    const at = this.host.clock.now();
    const row = this.type.stored ? this.host.inbox.add(this.address, { kind: 'start', ...start, at }) : undefined;
    this.mailbox.putBack([{ kind: 'start', ...start, row, enqueuedAt: at }]);
  }

  /** A temporary actor that failed is gone. */
  abandon(): void {
    this.status = 'sleeping';
    this.failures = [];
    if (this.type.stored) this.host.erase(this);
    this.wakeAt = undefined;
    this.seq = 0;
  }

  park(reason: string): void {
    this.status = 'parked';
    this.parkedReason = reason;
  }

  /** A parked actor is stopped after all: its messages are not taken any more. */
  endParked(): void {
    const error = stopped(this.address);
    for (const message of this.mailbox.drain()) this.host.discard(this.address, message, error);
    for (let row = this.backlog.shift(); row; row = this.backlog.shift()) {
      const message = this.host.stored(this.address, row);
      if (message) this.host.discard(this.address, message, error);
    }
    this.status = 'sleeping';
    this.parkedReason = undefined;
    this.isUnreadable = false;
  }

  /** Drops all messages that wait, and what is stored of them. */
  forgetMessages(): void {
    for (const message of [...this.mailbox.drain(), ...this.deferred]) this.host.discard(this.address, message);
    this.deferred = [];
    for (let row = this.backlog.shift(); row; row = this.backlog.shift()) this.host.inbox.remove(this.address, row);
  }

  // What the actor's logic asks of its cell.

  hold(start: () => void): void {
    this.slice.held.push(start);
    if (!this.taking) this.host.ready(this);
  }

  effectKey(invokeId: string): string {
    return `${this.address}#${invokeId}#${this.born}.${this.seq + 1}`;
  }

  stamp(): Stamp {
    return this.host.stamp();
  }

  taken(event: EventObject): void {
    this.lastEvent = { type: event.type, at: (event as unknown as { stamp: Stamp }).stamp.at };
    this.host.tapped(this)?.event(this.address, event);
    if (!this.taking) this.host.ready(this);
  }

  childChanged(): void {
    this.isRecordStale = true;
    if (!this.taking) this.host.ready(this);
  }

  timerFired(fire: () => void): void {
    this.mailbox.push({ kind: 'timer', fire, enqueuedAt: this.host.clock.now() });
    this.host.ready(this);
  }

  timersChanged(): void {
    this.isRecordStale = true;
  }

  // A slice.

  private get isDirty(): boolean {
    if (!this.actor) return false;
    return this.slice.hasEffects || this.isRecordStale || this.snapshot !== this.committed;
  }

  private get committedOnce(): boolean {
    return this.host.store.exists(this.address);
  }

  private next(): Message | undefined {
    const message = this.mailbox.shift();
    if (message) return message;
    for (let row = this.backlog.shift(); row; row = this.backlog.shift()) {
      const stored = this.host.stored(this.address, row);
      if (stored) return stored;
    }
    return undefined;
  }

  private take(message: Message): void {
    switch (message.kind) {
      case 'timer':
        message.fire();
        return;
      case 'start':
        this.takeStart(message);
        return;
      case 'stop':
        this.takeStop(message);
        return;
      case 'hot':
        if (this.ensure(message)) this.takeHot(message.message);
        return;
      case 'event':
        if (!this.ensure(message)) return;
        if (this.isDeferred(message)) this.deferred.push(message);
        else this.takeEvent(message.event);
        return;
    }
  }

  private takeEvent(event: EventObject): void {
    this.actor?.send(event);
    if (this.deferred.length > 0 && !this.failure) this.offerDeferred();
  }

  /** Offers what was put off once more, in its order, until one is put off again. */
  private offerDeferred(): void {
    for (let first = this.deferred[0]; first && !this.isDeferred(first); first = this.deferred[0]) {
      // One that came to its end takes no more messages (E16); these wait for what comes after it.
      if (this.snapshot?.status !== 'active') return;
      this.deferred.shift();
      if (!this.slice.took.includes(first)) this.slice.took.push(first);
      this.current = first;
      this.actor?.send(first.event);
      if (this.failure) return;
    }
  }

  private isDeferred(message: EventMessage): boolean {
    const snapshot = this.snapshot;
    return snapshot !== undefined && this.type.defer?.(snapshot, message.event) === true;
  }

  private takeStart(message: StartMessage): void {
    if (this.actor || this.restore()) return;
    const ended = this.type.restart === 'permanent' ? undefined : this.host.ended(this);
    if (!ended) this.create(message.input, message.startedBy);
    else if (message.startedBy) this.notify(message.startedBy, doneEvent(this.address, ended.output));
  }

  private takeStop({ requestedBy }: StopMessage): void {
    // The chart of a sleeping one is not run any more; its record says where it stands in the wake index.
    if (!this.actor) this.wakeAt = this.host.storedWakeTime(this);
    this.expectStop = true;
    if (requestedBy) this.notify(requestedBy, { type: 'actor.stopped', address: this.address } as EventObject);
  }

  /** Tells another actor of this one, with the slice. */
  private notify(to: Address, event: EventObject): void {
    this.slice.notices.push({ type: 'tell', to, event } as EventObject);
  }

  private takeHot(message: unknown): void {
    const { hot } = this.type;
    if (!hot) throw new ActorError('ACTOR_NOT_HOT', `${this.type.name} takes no hot messages`);
    this.hotState ??= hot.initial(this.input);
    const at = this.host.sliceTime();
    const result = hot.on(this.hotState, message, at);
    this.host.tapped(this)?.hot(this.address, message, at, result);
    if (!result) return;
    if (result.append || result.reply !== undefined) this.slice.hotResults.push(result);
    if (result.event) this.takeEvent(result.event);
  }

  // Coming into memory and leaving it.

  /** Makes sure that there is an actor for `message`; without one the message is a dead letter. */
  private ensure(message: Message): boolean {
    if (this.actor || this.restore()) return true;
    const ended = this.host.ended(this);
    if (this.type.startOnTell && !ended) {
      this.create({}, undefined);
      return true;
    }
    const error = ended
      ? new ActorError('ACTOR_DONE', `${this.address} has come to its end`)
      : new ActorError('ACTOR_UNKNOWN', `there is no actor ${this.address}`);
    this.host.deadLetter(this.address, message, error);
    return false;
  }

  private create(input: unknown, startedBy: Address | undefined): void {
    this.input = input;
    this.startedBy = startedBy;
    this.clock = new CellClock(this, this.host.clock);
    const stamp = this.host.stamp();
    this.born = stamp.id;
    const stamped = { ...(input as object), stamp };
    this.host.tapped(this)?.started(this.address, stamped);
    this.adopt(startActor(this.type, this.address, this.clock, stamped, this));
  }

  /** Whether there is an actor now. A failure here is not the fault of the message that asked for the actor. */
  private restore(): boolean {
    if (!this.type.stored) return false;
    const phase = this.phase;
    if (phase !== 'restart') this.phase = 'activation';
    const isThere = this.restoreFrom(this.host.load(this, this.slot));
    this.throwFailure();
    this.phase = phase;
    return isThere;
  }

  private restoreFrom(found: Loaded): boolean {
    switch (found.kind) {
      case 'none':
        return false;
      case 'reset':
        this.create(found.input, found.startedBy);
        if (found.startedBy) {
          this.notify(found.startedBy, { type: 'runtime.reset', address: this.address } as EventObject);
        }
        return true;
    }
    const { record } = found;
    this.readRecord(record);
    // An actor that is done is read, not run (DUR-11).
    if (record.snapshot.status !== 'active') return false;
    this.clock = new CellClock(this, this.host.clock);
    let restored: Restored;
    try {
      const times = { now: this.host.clock.now(), startedAt: this.host.startedAt };
      restored = restoreActor(this.type, this.address, this.clock, record, { due: this.due, ...times }, this);
    } catch (error) {
      this.clock.close();
      return this.restoreFrom(this.host.unreadable(this, error, record));
    }
    const isRearmed = this.adopt(restored);
    this.committed = this.snapshot;
    this.isRecordStale = isRearmed;
    this.host.tapped(this)?.restored(this.address, record);
    const cause = found.cause ?? this.cause;
    this.cause = 'wake';
    this.actor?.send({ type: 'runtime.restored', cause } as EventObject);
    return true;
  }

  private readRecord(record: ActorRecord): void {
    this.input = record.input;
    this.startedBy = record.startedBy;
    this.born = record.born;
    this.seq = record.seq;
    this.since = record.since;
    this.lastEvent = record.lastEvent;
    this.restarts = Math.max(this.restarts, record.restarts);
    this.hotState = record.hot;
    this.wakeAt = wakeTime(record);
    this.effects = activeChildren(record);
  }

  /** Starts the actor; returns whether its timers are other than those of its record. */
  private adopt({ actor, start }: Restored): boolean {
    this.actor = actor;
    this.status = 'live';
    actor.on('*', (output: EventObject) => this.slice.outputs.push(output));
    const isRearmed = start();
    this.host.woke(this);
    return isRearmed;
  }

  /** Called by the actor's only observer (RT-7). */
  failed(error: unknown): void {
    this.failure ??= { error };
    if (!this.taking) this.host.ready(this);
  }

  private leave(): void {
    this.clock?.close();
    this.actor?.stop();
    this.forgetActor();
    this.status = 'sleeping';
  }

  private forgetActor(): void {
    if (this.actor) this.host.left(this);
    this.actor = undefined;
    this.clock = undefined;
    this.committed = undefined;
    this.failure = undefined;
    this.effects = 0;
    this.due = new Map();
    this.mailbox.dropTimers();
  }

  // Its end.

  private commit(): void {
    const { host, type, slice } = this;
    const { took, outputs, hotResults } = slice;
    const snapshot = this.snapshot;
    const isStopped = this.expectStop;
    const isDone = snapshot?.status === 'done' && !isStopped;
    const isKept = isDone && type.onDone === 'keep';
    if (isDone && this.startedBy) {
      this.notify(this.startedBy, doneEvent(this.address, snapshot.output));
    }
    // What can fail comes first: the slice is written as a whole or not at all (CE-1).
    this.phase = took.length > 0 ? 'commit' : this.phase;
    const isStale = snapshot !== this.committed || this.isRecordStale;
    const isWritten = snapshot && type.stored && isStale && (isKept || !(isDone || isStopped));
    const record = isWritten ? this.nextRecord(snapshot) : undefined;
    const routed = host.route(this, slice.notices.length > 0 ? [...outputs, ...slice.notices] : outputs);
    const deferred = this.storeDeferred();

    this.slice = new Slice();
    if (record) this.write(record);
    else this.noteTime(snapshot);
    this.committed = snapshot;
    this.isRecordStale = false;
    host.tapped(this)?.committed(this.address, outputs, snapshot?.value);
    routed.write();
    for (const message of took) this.consume(message);
    this.deferred = deferred();
    if (isDone || isStopped) this.finish(isStopped ? 'stopped' : isKept ? 'kept' : 'done', slice);
    releaseSlice(this, host, slice, routed);
    if (type.hot && hotResults.length > 0) releaseHot(this, host, type.hot, hotResults);
  }

  /** What a record would say of time, for an actor without one. */
  private noteTime(snapshot: MachineSnapshot | undefined): void {
    if (!this.actor || !snapshot || this.type.stored) return;
    const now = this.host.clock.now();
    if (this.committed?._nodes !== snapshot._nodes) this.since = activeSince(snapshot, this.since, now);
    if (this.timersStale) captureTimers(this.actor, this.due, now);
  }

  /** Removes the row of a message that is done with. */
  private consume(message: Message): void {
    if (message.kind === 'timer' || message.kind === 'hot' || message.row === undefined) return;
    if (!this.deferred.includes(message as EventMessage)) this.host.inbox.remove(this.address, message.row);
  }

  /**
   * Sees that the rows of deferred messages are in their order, for the next start of the process: told ones have none
   * yet, and one that was told stored may have an earlier one. What is returned writes them.
   */
  private storeDeferred(): () => EventMessage[] {
    let last = '';
    const stored = this.deferred.map((message) => {
      if (message.row !== undefined && message.row > last) {
        last = message.row;
        return () => message;
      }
      last = LAST_ROW;
      return this.storedAnew(message);
    });
    return () => stored.map((store) => store());
  }

  private storedAnew({ event, row: before, enqueuedAt }: EventMessage): () => EventMessage {
    const { inbox } = this.host;
    const bytes = inbox.encode({ kind: 'event', event, at: enqueuedAt });
    return () => {
      if (before !== undefined) inbox.remove(this.address, before);
      return { kind: 'event', event, row: inbox.put(this.address, bytes), enqueuedAt };
    };
  }

  private nextRecord(snapshot: MachineSnapshot): EncodedRecord {
    const { host, type } = this;
    const now = host.clock.now();
    const persisted = this.actor?.getPersistedSnapshot() as Snapshot<unknown> & { children?: Record<string, unknown> };
    const isMoved = this.committed?._nodes !== snapshot._nodes;
    const timers =
      this.actor && (this.isRecordStale || this.due.size > 0) ? captureTimers(this.actor, this.due, now) : [];
    const record: ActorRecord = {
      format: RECORD_FORMAT,
      type: type.name,
      typeVersion: type.version,
      at: now,
      born: this.born,
      seq: this.seq + 1,
      snapshot: storable(persisted, type.volatile),
      timers,
      ...(type.hot?.stored ? { hot: this.hotState } : {}),
      input: this.input,
      startedBy: this.startedBy,
      since: isMoved ? activeSince(snapshot, this.since, now) : this.since,
      lastEvent: this.lastEvent,
      restarts: this.restarts,
    };
    return { record, bytes: host.store.encode(record), summary: host.summary(this, snapshot) };
  }

  private write({ record, bytes, summary }: EncodedRecord): void {
    this.host.write(this, this.slot, bytes, summary);
    this.seq = record.seq;
    this.since = record.since;
    this.effects = activeChildren(record);
    const wakeAt = wakeTime(record);
    this.host.wakes.set(this.address, this.wakeAt, wakeAt);
    this.wakeAt = wakeAt;
  }

  private storeHot(): void {
    if (!this.type.hot?.stored || !this.snapshot || this.hotState === undefined) return;
    this.write(this.nextRecord(this.snapshot));
  }

  /** The chart has reached its end, or the actor was told to stop: its record goes, or stays to be read. */
  private finish(how: 'done' | 'kept' | 'stopped', { took }: Slice): void {
    if (this.actor) dropActor(this.actor);
    this.clock?.close();
    this.forgetActor();
    this.status = 'sleeping';
    this.hotState = undefined;
    if (this.type.stored && how !== 'kept') {
      this.host.erase(this);
      this.wakeAt = undefined;
      this.seq = 0;
    }
    const deferred = this.deferred;
    this.deferred = [];
    this.expectStop = false;
    if (how === 'stopped') {
      // An operator's removal takes its messages along; after another's stop they can still be looked at.
      const isLost = took.some((message) => message.kind === 'stop' && message.requestedBy === undefined);
      for (const message of deferred)
        this.host.discard(this.address, message, isLost ? undefined : stopped(this.address));
    } else this.mailbox.putBack(deferred);
    this.host.finished(this, how === 'stopped' ? 'stopped' : 'done');
  }

  /** Discards the slice as a whole, puts the other messages back and leaves the rest to the supervisor. */
  private fail(error: unknown): void {
    const { took } = this.slice;
    const culprit = this.culprit();
    const phase = this.phase !== 'commit' ? this.phase : culprit || took.length > 1 ? 'message' : 'timer';
    this.failures.push({ at: this.host.clock.now(), phase });
    this.lastError = errorRecord(error);
    // One after another, so that the one that cannot be committed is found.
    this.oneByOne = this.phase === 'commit' && !culprit ? took.length : 0;
    const earlier = new Set<Message>(this.deferredBefore);
    const later = took.filter((message) => !earlier.has(message) && message.kind !== 'timer');
    this.mailbox.putBack([...earlier, ...later].filter((message) => message !== culprit));
    if (this.actor) dropActor(this.actor);
    this.clock?.close();
    this.forgetActor();
    this.hotState = undefined;
    this.slice = new Slice();
    this.deferred = [];
    this.expectStop = false;
    this.status = 'restarting';
    if (culprit) {
      this.host.discard(this.address, culprit, error);
      if (culprit.kind === 'event' && culprit.acknowledged) this.host.commit.afterFlush(culprit.acknowledged);
    }
    this.host.failed(this, error);
  }

  /** The message that the slice failed on, if it was one (SUP-6). */
  private culprit(): Message | undefined {
    const { took } = this.slice;
    const message =
      this.phase === 'message' ? this.current : this.phase === 'commit' && took.length === 1 ? took[0] : undefined;
    return message?.kind === 'timer' || message?.kind === 'stop' ? undefined : message;
  }
}

/** Behind every row that there is: new rows come after all others. */
const LAST_ROW = '\uffff';

/** A record with what is written beside it. */
interface EncodedRecord {
  readonly record: ActorRecord;
  readonly bytes: Buffer;
  readonly summary: Buffer | undefined;
}

const doneEvent = (address: Address, output: unknown) => ({ type: 'actor.done', address, output }) as EventObject;

const stopped = (address: Address): ActorError => new ActorError('ACTOR_STOPPED', `${address} was stopped`);
