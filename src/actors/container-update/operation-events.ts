/** How the agent's data are read and changed by events, and what it says then. Pure: the chart assigns and emits it. */
import {
  begin,
  beginNext,
  beginUndone,
  type CommandName,
  cleanupSteps,
  endCleanup,
  endPhase,
  endRollback,
  failPhase,
  feedbackPublication,
  isUntouched,
  judge,
  newOperation,
  nextByItself,
  nextOf,
  nextUndone,
  noteProgress,
  noteRunning,
  noteSuccess,
  noteUndone,
  type Operation,
  type Progress,
  refusal,
  type Said,
  sayRunning,
  says,
  sayUndoing,
  stepOf,
  stoppedBy,
  undoneStepOf,
  WAITING_FOR_COMMANDS,
} from '../../protocols/container-update/index.js';
import {
  type AgentContext,
  type AgentEvent,
  type AgentOutput,
  type CompareOutput,
  inventoryAddress,
  type LogOutput,
  type LookInput,
  type LookOutput,
  type StepInput,
  type StepsInput,
  type StepsOutput,
  timeOf,
  type Wanted,
} from './events.js';

export interface Turn {
  readonly context: AgentContext;
  readonly event: AgentEvent;
}

/** What a turn changes, and what it gives. */
export interface Outcome {
  readonly context?: Partial<AgentContext>;
  readonly outputs?: readonly AgentOutput[];
}

export type Change = (turn: Turn) => Outcome;

const outputOf = <Output>(event: object): Output => (event as { output: Output }).output;
/** The text of an effect's failure. */
const errorOf = (event: object): string => {
  const { error } = event as { error?: unknown };
  return error instanceof Error ? error.message : String(error ?? '');
};

const log = (level: LogOutput['level'], message: string, fields: LogOutput['fields']): LogOutput => ({
  type: 'log',
  level,
  message,
  fields,
});

/** Feedback on something that is no operation. */
function answer({ context, event }: Turn, activityId: string, status: string, message?: string): AgentOutput {
  const heading = { domain: context.settings.domain, activityId, timestamp: timeOf(event) };
  return feedbackPublication(heading, { status, ...(message === undefined ? {} : { message }) });
}

const publications = ({ domain, activityId }: Operation, event: AgentEvent, said: readonly Said[]): AgentOutput[] =>
  said.map(({ feedback, actions }) =>
    feedbackPublication({ domain, activityId, timestamp: timeOf(event) }, feedback, actions),
  );

/** A change of the operation; without one nothing is done. */
const onOperation =
  (take: (operation: Operation, turn: Turn) => Progress): Change =>
  (turn) => {
    const { operation } = turn.context;
    if (!operation) return {};
    const progress = take(operation, turn);
    return {
      context: { operation: progress.operation },
      outputs: publications(progress.operation, turn.event, progress.feedbacks),
    };
  };

/** A change without a word. */
const quietly = (take: (operation: Operation, turn: Turn) => Operation): Change =>
  onOperation((operation, turn) => ({ operation: take(operation, turn), feedbacks: [] }));

const saying = (say: (operation: Operation, turn: Turn) => readonly Said[]): Change =>
  onOperation((operation, turn) => ({ operation, feedbacks: say(operation, turn) }));

const sayIdentified = (operation: Operation, { context }: Turn): Said =>
  says(operation, {
    status: 'IDENTIFIED',
    ...(context.settings.autoCommands ? {} : { message: WAITING_FOR_COMMANDS }),
  });

const sayIdentifying = (operation: Operation): Said => ({
  ...says(operation, { status: 'IDENTIFYING' }),
  actions: [],
});

/** A CLEANUP whose effect could not even report: all of it counts as failed. */
function failuresOf(operation: Operation, event: object): StepsOutput['failures'] {
  if ('output' in event) return outputOf<StepsOutput>(event).failures;
  return cleanupSteps(operation).map(({ place }) => ({ place, error: errorOf(event) }));
}

const wantedOf = ({ activityId, digest, wishes }: Wanted): Wanted => ({ activityId, digest, wishes });

