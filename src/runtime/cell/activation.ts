import { type AnyActor, type AnyActorRef, createActor, type Snapshot } from 'xstate';
import type { Address } from '../address.js';
import type { ActorRecord } from './actor-record.js';
import type { CellClock } from './cell-clock.js';
import type { PreparedType } from './prepared-type.js';
import { type ArmTimes, armTimers, type DueTimes } from './stored-timers.js';

/** An actor that is yet to be started. */
export interface Restored {
  readonly actor: AnyActor;
  /** Returns whether timers were armed otherwise than the record says. */
  readonly start: () => boolean;
}

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
  observe(actor, observer);
  return {
    actor,
    start: () => {
      actor.start();
      return false;
    },
  };
}

/** Makes an actor from its record, its timers armed before it sees any event. */
export function restoreActor(
  type: PreparedType,
  address: Address,
  clock: CellClock,
  record: ActorRecord,
  { due, ...times }: ArmTimes & { due: DueTimes },
  observer: FailureObserver,
): Restored {
  const snapshot = migrated(type, record);
  const actor = createActor(type.logic, { id: address, clock, snapshot, input: record.input });
  // A state that this version does not have shows only in the status (R9).
  const { status, error } = actor.getSnapshot() as { status: string; error?: unknown };
  if (status === 'error') throw error;
  observe(actor, observer);
  // XState keeps its options for as long as the actor lives; the snapshot in them has served its purpose.
  (actor.options as { snapshot?: unknown }).snapshot = undefined;
  return {
    actor,
    start: () => {
      actor.start();
      return armTimers(actor, record.timers, due, { ...times, overdue: type.overdue ?? {} });
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
