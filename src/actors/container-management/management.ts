import { join } from 'node:path';
import { FEATURES } from '../../protocols/container-features/index.js';
import {
  type ActorSystem,
  type ActorType,
  type Child,
  type Clock,
  type HttpRoutes,
  type Ids,
  type Logger,
  type Metrics,
  type OutputEffect,
  type ReplayedType,
  Supervisor,
} from '../../runtime/index.js';
import { containerUpdateTypes, containerUpdateWatcher, createContainerUpdateAgent } from '../container-update/index.js';
import { type Containers, containerType, createContainers } from '../containers/index.js';
import {
  createEngineLink,
  createImages,
  type EngineLink,
  engineLinkType,
  type Images,
  type Registries,
  readRegistries,
} from '../engines/index.js';
import type { MqttLinkOptions } from '../mqtt-link/index.js';
import { createThings, thingsTypes, thingsWatchers } from '../things/index.js';
import { chooserOf } from './engine-choice.js';
import { agentLink, type ManagementLink, thingsLink } from './links.js';
import { mergeRegistries, type RegistrySource } from './registries.js';
import { watchRegistries } from './registry-watch.js';
import type { ManagementSettings } from './settings.js';

/** The charts alone: enough for a replay. */
export const managementTypes: readonly ReplayedType[] = [
  engineLinkType,
  containerType,
  ...containerUpdateTypes,
  ...thingsTypes,
];

export interface ManagementDeps {
  readonly settings: ManagementSettings;
  /** Where the registries of the settings are from, if that may change while this runs. */
  readonly source?: RegistrySource | undefined;
  readonly version: string;
  /** Of this process: names of sockets, paths of programs. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Of the MQTT links of these names. */
  readonly publisher: (link: string) => OutputEffect;
  readonly subscriber: (link: string) => OutputEffect;
}

/** A role that speaks through a broker, over a link of its own. */
export interface ManagementRole extends Pick<MqttLinkOptions, 'subscriptions' | 'up' | 'down'> {
  readonly types: readonly ActorType[];
  readonly child: Child;
}

export interface ContainerManagement {
  /** To be registered; the roles have theirs. */
  readonly types: readonly ActorType[];
  /** To be started before the roles, and stopped after them. */
  readonly child: Child;
  readonly roles: readonly { readonly name: string; readonly role: ManagementRole; readonly own: ManagementLink }[];
  readonly routes: readonly HttpRoutes[];
  /** What is not well, or worth knowing: whether the engine is there, and the last pull that failed. */
  readonly health: () => { readonly ok: boolean; readonly detail?: string };
}

const NAME = 'containers';
const AGENT = 'container-update-agent';
const THINGS = 'container-things';
const GROUP = 'container-management';

/** Everything that runs containers: an engine, images, an actor for each, and what speaks of them to others. */
export function createContainerManagement(deps: ManagementDeps): ContainerManagement {
  const { settings, system, clock, ids, logger, metrics } = deps;
  const { withoutEffect, agent, things, homeDir } = settings;
  if (withoutEffect.length > 0) logger.info({ withoutEffect }, 'settings_without_effect');
  const isUpdating = agent.isEnabled || settings.deployment.isEnabled;
  const core = { system, clock, ids, logger, metrics };

  const link: EngineLink = createEngineLink({
    ...core,
    name: NAME,
    choose: chooserOf({ ...deps, hasContainers: () => containers.owner.known().length > 0 }),
    // Both know each other: the link tells containers what it sees, and they call its engine.
    owners: [
      {
        get owner() {
          return containers.owner.owner;
        },
        address: (id) => containers.owner.address(id),
        known: () => containers.owner.known(),
        adopt: (container) => containers.owner.adopt(container),
        knows: (id) => containers.owner.knows(id),
      },
    ],
  });
  const images = createImages({
    ...core,
    settings: settings.images,
    registries: settings.registries,
    engine: link.engine,
    file: join(homeDir, 'images.json'),
    environment: deps.environment,
  });
  const containers: Containers = createContainers({
    ...core,
    engine: link.engine,
    images,
    watchers: [
      ...(isUpdating ? [containerUpdateWatcher(agent.domain)] : []),
      ...(things.isEnabled ? thingsWatchers : []),
    ],
    stopTimeoutS: settings.stopTimeoutS,
    stopOnExit: settings.stopContainersOnExit,
    folder: join(homeDir, 'hosts'),
    createMs: settings.images.pullTimeoutMs + CREATE_MARGIN_MS,
    isEngineLost: () => link.view().state !== 'ready',
    isSystem: (name) => agent.systemContainers.includes(name),
  });
  const parts = { ...deps, link, images, containers };
  const roles: ContainerManagement['roles'][number][] = [];
  const routes = [link.routes, containers.routes];
  const own: Child[] = [link.child, images.child, containers.child, registryChild(parts)];
  const types = [link.type, ...containers.types];
  if (isUpdating) {
    const updates = updateRole(parts);
    routes.push(updates.routes);
    if (agent.isEnabled) roles.push({ name: AGENT, role: updates, own: agentLink(settings) });
    else {
      types.push(...updates.types);
      own.push(updates.child);
    }
  }
  if (things.isEnabled) roles.push({ name: THINGS, role: thingsRole(parts), own: thingsLink(settings) });
  return { types, child: grouped(own, deps), roles, routes, health: () => healthOf(link, images) };
}

