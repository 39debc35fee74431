/** The checks of a container and the texts of what they refuse, which peers read in feedback (§A.3, CUA-13, CTR-4). */

import { HIGHEST_PORT, isIpv4, isPort, isProto } from './mappings.js';
import type {
  ContainerConfig,
  Device,
  LogSettings,
  MountPoint,
  PortMapping,
  Resources,
  RestartPolicy,
} from './model.js';
import { sizeToBytes, UNLIMITED } from './sizes.js';

type Loose<T, Names extends keyof T> = Omit<T, Names> & { readonly [Name in Names]: string };

/** With defaults, and words that may be any. */
export type Unchecked = Omit<ContainerConfig, 'mounts' | 'network' | 'ports' | 'restartPolicy' | 'log'> & {
  readonly mounts: readonly Loose<MountPoint, 'propagation'>[];
  readonly network: string;
  readonly ports: readonly Loose<PortMapping, 'proto'>[];
  readonly restartPolicy: Loose<RestartPolicy, 'type'>;
  readonly log: Loose<LogSettings, 'driver' | 'mode'>;
};

const NAME = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$/;
/** Engines and file names hold no more. */
const LONGEST_NAME = 200;
const VARIABLE = /^[a-zA-Z_][a-zA-Z0-9_]*(?:=[^\n]*)?$/;
const PROPAGATIONS = ['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave'];
const LEAST_MEMORY = 3 * 1_024 ** 2;
const LONGEST_QUOTE = 200;

