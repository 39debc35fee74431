/** A container as this vehicle knows it, in one form for descriptors, desired states, twin features and engines (CTR-1…CTR-3). */

/** Of `state.status` in descriptors, by its place (CTR-3). */
export const CONTAINER_STATUSES = [
  'Creating',
  'Created',
  'Running',
  'Stopped',
  'Paused',
  'Exited',
  'Dead',
  'Unknown',
] as const;
export type ContainerStatus = (typeof CONTAINER_STATUSES)[number];

export interface MountPoint {
  readonly source: string;
  readonly destination: string;
  readonly propagation: 'rprivate' | 'private' | 'rshared' | 'shared' | 'rslave' | 'slave';
}

export interface Device {
  readonly pathOnHost: string;
  readonly pathInContainer: string;
  /** One to three of `r`, `w`, `m`. */
  readonly permissions: string;
}

export interface PortMapping {
  readonly proto: 'tcp' | 'udp' | 'sctp';
  readonly containerPort: number;
  /** IPv4. */
  readonly hostIp: string;
  readonly hostPort: number;
  /** The last one of the range from which a free one is taken. */
  readonly hostPortEnd: number;
}

export type RestartPolicyType = 'no' | 'always' | 'on-failure' | 'unless-stopped';

export interface RestartPolicy {
  readonly type: RestartPolicyType;
  /** 0: unlimited. Of `on-failure` only. */
  readonly maxRetries: number;
  /** Longest pause between two restarts, seconds; 0: 60. */
  readonly retryTimeoutS: number;
}

export interface LogSettings {
  readonly driver: 'json-file' | 'none';
  readonly maxFiles: number;
  /** As written, `100M`. */
  readonly maxSize: string;
  /** Empty: the engine's. */
  readonly rootDir: string;
  readonly mode: 'blocking' | 'non-blocking';
  /** Empty when blocking. */
  readonly maxBufferSize: string;
}

/** Sizes as they were written (`200M`); empty: no limit. */
export interface Resources {
  readonly memory: string;
  readonly memoryReservation: string;
  /** Includes the memory. */
  readonly memorySwap: string;
}

/** What a container is made from, defaults filled in (CTR-2). Stored with mode 0600: `env` may hold secrets. */
export interface ContainerConfig {
  readonly name: string;
  /** Reference, as written: compared as text (CUA-17). */
  readonly image: string;
  readonly decryption: { readonly keys: readonly string[]; readonly recipients: readonly string[] };
  readonly domainName: string;
  readonly hostName: string;
  readonly mounts: readonly MountPoint[];
  /** `NAME=value`; `NAME` alone removes a variable of the image. */
  readonly env: readonly string[];
  /** Empty: the image's own. */
  readonly cmd: readonly string[];
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly privileged: boolean;
  readonly network: 'bridge' | 'host';
  readonly devices: readonly Device[];
  /** `name:ip`, `name:host_ip`, `name:host_ip_<if>`, `name:container_<hostName>` */
  readonly extraHosts: readonly string[];
  readonly extraCapabilities: readonly string[];
  readonly ports: readonly PortMapping[];
  readonly restartPolicy: RestartPolicy;
  readonly runtime: string;
  readonly log: LogSettings;
  readonly resources: Resources;
}

export interface ContainerState {
  readonly status: ContainerStatus;
  /** -1 while it does not run. */
  readonly pid: number;
  readonly exitCode: number;
  readonly error: string;
  /** RFC 3339 in UTC; empty if never. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly oomKilled: boolean;
}

/** A container with what became of it. */
export interface Container {
  /** UUID, the `fleetchart.id` label in the engine. */
  readonly id: string;
  readonly config: ContainerConfig;
  readonly state: ContainerState;
  /** RFC 3339 in UTC. */
  readonly created: string;
  /** Automatic restarts since the last start by hand. */
  readonly restartCount: number;
  readonly manuallyStopped: boolean;
  readonly startedBefore: boolean;
}
