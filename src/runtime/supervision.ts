/**
 * Supervisors, after OTP (SUP-1…4, SUP-8): children in start order, a strategy for the failure of one, and a limit of
 * restarts past which the failure is the parent's.
 */
import type { RestartType } from './actor-type.js';
import { delayMs, RESTART_BACKOFF } from './backoff.js';
import type { Clock, TimerHandle } from './clock.js';
import { type ErrorRecord, errorRecord } from './errors.js';
import type { Ids } from './ids.js';
import { within } from './wait.js';

export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one';

/** How a child tells its supervisor that it ended by itself. */
export type ReportEnd = (end: { readonly error: unknown } | 'done') => void;

/** Anything with a life of its own: an actor, a server, another supervisor. */
export interface Child {
  readonly name: string;
  readonly kind: 'actor' | 'service' | 'supervisor';
  /** @default 'permanent' */
  readonly restart?: RestartType;
  /** Time to stop in good order, milliseconds. @default 5000 */
  readonly shutdownMs?: number;
  start(report: ReportEnd): Promise<void>;
  stop(deadlineMs: number): Promise<void>;
  /** What stands below it, for the console. */
  view?(): SupervisorView | undefined;
}

export interface SupervisorSpec {
  readonly name: string;
  readonly strategy: Strategy;
  /** Restarts within `periodMs` that are still made. @default 5 */
  readonly intensity?: number;
  /** @default 60000 */
  readonly periodMs?: number;
  readonly children: readonly Child[];
}

export type ChildState = 'stopped' | 'starting' | 'running' | 'restarting' | 'ended' | 'failed';

export interface ChildView {
  readonly name: string;
  readonly kind: Child['kind'];
  readonly restart: RestartType;
  readonly state: ChildState;
  readonly restarts: number;
  readonly lastError: ErrorRecord | null;
  readonly supervisor?: SupervisorView;
}

export interface SupervisorView {
  readonly name: string;
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly periodS: number;
  readonly restarts: number;
  readonly children: readonly ChildView[];
}

interface Slot {
  readonly child: Child;
  state: ChildState;
  restarts: number;
  lastError: ErrorRecord | undefined;
  /** Ends of an earlier run of the child do not count, nor restarts that were to follow it. */
  run: number;
  timer: TimerHandle;
}

export interface SupervisionDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
}

const SHUTDOWN_MS = 5_000;
/** What a child may take past the time that it was given. */
const GRACE_MS = 1_000;

