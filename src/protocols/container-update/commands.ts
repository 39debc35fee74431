/** Which command may come when, and what is answered otherwise (CUA-22, CUA-23). */
import type { Feedback } from './feedback.js';
import { type CommandName, type GroupStatus, type Operation, statusOf, withStatus } from './operation.js';

export interface UpdateCommand {
  readonly activityId: string;
  readonly command: CommandName;
  /** `""` and `"*"`: all actions. */
  readonly baseline: string;
  readonly timestamp: number;
}

interface CommandRule {
  /** In the order of the text; undefined: any. */
  readonly after?: readonly GroupStatus[];
  /** Possible as well, without the text saying so: the reference refuses it and leaves a mess. */
  readonly alsoAfter?: readonly GroupStatus[];
  /** Absent: none is sent. */
  readonly running?: GroupStatus;
  readonly failure: string;
  readonly unknownBaseline: string;
}

const RULES: Readonly<Record<CommandName, CommandRule>> = {
  DOWNLOAD: {
    after: ['IDENTIFIED'],
    running: 'DOWNLOADING',
    failure: 'DOWNLOAD_FAILURE',
    unknownBaseline: 'DOWNLOAD_FAILURE',
  },
  UPDATE: {
    after: ['DOWNLOAD_SUCCESS'],
    running: 'UPDATING',
    failure: 'UPDATE_FAILURE',
    unknownBaseline: 'UPDATE_FAILURE',
  },
  ACTIVATE: {
    after: ['UPDATE_SUCCESS'],
    running: 'ACTIVATING',
    failure: 'ACTIVATION_FAILURE',
    unknownBaseline: 'ACTIVATION_FAILURE',
  },
  ROLLBACK: {
    after: ['DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS', 'ACTIVATION_FAILURE', 'ACTIVATION_SUCCESS'],
    alsoAfter: ['DOWNLOAD_FAILURE', 'UPDATE_FAILURE'],
    running: 'ROLLBACK',
    failure: 'ROLLBACK_FAILURE',
    unknownBaseline: 'ROLLBACK_FAILURE',
  },
  CLEANUP: { failure: 'CLEANUP_FAILURE', unknownBaseline: 'CLEANUP' },
};

/** `other`: of another activity. `repeated`: the same message once more. */
export type Verdict = 'taken' | 'other' | 'repeated' | 'unknown baseline' | 'out of order';

const textOf = ({ command, baseline, timestamp }: UpdateCommand): string => `${command} ${timestamp} ${baseline}`;

export function judge(operation: Operation, command: UpdateCommand): Verdict {
  if (command.activityId !== operation.activityId) return 'other';
  if (operation.taken.includes(textOf(command))) return 'repeated';
  const status = statusOf(operation, command.baseline);
  if (status === undefined) return 'unknown baseline';
  const { after, alsoAfter = [] } = RULES[command.command];
  return after === undefined || [...after, ...alsoAfter].includes(status) ? 'taken' : 'out of order';
}

/** What is said of a command that is not carried out; the status of its group stays. */
export function refusal({ command, baseline }: UpdateCommand, verdict: Verdict): Feedback {
  const { after = [], failure, unknownBaseline } = RULES[command];
  if (verdict === 'unknown baseline') {
    return { status: unknownBaseline, baseline, message: `Unknown baseline ${baseline}` };
  }
  return {
    status: failure,
    baseline,
    message: `${command} is possible only after status ${after.join('|')} is reported`,
  };
}

/** The operation with a command that begins. */
export function begin(operation: Operation, command: UpdateCommand): Operation {
  const { baseline } = command;
  const { running } = RULES[command.command];
  const begun: Operation = {
    ...operation,
    taken: [...operation.taken, textOf(command)],
    run: { command: command.command, baseline, at: -1, hasFailed: false },
  };
  return running === undefined ? begun : withStatus(begun, baseline, running);
}

const NEXT: Readonly<Partial<Record<GroupStatus, CommandName>>> = {
  IDENTIFIED: 'DOWNLOAD',
  DOWNLOAD_SUCCESS: 'UPDATE',
  UPDATE_SUCCESS: 'ACTIVATE',
  ACTIVATION_SUCCESS: 'CLEANUP',
  DOWNLOAD_FAILURE: 'ROLLBACK',
  UPDATE_FAILURE: 'ROLLBACK',
  ACTIVATION_FAILURE: 'ROLLBACK',
  ROLLBACK_SUCCESS: 'CLEANUP',
  ROLLBACK_FAILURE: 'CLEANUP',
};

/** What an agent that needs no update manager tells itself (CUA-22). */
export function nextByItself({ activityId, status }: Operation): UpdateCommand | undefined {
  const command = NEXT[status];
  return command && { activityId, command, baseline: '', timestamp: 0 };
}

/** Whether nothing has been asked of any group yet. */
export const isUntouched = ({ status, groups, taken }: Operation): boolean =>
  taken.length === 0 && status === 'IDENTIFIED' && groups.every((group) => group.status === 'IDENTIFIED');

/** As it is echoed: not at all if it was not given (CUA-21). */
export const echoed = (baseline: string): { readonly baseline?: string } => (baseline === '' ? {} : { baseline });
