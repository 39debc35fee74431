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
import type { AnyActor, EventObject } from 'xstate';
import type { Address } from '../address.js';
import { ActorError, type ErrorRecord, errorRecord } from '../errors.js';
import type { FailurePhase, FailureTime } from '../restart-policy.js';
import { dropActor, type Restored, restoreActor, startActor } from './activation.js';
import { ActorHistory, type EncodedRecord, type MachineSnapshot } from './actor-history.js';
import { CellClock, type CellPort } from './cell-clock.js';
import type { CellHost, Loaded } from './cell-host.js';
import { CellQueue } from './cell-queue.js';
import type { EventMessage, Message, Stamp, StartMessage, StopMessage } from './message.js';
import type { PreparedType } from './prepared-type.js';
import { releaseHot, releaseSlice, Slice } from './slice.js';
import { stateText } from './waits.js';

export type CellStatus = 'sleeping' | 'live' | 'restarting' | 'parked' | 'stopped';

/** Why an actor is woken, told to it as `runtime.restored` (SUP-6). */
export type RestoreCause = 'boot' | 'wake' | 'restart' | 'olderGeneration';

export class Cell implements CellPort {
  status: CellStatus = 'sleeping';
  readonly queue: CellQueue;
  readonly history: ActorHistory;
  private actor: AnyActor | undefined;
  private clock: CellClock | undefined;
  private committed: MachineSnapshot | undefined;
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

