/** Which commands are carried out in which state, and what the others are answered (CTR §B.3). Pure. */
import {
  type ContainerUpdate,
  isContainerName,
  lifecycleErrors,
  operationProblem,
  readNewName,
  readStopOptions,
  readUpdate,
} from '../../protocols/containers/index.js';
import type { ChartEvent, ContainerContext } from './chart-events.js';
import type { ContainerCommand, ContainerReply } from './events.js';

type Of<Type extends ContainerCommand['type']> = Extract<ContainerCommand, { type: Type }>;

/** Of a command that changes nothing: it is so already, or cannot be (CTR §B.3). */
export function answerTo(context: ContainerContext, command: ContainerCommand): ContainerReply {
  const error = problemOf(context, command);
  return error === undefined ? { ok: true } : { ok: false, error };
}

function problemOf(context: ContainerContext, command: ContainerCommand): string | undefined {
  const { id, config, created, state } = context;
  if (created === '') return lifecycleErrors.unknown(id);
  const { status } = state;
  switch (command.type) {
    case 'CREATE':
    case 'ROLE':
      return undefined;
    case 'START':
      return command.ensure && status === 'Running' ? undefined : operationProblem('start', id, status);
    case 'STOP':
      return stopProblem(command) ?? (command.ensure ? undefined : operationProblem('stop', id, status));
    case 'PAUSE':
      return operationProblem('pause', id, status);
    case 'RESUME':
      return command.ensure && status === 'Running' ? undefined : operationProblem('resume', id, status);
    case 'REMOVE':
      return operationProblem('remove', id, status);
    case 'RENAME':
      return detailOf(readNewName(config.name, command.name));
    case 'UPDATE':
      return detailOf(readUpdate(command));
  }
}

const detailOf = (result: { ok: true } | { ok: false; error: { detail: string } }): string | undefined =>
  result.ok ? undefined : result.error.detail;

/** What is wrong with the options of a stop (CTR-9); the default time-out is none. */
const stopProblem = (command: Of<'STOP'>): string | undefined => detailOf(readStopOptions(command, 0));

/** What an update asks for (CTR-11); nothing if it is none. */
export function updateOf(command: Of<'UPDATE'>): ContainerUpdate {
  const update = readUpdate(command);
  return update.ok ? update.value : {};
}

interface Turn {
  readonly context: ContainerContext;
  readonly event: ChartEvent;
}

const isLive = ({ state }: ContainerContext): boolean => state.status === 'Running' || state.status === 'Paused';

/** By the names of the chart's guards. */
export const commandGuards = {
  /** Its answer was lost with the process (CON-2). */
  wasStarted: ({ context, event }) =>
    event.type === 'START' && event.step !== undefined && event.step === context.startedFor,
  canStop: ({ event }) => event.type === 'STOP' && stopProblem(event) === undefined,
  isEnsured: ({ event }) => event.type === 'STOP' && event.ensure === true && stopProblem(event) === undefined,
  isRename: ({ context, event }) =>
    event.type === 'RENAME' && isContainerName(event.name) && event.name !== context.config.name,
  isOtherRole: ({ context, event }) => event.type === 'ROLE' && event.role !== context.role,
  mayRemove: ({ context, event }) => event.type === 'REMOVE' && (event.force || !isLive(context)),
  isBadUpdate: ({ event }) => event.type === 'UPDATE' && !readUpdate(event).ok,
  hasLimits: ({ context, event }) =>
    event.type === 'UPDATE' && event.resources !== undefined && context.state.status === 'Running',
} satisfies Record<string, (turn: Turn) => boolean>;
