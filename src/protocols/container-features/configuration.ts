/** A container's configuration as features show it: camelCase, upper-case words, seconds (C.5). */
import type {
  ContainerConfig,
  Device as DeviceMapping,
  LogSettings,
  MountPoint,
  PortMapping,
  Resources,
  RestartPolicy,
} from '../containers/model.js';
import { compact, flag, integer, type Member, objectOf, type Read, text } from '../update-agent/index.js';
import { boundedListOf } from './lists.js';

/** What an operation may say of a container to be made; what it leaves out has its default (CTR-2). */
export type WantedConfig = Partial<Omit<ContainerConfig, 'image' | 'name' | 'runtime'>>;

const MOST_ITEMS = 1_000;

/** `ON_FAILURE` is `on-failure`; other words stay as they are, for the validation to judge. */
const wordOf = (shown: string): string => (/^[A-Z_]+$/.test(shown) ? shown.toLowerCase().replaceAll('_', '-') : shown);
const shownWord = (word: string): string => word.toUpperCase().replaceAll('-', '_');

const PROPAGATIONS = ['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave'] as const;

const several = <T>(read: Read<T | undefined>): Read<T[]> => boundedListOf(MOST_ITEMS, read);
const texts = several<string>(text);
const port = integer(0, 65_535);

/** Seconds; a fraction is cut. */
const seconds: Read<number> = (value, path) =>
  integer(0, Number.MAX_SAFE_INTEGER)(typeof value === 'number' ? Math.trunc(value) : value, path);

const mountPoint = objectOf((member): MountPoint => {
  const wanted = wordOf(member('propagationMode', text));
  return {
    source: member('source', text),
    destination: member('destination', text),
    propagation: PROPAGATIONS.find((known) => known === wanted) ?? 'rprivate',
  };
});

const device = objectOf((member): DeviceMapping => {
  const pathOnHost = member('pathOnHost', text);
  return {
    pathOnHost,
    pathInContainer: member('pathInContainer', text) || pathOnHost,
    permissions: member('cgroupPermissions', text) || 'rwm',
  };
});

const portMapping = objectOf((member): PortMapping => {
  const hostPort = member('hostPort', port);
  return {
    proto: (member('proto', text) || 'tcp').toLowerCase() as PortMapping['proto'],
    containerPort: member('containerPort', port),
    hostIp: member('hostIP', text) || '0.0.0.0',
    hostPort,
    hostPortEnd: member('hostPortEnd', port) || hostPort,
  };
});

export const readRestartPolicy = objectOf(
  (member): RestartPolicy => ({
    type: (wordOf(member('type', text)) || 'unless-stopped') as RestartPolicy['type'],
    maxRetries: member('maxRetryCount', integer(0, 2 ** 31 - 1)),
    retryTimeoutS: member('retryTimeout', seconds),
  }),
);

export const readResources = objectOf(
  (member): Resources => ({
    memory: member('memory', text),
    memoryReservation: member('memoryReservation', text),
    memorySwap: member('memorySwap', text),
  }),
);

const logSettings = objectOf((member): LogSettings => {
  const mode = (wordOf(member('mode', text)) || 'blocking') as LogSettings['mode'];
  return {
    driver: (wordOf(member('type', text)) || 'json-file') as LogSettings['driver'],
    maxFiles: member('maxFiles', integer(0, 2 ** 31 - 1)) || 2,
    maxSize: member('maxSize', text) || '100M',
    rootDir: member('rootDir', text),
    mode,
    maxBufferSize: member('maxBufferSize', text) || (mode === 'non-blocking' ? '1M' : ''),
  };
});

const decryption = objectOf((member): ContainerConfig['decryption'] => ({
  keys: member('keys', texts),
  recipients: member('recipients', texts),
}));

/** Reads the `config` of `createWithConfig`; what is absent stays so. */
export const readConfiguration: Read<WantedConfig | undefined> = objectOf((member: Member): WantedConfig => {
  const members = {
    domainName: member('domainName', text),
    hostName: member('hostName', text),
    env: member('env', texts),
    cmd: member('cmd', texts),
    privileged: member('privileged', flag),
    extraHosts: member('extraHosts', texts),
    extraCapabilities: member('extraCapabilities', texts),
    network: wordOf(member('networkMode', text)),
    openStdin: member('openStdin', flag),
    tty: member('tty', flag),
    mounts: member('mountPoints', several(mountPoint)),
    devices: member('devices', several(device)),
    ports: member('portMappings', several(portMapping)),
    restartPolicy: member('restartPolicy', readRestartPolicy),
    log: member('log', logSettings),
    resources: member('resources', readResources),
    decryption: member('decryption', decryption),
  };
  const given = Object.entries(members).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(given) as WantedConfig;
});

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
