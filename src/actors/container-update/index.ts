import type { EventObject } from 'xstate';
import {
  type ActorSystem,
  type ActorType,
  type Child,
  type Clock,
  effect,
  type HttpRoutes,
  type Ids,
  type Logger,
  type Metrics,
  type OutputEffect,
  Refusals,
  Supervisor,
  within,
} from '../../runtime/index.js';
import type { Subscription, Tell } from '../mqtt-link/index.js';
import { ContainersPort, type KnownContainers } from './containers-port.js';
import { deploymentMachine } from './deployment.machine.js';
import { DeploymentEffects } from './deployment-effects.js';
import { DEPLOYMENT } from './deployment-events.js';
import { AgentEffects, agentOutputs, type EffectsDeps } from './effects.js';
import { type AgentContext, type AgentInput, agentAddress, inventoryAddress } from './events.js';
import { agentSubscriptions } from './inbound.js';
import { containerInventoryMachine } from './inventory.machine.js';
import { containerUpdateMachine } from './machine.js';
import { containerUpdateRoutes } from './routes.js';
import type { AgentSettings } from './settings.js';
import { type ContainerUpdateView, viewContainerUpdate } from './view.js';

export type { KnownContainers } from './containers-port.js';
export { inventoryAddress as containerUpdateWatcher } from './events.js';
export {
  type AgentSettings,
  DEFAULT_AGENT_SETTINGS,
  type DeploymentMode,
  type DeploymentSettings,
} from './settings.js';
export type { ContainerActionView, ContainerUpdateView } from './view.js';

/** The charts alone: enough for a replay. */
export const containerUpdateTypes = [
  { name: 'container-update-agent', version: 1, machine: containerUpdateMachine },
  { name: 'container-inventory', version: 1, machine: containerInventoryMachine },
  { name: 'deployment', version: 1, machine: deploymentMachine },
] as const;

export interface ContainerUpdateDeps {
  readonly settings: AgentSettings;
  readonly containers: KnownContainers;
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Carries `mqtt.publish` outputs; of the MQTT link. */
  readonly publish: OutputEffect;
}

export interface ContainerUpdateAgent {
  /** To be registered. */
  readonly types: readonly ActorType[];
  /** For the link to the broker, with what it tells when that comes and goes. */
  readonly subscriptions: readonly Subscription[];
  readonly up: readonly Tell[];
  readonly down: readonly Tell[];
  /** To be started after the containers, and before the link. */
  readonly child: Child;
  readonly view: () => ContainerUpdateView;
  readonly routes: HttpRoutes;
}

/** The update agent for containers as actors: the charts over the actors of the containers. */
export function createContainerUpdateAgent(deps: ContainerUpdateDeps): ContainerUpdateAgent {
  const { settings, system, containers, ids, metrics, clock } = deps;
  const { domain, deployment } = settings;
  const address = agentAddress(domain);
  const inventory = inventoryAddress(domain);
  const logger = deps.logger.child({ actor: address });
  const refusals = new Refusals({ boundary: 'container_update', metrics, logger, clock });
  const gate = openedOnce();
  if (!deployment) gate.open();
  // One that is parked must not stop updates for ever.
  const isFree = async (): Promise<boolean> => {
    const wasOpened = await within(clock, gate.opened, settings.pullTimeoutS * 1_000);
    if (!wasOpened) logger.warn({}, 'descriptors_still_deployed');
    return wasOpened;
  };
  const effectsDeps: EffectsDeps = { ...deps, logger, isFree };
  const view = () => viewContainerUpdate(system, containers, domain);
  const isUpdating = (): boolean => (system.peek(address)?.context as AgentContext | undefined)?.operation != null;
  const port = new ContainersPort({ system, ...settings });
  const [agentType, inventoryType, deploymentType] = containerUpdateTypes;
  const outputs = agentOutputs(effectsDeps);
  const common = {
    durability: 'durable',
    eager: true,
    idleAfterMs: 'never',
    restart: 'permanent',
  } as const;
  const types: ActorType[] = [
    { ...agentType, ...common, machine: providedAgent(effectsDeps), outputs, defer: deferBusy('busy') },
    { ...inventoryType, ...common, outputs },
  ];
  if (deployment) {
    const effects = new DeploymentEffects({ settings: deployment, containers, port, ids, logger, isUpdating });
    types.push({
      ...deploymentType,
      ...common,
      machine: deploymentMachine.provide({
        actors: { read: effect(effects.read), deploy: effect(effects.deploy) },
      }),
      outputs: {
        ...outputs,
        'deployment.done': async () => {
          await effects.mark();
          gate.open();
        },
      },
      defer: deferBusy('busy'),
    });
  }
  return {
    types,
    subscriptions: agentSubscriptions(settings, (topic, reason, detail) => refusals.refuse(topic, reason, { detail })),
    up: [{ to: inventory, event: { type: 'BROKER.UP' } }],
    down: [{ to: inventory, event: { type: 'BROKER.DOWN' } }],
    child: childOf(deps),
    view,
    routes: containerUpdateRoutes(view),
  };
}

function providedAgent(deps: EffectsDeps): ActorType['machine'] {
  const effects = new AgentEffects(deps);
  return containerUpdateMachine.provide({
    actors: {
      compare: effect(effects.compare),
      look: effect(effects.look),
      takeStep: effect(effects.takeStep),
      takeSteps: effect(effects.takeSteps),
    },
  });
}

/** What others send waits while a step runs (CUA-24); the runtime's own events do not. */
const deferBusy =
  (tag: string): NonNullable<ActorType['defer']> =>
  (snapshot, { type }) =>
    (snapshot as unknown as { hasTag(name: string): boolean }).hasTag(tag) &&
    /^(?:DESIRED_STATE|COMMAND|DEPLOY)\b/.test(type);

/** All that the role starts. Charts outlive processes, and configurations do not. */
function childOf({ settings, system, clock, ids, logger }: ContainerUpdateDeps): Child {
  const { domain, autoCommands, deployment } = settings;
  const input: AgentInput = { settings: { domain, autoCommands } };
  const configured = (child: Child, event: EventObject): Child => ({
    ...child,
    start: async (report) => {
      await child.start(report);
      await system.tellStored(child.name, event);
    },
  });
  const children: Child[] = [
    system.child(inventoryAddress(domain)),
    configured(system.child(agentAddress(domain), { input }), { type: 'CONFIGURE', ...input } as EventObject),
  ];
  if (deployment) children.push(configured(system.child(DEPLOYMENT), { type: 'DEPLOY' }));
  const group = new Supervisor(
    { name: 'container-update', strategy: 'one_for_one', children },
    { clock, ids, log: logger },
  );
  return {
    name: group.name,
    kind: group.kind,
    start: (report) => group.start(report),
    stop: (deadlineMs) => group.stop(deadlineMs),
    view: () => group.view(),
  };
}

function openedOnce(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
