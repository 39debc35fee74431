import type { Result } from '../result.js';
import { resourcesOf, restartPolicyOf } from './defaults.js';
import type { ResourcesDraft, RestartPolicyDraft } from './draft.js';
import type { ContainerStatus, Resources, RestartPolicy } from './model.js';
import { UNLIMITED } from './sizes.js';
import { nameProblem, resourcesProblem, restartPolicyProblem } from './validation.js';

/** What operations that do not fit the state of a container answer (§B.3). */
export const lifecycleErrors = {
  exists: (id: string) => `container with id = ${id} already exists`,
  unknown: (id: string) => `container with ID = ${id} does not exist`,
  startPaused: (id: string) => `the container with id = ${id} is paused - cannot start it - try unpausing it instead`,
  startRunning: (id: string) => `the container with id = ${id} is already running`,
  startDead: (id: string) => `the container with id = ${id} is dead - cannot start it`,
  pause: (id: string, status: ContainerStatus) =>
    `container with id = ${id} is not running - current status is ${status}`,
  resume: (id: string) => `container id = ${id} is not paused - cannot unpause it`,
  stop: (id: string, status: ContainerStatus) =>
    `cannot perform stop operation for container: ${id}, with state: ${status}`,
  stopTimeout: (id: string, signal: string) => `could not stop container with ID = ${id} with ${signal}`,
  remove: (id: string) => `container with id = ${id} is not stopped - must set the force flag to true to remove it`,
} as const;

export type LifecycleOperation = 'start' | 'pause' | 'resume' | 'stop' | 'remove';

/** Why an operation is refused in a state, if so; `remove` without force. */
export function operationProblem(
  operation: LifecycleOperation,
  id: string,
  status: ContainerStatus,
): string | undefined {
  const isUp = status === 'Running' || status === 'Paused';
  switch (operation) {
    case 'start':
      if (status === 'Paused') return lifecycleErrors.startPaused(id);
      if (status === 'Running') return lifecycleErrors.startRunning(id);
      return status === 'Dead' ? lifecycleErrors.startDead(id) : undefined;
    case 'pause':
      return status === 'Running' ? undefined : lifecycleErrors.pause(id, status);
    case 'resume':
      return status === 'Paused' ? undefined : lifecycleErrors.resume(id);
    case 'stop':
      return isUp ? undefined : lifecycleErrors.stop(id, status);
    case 'remove':
      return isUp ? lifecycleErrors.remove(id) : undefined;
  }
}

/** The name that a container gets; `undefined` if it keeps its own (CTR-10). */
export function readNewName(current: string, name: string): Result<string | undefined> {
  if (name === '' || name === current) return { ok: true, value: undefined };
  const problem = nameProblem(name);
  return problem === undefined ? { ok: true, value: name } : invalid(problem);
}

/** What can change while a container lives (CTR-11). */
export interface ContainerUpdate {
  readonly resources?: Resources;
  readonly restartPolicy?: RestartPolicy;
}

/** Limits that are left out are lifted; swap is as said, never twice the memory. */
export function readUpdate(draft: {
  readonly resources?: ResourcesDraft | undefined;
  readonly restartPolicy?: RestartPolicyDraft | undefined;
}): Result<ContainerUpdate> {
  const restartPolicy = draft.restartPolicy && restartPolicyOf(draft.restartPolicy);
  const resources = draft.resources && resourcesOf(draft.resources);
  const problem = (restartPolicy && restartPolicyProblem(restartPolicy)) ?? (resources && resourcesProblem(resources));
  if (problem !== undefined) return invalid(problem);
  return {
    ok: true,
    value: {
      ...(restartPolicy && { restartPolicy: restartPolicy as RestartPolicy }),
      ...(resources && {
        resources: { ...resources, memorySwap: resources.memorySwap === UNLIMITED ? '' : resources.memorySwap },
      }),
    },
  };
}

const invalid = (detail: string): Result<never> => ({ ok: false, error: { code: 'invalid_container', detail } });
