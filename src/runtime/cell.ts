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
import type { CellHost } from './cell-host.js';
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
  private wakeAt: WakeTime | undefined;
  private timersStale = false;
  private hotState: unknown;
  private failure: { error: unknown } | undefined;
  private cause: RestoreCause = 'wake';
  private expectStop = false;

  private taking = false;
  private slice = new Slice();
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

  /** Messages that wait in the store rather than in memory. */
  get storedDepth(): number {
    return this.backlog.length + this.deferred.length;
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
    this.taking = true;
    this.lastActivity = this.host.clock.now();
    let current: Message | undefined;
    try {
      if (this.failure) throw this.failure.error;
      for (let count = 0; count < limit; count++) {
        current = this.next();
        if (!current) break;
        this.slice.took.push(current);
        this.take(current);
        if (this.failure !== undefined) throw (this.failure as { error: unknown }).error;
        if (this.expectStop || this.snapshot?.status === 'done' || isOver()) break;
      }
      current = undefined;
      this.commit();
    } catch (error) {
      this.fail(error, current);
    } finally {
      this.taking = false;
    }
    this.host.ran(this);
  }

  /** Wakes the actor, or makes sure that it exists, without a message: at boot, by the wake index, by a supervisor. */
  wake(cause: RestoreCause, start?: { input: unknown }): void {
    this.cause = cause;
    this.taking = true;
    try {
      if (!this.actor && !this.restore() && start) this.create(start.input, undefined);
      if (this.failure) throw this.failure.error;
      this.commit();
    } catch (error) {
      this.fail(error, undefined, 'activation');
    } finally {
      this.taking = false;
    }
    this.host.ran(this);
  }

  /** Leaves memory if nothing holds it there (PAS-1, PAS-2); the record is on disk first. */
  sleep(): void {
    if (!this.canSleep) return;
    this.storeHot();
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

  /** Persists what is not yet, then drops the actor: for an orderly stop of the process. */
  shutdown(): void {
    if (!this.actor) return;
    this.storeHot();
    this.leave();
  }

  /** After a failure: the next slice restores the actor from its last commit. */
  resume(cause: RestoreCause): void {
    this.status = 'sleeping';
    this.parkedReason = undefined;
    this.isUnreadable = false;
    this.wake(cause, this.type.stored && this.committedOnce ? undefined : { input: this.input });
    this.host.ready(this);
  }

  /** A permanent actor that came to its end begins anew. */
  again(): void {
    this.wake('restart', { input: this.input });
  }

  /** A temporary actor that failed is gone; its owner is told. */
  abandon(): void {
    this.status = 'sleeping';
    const { owner, address, lastError } = this;
    this.failures = [];
    if (this.type.stored) this.host.erase(this);
    if (owner) {
      const event = { type: 'actor.failed', address, error: lastError };
      this.host.route(this, [{ type: 'tell', to: owner, event } as EventObject])?.();
    }
  }

  park(reason: string): void {
    this.status = 'parked';
    this.parkedReason = reason;
  }

  // What the actor's logic asks of its cell.

  hold(start: () => void): void {
    this.slice.held.push(start);
    if (!this.taking) this.host.ready(this);
  }

  effectKey(invokeId: string): string {
    return `${this.address}#${invokeId}#${this.seq + 1}`;
  }

  stamp(): Stamp {
    return this.host.stamp();
  }

  taken(event: EventObject): void {
    this.lastEvent = { type: event.type, at: (event as unknown as { stamp: Stamp }).stamp.at };
    this.host.tapped(this)?.event(this.address, event);
    if (!this.taking) this.host.ready(this);
  }

  timerFired(fire: () => void): void {
    this.mailbox.push({ kind: 'timer', fire, enqueuedAt: this.host.clock.now() });
    this.host.ready(this);
  }

  timersChanged(): void {
    this.timersStale = true;
  }

  // A slice.

  private get isDirty(): boolean {
    if (!this.actor) return false;
    return this.slice.hasEffects || this.timersStale || this.snapshot !== this.committed;
  }

  private get committedOnce(): boolean {
    return this.host.store.exists(this.address);
  }

  private next(): Message | undefined {
    const message = this.mailbox.shift();
    if (message) return message;
    for (let row = this.backlog.shift(); row; row = this.backlog.shift()) {
      const stored = this.host.inbox.read(this.address, row);
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
      this.deferred.shift();
      if (!this.slice.took.includes(first)) this.slice.took.push(first);
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
    this.create(message.input, message.startedBy);
  }

  private takeStop(message: StopMessage): void {
    if (!this.actor) this.restore();
    this.expectStop = true;
    if (message.requestedBy) {
      const event = { type: 'actor.stopped', address: this.address };
      this.slice.outputs.push({ type: 'tell', to: message.requestedBy, event } as EventObject);
    }
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
    if (this.type.startOnTell) {
      this.create({}, undefined);
      return true;
    }
    this.host.deadLetter(this.address, message, new ActorError('ACTOR_UNKNOWN', `there is no actor ${this.address}`));
    return false;
  }

  private create(input: unknown, startedBy: Address | undefined): void {
    this.input = input;
    this.startedBy = startedBy;
    this.clock = new CellClock(this, this.host.clock);
    this.host.tapped(this)?.started(this.address, input);
    this.adopt(
      startActor(this.type, this.address, this.clock, { ...(input as object), stamp: this.host.stamp() }, this),
    );
  }

  private restore(): boolean {
    if (!this.type.stored) return false;
    const record = this.host.load(this, this.slot);
    // An actor that is done is read, not run (DUR-11).
    if (record?.snapshot.status !== 'active') return false;
    this.clock = new CellClock(this, this.host.clock);
    this.readRecord(record);
    const { trusted } = this.host;
    const now = this.host.clock.now();
    const restored = restoreActor(this.type, this.address, this.clock, record, { due: this.due, now, trusted }, this);
    this.adopt(restored);
    this.committed = this.snapshot;
    this.timersStale = false;
    this.host.tapped(this)?.restored(this.address, record);
    const cause = this.cause;
    this.cause = 'wake';
    this.actor?.send({ type: 'runtime.restored', cause } as EventObject);
    return true;
  }

  private readRecord(record: ActorRecord): void {
    this.input = record.input;
    this.startedBy = record.startedBy;
    this.seq = record.seq;
    this.since = record.since;
    this.lastEvent = record.lastEvent;
    this.restarts = Math.max(this.restarts, record.restarts);
    this.hotState = record.hot;
    this.wakeAt = wakeTime(record);
    this.effects = activeChildren(record);
  }

  private adopt({ actor, start }: Restored): void {
    this.actor = actor;
    this.status = 'live';
    actor.on('*', (output: EventObject) => this.slice.outputs.push(output));
    start();
    this.host.woke(this);
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
    this.slice = new Slice();
    const snapshot = this.snapshot;
    const isDone = snapshot?.status === 'done' || this.expectStop;
    if (snapshot && this.committed?._nodes !== snapshot._nodes) {
      this.since = activeSince(snapshot, this.since, host.clock.now());
    }
    if (snapshot && type.stored && !isDone) {
      if (snapshot !== this.committed || this.timersStale) this.writeRecord(snapshot);
    }
    this.committed = snapshot;
    this.timersStale = false;
    host.tapped(this)?.committed(this.address, outputs, snapshot?.value);
    const release = host.route(this, outputs);
    for (const message of took) this.consume(message);
    if (isDone) this.finish(snapshot);
    releaseSlice(this, host, slice, release);
    if (type.hot && hotResults.length > 0) releaseHot(this, host, type.hot, hotResults);
  }

  /** Removes the row of a message, or writes one for a deferred message that has none yet. */
  private consume(message: Message): void {
    if (message.kind === 'timer' || message.kind === 'hot') return;
    const index = message.kind === 'event' ? this.deferred.indexOf(message) : -1;
    if (index >= 0) {
      const { event, row, enqueuedAt } = message as EventMessage;
      if (row === undefined) {
        const stored = this.host.inbox.add(this.address, { kind: 'event', event, at: enqueuedAt });
        this.deferred[index] = { kind: 'event', event, row: stored, enqueuedAt };
      }
    } else if (message.row !== undefined) this.host.inbox.remove(this.address, message.row);
  }

  private writeRecord(snapshot: MachineSnapshot): void {
    const { host, type } = this;
    const now = host.clock.now();
    const persisted = this.actor?.getPersistedSnapshot() as Snapshot<unknown> & { children?: Record<string, unknown> };
    const timers =
      this.actor && (this.timersStale || this.due.size > 0) ? captureTimers(this.actor, this.due, now) : [];
    const record: ActorRecord = {
      format: RECORD_FORMAT,
      type: type.name,
      typeVersion: type.version,
      at: now,
      seq: ++this.seq,
      snapshot: storable(persisted, type.volatile),
      timers,
      ...(type.hot?.stored ? { hot: this.hotState } : {}),
      input: this.input,
      startedBy: this.startedBy,
      since: this.since,
      lastEvent: this.lastEvent,
      restarts: this.restarts,
    };
    host.recordWritten(this, host.store.write(this.address, this.slot, record, type.durability === 'durable'));
    host.summarize(this, snapshot);
    this.effects = activeChildren(record);
    const wakeAt = wakeTime(record);
    host.wakes.set(this.address, this.wakeAt, wakeAt);
    this.wakeAt = wakeAt;
  }

  private storeHot(): void {
    if (this.type.hot?.stored && this.snapshot && this.hotState !== undefined) this.writeRecord(this.snapshot);
  }

  /** The chart has reached its end, or the actor was told to stop: its record goes, or stays to be read. */
  private finish(snapshot: MachineSnapshot | undefined): void {
    const keep = this.type.onDone === 'keep' && !this.expectStop;
    if (keep && snapshot && this.type.stored) this.writeRecord(snapshot);
    const told = this.startedBy;
    if (this.actor) dropActor(this.actor);
    this.clock?.close();
    this.forgetActor();
    this.status = 'sleeping';
    this.hotState = undefined;
    if (this.type.stored && !keep) {
      this.host.erase(this);
      this.wakeAt = undefined;
      this.seq = 0;
    }
    if (!this.expectStop && told) {
      const event = { type: 'actor.done', address: this.address, output: snapshot?.output };
      this.host.route(this, [{ type: 'tell', to: told, event } as EventObject])?.();
    }
    const stopped = this.expectStop;
    this.expectStop = false;
    this.host.finished(this, stopped ? 'stopped' : 'done');
  }

  /** Discards the slice as a whole, puts the other messages back and leaves the rest to the supervisor. */
  private fail(error: unknown, culprit: Message | undefined, phase?: FailurePhase): void {
    const isMessage = culprit?.kind === 'event' || culprit?.kind === 'hot' || culprit?.kind === 'start';
    const at = this.host.clock.now();
    this.failures.push({ at, phase: phase ?? (isMessage ? 'message' : culprit ? 'timer' : 'effect') });
    this.lastError = errorRecord(error);
    const earlier = this.deferred.filter((message) => !this.slice.took.includes(message));
    const others = this.slice.took.filter((message) => message !== culprit && message.kind !== 'timer');
    this.mailbox.putBack([...earlier, ...others]);
    if (this.actor) dropActor(this.actor);
    this.clock?.close();
    this.forgetActor();
    this.hotState = undefined;
    this.slice = new Slice();
    this.deferred = [];
    this.expectStop = false;
    this.status = 'restarting';
    if (isMessage && culprit) {
      this.host.deadLetter(this.address, culprit, error);
      if (culprit.kind !== 'hot' && culprit.row !== undefined) this.host.inbox.remove(this.address, culprit.row);
      if (culprit.kind === 'event' && culprit.acknowledged) this.host.commit.afterFlush(culprit.acknowledged);
    }
    this.host.failed(this, error);
  }
}