  lastActivity = 0;
  lastError: ErrorRecord | undefined;
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
    this.queue = new CellQueue(address, type, host, (message, policy) => host.dropped(this, message, policy));
    this.history = new ActorHistory(address, type);
  }

  get isLive(): boolean {
    return this.actor !== undefined;
  }

  get hasWork(): boolean {
    if (this.status === 'parked' || this.status === 'restarting' || this.status === 'stopped') return false;
    return !this.queue.isEmpty || this.failure !== undefined || this.isDirty;
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

  /** What a recording of the actor begins with. */
  persisted(): { input: unknown; snapshot: unknown; hot?: unknown } | undefined {
    if (!this.actor) return undefined;
    const hot = this.type.hot && this.hotState !== undefined ? { hot: structuredClone(this.hotState) } : {};
    return { input: this.history.input, snapshot: this.actor.getPersistedSnapshot(), ...hot };
  }

  /** Takes up to `limit` messages until `isOver`; commits what they did. */
  run(limit: number, isOver: () => boolean): void {
    if (this.status === 'parked' || this.status === 'restarting' || this.status === 'stopped') return;
    this.lastActivity = this.host.clock.now();
    this.begin('effect');
    try {
      this.throwFailure();
      // What a child came to since the last slice was a turn as well.
      this.offerDeferred();
      const most = this.oneByOne > 0 ? 1 : limit;
      for (let count = 0; count < most; count++) {
        const message = this.queue.next();
        if (!message) break;
        this.slice.took.push(message);
        this.current = message;
        this.phase = message.kind === 'timer' ? 'timer' : 'message';
        this.take(message);
        this.throwFailure();
        this.offerDeferred();
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
    this.deferredBefore = this.queue.deferred.slice();
  }

  private throwFailure(): void {
    if (this.failure) throw this.failure.error;
  }

  /** Wakes the actor, or makes sure that it exists, without a message: at boot, by the wake index, by a supervisor. */
  wake(cause: RestoreCause, start?: { input: unknown }): void {
    this.cause = cause;
    this.begin(cause === 'restart' ? 'restart' : 'activation');
    try {
      if (!this.actor && !this.restore() && start) this.create(start.input, this.history.startedBy);
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
      this.host.slept(this, this.history.wakeAt);
    });
  }

  get canSleep(): boolean {
    const soon = this.host.clock.now() + 50;
    const { effects, wakeAt } = this.history;
    return (
      this.status === 'live' &&
      this.type.stored &&
      !this.hasWork &&
      !this.taking &&
      this.queue.deferred.length === 0 &&
      effects === 0 &&
      (wakeAt === undefined || wakeAt > soon)
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
    this.wake(cause, this.type.stored && this.committedOnce ? undefined : { input: this.history.input });
    this.host.ready(this);
  }

  /** A permanent actor that came to its end begins anew, after a crash too. */
  startAgain(): void {
    const { input, startedBy } = this.history;
    const start = { input, ...(startedBy === undefined ? {} : { startedBy }) };
    const at = this.host.clock.now();
    const row = this.type.stored ? this.host.inbox.add(this.address, { kind: 'start', ...start, at }) : undefined;
    this.queue.mailbox.putBack([{ kind: 'start', ...start, row, enqueuedAt: at }]);
  }

  /** A temporary actor that failed is gone. */
  abandon(): void {
    this.status = 'sleeping';
    this.failures = [];
    if (this.type.stored) this.host.erase(this);
    this.history.erased();
  }

  park(reason: string): void {
    this.status = 'parked';
    this.parkedReason = reason;
  }

  /** A parked actor is stopped after all: its messages are not taken any more. */
  endParked(): void {
    this.queue.discardAll(stopped(this.address));
    this.status = 'sleeping';
    this.parkedReason = undefined;
    this.isUnreadable = false;
  }

  // What the actor's logic asks of its cell.

  hold(start: () => void): void {
    this.slice.held.push(start);
    if (!this.taking) this.host.ready(this);
  }

  effectKey(invokeId: string): string {
    return this.history.effectKey(invokeId);
  }

  stamp(): Stamp {
    return this.host.stamp();
  }

  taken(event: EventObject): void {
    this.history.noteEvent(event);
    this.host.tapped(this)?.event(this.address, event);
    if (!this.taking) this.host.ready(this);
  }

  childChanged(): void {
    this.isRecordStale = true;
    if (!this.taking) this.host.ready(this);
  }

  timerFired(fire: () => void): void {
    this.queue.mailbox.push({ kind: 'timer', fire, enqueuedAt: this.host.clock.now() });
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
        if (this.isDeferred(message)) this.queue.deferred.push(message);
        else this.actor?.send(message.event);
        return;
    }
  }

  /** Offers what was put off once more, in its order, until one is put off again. */
  private offerDeferred(): void {
    const { deferred } = this.queue;
    for (let first = deferred[0]; first && !this.isDeferred(first); first = deferred[0]) {
      // One that came to its end takes no more messages (E16); these wait for what comes after it.
      if (this.snapshot?.status !== 'active') return;
      deferred.shift();
      if (!this.slice.took.includes(first)) this.slice.took.push(first);
      this.current = first;
      this.phase = 'message';
      this.actor?.send(first.event);
      this.throwFailure();
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
    if (!this.actor) this.history.wakeAt = this.host.storedWakeTime(this);
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
    this.hotState ??= hot.initial(this.history.input);
    const at = this.host.sliceTime();
    const result = hot.on(this.hotState, message, at);
    this.host.tapped(this)?.hot(this.address, message, at, result);
    if (!result) return;
    if (result.append || result.reply !== undefined) this.slice.hotResults.push(result);
    if (result.event) this.actor?.send(result.event);
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
    this.clock = new CellClock(this, this.host.clock);
    const stamp = this.host.stamp();
    this.history.begin(input, startedBy, stamp);
    const stamped = { ...(input as object), stamp };
    this.host.tapped(this)?.started(this.address, stamped);
    this.adopt(startActor(this.type, this.address, this.clock, stamped, this));
  }

  /** Whether there is an actor now. A failure here is not the fault of the message that asked for the actor. */
  private restore(): boolean {
    if (!this.type.stored) return false;
    const phase = this.phase;
    if (phase !== 'restart') this.phase = 'activation';
    const isThere = this.restoreFrom(this.host.load(this, this.history.slot));
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
    this.history.take(record);
    this.hotState = record.hot;
    // An actor that is done is read, not run (DUR-11).
    if (record.snapshot.status !== 'active') return false;
    this.clock = new CellClock(this, this.host.clock);
    let restored: Restored;
    try {
      const times = { now: this.host.clock.now(), startedAt: this.host.startedAt };
      restored = restoreActor(this.type, this.address, this.clock, record, { due: this.history.due, ...times }, this);
    } catch (error) {
      this.clock.close();
      return this.restoreFrom(this.host.unreadable(this, error, record));
    }
    const isRearmed = this.adopt(restored);
    this.committed = this.snapshot;
    this.isRecordStale = isRearmed || found.cause === 'olderGeneration';
    this.host.tapped(this)?.restored(this.address, record);
    const cause = found.cause ?? this.cause;
    this.cause = 'wake';
    this.actor?.send({ type: 'runtime.restored', cause } as EventObject);
    return true;
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
    this.history.slept();
    this.queue.mailbox.dropTimers();
  }

  // Its end.

  private commit(): void {
    const { host, type, slice } = this;
    const { took, outputs, hotResults } = slice;
    const snapshot = this.snapshot;
    const isStopped = this.expectStop;
    const isDone = snapshot?.status === 'done' && !isStopped;
    const isKept = isDone && type.onDone === 'keep';
    const { startedBy } = this.history;
    if (isDone && startedBy) this.notify(startedBy, doneEvent(this.address, snapshot.output));
    // What can fail comes first: the slice is written as a whole or not at all (CE-1).
    this.phase = took.length > 0 ? 'commit' : this.phase;
    const isStale = snapshot !== this.committed || this.isRecordStale;
    const isWritten = snapshot && type.stored && isStale && (isKept || !(isDone || isStopped));
    const record = isWritten ? this.nextRecord(snapshot) : undefined;
    const routed = host.route(this, slice.notices.length > 0 ? [...outputs, ...slice.notices] : outputs);
    const deferred = this.queue.storeDeferred();

    this.slice = new Slice();
    if (record) this.write(record);
    else if (this.actor && snapshot && !type.stored) {
      const { actor, committed, isRecordStale: isStale } = this;
      this.history.noteTime(host, { actor, snapshot, committed, isStale });
    }
    this.committed = snapshot;
    this.isRecordStale = false;
    host.tapped(this)?.committed(this.address, outputs, snapshot?.value);
    routed.write();
    for (const message of took) this.queue.consume(message);
    this.queue.deferred = deferred();
    if (isDone || isStopped) this.finish(isStopped ? 'stopped' : isKept ? 'kept' : 'done', slice);
    releaseSlice(this, host, slice, routed);
    if (type.hot && hotResults.length > 0) releaseHot(this, host, type.hot, hotResults);
  }

  private nextRecord(snapshot: MachineSnapshot): EncodedRecord | undefined {
    const { actor, committed, hotState, isRecordStale: isStale } = this;
    return actor && this.history.encode(this.host, { actor, snapshot, committed, isStale, hotState });
  }

  private write(encoded: EncodedRecord): void {
    this.host.write(this, encoded);
    this.history.wrote(this.host, encoded);
  }

  private storeHot(): void {
    if (!this.type.hot?.stored || !this.snapshot || this.hotState === undefined) return;
    const record = this.nextRecord(this.snapshot);
    if (record) this.write(record);
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
      this.history.erased();
    }
    const { deferred } = this.queue;
    this.queue.deferred = [];
    this.expectStop = false;
    if (how === 'stopped') {
      // An operator's removal takes its messages along; after another's stop they can still be looked at.
      const isLost = took.some((message) => message.kind === 'stop' && message.requestedBy === undefined);
      for (const message of deferred)
        this.host.discard(this.address, message, isLost ? undefined : stopped(this.address));
    } else this.queue.mailbox.putBack(deferred);
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
    // What made a temporary actor does not make it again.
    const starts = new Set(this.type.restart === 'temporary' ? later.filter(({ kind }) => kind === 'start') : []);
    for (const start of starts) this.host.discard(this.address, start);
    const others = [...earlier, ...later].filter((message) => message !== culprit && !starts.has(message));
    this.queue.mailbox.putBack(others);
    if (this.actor) dropActor(this.actor);
    this.clock?.close();
    this.forgetActor();
    this.hotState = undefined;
    this.slice = new Slice();
    this.queue.deferred = [];
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

const doneEvent = (address: Address, output: unknown) => ({ type: 'actor.done', address, output }) as EventObject;

const stopped = (address: Address): ActorError => new ActorError('ACTOR_STOPPED', `${address} was stopped`);
