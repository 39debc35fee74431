/**
 * What is given up when there is more work than time, and in which order (MBX-5): first what only people look at, then
 * figures that take a walk over all actors, then what its sender has declared losable. Commands, updates and
 * acknowledgements are never given up: what is too much of them is held off at its source (MBX-4).
 */
import type { Clock, TimerHandle } from './clock.js';

/** What is shed at a level of overload, all before it included. */
export const OVERLOAD_LEVELS = ['none', 'inspection', 'metrics', 'telemetry'] as const;
export type OverloadLevel = (typeof OVERLOAD_LEVELS)[number];
/** What can be shed. */
export type Sheddable = Exclude<OverloadLevel, 'none'>;

/** How long work waits for its turn when each next level is entered, milliseconds. */
const ENTER_MS = [100, 200, 400] as const;
/** A level is left when the delay is below this part of its limit. */
const LEAVE = 0.5;
/** How long the delay has to stay so before a level is entered or left. */
const LASTING_MS = { up: 1_000, down: 2_000 } as const;
const SAMPLE_MS = 250;

export interface OverloadState {
  /** Index in {@link OVERLOAD_LEVELS}. */
  readonly level: number;
  /** Where the delay points, and since when by the monotonic clock. */
  readonly trend?: { readonly to: 'up' | 'down'; readonly since: number };
}

/** One level up or down at a time, and none for a hitch that passes. */
export function nextOverload({ level, trend }: OverloadState, delayMs: number, at: number): OverloadState {
  const isHigh = delayMs >= (ENTER_MS[level] ?? Number.POSITIVE_INFINITY);
  const isLow = delayMs < (ENTER_MS[level - 1] ?? 0) * LEAVE;
  if (!isHigh && !isLow) return { level };
  const to = isHigh ? 'up' : 'down';
  if (trend?.to !== to) return { level, trend: { to, since: at } };
  if (at - trend.since < LASTING_MS[to]) return { level, trend };
  return { level: level + (isHigh ? 1 : -1), trend: { to, since: at } };
}

export interface OverloadView {
  /** What is shed, all that comes before it included. */
  readonly level: OverloadLevel;
  /** Since when, epoch milliseconds. */
  readonly since: number | null;
  /** How long work waited for its turn when it was last looked at. */
  readonly delayMs: number;
}

export interface OverloadDeps {
  readonly clock: Clock;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** How long the actor that waits longest for a slice has waited, milliseconds. */
  readonly waitMs: () => number;
}

/** Looks four times a second how late work is: a timer against its due time, and actors in the line for a slice. */
export class Overload {
  private state: OverloadState = { level: 0 };
  private since: number | null = null;
  private delayMs = 0;
  private timer: TimerHandle;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly deps: OverloadDeps) {}

  start(): void {
    this.stop();
    const due = this.deps.clock.monotonic() + SAMPLE_MS;
    this.timer = this.deps.clock.setTimeout(() => {
      this.look(due);
      this.start();
    }, SAMPLE_MS);
  }

  stop(): void {
    this.deps.clock.clearTimeout(this.timer);
  }

  sheds(what: Sheddable): boolean {
    return this.state.level >= OVERLOAD_LEVELS.indexOf(what);
  }

  get view(): OverloadView {
    return { level: OVERLOAD_LEVELS[this.state.level] ?? 'none', since: this.since, delayMs: Math.round(this.delayMs) };
  }

  /** Calls `listener` after each change of the level. */
  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  private look(due: number): void {
    const { clock, log, waitMs } = this.deps;
    const at = clock.monotonic();
    this.delayMs = Math.max(at - due, waitMs());
    const before = this.state.level;
    this.state = nextOverload(this.state, this.delayMs, at);
    if (this.state.level === before) return;
    this.since = this.state.level === 0 ? null : clock.now();
    const { level, delayMs } = this.view;
    if (this.state.level > before) log.warn({ shed: level, delayMs }, 'overload_entered');
    else log.info({ shed: level, delayMs }, 'overload_left');
    for (const listener of this.listeners) listener();
  }
}
