import type { Domain } from '../../protocols/update-manager/index.js';
import type { ActorSystem, ActorView } from '../../runtime/index.js';
import { type ActivityContext, type Finished, MANAGER, type ManagerContext } from './events.js';

/** What the console and the API show of the updates of a vehicle. */
export interface UpdatesView {
  /** `idle`, `busy`, `stopping` or `stopped`. */
  readonly state: string;
  readonly current: {
    readonly activityId: string;
    readonly address: string;
    /** `running.download.await.waiting`, say. */
    readonly state: string;
    readonly status: string;
    /** Epoch milliseconds. */
    readonly startedAt: number;
    readonly waits: ActorView['waits'];
    readonly domains: readonly Domain[];
  } | null;
  /** Activity ids, the next first. */
  readonly waiting: readonly string[];
  /** The newest first. */
  readonly recent: readonly Finished[];
}

export function viewUpdates(system: Pick<ActorSystem, 'peek' | 'view'>): UpdatesView {
  const manager = system.peek(MANAGER)?.context as ManagerContext | undefined;
  const current = manager?.current;
  const chart = current && (system.peek(current.address)?.context as ActivityContext | undefined);
  const view = current && system.view(current.address);
  return {
    state: system.view(MANAGER)?.state ?? 'stopped',
    current: current
      ? {
          activityId: current.activityId,
          address: current.address,
          state: view?.state ?? '',
          status: chart?.activity.status ?? 'IDENTIFYING',
          startedAt: current.startedAt,
          waits: view?.waits ?? [],
          domains: chart?.activity.domains ?? [],
        }
      : null,
    waiting: manager?.queue.map(({ activityId }) => activityId) ?? [],
    recent: manager?.recent ?? [],
  };
}
