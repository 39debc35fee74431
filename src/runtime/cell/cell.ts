import type { AnyActor, EventObject } from 'xstate';
import type { Address } from '../address.js';
import { type ErrorRecord, errorRecord } from '../errors.js';
import type { FailurePhase, FailureTime } from '../restart-policy.js';
import { ActorHistory, type MachineSnapshot } from './actor-history.js';
import type { CellHost } from './cell-host.js';
import { CellQueue } from './cell-queue.js';
import type { Stamp } from './message.js';
import type { PreparedType } from './prepared-type.js';
import { Presence, type PresencePort, type RestoreCause } from './presence.js';
import { type SliceEnds, Slices } from './slices.js';
import { stateText } from './waits.js';

export type CellStatus = 'sleeping' | 'live' | 'restarting' | 'parked' | 'stopped';

/** A timer due within this time keeps the actor in memory (PAS-1), milliseconds. */
const SOON_MS = 50;

/** One actor: its mailbox, its place in the store and, while it is awake, its XState actor. */
export class Cell implements PresencePort, SliceEnds {
  status: CellStatus = 'sleeping';
  readonly queue: CellQueue;
  readonly history: ActorHistory;
  private readonly presence: Presence;
  private readonly slices: Slices;

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
    const id = { address, type };
    const queue = new CellQueue(id, host);
    const history = new ActorHistory(address, type);
    const presence = new Presence(id, host, history, this);
    this.queue = queue;
    this.history = history;
    this.presence = presence;
    this.slices = new Slices({ address, type, host, queue, history, presence }, this);
  }

  get isLive(): boolean {
    return this.presence.isThere;
  }

  get hasWork(): boolean {
    return this.takesMessages && (!this.queue.isEmpty || this.presence.hasFailed || this.slices.isDirty);
  }

  /** The chart's snapshot after the last slice, while the actor is in memory. */
  get committedSnapshot(): MachineSnapshot | undefined {
    return this.presence.committed;
  }

  /** The chart's snapshot now, while the actor is in memory. */
  get snapshot(): MachineSnapshot | undefined {
    return this.presence.snapshot;
  }

  /** XState's part of the actor, to be looked at for as long as the actor is in memory. */
  inspected(): AnyActor | undefined {
    this.presence.keep();
    return this.presence.xstate;
  }

  get stateText(): string | undefined {
    return this.isLive ? stateText(this.snapshot?.value) : undefined;
  }

  /** What a recording of the actor begins with. */
  persisted(): { input: unknown; snapshot: unknown; hot?: unknown } | undefined {
    const { xstate, hotState } = this.presence;
    if (!xstate) return undefined;
    const hot = this.type.hot && hotState !== undefined ? { hot: structuredClone(hotState) } : {};
    return { input: this.history.input, snapshot: xstate.getPersistedSnapshot(), ...hot };
  }

  /** Takes up to `limit` messages until `isOver`; commits what they did. */
  run(limit: number, isOver: () => boolean): void {
    if (!this.takesMessages || this.queue.discardOvertaken()) return;
    this.lastActivity = this.host.clock.now();
    this.slices.run(limit, isOver);
    this.host.ran(this);
  }

  // Waking and sleeping.

  /** Wakes the actor, or makes sure that it exists, without a message: at boot, by the wake index, by a supervisor. */
  wake(cause: RestoreCause, start?: { readonly input: unknown }): void {
    this.presence.cause = cause;
    this.slices.wake(cause === 'restart' ? 'restart' : 'activation', start);
    this.host.ran(this);
  }

  /**
   * Wakes a sleeping actor for its timer, in a slice as its own timers have; `woken` is called there, once it is known
   * whether there is an actor. False if it does not sleep, or is about to wake for something else.
   */
  wakeForTimer(cause: RestoreCause, woken: () => void): boolean {
    if (this.isLive || this.status !== 'sleeping' || this.hasWork) return false;
    this.isBrief = true;
    this.timerFired(() => {
      this.wakesFor(cause);
      this.slices.restoreSleeping();
      woken();
    });
    return true;
  }

  /** What it is told to be woken for, should a message wake it. */
  wakesFor(cause: RestoreCause): void {
    if (!this.isLive) this.presence.cause = cause;
  }

  /** Leaves memory if nothing holds it there (PAS-1, PAS-2); the record is on disk first. */
  sleep(): void {
    if (!this.canSleep || !this.slices.storeHot()) return;
    this.host.commit.afterFlush(() => {
      if (!this.canSleep) return;
      this.leave();
      this.host.slept(this, this.history.wakeAt);
    }, 'soon');
  }

  get canSleep(): boolean {
    const { effects, wakeAt } = this.history;
    return (
      this.status === 'live' &&
      this.type.stored &&
      !this.hasWork &&
      !this.slices.isRunning &&
      this.queue.deferred.length === 0 &&
      effects === 0 &&
      (wakeAt === undefined || wakeAt > this.host.clock.now() + SOON_MS)
    );
  }

  // What a supervisor decides.

  /** Persists what is not yet, then drops the actor, which takes no more messages: for an orderly stop. */
  shutdown(): void {
    if (this.isLive) this.host.guard(this.address, () => this.slices.persist());
    if (this.isLive) this.leave();
    if (this.status !== 'parked') this.status = 'stopped';
  }

  /** After a failure: the next slice restores the actor from its last commit. */
  resume(cause: RestoreCause): void {
    this.unpark();
    const isStored = this.type.stored && this.host.records.exists(this.address);
    this.wake(cause, isStored ? undefined : { input: this.history.input });
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
    if (this.type.stored) this.host.records.erase(this.address, this.history.wakeAt);
    this.history.erased();
  }

  park(reason: string): void {
    this.status = 'parked';
    this.parkedReason = reason;
  }

  /** A stop has come: what it overtakes is not taken any more, and neither a restart nor an operator is waited for. */
  stopComes(): void {
    this.queue.overtake();
    if (this.status === 'parked' || this.status === 'restarting') this.unpark();
  }

  /** After a failure: whether a stop waits, which is taken instead of a restart. */
  stopsInstead(): boolean {
    if (!this.queue.mailbox.hasStop) return false;
    this.unpark();
    this.host.ready(this);
    return true;
  }

  // What the actor's logic asks of its cell.

  hold(start: () => void): void {
    this.slices.now.held.push(start);
    this.changed();
  }

  effectKey(invokeId: string): string {
    return this.history.effectKey(invokeId);
  }

  stamp(): Stamp {
    return this.host.stamp();
  }

  taken(event: EventObject): void {
    this.history.noteEvent(event);
    this.host.tapped(this.address)?.event(this.address, event);
    this.changed();
  }

  childChanged(): void {
    this.presence.isRecordStale = true;
    this.changed();
  }

  timerFired(fire: () => void): void {
    this.queue.mailbox.push({ kind: 'timer', fire, enqueuedAt: this.host.clock.now() });
    this.host.ready(this);
  }

  timersChanged(): void {
    this.presence.isRecordStale = true;
  }

  strayed(error: unknown): void {
    if (this.isLive) this.presence.failed(error);
  }

  // What its coming, going and doings mean.

  emitted(output: EventObject): void {
    this.slices.now.outputs.push(output);
  }

  notify(to: Address, event: EventObject): void {
    this.slices.now.notify(to, event);
  }

  unreadable(): void {
    this.isUnreadable = true;
  }

  woke(): void {
    this.status = 'live';
    this.host.woke(this);
  }

  left(): void {
    this.queue.mailbox.dropTimers();
    this.host.left(this);
  }

  again(): void {
    this.host.ready(this);
  }

  ended(how: 'done' | 'stopped'): void {
    this.status = 'sleeping';
    this.host.finished(this, how);
  }

  failed(error: unknown, phase: FailurePhase): void {
    this.failures.push({ at: this.host.clock.now(), phase });
    this.lastError = errorRecord(error);
    this.status = 'restarting';
    this.host.failed(this, error);
  }

  /** Between slices, what is new asks for one. */
  changed(): void {
    if (!this.slices.isRunning) this.host.ready(this);
  }

  private get takesMessages(): boolean {
    return this.status === 'sleeping' || this.status === 'live';
  }

  private leave(): void {
    this.presence.leave();
    this.status = 'sleeping';
  }

  private unpark(): void {
    this.status = 'sleeping';
    this.parkedReason = undefined;
    this.isUnreadable = false;
  }
}