export class Supervisor implements Child {
  readonly kind = 'supervisor';
  readonly restart = 'permanent';
  readonly name: string;
  private readonly slots: Slot[];
  private readonly intensity: number;
  private readonly periodMs: number;
  private restartTimes: number[] = [];
  private report: ReportEnd = () => {};
  /** Starts and stops happen one after another, in the order they were asked for. */
  private work: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly spec: SupervisorSpec,
    private readonly deps: SupervisionDeps,
  ) {
    this.name = spec.name;
    this.intensity = spec.intensity ?? 5;
    this.periodMs = spec.periodMs ?? 60_000;
    this.slots = spec.children.map((child) => ({
      child,
      state: 'stopped',
      restarts: 0,
      lastError: undefined,
      run: 0,
      timer: undefined,
    }));
  }

  /** Starts the children in order; the first that fails stops those before it, and the call rejects. */
  async start(report: ReportEnd): Promise<void> {
    this.report = report;
    this.stopping = false;
    this.restartTimes = [];
    for (const slot of this.slots) {
      try {
        await this.startChild(slot);
      } catch (error) {
        await this.stop(SHUTDOWN_MS);
        throw error;
      }
    }
  }

  /** Stops the children in reverse start order. */
  async stop(deadlineMs: number): Promise<void> {
    this.stopping = true;
    for (const slot of this.slots) this.deps.clock.clearTimeout(slot.timer);
    // A child that is being started and never gets there does not keep the others from stopping.
    await within(this.deps.clock, this.work, deadlineMs).catch(() => {});
    for (const slot of [...this.slots].reverse()) await this.stopChild(slot, deadlineMs);
  }

  view(): SupervisorView {
    const { name, strategy } = this.spec;
    return {
      name,
      strategy,
      intensity: this.intensity,
      periodS: this.periodMs / 1000,
      restarts: this.restartTimes.length,
      children: this.slots.map(({ child, state, restarts, lastError }) => {
        const supervisor = child.view?.();
        return {
          name: child.name,
          kind: child.kind,
          restart: child.restart ?? 'permanent',
          state,
          restarts,
          lastError: lastError ?? null,
          ...(supervisor ? { supervisor } : {}),
        };
      }),
    };
  }

  private async startChild(slot: Slot): Promise<void> {
    const run = ++slot.run;
    slot.state = 'starting';
    try {
      await slot.child.start((end) => {
        if (run === slot.run && !this.stopping) this.ended(slot, end);
      });
    } catch (error) {
      slot.state = 'failed';
      slot.lastError = errorRecord(error);
      throw error;
    }
    // It may have ended while it was starting.
    if (run === slot.run && slot.state === 'starting') slot.state = 'running';
  }

  private async stopChild(slot: Slot, deadlineMs: number): Promise<void> {
    if (slot.state === 'stopped' || slot.state === 'ended') return;
    slot.run++;
    this.deps.clock.clearTimeout(slot.timer);
    const { child } = slot;
    const shutdownMs = Math.min(deadlineMs, child.shutdownMs ?? SHUTDOWN_MS);
    try {
      // One that does not stop keeps the others from stopping only so long (SUP-4).
      const isStopped = await within(this.deps.clock, child.stop(shutdownMs), shutdownMs + GRACE_MS);
      if (!isStopped) throw new Error(`not stopped within ${shutdownMs + GRACE_MS} ms`);
    } catch (error) {
      this.deps.log.error({ child: child.name, err: errorRecord(error) }, 'child_stop_failed');
    }
    slot.state = 'stopped';
  }

  private ended(slot: Slot, end: Parameters<ReportEnd>[0]): void {
    const restart = slot.child.restart ?? 'permanent';
    const error = end === 'done' ? undefined : end.error;
    if (error !== undefined) slot.lastError = errorRecord(error);
    const isRestarted = restart === 'permanent' || (restart === 'transient' && error !== undefined);
    if (!isRestarted) {
      slot.state = 'ended';
      return;
    }
    const now = this.deps.clock.monotonic();
    this.restartTimes = [...this.restartTimes.filter((time) => now - time < this.periodMs), now];
    if (this.restartTimes.length > this.intensity) {
      this.escalate(slot, error);
      return;
    }
    slot.state = 'restarting';
    slot.restarts++;
    const waitMs = delayMs(this.restartTimes.length - 1, RESTART_BACKOFF, this.deps.ids.uniform());
    this.deps.log.warn({ child: slot.child.name, delayMs: waitMs, err: slot.lastError }, 'child_restarting');
    const { run } = slot;
    slot.timer = this.deps.clock.setTimeout(() => {
      this.work = this.work.then(() => (run === slot.run ? this.restartFrom(slot) : undefined));
    }, waitMs);
  }

  /** Restarts what the strategy names, and tries again by the same rule if that fails. */
  private async restartFrom(slot: Slot): Promise<void> {
    const affected = this.affectedBy(slot);
    for (const other of [...affected].reverse()) await this.stopChild(other, SHUTDOWN_MS);
    for (const other of affected) {
      if (this.stopping) return;
      // Temporary children are never restarted, not even by the others' strategy.
      if (other !== slot && other.child.restart === 'temporary') continue;
      try {
        await this.startChild(other);
      } catch (error) {
        this.ended(other, { error });
        return;
      }
    }
  }

  private affectedBy(slot: Slot): readonly Slot[] {
    switch (this.spec.strategy) {
      case 'one_for_one':
        return [slot];
      case 'one_for_all':
        return this.slots;
      case 'rest_for_one':
        return this.slots.slice(this.slots.indexOf(slot));
    }
  }

  private escalate(slot: Slot, error: unknown): void {
    slot.state = 'failed';
    const reason = error ?? new Error(`${slot.child.name} ended again and again`);
    this.deps.log.error({ supervisor: this.name, child: slot.child.name, err: errorRecord(reason) }, 'escalated');
    // Its own supervisor decides; the children go with it.
    this.work = this.work.then(async () => {
      this.stopping = true;
      for (const other of [...this.slots].reverse()) await this.stopChild(other, SHUTDOWN_MS);
      this.report({ error: reason });
    });
  }
}
