/**
 * The containers that files describe (CTR-7): at each start of the process they are compared with those that are there,
 * and made, replaced, changed or started. None is ever removed for want of a file.
 *
 * Invariants
 * - What was begun is ended before the files are looked at again: DEPLOY waits meanwhile (tag `busy`).
 * - One that fails is left as it was, and the others go on.
 */
import { assign, enqueueActions, fromPromise, setup } from 'xstate';
import {
  ACTIVITY,
  type Deployed,
  type DeploymentContext,
  type DeploymentEvent,
  type DeploymentOutput,
  type ReadOutput,
} from './deployment-events.js';
import type { LogOutput } from './events.js';

const provided = (): Promise<never> => Promise.reject(new Error('no effect was provided'));

const outputOf = (event: object): ReadOutput => (event as { output: ReadOutput }).output;
const errorOf = (event: object): string => {
  const { error } = event as { error?: unknown };
  return error instanceof Error ? error.message : String(error ?? '');
};

const current = ({ changes, at }: DeploymentContext): Deployed | undefined => changes[at];

const log = (level: LogOutput['level'], message: string, fields: LogOutput['fields']): LogOutput => ({
  type: 'log',
  level,
  message,
  fields,
});

export const deploymentMachine = setup({
  types: {} as {
    context: DeploymentContext;
    events: DeploymentEvent;
    emitted: DeploymentOutput;
    tags: 'busy';
    meta: { waitsFor?: string; until?: string };
  },
  actors: {
    read: fromPromise<ReadOutput>(provided),
    deploy: fromPromise<void, Deployed | undefined>(provided),
  },
  actions: {
    plan: enqueueActions(({ event, enqueue }) => {
      const { changes, plans } = outputOf(event);
      enqueue.assign({ changes, at: 0 });
      for (const { id, config } of plans) {
        enqueue.emit({
          type: 'start',
          address: `container/${id}`,
          input: { config, role: 'pending', activity: ACTIVITY },
        });
      }
    }),
    next: assign(({ context }) => ({ at: context.at + 1 })),
    logDone: enqueueActions(({ context, enqueue }) => {
      const { name, kind } = current(context) ?? {};
      if (kind !== 'check') enqueue.emit(log('info', 'descriptor_deployed', { container: name, kind }));
    }),
    logFailure: enqueueActions(({ context, event, enqueue }) => {
      const { name, kind } = current(context) ?? {};
      enqueue.emit(log('warn', 'descriptor_not_deployed', { container: name, kind, error: errorOf(event) }));
    }),
    logUnreadable: enqueueActions(({ event, enqueue }) => {
      enqueue.emit(log('warn', 'descriptors_not_read', { error: errorOf(event) }));
    }),
    finish: enqueueActions(({ enqueue }) => {
      enqueue.assign({ changes: [], at: 0 });
      enqueue.emit({ type: 'deployment.done' });
    }),
  },
  guards: { hasMore: ({ context }) => current(context) !== undefined },
}).createMachine({
  id: 'deployment',
  options: { maxIterations: 10_000 },
  context: { changes: [], at: 0 },
  initial: 'resting',
  states: {
    resting: {
      meta: { waitsFor: 'the next start of the process', until: 'never' },
      on: { DEPLOY: 'reading' },
    },
    reading: {
      tags: 'busy',
      meta: { waitsFor: 'the descriptor files to be read' },
      invoke: {
        src: 'read',
        onDone: { target: 'choosing', actions: 'plan' },
        onError: { target: 'resting', actions: ['logUnreadable', 'finish'] },
      },
    },
    choosing: {
      always: [
        { guard: 'hasMore', target: 'deploying' },
        { target: 'resting', actions: 'finish' },
      ],
    },
    deploying: {
      tags: 'busy',
      meta: { waitsFor: 'a container to be as its file says', until: 'the time that a container has for a command' },
      invoke: {
        src: 'deploy',
        input: ({ context }) => current(context),
        onDone: { target: 'choosing', actions: ['logDone', 'next'] },
        onError: { target: 'choosing', actions: ['logFailure', 'next'] },
      },
    },
  },
});
