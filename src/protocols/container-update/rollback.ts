/** ROLLBACK: all actions of a group, whatever fails (CUA-27). */
import { echoed } from './commands.js';
import { type ActionKind, membersOf, type Operation, type UpdateAction, withAction, withStatus } from './operation.js';
import { giveBack, limit, type Order, remove, run, type Step, start } from './orders.js';
import { type Progress, type Said, says } from './phases.js';

const RESULTS: Readonly<Partial<Record<ActionKind, string>>> = {
  update: 'Update unsuccessful, but rollback succeeded - container configuration restored from older instance.',
  recreate:
    'Update unsuccessful, but rollback succeeded - new container instance destroyed, old container instance restored.',
  create: 'Update unsuccessful, but rollback succeeded - new container instance destroyed.',
};

function ordersFor(action: UpdateAction): readonly Order[] {
  switch (action.kind) {
    case 'create':
      return remove(action.planned);
    case 'recreate':
      return [...giveBack(action), ...start(action, action.present)];
    case 'update':
      return [...limit(action, 'before'), ...run(action)];
    case 'destroy':
      return action.wasRunning ? start(action, action.present) : [];
    case 'check':
      return [];
  }
}

/** What is spoken of; a destroyed one is started again without a word. */
const isTreated = (action: UpdateAction | undefined): boolean =>
  action !== undefined && RESULTS[action.kind] !== undefined;

function ahead(operation: Operation): readonly number[] {
  const { run: current } = operation;
  return current ? membersOf(operation, current.baseline).filter((place) => place > current.at) : [];
}

/** Place of the next action that something is done about; undefined at the end. */
export function nextUndone(operation: Operation): number | undefined {
  return ahead(operation).find((place) => {
    const action = operation.actions[place];
    return action !== undefined && ordersFor(action).length > 0;
  });
}

const say = (operation: Operation): Said =>
  says(operation, { status: 'ROLLBACK', ...echoed(operation.run?.baseline ?? '') });

export function beginUndone(operation: Operation): Progress {
  const place = nextUndone(operation);
  if (place === undefined || !operation.run) return { operation, feedbacks: [] };
  const begun: Operation = { ...operation, run: { ...operation.run, at: place } };
  if (!isTreated(operation.actions[place])) return { operation: begun, feedbacks: [] };
  const treated = withAction(begun, place, { status: 'UPDATING' });
  return { operation: treated, feedbacks: [say(treated)] };
}

/** The running feedback once more, after a restart; none for what is done without a word. */
export function sayUndoing(operation: Operation): readonly Said[] {
  return isTreated(operation.actions[operation.run?.at ?? -1]) ? [say(operation)] : [];
}

export function undoneStepOf(operation: Operation): Step {
  const place = operation.run?.at ?? -1;
  const action = operation.actions[place];
  return { place, orders: action ? ordersFor(action) : [] };
}

/** The result of the running action; it is said unless the last feedback says it. */
export function noteUndone(operation: Operation, error?: string): Progress {
  const place = operation.run?.at ?? -1;
  const action = operation.actions[place];
  if (!operation.run || !action) return { operation, feedbacks: [] };
  const result = RESULTS[action.kind];
  const hasFailed = operation.run.hasFailed || error !== undefined;
  let noted: Operation = { ...operation, run: { ...operation.run, hasFailed } };
  const message = error ?? result;
  if (message !== undefined) noted = withAction(noted, place, { status: 'UPDATE_FAILURE', message });
  return { operation: noted, feedbacks: isTreated(action) && ahead(noted).length > 0 ? [say(noted)] : [] };
}

export function endRollback(operation: Operation): Progress {
  const { baseline = '', hasFailed = false } = operation.run ?? {};
  const status = hasFailed ? 'ROLLBACK_FAILURE' : 'ROLLBACK_SUCCESS';
  const ended: Operation = { ...withStatus(operation, baseline, status), run: null };
  return { operation: ended, feedbacks: [says(ended, { status, ...echoed(baseline) })] };
}
