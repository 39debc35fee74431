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

/**
 * Timers of an actor in memory by what XState holds of each: one that is set anew under its old id is another. XState's
 * own `startedAt` ignores the injected clock (CLK-1).
 */
export type PendingTimers = ReadonlyMap<object, StoredTimer>;

export const NO_TIMERS: PendingTimers = new Map();

/** The pending timers, those that are in `known` as they stand there; `now` is when the others were set. */
export function captureTimers(actor: AnyActor, known: PendingTimers, now: number): PendingTimers {
  let timers: Map<object, StoredTimer> | undefined;
  for (const scheduled of Object.values(scheduledIn(actor))) {
    timers ??= new Map();
    timers.set(scheduled, known.get(scheduled) ?? storedTimer(scheduled, now));
  }
  return timers ?? NO_TIMERS;
}

function storedTimer({ id, event, delay, source, target }: ScheduledEvent, now: number): StoredTimer {
  return { source: pathOf(source), target: pathOf(target), id, event, delayMs: delay, dueAt: now + delay };
}

const scheduledIn = (actor: AnyActor): Readonly<Record<string, ScheduledEvent>> =>
  (actor.system.getSnapshot() as { _scheduledEvents: Record<string, ScheduledEvent> })._scheduledEvents;

/** Timers as they were armed in a restored actor. */
export interface ArmedTimers {
  readonly timers: PendingTimers;
  /** Some were left out or begin anew: the record is to be written again. */
  readonly isDifferent: boolean;
}

/**
 * Arms stored timers in a restored, started actor. The policies hold for what fell due before `startedAt`, while the
 * process was off; not for what wakes a sleeping actor.
 */
export function armTimers(
  actor: AnyActor,
  stored: readonly StoredTimer[],
  { now, startedAt, overdue }: ArmTimes & { overdue: Readonly<Record<string, OverduePolicy>> | undefined },
): ArmedTimers {
  if (stored.length === 0) return { timers: NO_TIMERS, isDifferent: false };
  const { scheduler } = actor.system as unknown as { scheduler: Scheduler };
  const armedByKey = new Map<string, StoredTimer>();
  let isDifferent = false;
  for (const timer of stored) {
    const source = actorAt(actor, timer.source);
    const target = actorAt(actor, timer.target);
    const policy = (timer.dueAt <= startedAt && overdue?.[delayName(timer.id)]) || 'fire';
    isDifferent ||= !source || !target || policy !== 'fire';
    if (!source || !target || policy === 'skip') continue;
    const armed = policy === 'restart' ? { ...timer, dueAt: now + timer.delayMs } : timer;
    scheduler.schedule(source, target, timer.event, armed.dueAt - now, timer.id);
    armedByKey.set(`${source.sessionId}.${timer.id}`, armed);
  }
  const timers = new Map<object, StoredTimer>();
  for (const [key, scheduled] of Object.entries(scheduledIn(actor))) {
    const armed = armedByKey.get(key);
    if (armed) timers.set(scheduled, armed);
  }
  return { timers, isDifferent };
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