/** As much of a text from outside as a message carries. */
export const quoted = (text: string): string =>
  text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE)}…`;

/** Whether a container may be called so (CUA-13). */
export const isContainerName = (name: string): boolean => name.length <= LONGEST_NAME && NAME.test(name);

export const nameProblem = (name: string): string | undefined =>
  isContainerName(name) ? undefined : `invalid container name format : ${quoted(name)}`;

/** The text of the first check that fails, in the order of CUA-15. */
export function firstProblem(config: Unchecked): string | undefined {
  for (const check of CHECKS) {
    const problem = check(config);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const CHECKS: readonly ((config: Unchecked) => string | undefined)[] = [
  ({ image }) => (image === '' ? 'the containers image configuration is invalid' : undefined),
  ({ name }) => nameProblem(name),
  ({ mounts }) => firstOf(mounts, mountProblem),
  privilegeProblem,
  networkProblem,
  ({ devices }) => firstOf(devices, deviceProblem),
  ({ log }) => logProblem(log),
  ({ restartPolicy }) => restartPolicyProblem(restartPolicy),
  ({ resources }) => resourcesProblem(resources),
  ({ env }) => firstOf(env, variableProblem),
];

function firstOf<T>(items: readonly T[], problemOf: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function mountProblem({ source, destination, propagation }: Unchecked['mounts'][number]): string | undefined {
  if (source === '' || destination === '') return 'source and destination must be set for a mount point';
  return PROPAGATIONS.includes(propagation) ? undefined : 'propagation mode must be set to one of the supported modes';
}

/** An empty list of capabilities is none. */
function privilegeProblem({ privileged, devices, extraCapabilities }: Unchecked): string | undefined {
  if (!privileged) return undefined;
  const and = (what: string) =>
    `cannot create the container as privileged and with ${what} at the same time - choose one of the options`;
  if (devices.length > 0) return and('specified devices');
  return extraCapabilities.length > 0 ? and('extra capabilities') : undefined;
}

function networkProblem({ network, ports, extraHosts }: Unchecked): string | undefined {
  if (network !== 'bridge' && network !== 'host') return `unsupported network mode ${quoted(network)}`;
  if (network === 'host' && ports.length > 0) return 'cannot use port mappings when in host network mode';
  if (network === 'host' && extraHosts.some(isOfHostAddress)) {
    return 'cannot use the host_ip reserved key or any of its modifications when in host network mode';
  }
  return firstOf(ports, portProblem);
}

/** `<name>:host_ip` or `<name>:host_ip_<interface>` anywhere in the line, in one pass. */
function isOfHostAddress(entry: string): boolean {
  if (entry.includes('\n')) return false;
  const modified = entry.indexOf(':host_ip_', 1);
  if (modified > 0 && modified + ':host_ip_'.length < entry.length) return true;
  return entry.endsWith(':host_ip') && entry.length > ':host_ip'.length;
}

function portProblem({ proto, containerPort, hostIp, hostPort, hostPortEnd }: Unchecked['ports'][number]) {
  if (!isProto(proto)) return `unsupported protocol of a port mapping ${quoted(proto)}`;
  if (!isIpv4(hostIp)) return `host address of a port mapping is no IPv4 address ${quoted(hostIp)}`;
  if (![containerPort, hostPort, hostPortEnd].every(isPort)) return `ports must be from 1 to ${HIGHEST_PORT}`;
  return hostPortEnd < hostPort ? `range of host ports ends before it begins ${hostPort}-${hostPortEnd}` : undefined;
}

function deviceProblem({ pathOnHost, pathInContainer, permissions }: Device): string | undefined {
  if (pathOnHost === '' || pathInContainer === '') {
    return 'both path on the host and in the container must be specified for a device mapping';
  }
  if (/^[rwm]{1,3}$/.test(permissions)) return undefined;
  return `unsupported cgroup permissions of a device mapping ${quoted(permissions)}`;
}

function logProblem({ driver, maxFiles, maxSize, mode, maxBufferSize }: Unchecked['log']): string | undefined {
  if (driver !== 'json-file' && driver !== 'none') return 'unsupported log driver configuration';
  if (driver === 'json-file') {
    if (maxFiles < 1) return 'max log files cannot be < 1';
    if (sizeToBytes(maxSize) === undefined) return `invalid format of max logs size - ${quoted(maxSize)}`;
  }
  if (mode !== 'blocking' && mode !== 'non-blocking') return 'unsupported log mode configuration';
  return mode === 'non-blocking' && sizeToBytes(maxBufferSize) === undefined
    ? `invalid format of max buffer size - ${quoted(maxBufferSize)}`
    : undefined;
}

export function restartPolicyProblem({ type, maxRetries, retryTimeoutS }: Unchecked['restartPolicy']) {
  if (!['no', 'always', 'on-failure', 'unless-stopped'].includes(type)) {
    return `unsupported restart policy type ${quoted(type)}`;
  }
  if (type !== 'on-failure' && maxRetries !== 0) {
    return `cannot use max retry count when the restart policy is ${type}`;
  }
  if (maxRetries < 0) return 'restart policy max retry count cannot be negative';
  return retryTimeoutS < 0 ? 'restart policy retry timeout cannot be negative' : undefined;
}

export function resourcesProblem({ memory, memoryReservation, memorySwap }: Resources): string | undefined {
  const bytesOf = (text: string) => (text === '' ? 0 : sizeToBytes(text));
  const limit = bytesOf(memory);
  if (limit === undefined) return `invalid format of memory - ${quoted(memory)}`;
  const reservation = bytesOf(memoryReservation);
  if (reservation === undefined) return `invalid format of memory reservation - ${quoted(memoryReservation)}`;
  const swap = memorySwap === UNLIMITED ? 0 : bytesOf(memorySwap);
  if (swap === undefined) return `invalid format of swap memory - ${quoted(memorySwap)}`;
  if (limit > 0 && limit < LEAST_MEMORY) return 'minimum memory allowed is 3M';
  if (swap > 0 && memory === '') return `swap memory - ${memorySwap}, memory must be set as well`;
  if (swap > 0 && swap < limit) return `swap memory - ${memorySwap} is less than memory - ${memory}`;
  if (reservation > 0 && memory !== '' && reservation > limit) {
    return `reservation memory - ${memoryReservation} must be lower than memory - ${memory}`;
  }
  return undefined;
}

/** What is after the `=` may be a secret, so it is in no text. */
function variableProblem(declaration: string): string | undefined {
  if (VARIABLE.test(declaration)) return undefined;
  const end = declaration.indexOf('=');
  const shown = end === -1 ? declaration : `${declaration.slice(0, end)}=…`;
  return `invalid environmental variable declaration provided : ${quoted(shown)}`;
}
