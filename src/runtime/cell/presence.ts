import type { AnyActor, EventObject } from 'xstate';
import type { Address } from '../address.js';
import { dropActor, type Restored, restoreActor, reviveActor, startActor } from './activation.js';
import type { ActorHistory, MachineSnapshot } from './actor-history.js';
import { CellClock, type CellPort } from './cell-clock.js';
import type { CellHost, CellId } from './cell-host.js';
import type { Loaded } from './cell-records.js';

/** Why an actor is woken, told to it as `runtime.restored` (SUP-6). */
export type RestoreCause = 'boot' | 'wake' | 'restart' | 'olderGeneration';

/** What a cell hears of its actor's coming, going and doings. */
export interface PresencePort extends CellPort {
  emitted(output: EventObject): void;
  /** Tells another actor of this one, with the slice that is under way. */
  notify(to: Address, event: EventObject): void;
  /** Its record is in quarantine. */
  unreadable(): void;
  /** Something is to be done in the next slice. */
  changed(): void;
  woke(): void;
  left(): void;
}

/** The actor while it is in memory, and how it comes there and leaves. */
export class Presence {
  /** The chart's snapshot after the last slice, while the actor is in memory. */
  committed: MachineSnapshot | undefined;
  /** What the record holds beside the snapshot itself has changed: timers, or children. */
  isRecordStale = false;
  hotState: unknown;
  /** Told to the actor when it is restored next. */
  cause: RestoreCause = 'wake';
  private actor: AnyActor | undefined;
  private clock: CellClock | undefined;
  private failure: { readonly error: unknown } | undefined;
  private isKept = false;

  constructor(
    private readonly id: CellId,
    private readonly host: CellHost,
    private readonly history: ActorHistory,
    private readonly port: PresencePort,
  ) {}

  /** Whether the actor is in memory. */
  get isThere(): boolean {
    return this.actor !== undefined || this.isResting;
  }

  /** The part of the actor that is XState's; where that rests, it is made anew. */
  get xstate(): AnyActor | undefined {
    if (this.isResting) this.rouse();
    return this.actor;
  }

  /** The chart's snapshot now, while the actor is in memory. */
  get snapshot(): MachineSnapshot | undefined {
    return this.actor ? this.actor.getSnapshot() : this.committed;
  }

  /** Whether it is in another state than its record, or what is committed of it, says. */
  get isChanged(): boolean {
    return this.actor !== undefined && (this.isRecordStale || this.snapshot !== this.committed);
  }

  get hasFailed(): boolean {
    return this.failure !== undefined;
  }

  throwFailure(): void {
    if (this.failure) throw this.failure.error;
  }

  /** Called by the actor's only observer (RT-7). */
  failed(error: unknown): void {
    this.failure ??= { error };
    this.port.changed();
  }

  create(input: unknown, startedBy: Address | undefined): void {
    const { host, id } = this;
    this.clock = new CellClock(this.port, host.clock);
    const stamp = host.stamp();
    this.history.begin(input, startedBy, stamp);
    const stamped = { ...(input as object), stamp };
    host.tapped(id.address)?.started(id.address, stamped);
    this.adopt(startActor(id.type, id.address, this.clock, stamped, this));
  }

  /** Whether there is an actor now; what it fails with in coming back is thrown. */
  restore(): boolean {
    if (!this.id.type.stored) return false;
    const isThere = this.restoreFrom(this.host.records.load(this.id, this.history.slot));
    this.throwFailure();
    return isThere;
  }

  /** Has XState's part of an actor that is looked at stay what it is. */
  keep(): void {
    this.isKept = true;
  }

  /**
   * Lets go of XState's part of an actor, which holds several times what the others do, until its chart takes an event.
   * One that waits for a timer or a child keeps it.
   */
  rest(): void {
    const { actor, committed } = this;
    if (!actor || !committed || this.isKept || this.isChanged || this.hasFailed) return;
    if (this.history.timers.size > 0 || hasChildren(committed)) return;
    actor.stop();
    this.actor = undefined;
  }

  /** Leaves memory as it is; it is on disk. */
  leave(): void {
    this.clock?.close();
    this.actor?.stop();
    this.forget();
  }

  /** Leaves memory after its end or a failure. */
  drop(): void {
    if (this.actor) dropActor(this.actor);
    this.clock?.close();
    this.forget();
    this.hotState = undefined;
  }

  private restoreFrom(found: Loaded): boolean {
    const { host, history, id } = this;
    switch (found.kind) {
      case 'none':
        return false;
      case 'unreadable':
        this.port.unreadable();
        throw found.error;
      case 'reset':
        this.create(found.input, found.startedBy);
        if (found.startedBy) {
          this.port.notify(found.startedBy, { type: 'runtime.reset', address: id.address } as EventObject);
        }
        return true;
    }
    const { record } = found;
    history.take(record);
    this.hotState = record.hot;
    // An actor that is done is read, not run (DUR-11).
    if (record.snapshot.status !== 'active') return false;
    this.clock = new CellClock(this.port, host.clock);
    let restored: Restored;
    try {
      const times = { now: host.clock.now(), startedAt: host.startedAt };
      restored = restoreActor(id.type, id.address, this.clock, record, times, this);
    } catch (error) {
      this.clock.close();
      return this.restoreFrom(host.records.unreadable(id, error, record));
    }
    const isRearmed = this.adopt(restored);
    this.committed = this.snapshot;
    this.isRecordStale = isRearmed || found.cause === 'olderGeneration';
    host.tapped(id.address)?.restored(id.address, record);
    const cause = found.cause ?? this.cause;
    this.cause = 'wake';
    this.actor?.send({ type: 'runtime.restored', cause } as EventObject);
    return true;
  }

  /** Starts the actor; returns whether its timers are other than those of its record. */
  private adopt(restored: Restored): boolean {
    const isDifferent = this.take(restored);
    this.port.woke();
    return isDifferent;
  }

  private take({ actor, start }: Restored): boolean {
    this.actor = actor;
    actor.on('*', (output: EventObject) => this.port.emitted(output));
    const { timers, isDifferent } = start();
    this.history.timers = timers;
    return isDifferent;
  }

  /** It has been in memory all the time, with all that it had taken committed. */
  private get isResting(): boolean {
    return this.actor === undefined && this.committed !== undefined;
  }

  private rouse(): void {
    const { id, history, clock, committed } = this;
    if (!clock || !committed) return;
    const snapshot = id.type.logic.getPersistedSnapshot(committed as never);
    this.take(reviveActor(id.type, id.address, clock, { snapshot, input: history.input }, this));
    this.committed = this.snapshot;
  }

  private forget(): void {
    if (this.isThere) this.port.left();
    this.actor = undefined;
    this.clock = undefined;
    this.committed = undefined;
    this.failure = undefined;
    this.isKept = false;
    this.history.slept();
  }
}

function hasChildren({ children }: MachineSnapshot): boolean {
  for (const _id in children) return true;
  return false;
}
