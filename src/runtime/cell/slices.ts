/**
 * Runs an actor's slices.
 *
 * Invariants
 * - CE-1 Messages are taken in slices. All that a slice changed, sent and consumed is handed to the group commit at
 *   its end, at once (DUR-2, DUR-4); a slice that fails hands over nothing (SUP-6).
 * - CE-2 What leaves the process from a `durable` actor leaves after the flush of its slice, in order.
 * - CE-3 A message is handed to a machine only in a slice; only results of private children come in between, and are
 *   committed with the next one.
 */
import type { EventObject } from 'xstate';
import { ActorError } from '../errors.js';
import type { FailurePhase } from '../restart-policy.js';
import { doneEvent, endLife, prepareCommit, storeHot } from './cell-commit.js';
import type { CellParts } from './cell-host.js';
import type { EventMessage, Message, StartMessage, StopMessage } from './message.js';
import { Slice } from './slice.js';

/** What the end of a slice may mean for the cell. */
export interface SliceEnds {
  /** There is more to do, in the next slice. */
  again(): void;
  /** The actor's life is over. */
  ended(how: 'done' | 'stopped'): void;
  /** The slice is discarded as a whole, and the actor out of memory. */
  failed(error: unknown, phase: FailurePhase): void;
}

export class Slices {
  isRunning = false;
  /** Messages still to be taken in slices of their own, to find the one that cannot be committed. */
  private oneByOne = 0;
  private slice: Slice | undefined;

  constructor(
    private readonly parts: CellParts,
    private readonly cell: SliceEnds,
  ) {}

  /** What gathers now; between slices, what children did. */
  get now(): Slice {
    this.slice ??= new Slice();
    return this.slice;
  }

  /** Takes up to `limit` messages until `isOver`; commits what they did. */
  run(limit: number, isOver: () => boolean): void {
    this.attempt('effect', () => {
      // What a child came to since the last slice was a turn as well.
      this.parts.presence.throwFailure();
      this.offerDeferred();
      this.takeMessages(this.oneByOne > 0 ? 1 : limit, isOver);
      this.commit();
      this.rest();
      if (this.oneByOne > 0) this.oneByOne--;
    });
  }

  /** A slice without a message; `start` makes the actor where there is nothing to restore it from. */
  wake(phase: 'restart' | 'activation', start: { readonly input: unknown } | undefined): void {
    const { presence, history } = this.parts;
    this.attempt(phase, () => {
      if (!presence.isThere && !this.restore() && start) presence.create(start.input, history.startedBy);
      presence.throwFailure();
      this.commit();
    });
  }

  /** Within a slice: brings the actor back unless it is in memory. */
  restoreSleeping(): void {
    if (!this.parts.presence.isThere) this.restore();
  }

  /** False if it failed. */
  storeHot(): boolean {
    return this.attempt('effect', () => storeHot(this.parts));
  }

  /** What children did since the last slice, and the hot state (DUR-7). Throws what it fails with. */
  persist(): void {
    this.begin('effect');
    try {
      if (this.isDirty && !this.parts.presence.hasFailed) this.commit();
      storeHot(this.parts);
    } finally {
      this.isRunning = false;
    }
  }

  get isDirty(): boolean {
    const { presence } = this.parts;
    return presence.isThere && (this.slice?.hasEffects === true || presence.isChanged);
  }

  private attempt(phase: FailurePhase, work: () => void): boolean {
    this.begin(phase);
    try {
      work();
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    } finally {
      this.isRunning = false;
    }
  }

  private begin(phase: FailurePhase): void {
    this.isRunning = true;
    this.now.phase = phase;
    const { deferred } = this.parts.queue;
    if (deferred.length > 0) this.now.deferredBefore = deferred.slice();
  }

  private takeMessages(most: number, isOver: () => boolean): void {
    const { queue, presence } = this.parts;
    for (let count = 0; count < most; count++) {
      if (this.mustCommit && !queue.isEmpty) return;
      // What a stop has overtaken is made an end of before its slice.
      if (count > 0 && queue.mailbox.hasStop) return;
      const message = queue.next();
      if (!message) return;
      this.now.took.push(message);
      this.now.current = message;
      this.now.phase = message.kind === 'timer' ? 'timer' : 'message';
      this.take(message);
      presence.throwFailure();
      this.offerDeferred();
      if (this.now.isStop || presence.snapshot?.status === 'done' || isOver()) return;
    }
  }

