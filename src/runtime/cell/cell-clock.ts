import type { AnyActorRef, EventObject } from 'xstate';
import type { Address } from '../address.js';
import type { Clock, TimerHandle } from '../clock.js';
import type { EffectOwner } from '../effect-owner.js';
import type { Stamp } from './message.js';

/** What an actor's logic may ask of the cell that hosts it. */
export interface CellPort extends EffectOwner {
  /** Runs `start` when the current slice is committed or flushed, as the type's durability says. */
  hold(start: () => void): void;
  /** Idempotency key of an effect invoked in the current turn. */
  effectKey(invokeId: string): string;
  stamp(): Stamp;
  /** The root machine has taken an event. */
  taken(event: EventObject): void;
  /** A child is in another state than the record says; the snapshot of the root may be the same. */
  childChanged(): void;
  /** Takes a timer that fired as a system message (MBX-1). */
  timerFired(fire: () => void): void;
  /** A timer was set or cleared, or has fired: the record's timers are stale. */
  timersChanged(): void;
}

interface CellTimer {
  cancelled: boolean;
  handle: TimerHandle;
}

/**
 * The clock that an actor's XState system runs on. Its timers fire as messages of the cell, in a slice, never in the
 * stack of a timer callback. Being known to each actor of the system, it also leads from an actor to its cell.
 */
export class CellClock implements EffectOwner {
  private dead = false;

  constructor(
    readonly cell: CellPort,
    private readonly clock: Clock,
  ) {}

  get address(): Address {
    return this.cell.address;
  }

  /** What an effect of an actor that is gone leaves behind harms the one after it no more. */
  strayed(error: unknown): void {
    if (!this.dead) this.cell.strayed(error);
  }

  setTimeout(callback: () => void, delayMs: number): CellTimer {
    const timer: CellTimer = { cancelled: false, handle: undefined };
    const fire = (): void => {
      // Cancelled between firing and its slice: the state that waited was left.
      if (timer.cancelled) return;
      this.cell.timersChanged();
      callback();
    };
    // One that is overdue when it is armed again needs no timer: it takes its turn before any message.
    if (delayMs < 0) this.cell.timerFired(fire);
    else {
      timer.handle = this.clock.setTimeout(() => {
        if (!this.dead) this.cell.timerFired(fire);
      }, delayMs);
    }
    this.cell.timersChanged();
    return timer;
  }

  clearTimeout(timer: CellTimer): void {
    timer.cancelled = true;
    this.clock.clearTimeout(timer.handle);
    this.cell.timersChanged();
  }

  /** Timers of an actor that was dropped reach its cell no more. */
  close(): void {
    this.dead = true;
  }
}

/** The actor in memory that an XState actor is, or is a child of. */
export const ownerOf = (actor: AnyActorRef): CellClock => (actor as unknown as { clock: CellClock }).clock;

/** The cell that hosts an actor or any of its children. */
export const cellOf = (actor: AnyActorRef): CellPort => ownerOf(actor).cell;
