/** DOWNLOAD, UPDATE and ACTIVATE, action by action (CUA-25, CUA-26). */
import { echoed } from './commands.js';
import type { Feedback } from './feedback.js';
import {
  type ActionKind,
  type ActionStatus,
  type GroupStatus,
  membersOf,
  type Operation,
  type UpdateAction,
  withAction,
  withStatus,
} from './operation.js';
import { create, limit, type Order, run, type Step, stop, takeOver } from './orders.js';

export type PhaseName = 'DOWNLOAD' | 'UPDATE' | 'ACTIVATE';

/** Of an image that is still on its way. */
const MOST_PERCENT = 99;

interface Work {
  readonly orders: (action: UpdateAction) => readonly Order[];
  /** Absent: the action's message stays. */
  readonly message?: string;
}

interface Phase {
  readonly running: ActionStatus & GroupStatus;
  readonly success: ActionStatus & GroupStatus;
  readonly failure: ActionStatus & GroupStatus;
  readonly work: Readonly<Partial<Record<ActionKind, Work>>>;
}

const MADE: Work = { orders: create, message: 'New container created.' };
const STOPPED: Work = { orders: stop, message: 'Old container instance is stopped.' };
const STARTED: Work = { orders: takeOver, message: 'New container instance is started.' };

const PHASES: Readonly<Record<PhaseName, Phase>> = {
  DOWNLOAD: {
    running: 'DOWNLOADING',
    success: 'DOWNLOAD_SUCCESS',
    failure: 'DOWNLOAD_FAILURE',
    work: { create: MADE, recreate: MADE },
  },
  UPDATE: {
    running: 'UPDATING',
    success: 'UPDATE_SUCCESS',
    failure: 'UPDATE_FAILURE',
    work: {
      recreate: STOPPED,
      destroy: STOPPED,
      update: {
        orders: (action) => limit(action, 'after'),
        message: 'Container instance is updated with new configuration.',
      },
    },
  },
  ACTIVATE: {
    running: 'ACTIVATING',
    success: 'ACTIVATION_SUCCESS',
    failure: 'ACTIVATION_FAILURE',
    work: {
      create: STARTED,
      recreate: STARTED,
      check: { orders: run, message: 'Existing container instance is running.' },
      update: { orders: run },
    },
  },
};

/** The operation after something, and what is said of it. */
export interface Progress {
  readonly operation: Operation;
  readonly feedbacks: readonly Said[];
}

/** A feedback with the actions as they were when it was made: later changes of the same turn are not in it. */
export interface Said {
  readonly feedback: Feedback;
  readonly actions: readonly UpdateAction[];
}

export const says = (operation: Operation, feedback: Feedback): Said => ({ feedback, actions: operation.actions });

const phaseOf = (operation: Operation): Phase => PHASES[operation.run?.command as PhaseName];

/** Place of the next action of the phase; undefined at its end. */
export function nextOf(operation: Operation): number | undefined {
  const { run: current, actions } = operation;
  if (!current) return undefined;
  const { work } = phaseOf(operation);
  return membersOf(operation, current.baseline).find(
    (place) => place > current.at && work[actions[place]?.kind ?? 'check'] !== undefined,
  );
}

/** Turns to the next action, and says so. */
export function beginNext(operation: Operation): Progress {
  const place = nextOf(operation);
  if (place === undefined || !operation.run) return { operation, feedbacks: [] };
  const { running } = phaseOf(operation);
  const begun = withAction({ ...operation, run: { ...operation.run, at: place } }, place, { status: running });
  return { operation: begun, feedbacks: [sayRunning(begun)] };
}

/** As it was said when the action began; said again after a restart (CUA-33). */
export function sayRunning(operation: Operation): Said {
  return says(operation, { status: phaseOf(operation).running, ...echoed(operation.run?.baseline ?? '') });
}

/** What the running action needs. */
export function stepOf(operation: Operation): Step {
  const place = operation.run?.at ?? -1;
  const action = operation.actions[place];
  const work = action && phaseOf(operation).work[action.kind];
  return { place, orders: action && work ? work.orders(action) : [] };
}

/**
 * How far the image of the running action is, and a feedback that says so (CUA-18). Undefined where that says nothing new:
 * it never falls, and a whole image is for the success to say.
 */
export function noteProgress(operation: Operation, place: number, percent: number): Progress | undefined {
  const { run: current, actions } = operation;
  if (current?.command !== 'DOWNLOAD' || current.at !== place) return undefined;
  const progress = Math.min(MOST_PERCENT, Math.floor(percent));
  if (!(progress > (actions[place]?.progress ?? 0))) return undefined;
  const noted = withAction(operation, place, { progress });
  return { operation: noted, feedbacks: [sayRunning(noted)] };
}

/** Said with the next feedback only. */
export function noteSuccess(operation: Operation): Operation {
  const place = operation.run?.at ?? -1;
  const { success, work } = phaseOf(operation);
  const message = work[operation.actions[place]?.kind ?? 'check']?.message;
  return withAction(operation, place, { status: success, ...(message === undefined ? {} : { message }) });
}

export function endPhase(operation: Operation): Progress {
  return end(operation, phaseOf(operation).success);
}

/** The first error ends the phase; later actions stay as they are. */
export function failPhase(operation: Operation, error: string): Progress {
  const { failure } = phaseOf(operation);
  return end(withAction(operation, operation.run?.at ?? -1, { status: failure, message: error }), failure);
}

function end(operation: Operation, status: GroupStatus): Progress {
  const baseline = operation.run?.baseline ?? '';
  const ended = { ...withStatus(operation, baseline, status), run: null };
  return { operation: ended, feedbacks: [says(ended, { status, ...echoed(baseline) })] };
}

/** Ids of the present instances that UPDATE is about to stop: which of them run is looked up before. */
export function stoppedBy(operation: Operation): readonly string[] {
  return membersOf(operation, operation.run?.baseline ?? '').flatMap((place) => {
    const { kind, present } = operation.actions[place] ?? {};
    return (kind === 'recreate' || kind === 'destroy') && present !== undefined ? [present] : [];
  });
}

/** One that another group's UPDATE has stopped before stays noted. */
export function noteRunning(operation: Operation, ids: readonly string[]): Operation {
  const running = new Set(ids);
  const actions = operation.actions.map((action) =>
    action.present !== undefined && running.has(action.present) ? { ...action, wasRunning: true } : action,
  );
  return { ...operation, actions };
}
