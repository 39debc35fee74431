/** A container's configuration as features show it: camelCase, upper-case words, seconds (C.5). */
import type {
  ContainerConfig,
  ContainerDraft,
  DeviceDraft,
  MountDraft,
  PortDraft,
  ResourcesDraft,
  RestartPolicyDraft,
} from '../containers/index.js';
import { compact, flag, integer, type Member, objectOf, type Read, text } from '../update-agent/index.js';
import { boundedListOf } from './lists.js';

/** What an operation may say of a container to be made, besides its name and image. */
export type WantedConfig = Partial<Omit<ContainerDraft, 'image' | 'name' | 'runtime'>>;

const MOST_ITEMS = 1_000;

/** `ON_FAILURE` is `on-failure`; other words stay as they are, for the checks of a container to judge. */
const word: Read<string> = (value, path) => {
  const shown = text(value, path);
  return /^[A-Z_]+$/.test(shown) ? shown.toLowerCase().replaceAll('_', '-') : shown;
};
const shownWord = (known: string): string => known.toUpperCase().replaceAll('-', '_');

const PROPAGATIONS: readonly string[] = ['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave'];

const several = <T>(read: Read<T | undefined>): Read<T[]> => boundedListOf(MOST_ITEMS, read);
const texts = several<string>(text);
const port = integer(0, 65_535);
const int32 = integer(-(2 ** 31), 2 ** 31 - 1);

/** A fraction is cut. */
const seconds: Read<number> = (value, path) => int32(typeof value === 'number' ? Math.trunc(value) : value, path);

const mountPoint = objectOf((member): MountDraft => {
  const propagation = member('propagationMode', word);
  return {
    source: member('source', text),
    destination: member('destination', text),
    propagation: PROPAGATIONS.includes(propagation) ? propagation : 'rprivate',
  };
});

const device = objectOf(
  (member): DeviceDraft => ({
    pathOnHost: member('pathOnHost', text),
    pathInContainer: member('pathInContainer', text),
    permissions: member('cgroupPermissions', text),
  }),
);

const portMapping = objectOf(
  (member): PortDraft => ({
    proto: member('proto', text),
    containerPort: member('containerPort', port),
    hostIp: member('hostIP', text),
    hostPort: member('hostPort', port),
    hostPortEnd: member('hostPortEnd', port),
  }),
);

export const readRestartPolicy = objectOf(
  (member): RestartPolicyDraft => ({
    type: member('type', word),
    maxRetries: member('maxRetryCount', int32),
    retryTimeoutS: member('retryTimeout', seconds),
  }),
);

export const readResources = objectOf(
  (member): ResourcesDraft => ({
    memory: member('memory', text),
    memoryReservation: member('memoryReservation', text),
    memorySwap: member('memorySwap', text),
  }),
);

const logSettings = objectOf(
  (member): NonNullable<ContainerDraft['log']> => ({
    driver: member('type', word),
    maxFiles: member('maxFiles', int32),
    maxSize: member('maxSize', text),
    rootDir: member('rootDir', text),
    mode: member('mode', word),
    maxBufferSize: member('maxBufferSize', text),
  }),
);

const decryption = objectOf((member) => ({ keys: member('keys', texts), recipients: member('recipients', texts) }));

/** Reads the `config` of `createWithConfig`; what is absent has its default later (CTR-2). */
export const readConfiguration: Read<WantedConfig | undefined> = objectOf(
  (member: Member): WantedConfig => ({
    domainName: member('domainName', text),
    hostName: member('hostName', text),
    env: member('env', texts),
    cmd: member('cmd', texts),
    privileged: member('privileged', flag),
    extraHosts: member('extraHosts', texts),
    extraCapabilities: member('extraCapabilities', texts),
    network: member('networkMode', word),
    openStdin: member('openStdin', flag),
    tty: member('tty', flag),
    mounts: member('mountPoints', several(mountPoint)),
    devices: member('devices', several(device)),
    ports: member('portMappings', several(portMapping)),
    restartPolicy: member('restartPolicy', readRestartPolicy),
    log: member('log', logSettings),
    resources: member('resources', readResources),
    decryption: member('decryption', decryption),
  }),
);

/** As the feature of a container shows it; members that say nothing are left out. */
export function shownConfiguration(config: ContainerConfig): object {
  const { restartPolicy, log } = config;
  return compact({
    domainName: config.domainName,
    hostName: config.hostName,
    env: config.env,
    cmd: config.cmd,
    privileged: config.privileged,
    extraHosts: config.extraHosts,
    extraCapabilities: config.extraCapabilities,
    networkMode: shownWord(config.network),
    openStdin: config.openStdin,
    tty: config.tty,
    mountPoints: config.mounts.map(({ source, destination, propagation }) => ({
      source,
      destination,
      propagationMode: shownWord(propagation),
    })),
    devices: config.devices.map(({ pathOnHost, pathInContainer, permissions }) => ({
      pathOnHost,
      pathInContainer,
      cgroupPermissions: permissions,
    })),
    portMappings: config.ports.map(({ hostIp: hostIP, ...ports }) => ({ ...ports, hostIP })),
    restartPolicy: {
      type: shownWord(restartPolicy.type),
      maxRetryCount: restartPolicy.maxRetries,
      retryTimeout: restartPolicy.retryTimeoutS,
    },
    log: {
      type: shownWord(log.driver),
      maxFiles: log.maxFiles,
      maxSize: log.maxSize,
      rootDir: log.rootDir,
      mode: shownWord(log.mode),
      maxBufferSize: log.maxBufferSize,
    },
    resources: unlessEmpty(config.resources),
    decryption: unlessEmpty(config.decryption),
  }) as object;
}

/** An object all of whose members say nothing is left out as a whole. */
const unlessEmpty = (object: object): object | undefined =>
  Object.keys(compact(object) as object).length > 0 ? object : undefined;