/** By the names of the chart's actions. */
export const changes = {
  configure: ({ event }) => (event.type === 'CONFIGURE' ? { context: { settings: event.settings } } : {}),

  want: ({ event }) => (event.type === 'DESIRED_STATE' ? { context: { wanted: wantedOf(event) } } : {}),
  refuseDesiredState: (turn) => {
    const { event } = turn;
    if (event.type !== 'DESIRED_STATE.INVALID') return {};
    const { activityId, reason } = event;
    return {
      outputs: [
        answer(turn, activityId, 'IDENTIFICATION_FAILED', reason),
        log('warn', 'desired_state_refused', { activityId, reason }),
      ],
    };
  },
  publishIdentifying: (turn) => ({
    outputs: [answer(turn, turn.context.wanted?.activityId ?? '', 'IDENTIFYING')],
  }),
  identify: (turn) => {
    const { context, event } = turn;
    if (!context.wanted) return {};
    const { activityId, digest } = context.wanted;
    const { plans, ...compared } = outputOf<CompareOutput>(event);
    const operation = newOperation({ activityId, digest, domain: context.settings.domain, ...compared });
    return {
      context: { operation, wanted: null },
      outputs: [
        ...plans.map(({ id, config }) => ({
          type: 'start' as const,
          address: `container/${id}`,
          input: { config, role: 'pending' as const, activity: activityId },
        })),
        ...publications(operation, event, [sayIdentified(operation, turn)]),
        log('info', 'container_update_identified', { activityId, actions: operation.actions.length }),
      ],
    };
  },
  publishNothingToDo: (turn) => {
    const activityId = turn.context.wanted?.activityId ?? '';
    return {
      context: { wanted: null },
      outputs: [answer(turn, activityId, 'IDENTIFIED'), answer(turn, activityId, 'COMPLETED')],
    };
  },
  publishIdentificationFailed: (turn) => {
    const activityId = turn.context.wanted?.activityId ?? '';
    return {
      context: { wanted: null },
      outputs: [answer(turn, activityId, 'IDENTIFICATION_FAILED', errorOf(turn.event))],
    };
  },
  repeatIdentified: saying((operation, turn) => [sayIdentifying(operation), sayIdentified(operation, turn)]),
  warnUnattended: ({ context }) => ({
    outputs: [log('warn', 'update_waits_for_commands', { activityId: context.operation?.activityId ?? '' })],
  }),

  noteIgnored: ({ context, event }) => {
    if (event.type !== 'COMMAND') return {};
    const { activityId, command } = event;
    const current = context.operation?.activityId ?? null;
    return { outputs: [log('info', 'command_ignored', { activityId, command, current })] };
  },
  refuseCommand: saying((operation, { event }) =>
    event.type === 'COMMAND' ? [says(operation, refusal(event, judge(operation, event)))] : [],
  ),
  begin: quietly((operation, { event }) => (event.type === 'COMMAND' ? begin(operation, event) : operation)),
  beginByItself: quietly((operation) => {
    const command = nextByItself(operation);
    return command ? begin(operation, command) : operation;
  }),

  noteRunning: quietly((operation, { event }) => noteRunning(operation, outputOf<LookOutput>(event).running)),
  beginNext: onOperation(beginNext),
  repeatRunning: saying((operation) => [sayRunning(operation)]),
  noteProgress: onOperation((operation, { event }) => {
    const nothing = { operation, feedbacks: [] };
    return event.type === 'PROGRESS' ? (noteProgress(operation, event.place, event.percent) ?? nothing) : nothing;
  }),
  noteSuccess: quietly(noteSuccess),
  endPhase: onOperation(endPhase),
  failPhase: onOperation((operation, { event }) => failPhase(operation, errorOf(event))),

  beginUndone: onOperation(beginUndone),
  repeatUndoing: saying(sayUndoing),
  noteUndone: onOperation((operation) => noteUndone(operation)),
  noteUndoneFailure: onOperation((operation, { event }) => noteUndone(operation, errorOf(event))),
  endRollback: onOperation(endRollback),

  endCleanup: onOperation((operation, { event }) => endCleanup(operation, failuresOf(operation, event))),
  endOperation: ({ context: { operation, settings } }) => ({
    context: { operation: null },
    outputs: [
      log('info', 'container_update_ended', {
        activityId: operation?.activityId ?? '',
        outcome: operation?.isFlawed ? 'INCOMPLETE' : 'COMPLETED',
      }),
      { type: 'tell', to: inventoryAddress(settings.domain), event: { type: 'REPORT' } },
    ],
  }),

  publishSuperseded: saying((operation) => [says(operation, { status: 'SUPERSEDED' })]),
  forgetOperation: () => ({ context: { operation: null } }),
} satisfies Record<string, Change>;

const verdictOf = ({ context: { operation }, event }: Turn) =>
  operation && event.type === 'COMMAND' ? judge(operation, event) : 'other';

const isRedelivery = ({ context: { operation }, event }: Turn): boolean =>
  event.type === 'DESIRED_STATE' && event.activityId === operation?.activityId && event.digest === operation.digest;

/** By the names of the chart's guards. */
export const guards = {
  isNothingToDo: ({ event }: Turn) => outputOf<CompareOutput>(event).found.length === 0,
  isRedelivery,
  isUntouched: (turn: Turn) =>
    isRedelivery(turn) && turn.context.operation !== null && isUntouched(turn.context.operation),
  isIgnored: (turn: Turn) => ['other', 'repeated'].includes(verdictOf(turn)),
  isRefused: (turn: Turn) => verdictOf(turn) !== 'taken',
  isCommand: ({ event }: Turn, { command }: { command: CommandName }) =>
    event.type === 'COMMAND' && event.command === command,
  goesOnBy: ({ context: { operation, settings } }: Turn, { command }: { command: CommandName }) =>
    settings.autoCommands && operation !== null && nextByItself(operation)?.command === command,
  hasNext: ({ context: { operation } }: Turn) => operation !== null && nextOf(operation) !== undefined,
  hasUndone: ({ context: { operation } }: Turn) => operation !== null && nextUndone(operation) !== undefined,
  hasRollbackFailed: ({ context: { operation } }: Turn) => operation?.run?.hasFailed === true,
  isOver: ({ context: { operation } }: Turn) => operation !== null && endCleanup(operation, []).isOver,
};

const runOf = ({ operation }: AgentContext): Omit<StepInput, 'step'> => ({
  activityId: operation?.activityId ?? '',
  command: operation?.run?.command ?? 'CLEANUP',
});

const NO_STEP = { place: -1, orders: [] };

/** What the effects get. */
export const inputs = {
  look: ({ operation }: AgentContext): LookInput => ({ ids: operation ? stoppedBy(operation) : [] }),
  step: (context: AgentContext): StepInput => ({
    ...runOf(context),
    step: context.operation ? stepOf(context.operation) : NO_STEP,
  }),
  undo: (context: AgentContext): StepInput => ({
    ...runOf(context),
    step: context.operation ? undoneStepOf(context.operation) : NO_STEP,
  }),
  cleanup: (context: AgentContext): StepsInput => ({
    ...runOf(context),
    steps: context.operation ? cleanupSteps(context.operation) : [],
  }),
  supersede: (context: AgentContext): StepsInput => ({
    ...runOf(context),
    command: 'SUPERSEDE',
    steps: context.operation ? cleanupSteps(context.operation, '') : [],
  }),
};
