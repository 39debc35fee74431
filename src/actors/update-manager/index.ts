import type { ActorSystem, ActorType, Child, Clock, HttpRoutes, Logger, Metrics } from '../../runtime/index.js';
import { errorRecord, Refusals } from '../../runtime/index.js';
import type { Subscription, Tell } from '../mqtt-link/index.js';
import { activityMachine } from './activity.machine.js';
import { type CurrentStateView, viewCurrentState } from './current-state.js';
import { type EffectsDeps, managerOutputs } from './effects.js';
import { MANAGER, type OrchestrationSettings } from './events.js';
import { managerSubscriptions } from './inbound.js';
import { inventoryMachine } from './inventory.machine.js';
import { managerMachine } from './manager.machine.js';
import { updateRoutes } from './routes.js';
import { submitWish } from './submission.js';
import { type UpdatesView, viewUpdates } from './view.js';
import { migrateManager, wishRows, wishTable } from './wishes.js';

export type { CurrentStateView, DomainStateView } from './current-state.js';
export type { OrchestrationSettings } from './events.js';
export { createReboot, type RebootOptions } from './reboot.js';
export {
  type ManagerFlag,
  type ManagerSettings,
  managerAgents,
  managerFlags,
} from './settings.js';
export { readManagerSettings } from './settings-reader.js';
export { UpdateError } from './submission.js';
export type { UpdatesView } from './view.js';

/** The charts alone: enough for a replay. */
export const updateManagerTypes = [
  { name: 'update-manager', version: 2, machine: managerMachine, migrate: migrateManager },
  { name: 'update-activity', version: 1, machine: activityMachine },
  { name: 'inventory', version: 1, machine: inventoryMachine },
] as const;

export interface UpdateManagerDeps extends EffectsDeps {
  readonly settings: OrchestrationSettings;
  readonly system: ActorSystem;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface UpdateManager {
  /** To be registered. */
  readonly types: readonly ActorType[];
  /** For the link to the broker, with what it tells after each connection. */
  readonly subscriptions: readonly Subscription[];
  readonly up: readonly Tell[];
  /** To be started before the link, and stopped before it. */
  readonly child: Child;
  readonly view: () => UpdatesView;
  readonly currentState: () => CurrentStateView;
  readonly routes: HttpRoutes;
}

/** For the running activity to say how it ended, and for the broker to take that. */
const SHUTDOWN_MS = 10_000;

/** The update manager of a vehicle: it hands desired states to update agents and says what becomes of them. */
export function createUpdateManager(deps: UpdateManagerDeps): UpdateManager {
  const { settings, system, logger, metrics, clock } = deps;
  const refusals = new Refusals({ boundary: 'update_manager', metrics, logger, clock });
  const outputs = managerOutputs(deps, refusals);
  const types = updateManagerTypes.map((type) => ({
    ...type,
    durability: 'durable' as const,
    eager: true,
    idleAfterMs: 'never' as const,
    startOnTell: type.name === 'inventory',
    ...(type.name === 'update-manager' ? { rows: wishRows } : {}),
    outputs,
  }));
  system.table(wishTable);
  const view = () => viewUpdates(system);
  const currentState = () => viewCurrentState(system);
  return {
    types,
    subscriptions: managerSubscriptions(settings, (topic, reason, detail) =>
      refusals.refuse(topic, reason, { detail }),
    ),
    up: [{ to: MANAGER, event: { type: 'BROKER.UP' } }],
    child: childOf(deps),
    view,
    currentState,
    routes: updateRoutes({ view, currentState, submit: (payload) => submitWish(system, payload) }),
  };
}

function childOf({ settings, system, logger }: UpdateManagerDeps): Child {
  const child = system.child(MANAGER, { shutdownMs: SHUTDOWN_MS });
  return {
    ...child,
    start: async (report) => {
      await child.start(report);
      // Charts outlive processes, and configurations do not.
      await system.tellStored(MANAGER, { type: 'CONFIGURE', settings } as { type: string });
    },
    stop: async (deadlineMs) => {
      try {
        await system.ask(MANAGER, { type: 'STOP' }, deadlineMs);
      } catch (error) {
        // What is left goes on with the next process.
        logger.warn({ err: errorRecord(error) }, 'update_manager_stopped_in_the_middle');
      }
      await child.stop(deadlineMs);
    },
  };
}
