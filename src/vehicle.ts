/**
 * What a vehicle is made of, in the order in which it starts. Manager and agents speak only through the broker, each
 * with its own link and client id, so that any of them can be a peer's.
 */
import { createContainerManagement, managementTypes } from './actors/container-management/index.js';
import { createHubLink, hubLinkType } from './actors/hub-link/index.js';
import { brokerType } from './actors/mqtt/index.js';
import { createMqttLinks, linkType, type MqttLinkOptions } from './actors/mqtt-link/index.js';
import {
  type AgentSettings,
  BootConfirmation,
  createDownload,
  createDummyInstaller,
  createSelfUpdateAgent,
  discardDownload,
  type Installer,
  RaucInstaller,
  SlotInstaller,
  selfUpdateAgentType,
} from './actors/self-update/index.js';
import { createReboot, createUpdateManager, updateManagerTypes } from './actors/update-manager/index.js';
import { type Assembly, type AssemblyDeps, createBase } from './assembly.js';
import { embedBroker } from './embedded-broker.js';
import { managerLink, type RoleLink } from './manager-link.js';
import { type ActorType, type Child, type HttpRoutes, type ReplayedType, Supervisor } from './runtime/index.js';
import type { SelfUpdateConfig, VehicleConfig } from './vehicle-config.js';

/** The charts of a vehicle that can be replayed without one. */
export const vehicleTypes: readonly ReplayedType[] = [
  brokerType,
  linkType,
  hubLinkType,
  ...updateManagerTypes,
  selfUpdateAgentType,
  ...managementTypes,
];

/** The parts of a configuration that make a vehicle; a role that runs alone leaves some out. */
export type VehicleParts = Pick<VehicleConfig, 'dataDir'> & Partial<Omit<VehicleConfig, 'dataDir' | 'log'>>;

export interface VehicleDeps extends AssemblyDeps {
  /** `FILE_SYS_RQ` and `FILE_SYS_RQ_TRIGGER`: how the machine is rebooted (UM-RBT-3). */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the process in order: the reboot of a vehicle whose slots are folders. */
  readonly end: () => void;
}

/** What a role brings along. */
interface Role extends Pick<MqttLinkOptions, 'subscriptions' | 'up' | 'down'> {
  readonly types: readonly ActorType[];
  readonly child: Child;
}

export function createVehicle(parts: VehicleParts, deps: VehicleDeps): Assembly {
  const base = createBase(parts, deps);
  const { system, metrics } = base;
  const { clock, ids, logger, version } = deps;
  const broker = parts.mqtt?.embedded && embedBroker(parts.mqtt.embedded, base, deps);
  if (broker) {
    base.health.ready('mqtt', () =>
      broker.broker.url() === undefined ? { ok: false, detail: 'the MQTT broker does not listen' } : { ok: true },
    );
  }
  const links = createMqttLinks({ system, clock, logger, metrics });
  system.register(links.type);

  const slots = parts.selfUpdate && installerOf(parts.selfUpdate, deps);
  const children: Child[] = broker ? [broker.child] : [];
  const routes: HttpRoutes[] = [];
  const add = (name: string, role: Role, own: RoleLink, hasOwnBroker: boolean, onUp?: () => void): void => {
    for (const type of role.types) system.register(type);
    const { subscriptions, up = [], down = [] } = role;
    const shared = hasOwnBroker ? {} : vehicleLink(parts, () => broker?.broker.url());
    const link = links.add({ ...own, ...shared, name, subscriptions, up, down, ...(onUp ? { onUp } : {}) });
    children.push(withLink(name, role.child, link, deps));
  };
  const roleDeps = { system, clock, ids, logger, metrics };

  // Before the roles that wait for what it says, so that nothing of theirs is missed at the first start of all.
  const hub =
    parts.hub &&
    createHubLink({
      ...roleDeps,
      settings: parts.hub,
      publishLocally: links.publisher('hub-link'),
      publishAtHub: links.publisher('hub'),
    });
  if (hub) {
    add('hub-link', hub, { url: () => undefined, clientId: hub.clientId, clean: false, keepAliveS: 30 }, false);
    if (hub.upstream) children.push(links.add({ ...hub.upstream, name: 'hub' }));
    routes.push(hub.routes);
  }

  if (parts.updateManager) {
    const { settings, hasOwnBroker } = parts.updateManager;
    // What the charts get is stored: nothing of how the broker is reached.
    const { connection: _connection, log: _log, ...orchestration } = settings;
    const name = 'update-manager';
    const manager = createUpdateManager({
      ...roleDeps,
      settings: { ...orchestration, version },
      publish: links.publisher(name),
      reboot: rebootOf(parts.selfUpdate, deps),
    });
    add(name, manager, managerLink(settings), hasOwnBroker);
    routes.push(manager.routes);
  }

  if (parts.selfUpdate && slots) {
    const { settings, hasOwnBroker } = parts.selfUpdate;
    const name = 'self-update-agent';
    const { installer, onUp } = slots;
    const agent = createSelfUpdateAgent({
      ...roleDeps,
      settings,
      build: version,
      publish: links.publisher(name),
      installer,
      download: createDownload({ clock, ...transferOptions(settings) }),
      discard: discardDownload,
    });
    add(name, { ...agent, child: agent.child(system) }, agent.link, hasOwnBroker, onUp);
  }

  if (parts.containerManagement) {
    const { settings, hasOwnBroker, source } = parts.containerManagement;
    const management = createContainerManagement({
      ...roleDeps,
      settings,
      source,
      version,
      environment: deps.environment,
      publisher: links.publisher,
      subscriber: links.subscriber,
    });
    for (const type of management.types) system.register(type);
    children.push(management.child);
    routes.push(...management.routes);
    base.health.ready('containers', management.health);
    for (const { name, role, own } of management.roles) add(name, role, own, hasOwnBroker);
  }

  return base.assemble({
    role: 'vehicle',
    children,
    routes,
    urls: () => ({ mqtt: broker?.broker.url() }),
    prepare: async () => {
      await hub?.prepare();
      await slots?.boot?.();
    },
    close: [links, ...(hub ? [hub] : []), ...(broker ? [broker.broker] : []), ...(slots ? [slots] : [])],
  });
}