/** Stopped in turn, each with its time. */
function grouped(children: readonly Child[], { clock, ids, logger }: ManagementDeps): Child {
  const group = new Supervisor({ name: GROUP, strategy: 'one_for_one', children }, { clock, ids, log: logger });
  return {
    name: GROUP,
    kind: group.kind,
    shutdownMs: children.reduce((sum, { shutdownMs = 0 }) => sum + shutdownMs, 0),
    start: (report) => group.start(report),
    stop: (deadlineMs) => group.stop(deadlineMs),
    view: () => group.view(),
  };
}

/** What making a container takes beside its image. */
const CREATE_MARGIN_MS = 10 * 60_000;

interface Parts extends ManagementDeps {
  readonly link: EngineLink;
  readonly images: Images;
  readonly containers: Containers;
}

/** The update agent, and descriptors in a folder. */
function updateRole({ settings, containers, publisher, version, ...deps }: Parts) {
  const { agent, deployment, images, stopTimeoutS } = settings;
  return createContainerUpdateAgent({
    ...deps,
    settings: {
      domain: agent.domain,
      systemContainers: agent.systemContainers,
      verboseInventory: agent.verboseInventory,
      autoCommands: agent.autoCommands,
      agentName: agent.name,
      version,
      pullTimeoutS: images.pullTimeoutMs / 1_000,
      stopTimeoutS,
      ...(deployment.isEnabled
        ? { deployment: { mode: deployment.mode, homeFolder: deployment.homeDir, folder: deployment.folder } }
        : {}),
    },
    containers,
    // Without the agent there is nobody to tell.
    publish: agent.isEnabled ? publisher(AGENT) : () => {},
  });
}

function thingsRole({ settings, containers, link, publisher, subscriber, ...deps }: Parts) {
  const features = FEATURES.filter((feature) => settings.things.features.includes(feature));
  return createThings({
    ...deps,
    settings: { features },
    containers,
    engine: link.engine,
    publish: publisher(THINGS),
    subscribe: subscriber(THINGS),
  });
}

/** Registries that are added or removed hold from the next pull on (REG-5). */
function registryChild({ settings, source, images, clock, logger }: Parts): Child {
  const { registriesFile, registries } = settings;
  const read = (): Registries => {
    const base = source?.read() ?? registries;
    return registriesFile === '' ? base : mergeRegistries(base, readRegistries(registriesFile));
  };
  return watchRegistries({
    files: [...(source ? [source.file] : []), ...(registriesFile === '' ? [] : [registriesFile])],
    read,
    apply: (found) => images.applyRegistries(found),
    clock,
    logger,
  });
}

/** A lost engine leaves containers running, but nothing of them can be changed. */
function healthOf(link: EngineLink, images: Images): { ok: boolean; detail?: string } {
  const { state, lastError, isSimulated } = link.view();
  if (state !== 'ready') return { ok: false, detail: `the container engine is ${state}: ${lastError?.message ?? ''}` };
  const failed = images.lastPullError();
  if (failed) {
    const next = failed.nextTryAt === undefined ? 'not tried again by itself' : `tried again at ${failed.nextTryAt}`;
    const what = failed.error.includes(failed.image) ? failed.error : `${failed.image}: ${failed.error}`;
    return { ok: true, detail: `the last pull failed at ${failed.at}: ${what}; ${next}` };
  }
  return isSimulated ? { ok: true, detail: 'simulated: no container really runs' } : { ok: true };
}
