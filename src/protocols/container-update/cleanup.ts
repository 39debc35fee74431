/** CLEANUP, the end of an operation, and what is done about one that another takes the place of (CUA-28 to CUA-30). */
import { echoed } from './commands.js';
import {
  type GroupStatus,
  isAll,
  membersOf,
  type Operation,
  statusOf,
  type UpdateAction,
  withAction,
} from './operation.js';
import { giveBack, limit, type Order, remove, type Step, type StepFailure, start } from './orders.js';
import { type Progress, says } from './phases.js';

/**
 * How far an action's update is: as the addressed group says or, where nothing was asked of that one, as another group
 * of the action says.
 */
function reached(operation: Operation, baseline: string, place: number): GroupStatus {
  const status = statusOf(operation, baseline) ?? 'IDENTIFIED';
  if (status !== 'IDENTIFIED') return status;
  const others = operation.groups.filter(({ members }) => members.includes(place)).map((group) => group.status);
  return [operation.status, ...others].find((other) => other !== 'IDENTIFIED') ?? 'IDENTIFIED';
}

/** What has been activated loses the old instance. */
const finishing = ({ kind, present }: UpdateAction): readonly Order[] =>
  kind === 'recreate' || kind === 'destroy' ? remove(present) : [];

/** All else becomes as it was: the only chance, as managers send no ROLLBACK after a failure (CUA-32). */
function restoring(action: UpdateAction): readonly Order[] {
  const again = action.wasRunning ? start(action, action.present) : [];
  switch (action.kind) {
    case 'create':
      return remove(action.planned);
    case 'recreate':
      return [...giveBack(action), ...again];
    case 'update':
      return action.status === 'IDENTIFIED' ? [] : limit(action, 'before');
    case 'destroy':
      return again;
    case 'check':
      return [];
  }
}

function ordersFor(operation: Operation, baseline: string, place: number): readonly Order[] {
  const action = operation.actions[place];
  const status = reached(operation, baseline, place);
  if (!action || status === 'ROLLBACK_SUCCESS') return [];
  return status === 'ACTIVATION_SUCCESS' ? finishing(action) : restoring(action);
}

/** All that CLEANUP does; with `""` for an operation that another takes the place of. */
export function cleanupSteps(operation: Operation, baseline = operation.run?.baseline ?? ''): Step[] {
  return membersOf(operation, baseline).flatMap((place) => {
    const orders = ordersFor(operation, baseline, place);
    return orders.length > 0 ? [{ place, orders }] : [];
  });
}

const REMOVED = { status: 'REMOVAL_SUCCESS', message: 'Old container instance is removed.' } as const;

/** The group leaves the operation, which is over when there is no other. */
export function endCleanup(
  operation: Operation,
  failures: readonly StepFailure[],
): Progress & { readonly isOver: boolean } {
  const baseline = operation.run?.baseline ?? '';
  const status = statusOf(operation, baseline);
  const places = membersOf(operation, baseline);
  const errors = new Map(failures.map(({ place, error }) => [place, error]));
  const problems: string[] = [];
  let hasFailed = false;
  let cleaned: Operation = operation;
  for (const place of places) {
    const action = operation.actions[place];
    const error = errors.get(place);
    const isFinished = reached(operation, baseline, place) === 'ACTIVATION_SUCCESS';
    if (isFinished && action?.kind === 'destroy' && action.status === 'UPDATE_SUCCESS') {
      hasFailed ||= error !== undefined;
      cleaned = withAction(
        cleaned,
        place,
        error === undefined ? REMOVED : { status: 'REMOVAL_FAILURE', message: error },
      );
    } else if (!isFinished && error !== undefined) problems.push(error);
    cleaned = withAction(cleaned, place, { isSettled: true });
  }
  hasFailed ||= problems.length > 0;
  const isActivated = status === 'ACTIVATION_SUCCESS' && !hasFailed;
  const isEmpty = operation.groups.find((group) => group.baseline === baseline)?.members.length === 0;
  const isFlawed = isAll(baseline) ? !isActivated : operation.isFlawed || (!isActivated && !isEmpty);
  const groups = isAll(baseline) ? [] : operation.groups.filter((group) => group.baseline !== baseline);
  cleaned = { ...cleaned, groups, isFlawed, run: null };
  const result = {
    status: hasFailed ? 'CLEANUP_FAILURE' : 'CLEANUP_SUCCESS',
    ...echoed(baseline),
    ...(problems.length > 0 ? { message: problems.join('; ') } : {}),
  };
  const isOver = groups.length === 0;
  const end = isOver ? [says(cleaned, { status: isFlawed ? 'INCOMPLETE' : 'COMPLETED' })] : [];
  return { operation: cleaned, feedbacks: [says(cleaned, result), ...end], isOver };
}