  private take(message: Message): void {
    const { queue } = this.parts;
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
        if (this.isDeferred(message)) queue.deferred.push(message);
        else this.send(message.event);
        return;
    }
  }

  /** Offers what was put off once more: always the first that is not put off again. */
  private offerDeferred(): void {
    const { queue, presence } = this.parts;
    const { deferred } = queue;
    if (deferred.length === 0) return;
    const next = (): EventMessage | undefined => deferred.find((message) => !this.isDeferred(message));
    for (let message = next(); message; message = next()) {
      // One that came to its end takes no more messages (E16); these wait for what comes after it.
      if (presence.snapshot?.status !== 'active') return;
      if (this.mustCommit) {
        this.cell.again();
        return;
      }
      deferred.splice(deferred.indexOf(message), 1);
      if (!this.now.took.includes(message)) this.now.took.push(message);
      this.now.current = message;
      this.now.phase = 'message';
      this.send(message.event);
      presence.throwFailure();
    }
  }

  /** Whether rows have been written that the next message may ask for. */
  private get mustCommit(): boolean {
    return this.parts.type.rows !== undefined && this.now.writesRows;
  }

  /** Hands an event to the chart, with the rows that the type names for it (DUR-16). */
  private send(event: EventObject): void {
    const { type, host, presence } = this.parts;
    const { xstate, snapshot } = presence;
    const rows = snapshot && type.rows?.(snapshot, event).map((query) => host.tables.find(query));
    xstate?.send(rows ? ({ ...event, rows } as EventObject) : event);
  }

  private isDeferred(message: EventMessage): boolean {
    const { presence, type } = this.parts;
    const { snapshot } = presence;
    return snapshot !== undefined && type.defer?.(snapshot, message.event) === true;
  }

  private takeStart(message: StartMessage): void {
    const { address, type, host, presence } = this.parts;
    if (presence.isThere || this.restore()) return;
    const ended = type.restart === 'permanent' ? undefined : host.records.ended(this.parts);
    if (!ended) presence.create(message.input, message.startedBy);
    else if (message.startedBy) this.now.notify(message.startedBy, doneEvent(address, ended.output));
  }

  private takeStop({ requestedBy }: StopMessage): void {
    const { address, host, history, presence } = this.parts;
    // The chart of a sleeping one is not run any more; its record says where it stands in the wake index.
    if (!presence.isThere) history.wakeAt = host.records.wakeTime(this.parts);
    this.now.isStop = true;
    if (requestedBy) this.now.notify(requestedBy, { type: 'actor.stopped', address } as EventObject);
  }

  private takeHot(message: unknown): void {
    const { address, type, host, history, presence } = this.parts;
    const { hot } = type;
    if (!hot) throw new ActorError('ACTOR_NOT_HOT', `${type.name} takes no hot messages`);
    presence.hotState ??= hot.initial(history.input);
    const at = host.sliceTime();
    const result = hot.on(presence.hotState, message, at);
    host.tapped(address)?.hot(address, message, at, result);
    if (!result) return;
    if (result.append || result.reply !== undefined) this.now.hotResults.push(result);
    if (result.event) presence.xstate?.send(result.event);
  }

  /** Makes sure that there is an actor for `message`; without one the message is a dead letter. */
  private ensure(message: Message): boolean {
    const { address, type, host, presence } = this.parts;
    if (presence.isThere || this.restore()) return true;
    const ended = host.records.ended(this.parts);
    if (type.startOnTell && !ended) {
      presence.create({}, undefined);
      return true;
    }
    const error = ended
      ? new ActorError('ACTOR_DONE', `${address} has come to its end`)
      : new ActorError('ACTOR_UNKNOWN', `there is no actor ${address}`);
    host.messages.deadLetter(address, message, error);
    return false;
  }

  /** Whether there is an actor now. A failure here is not the fault of the message that asked for the actor. */
  private restore(): boolean {
    const { phase } = this.now;
    if (phase !== 'restart') this.now.phase = 'activation';
    const isThere = this.parts.presence.restore();
    this.now.phase = phase;
    return isThere;
  }

  /** Where messages flow past the chart (RT-6), it takes an event seldom. */
  private rest(): void {
    const { type, presence } = this.parts;
    if (type.hot && type.stored) presence.rest();
  }

  private commit(): void {
    const slice = this.now;
    const commit = prepareCommit(this.parts, slice);
    this.slice = undefined;
    commit.write();
    if (commit.end) {
      endLife(this.parts, commit.end);
      this.cell.ended(commit.end === 'stopped' ? 'stopped' : 'done');
    }
    commit.release();
  }

  /** Discards the slice as a whole, puts the other messages back and leaves the rest to the supervisor. */
  private fail(error: unknown): void {
    const { address, type, host, queue, presence } = this.parts;
    const { took, phase, culprit, failedIn, deferredBefore } = this.now;
    // One after another, so that the one that cannot be committed is found.
    this.oneByOne = phase === 'commit' && !culprit ? took.length : 0;
    const earlier = new Set<Message>(deferredBefore);
    const later = took.filter((message) => !earlier.has(message) && message.kind !== 'timer');
    // What made a temporary actor does not make it again.
    const starts = new Set(type.restart === 'temporary' ? later.filter(({ kind }) => kind === 'start') : []);
    for (const start of starts) host.messages.discard(address, start);
    queue.mailbox.putBack([...earlier, ...later].filter((message) => message !== culprit && !starts.has(message)));
    queue.deferred = [];
    presence.drop();
    this.slice = undefined;
    if (culprit) host.messages.discard(address, culprit, error);
    this.cell.failed(error, failedIn);
  }
}
