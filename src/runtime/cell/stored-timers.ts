/**
 * Carries an actor's pending timers over a restart (TIM-1): XState itself loses them (R1, R2). They are read from the
 * actor's own system and re-armed there under the same ids, so that leaving the state cancels them as ever.
 */
import type { AnyActor, AnyActorRef, EventObject } from 'xstate';
import type { OverduePolicy } from '../actor-type.js';

/** One pending `after` or delayed send. */
export interface StoredTimer {
  /** Ids of the children from the root to the actor; `[]` is the root itself. */
  readonly source: readonly string[];
  readonly target: readonly string[];
  readonly id: string;
  readonly event: EventObject;
  readonly delayMs: number;
  /** Epoch milliseconds, by the {@link SteadyClock}. */
  readonly dueAt: number;
}

interface ScheduledEvent {
  readonly id: string;
  readonly event: EventObject;
  readonly delay: number;
  readonly source: AnyActorRef;
  readonly target: AnyActorRef;
}

/** Both epoch milliseconds. */
export interface ArmTimes {
  readonly now: number;
  /** When the process was started. */
  readonly startedAt: number;
}

type Scheduler = {
  schedule(source: AnyActorRef, target: AnyActorRef, event: EventObject, delayMs: number, id: string): void;
};

/** Due times by XState's key of the timer. XState's own `startedAt` ignores the injected clock (CLK-1). */
export type DueTimes = Map<string, number>;

/** Reads the pending timers; `due` is brought up to date with them, `now` standing for when new ones were set. */
export function captureTimers(actor: AnyActor, due: DueTimes, now: number): StoredTimer[] {
  const scheduled = (actor.system.getSnapshot() as { _scheduledEvents: Record<string, ScheduledEvent> })
    ._scheduledEvents;
  const timers: StoredTimer[] = [];
  for (const key of due.keys()) if (!(key in scheduled)) due.delete(key);
  for (const [key, { id, event, delay, source, target }] of Object.entries(scheduled)) {
    let dueAt = due.get(key);
    if (dueAt === undefined) {
      dueAt = now + delay;
      due.set(key, dueAt);
    }
    timers.push({
      source: pathOf(source),
      target: pathOf(target),
      id,
      event,
      delayMs: delay,
      dueAt,
    });
  }
  return timers;
}

/**
 * Arms stored timers in a restored, started actor. The policies hold for what fell due before `startedAt`, while the
 * process was off; not for what wakes a sleeping actor. Returns whether some were left out or begin anew, so that the
 * record is to be written again.
 */
export function armTimers(
  actor: AnyActor,
  timers: readonly StoredTimer[],
  due: DueTimes,
  { now, startedAt, overdue }: ArmTimes & { overdue: Readonly<Record<string, OverduePolicy>> },
): boolean {
  const { scheduler } = actor.system as unknown as { scheduler: Scheduler };
  let isDifferent = false;
  for (const timer of timers) {
    const source = actorAt(actor, timer.source);
    const target = actorAt(actor, timer.target);
    const policy = timer.dueAt <= startedAt ? (overdue[delayName(timer.id)] ?? 'fire') : undefined;
    isDifferent ||= !source || !target || policy === 'skip' || policy === 'restart';
    if (!source || !target || policy === 'skip') continue;
    const dueAt = policy === 'restart' ? now + timer.delayMs : timer.dueAt;
    scheduler.schedule(source, target, timer.event, Math.max(0, dueAt - now), timer.id);
    due.set(`${source.sessionId}.${timer.id}`, dueAt);
  }
  return isDifferent;
}

/** `xstate.after.<delay>.<state id>` → `<delay>`; other ids name themselves. */
function delayName(timerId: string): string {
  const parts = timerId.split('.');
  return parts[0] === 'xstate' && parts[1] === 'after' ? (parts[2] ?? timerId) : timerId;
}

function pathOf(actor: AnyActorRef): string[] {
  const path: string[] = [];
  for (let at = actor; at._parent; at = at._parent) path.unshift(at.id);
  return path;
}

function actorAt(root: AnyActorRef, path: readonly string[]): AnyActorRef | undefined {
  let at: AnyActorRef | undefined = root;
  for (const id of path) {
    const snapshot = at?.getSnapshot() as { children?: Record<string, AnyActorRef> } | undefined;
    at = snapshot?.children?.[id];
  }
  return at;
}
