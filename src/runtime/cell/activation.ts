import { type AnyActor, type AnyActorRef, createActor, type Snapshot } from 'xstate';
import type { Address } from '../address.js';
import type { ActorRecord } from './actor-record.js';
import type { CellClock } from './cell-clock.js';
import type { PreparedType } from './prepared-type.js';
import { type ArmedTimers, type ArmTimes, armTimers, NO_TIMERS } from './stored-timers.js';

/** An actor that is yet to be started. */
export interface Restored {
  readonly actor: AnyActor;
  readonly start: () => ArmedTimers;
}

const NONE_ARMED: ArmedTimers = { timers: NO_TIMERS, isDifferent: false };

/**
 * One session id for every root: XState names an actor's timers by it, and each new name would be a new property. It has
 * to be unique in a system, and each actor is a system of its own.
 */
const ROOT_SESSION = 'root';

interface FailureObserver {
  failed(error: unknown): void;
}

/** Makes a new actor, an XState system of its own (RT-3). */
export function startActor(
  type: PreparedType,
  address: Address,
  clock: CellClock,
  input: object,
  observer: FailureObserver,
): Restored {
  const actor = createActor(type.logic, { id: address, clock, input: { address, ...input } });
  actor.sessionId = ROOT_SESSION;
  observe(actor, observer);
  return {
    actor,
    start: () => {
      actor.start();
      return NONE_ARMED;
    },
  };
}

/** What an actor goes on from. */
interface Past {
  readonly snapshot: Snapshot<unknown>;
  readonly input: unknown;
}

/** Makes an actor that goes on from where it was, without timers. */
export function reviveActor(
  type: PreparedType,
  address: Address,
  clock: CellClock,
  { snapshot, input }: Past,
  observer: FailureObserver,
): Restored {
  const actor = createActor(type.logic, { id: address, clock, snapshot, input: input as object });
  // A state that this version does not have shows only in the status (R9).
  const { status, error } = actor.getSnapshot() as { status: string; error?: unknown };
  if (status === 'error') throw error;
  actor.sessionId = ROOT_SESSION;
  observe(actor, observer);
  // XState keeps its options for as long as the actor lives; the snapshot in them has served its purpose.
  (actor.options as { snapshot?: unknown }).snapshot = undefined;
  return {
    actor,
    start: () => {
      actor.start();
      return NONE_ARMED;
    },
  };
}

/** Makes an actor from its record, its timers armed before it sees any event. */
export function restoreActor(
  type: PreparedType,
  address: Address,
  clock: CellClock,
  record: ActorRecord,
  times: ArmTimes,
  observer: FailureObserver,
): Restored {
  const past = { snapshot: migrated(type, record), input: record.input };
  const { actor, start } = reviveActor(type, address, clock, past, observer);
  return {
    actor,
    start: () => {
      start();
      return armTimers(actor, record.timers, { ...times, overdue: type.overdue });
    },
  };
}

function migrated(type: PreparedType, record: ActorRecord): Snapshot<unknown> {
  if (record.typeVersion === type.version) return record.snapshot;
  if (!type.migrate) {
    throw new Error(
      `record of version ${record.typeVersion}, ${type.name} is version ${type.version} and has no migration`,
    );
  }
  return type.migrate(record.typeVersion, record.snapshot);
}

/** The one subscription of an actor; without its `error` a failure would end the process (E1, E3). */
function observe(actor: AnyActor, observer: FailureObserver): void {
  actor.subscribe({ next: nothing, error: (error: unknown) => observer.failed(error), complete: nothing });
}

const nothing = (): void => {};

/** Stops an actor and whatever a failure left running of it (E9, R25). */
export function dropActor(actor: AnyActor): void {
  const { children } = actor.getSnapshot() as { children?: Record<string, AnyActorRef> };
  for (const child of Object.values(children ?? {})) child?.send({ type: 'xstate.stop' });
  actor.stop();
}
