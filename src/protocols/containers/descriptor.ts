import type { Result } from '../result.js';
import { flag, int64, integer, listOf, objectOf, parseJson, type Read, readAs, text } from '../update-agent/index.js';
import { completeConfig } from './defaults.js';
import type { ContainerDraft } from './draft.js';
import { CONTAINER_STATUSES, type Container, type ContainerState, type ContainerStatus } from './model.js';
import { nameProblem } from './validation.js';

const NS_PER_S = 1e9;
const MOST_ITEMS = 2_000;

/** State of a container that is about to be made. */
export const NEW_STATE: ContainerState = {
  status: 'Creating',
  pid: -1,
  exitCode: 0,
  error: '',
  startedAt: '',
  finishedAt: '',
  oomKilled: false,
};

/**
 * A container that is to be made, from its JSON form (§B.1): a descriptor, or what Kanto stored of one, with its state.
 * `id` is for one that names none; without a name it is the name, too (CTR-2).
 */
export function readDescriptor(value: unknown, id: string): Result<Container> {
  const read = readAs(value, readParts);
  if (!read.ok) return read;
  if (read.value === undefined) return refusal('expected an object');
  const { ownId, draft, ...rest } = read.value;
  const containerId = ownId || id;
  if (nameProblem(containerId) !== undefined) return refusal(`invalid container id : ${containerId.slice(0, 200)}`);
  const config = completeConfig({ ...draft, name: draft.name || containerId });
  return config.ok ? { ok: true, value: { id: containerId, config: config.value, ...rest } } : config;
}

/** The same of a file or an artifact. */
export function decodeDescriptor(bytes: Uint8Array, id: string): Result<Container> {
  const parsed = parseJson(bytes);
  return parsed.ok ? readDescriptor(parsed.value, id) : parsed;
}

const refusal = (detail: string): Result<never> => ({ ok: false, error: { code: 'invalid_container', detail } });

/** Hostile lists end here rather than in the store. */
const few =
  <T>(read: Read<T | undefined>): Read<T[]> =>
  (value, path) =>
    listOf(read)(Array.isArray(value) && value.length > MOST_ITEMS ? 'too many' : value, path);
const texts = few(text);
const int32 = integer(-(2 ** 31), 2 ** 31 - 1);
const uint16 = integer(0, 65_535);

const readImage = objectOf((member) => ({
  name: member('name', text),
  decryption: member(
    'decrypt_config',
    objectOf((inner) => ({ keys: inner('keys', texts), recipients: inner('recipients', texts) })),
  ),
}));

const readMount = objectOf((member) => ({
  source: member('source', text),
  destination: member('destination', text),
  propagation: member('propagation_mode', text),
}));

const readDevice = objectOf((member) => ({
  pathOnHost: member('path_on_host', text),
  pathInContainer: member('path_in_container', text),
  permissions: member('cgroup_permissions', text),
}));

const readPort = objectOf((member) => ({
  proto: member('proto', text),
  containerPort: member('container_port', uint16),
  hostIp: member('host_ip', text),
  hostPort: member('host_port', uint16),
  hostPortEnd: member('host_port_end', uint16),
}));

/** The timeout is in nanoseconds here (CTR-3). */
const readRestartPolicy = objectOf((member) => ({
  type: member('type', text),
  maxRetries: member('maximum_retry_count', int32),
  retryTimeoutS: member('retry_timeout', int64) / NS_PER_S,
}));

const readLog = objectOf((member) => ({
  ...member(
    'driver_config',
    objectOf((driver) => ({
      driver: driver('type', text),
      maxFiles: driver('max_files', int32),
      maxSize: driver('max_size', text),
      rootDir: driver('root_dir', text),
    })),
  ),
  ...member(
    'mode_config',
    objectOf((mode) => ({ mode: mode('mode', text), maxBufferSize: mode('max_buffer_size', text) })),
  ),
}));

const readResources = objectOf((member) => ({
  memory: member('memory', text),
  memoryReservation: member('memory_reservation', text),
  memorySwap: member('memory_swap', text),
}));

const readHostConfig = objectOf((member) => ({
  devices: member('devices', few(readDevice)),
  network: member('network_mode', text),
  privileged: member('privileged', flag),
  restartPolicy: member('restart_policy', readRestartPolicy),
  runtime: member('runtime', text),
  extraHosts: member('extra_hosts', texts),
  extraCapabilities: member('extra_capabilities', texts),
  ports: member('port_mappings', few(readPort)),
  log: member('log_config', readLog),
  resources: member('resources', readResources),
}));

/** By its place in the list, or by its name (CTR-3). */
const readStatus: Read<ContainerStatus> = (value, path) => {
  if (typeof value === 'string') {
    const named = CONTAINER_STATUSES.find((status) => status.toLowerCase() === value.toLowerCase());
    return named ?? 'Unknown';
  }
  return CONTAINER_STATUSES[int64(value, path)] ?? 'Unknown';
};

const readState: Read<ContainerState | undefined> = objectOf((member) => ({
  status: member('status', readStatus),
  pid: member('pid', int64),
  exitCode: member('exit_code', int64),
  error: member('error', text),
  startedAt: member('started_at', text),
  finishedAt: member('finished_at', text),
  oomKilled: member('oomKilled', flag),
}));

const readParts = objectOf((member) => {
  const image = member('image', readImage);
  const draft: ContainerDraft = {
    name: member('container_name', text),
    image: image?.name ?? '',
    decryption: image?.decryption,
    domainName: member('domain_name', text),
    hostName: member('host_name', text),
    mounts: member('mount_points', few(readMount)),
    ...member(
      'config',
      objectOf((config) => ({ env: config('env', texts), cmd: config('cmd', texts) })),
    ),
    ...member(
      'io_config',
      objectOf((io) => ({ tty: io('tty', flag), openStdin: io('open_stdin', flag) })),
    ),
    ...member('host_config', readHostConfig),
  };
  return {
    ownId: member('container_id', text),
    draft,
    state: member('state', readState) ?? NEW_STATE,
    created: member('created', text),
    restartCount: member('restart_count', int32),
    manuallyStopped: member('manually_stopped', flag),
    startedBefore: member('started_successfully_before', flag),
  };
});
