import type { Result } from '../result.js';
import type { ContainerDraft, ResourcesDraft, RestartPolicyDraft } from './draft.js';
import { DEFAULT_HOST_IP, DEFAULT_PERMISSIONS } from './mappings.js';
import type { ContainerConfig, Resources } from './model.js';
import { withSwap } from './sizes.js';
import { firstProblem, type Unchecked } from './validation.js';

export const DEFAULT_MAX_FILES = 2;
export const DEFAULT_MAX_SIZE = '100M';
export const DEFAULT_BUFFER_SIZE = '1M';
const DEFAULT_RUNTIME = 'io.containerd.runc.v2';
export const defaultDomainName = (name: string): string => `${name}-domain`;
export const defaultHostName = (name: string): string => `${name}-host`;

/**
 * A container from what was said of it: defaults filled in (CTR-2), checked in the order of CUA-15, swap as it is stored
 * (CTR-5). The detail of a refusal is what peers expect to read.
 */
export function completeConfig(draft: ContainerDraft): Result<ContainerConfig> {
  const filled = withDefaults(draft);
  const problem = firstProblem(filled);
  if (problem !== undefined) return { ok: false, error: { code: 'invalid_container', detail: problem } };
  return { ok: true, value: { ...(filled as ContainerConfig), resources: withSwap(filled.resources) } };
}

function withDefaults(draft: ContainerDraft): Unchecked {
  const { name } = draft;
  return {
    name,
    image: draft.image,
    decryption: draft.decryption ?? { keys: [], recipients: [] },
    domainName: draft.domainName || defaultDomainName(name),
    hostName: draft.hostName || defaultHostName(name),
    mounts: (draft.mounts ?? []).map((mount) => ({ ...mount, propagation: mount.propagation || 'rprivate' })),
    env: draft.env ?? [],
    cmd: draft.cmd ?? [],
    tty: draft.tty ?? false,
    openStdin: draft.openStdin ?? false,
    privileged: draft.privileged ?? false,
    network: draft.network || 'bridge',
    devices: (draft.devices ?? []).map(({ pathOnHost, pathInContainer, permissions }) => ({
      pathOnHost,
      pathInContainer: pathInContainer || pathOnHost,
      permissions: permissions || DEFAULT_PERMISSIONS,
    })),
    extraHosts: draft.extraHosts ?? [],
    extraCapabilities: draft.extraCapabilities ?? [],
    ports: (draft.ports ?? []).map(({ proto, containerPort, hostIp, hostPort, hostPortEnd }) => ({
      proto: proto || 'tcp',
      containerPort,
      hostIp: hostIp || DEFAULT_HOST_IP,
      hostPort,
      hostPortEnd: hostPortEnd || hostPort,
    })),
    restartPolicy: restartPolicyOf(draft.restartPolicy ?? { type: 'unless-stopped' }),
    runtime: draft.runtime || DEFAULT_RUNTIME,
    log: logOf(draft.log ?? {}),
    resources: resourcesOf(draft.resources ?? {}),
  };
}

export const restartPolicyOf = ({ type, maxRetries = 0, retryTimeoutS = 0 }: RestartPolicyDraft) => ({
  type,
  maxRetries,
  retryTimeoutS,
});

export const resourcesOf = ({ memory = '', memoryReservation = '', memorySwap = '' }: ResourcesDraft): Resources => ({
  memory,
  memoryReservation,
  memorySwap,
});

/** Files are those of `json-file` only, a buffer is that of `non-blocking` only: other settings of them are discarded. */
function logOf(log: NonNullable<ContainerDraft['log']>): Unchecked['log'] {
  const driver = log.driver || 'json-file';
  const mode = log.mode || 'blocking';
  const hasFiles = driver !== 'none';
  return {
    driver,
    maxFiles: hasFiles ? log.maxFiles || DEFAULT_MAX_FILES : 0,
    maxSize: hasFiles ? log.maxSize || DEFAULT_MAX_SIZE : '',
    rootDir: hasFiles ? (log.rootDir ?? '') : '',
    mode,
    maxBufferSize: mode === 'blocking' ? '' : log.maxBufferSize || DEFAULT_BUFFER_SIZE,
  };
}
