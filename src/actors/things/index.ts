import type { FeatureName } from '../../protocols/container-features/index.js';
import type {
  ActorSystem,
  ActorType,
  Child,
  Clock,
  Ids,
  Logger,
  Metrics,
  OutputEffect,
  ReplayedType,
} from '../../runtime/index.js';
import { effect, Refusals } from '../../runtime/index.js';
import type { Subscription, Tell } from '../mqtt-link/index.js';
import { bridgeMachine } from './bridge.machine.js';
import { madeOf, type ThingsContainers, type ThingsEngine } from './containers.js';
import type { FetchLimits } from './descriptor-fetch.js';
import { BRIDGE, type BridgeEvent, METRICS_ACTOR, type Survey, UPDATABLE } from './events.js';
import { thingsSubscriptions } from './inbound.js';
import { Installing } from './installing.js';
import { createSampling } from './measuring.js';
import { metricsMachine } from './metrics.machine.js';
import { Operations } from './operations.js';
import { createProjection } from './projection.js';
import { updatableMachine } from './updatable.machine.js';

export type { ThingsContainers, ThingsEngine } from './containers.js';
export { thingsWatchers } from './events.js';

/** The charts alone: enough for a replay. */
export const thingsTypes = [
  { name: 'things-bridge', version: 1, machine: bridgeMachine },
  { name: 'metrics', version: 1, machine: metricsMachine },
  { name: 'software-updatable', version: 1, machine: updatableMachine },
] as const satisfies readonly ReplayedType[];

export interface ThingsSettings {
  /** @default all */
  readonly features: readonly FeatureName[];
  /** Of a descriptor that is fetched. */
  readonly descriptors?: FetchLimits;
}

export interface ThingsDeps {
  readonly settings: ThingsSettings;
  readonly containers: ThingsContainers;
  readonly engine: ThingsEngine;
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Carries `mqtt.publish` outputs; of the MQTT link. */
  readonly publish: OutputEffect;
  /** Carries `mqtt.subscribe` and `mqtt.unsubscribe` outputs; of the same link. */
  readonly subscribe: OutputEffect;
}

/** The role that shows containers in the cloud. Its link begins a clean session at each connection. */
export interface Things {
  readonly types: readonly ActorType[];
  readonly subscriptions: readonly Subscription[];
  readonly up: readonly Tell[];
  readonly down: readonly Tell[];
  /** To be started before the link, and stopped before it. */
  readonly child: Child;
}

export function createThings(deps: ThingsDeps): Things {
  const { containers, clock, logger, metrics, publish, subscribe } = deps;
  const operations = new Operations({ ...deps, logger: logger.child({ actor: BRIDGE }) });
  const installing = new Installing({
    ...deps,
    logger: logger.child({ actor: UPDATABLE }),
    ...(deps.settings.descriptors ? { limits: deps.settings.descriptors } : {}),
  });
  const sampling = createSampling({ ...deps, logger: logger.child({ actor: METRICS_ACTOR }) });
  const outputs = {
    'mqtt.publish': publish,
    'mqtt.subscribe': subscribe,
    'mqtt.unsubscribe': subscribe,
    'things.project': createProjection(deps),
    'things.operate': operations.carry,
  };
  const machines = {
    'things-bridge': bridgeMachine.provide({
      actors: { survey: effect<Survey>(async () => ({ ids: madeOf(containers).map(({ id }) => id) })) },
    }),
    metrics: metricsMachine.provide({ actors: { sample: effect(sampling) } }),
    'software-updatable': updatableMachine.provide({
      actors: {
        fetch: effect(installing.fetch),
        install: effect(installing.install),
        start: effect(installing.start),
        remove: effect(installing.remove),
      },
    }),
  };
  const tell = (event: BridgeEvent): readonly Tell[] => [{ to: BRIDGE, event }];
  return {
    types: thingsTypes.map((type) => ({
      ...type,
      machine: machines[type.name],
      durability: 'committed' as const,
      eager: true,
      idleAfterMs: 'never' as const,
      restart: 'permanent' as const,
      outputs,
    })),
    subscriptions: thingsSubscriptions(new Refusals({ boundary: 'things', metrics, logger, clock })),
    up: tell({ type: 'BROKER.UP' }),
    down: tell({ type: 'BROKER.DOWN' }),
    child: childOf(deps, operations),
  };
}

/** The bridge tells the others, so that it starts last. */
function childOf({ settings, system }: ThingsDeps, operations: Operations): Child {
  const { features } = settings;
  const children = [
    system.child(METRICS_ACTOR),
    system.child(UPDATABLE),
    system.child(BRIDGE, { input: { features } }),
  ];
  return {
    name: 'things',
    kind: 'service',
    start: async (report) => {
      operations.open();
      for (const child of children) await child.start(report);
      // Charts outlive processes, and configurations do not.
      await system.tellStored(BRIDGE, { type: 'CONFIGURE', features } as { type: string });
    },
    stop: async (deadlineMs) => {
      operations.close();
      for (const child of [...children].reverse()) await child.stop(deadlineMs);
    },
  };
}