const transferOptions = ({ connectTimeoutS, stallTimeoutS, minBytesPerSecond, maxBytesPerSecond }: AgentSettings) => ({
  connectMs: connectTimeoutS * 1_000,
  stallMs: stallTimeoutS * 1_000,
  leastBytesPerSecond: minBytesPerSecond,
  ...(maxBytesPerSecond === undefined ? {} : { bytesPerSecond: maxBytesPerSecond }),
});

/** The vehicle's own broker, as the roles reach it. */
function vehicleLink({ mqtt }: VehicleParts, embedded: () => string | undefined): Partial<RoleLink> {
  const { broker, connectTimeoutMs: _, ...link } = mqtt?.link ?? {};
  return { ...link, url: broker ?? embedded };
}

/** A role starts before its link, which may tell it at once, and stops before it, so that its last words leave. */
function withLink(name: string, role: Child, link: Child, { clock, ids, logger }: VehicleDeps): Child {
  let isStopped = false;
  const once: Child = {
    ...role,
    stop: async (deadlineMs) => {
      if (!isStopped) await role.stop(deadlineMs);
    },
  };
  const group = new Supervisor({ name, strategy: 'one_for_one', children: [once, link] }, { clock, ids, log: logger });
  return {
    name,
    kind: group.kind,
    shutdownMs: (role.shutdownMs ?? 0) + (link.shutdownMs ?? 0),
    start: (report) => {
      isStopped = false;
      return group.start(report);
    },
    stop: async (deadlineMs) => {
      await once.stop(deadlineMs);
      isStopped = true;
      await group.stop(deadlineMs);
    },
    view: () => group.view(),
  };
}

interface InstallerParts {
  readonly installer: Installer;
  /** Before anything uses it. */
  readonly boot?: () => Promise<void>;
  /** The broker was reached. */
  readonly onUp?: () => void;
  close(): Promise<void>;
}

function installerOf({ installer: config }: SelfUpdateConfig, { clock, logger }: VehicleDeps): InstallerParts {
  const close = async (): Promise<void> => {};
  if (config.kind === 'dummy') return { installer: createDummyInstaller(), close };
  if (config.kind === 'rauc') return { installer: new RaucInstaller({ clock }), close };
  const { folder, compatible } = config;
  const installer = new SlotInstaller({ folder, compatible });
  const confirmation = new BootConfirmation({ installer, clock, log: logger });
  let isBooted = false;
  return {
    installer,
    boot: async () => {
      const booted = await installer.boot();
      if (booted.hasFallenBack) logger.warn(booted, 'slot_fell_back');
      else logger.info(booted, 'slot_booted');
      isBooted = true;
    },
    onUp: () => confirmation.brokerUp(),
    close: async () => {
      confirmation.stop();
      if (isBooted) await installer.shutDown();
    },
  };
}

/** With slots of files a start of the process is a boot of the vehicle, unless the files of the kernel are named. */
function rebootOf(selfUpdate: SelfUpdateConfig | undefined, { environment, logger, end }: VehicleDeps) {
  const isNamed = environment['FILE_SYS_RQ'] !== undefined || environment['FILE_SYS_RQ_TRIGGER'] !== undefined;
  if (isNamed || selfUpdate?.installer.kind !== 'slots') return createReboot({ environment, logger });
  return async () => {
    logger.warn({ do: 'let what supervises the process start it again' }, 'ends_to_boot_the_other_slot');
    end();
  };
}
