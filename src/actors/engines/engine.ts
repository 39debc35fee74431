/** What runs containers. Restart policy, names, roles and limits are never its business (ENG-5). */
import type { Sample } from '../../protocols/container-features/index.js';
import type { Device, LogSettings, MountPoint } from '../../protocols/containers/model.js';

export type EngineKind = 'engine-api' | 'process' | 'simulated';

/** What answers, for people and for what depends on it. */
export interface EngineInfo {
  /** `Podman Engine`, say. */
  readonly name: string;
  readonly version: string;
  readonly memoryBytes: number;
  readonly cpus: number;
}

/** What an engine is to make. The caller chose ports, checked sources and resolved names. */
export interface ContainerSpec {
  /** UUID, the label `fleetchart.id`: the identity of the container in every call (ENG-2). */
  readonly id: string;
  /** Label `fleetchart.owner`: whose it is. No call crosses owners. */
  readonly owner: string;
  /** Label `fleetchart.activity`: what made it. */
  readonly activity: string;
  /** Unique in the engine. */
  readonly name: string;
  readonly image: string;
  readonly hostName: string;
  readonly domainName: string;
  readonly env: readonly string[];
  readonly cmd: readonly string[];
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly privileged: boolean;
  readonly network: 'bridge' | 'host';
  readonly mounts: readonly MountPoint[];
  readonly devices: readonly Device[];
  /** `name:ip` */
  readonly extraHosts: readonly string[];
  readonly extraCapabilities: readonly string[];
  readonly ports: readonly PublishedPort[];
  readonly log: LogSettings;
  readonly limits: Limits;
}

export interface PublishedPort {
  readonly proto: 'tcp' | 'udp' | 'sctp';
  readonly containerPort: number;
  readonly hostIp: string;
  readonly hostPort: number;
}

/** Bytes; absent: unlimited. Swap includes memory. */
export interface Limits {
  readonly memory?: number;
  readonly memoryReservation?: number;
  readonly memorySwap?: number;
}

export type EngineStatus = 'created' | 'running' | 'paused' | 'exited' | 'removing' | 'dead' | 'unknown';

/** A container as the engine shows it. */
export interface EngineContainer {
  readonly id: string;
  readonly owner: string;
  readonly activity: string;
  readonly name: string;
  readonly image: string;
  readonly status: EngineStatus;
  /** -1 while it does not run. */
  readonly pid: number;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** RFC 3339 in UTC; empty if never. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly createdAt: string;
  /** In the bridge network; empty without one. */
  readonly ipAddress: string;
}

export interface EngineImage {
  readonly id: string;
  readonly tags: readonly string[];
  /** `name@sha256:…` */
  readonly digests: readonly string[];
  readonly sizeBytes: number;
}

export interface PullRequest {
  readonly image: string;
  readonly credentials?: { readonly user: string; readonly password: string };
  /** Plain HTTP, or HTTPS without verification (REG-3). */
  readonly insecure?: boolean;
}

/** A share is the difference of two samples (POD-15). */
export type StatsSample = Sample;

export interface LogLine {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** Something changed: look again. */
export interface EngineEvent {
  readonly owner: string;
  readonly id: string;
  readonly change: 'created' | 'started' | 'died' | 'paused' | 'resumed' | 'renamed' | 'removed';
  /** Of `died`, if the engine tells. */
  readonly exitCode?: number;
}

/**
 * One interface, one suite of tests, several engines. Every call takes a container by its label id, is idempotent (what is
 * so already is fine; what is gone is removed), ends in bounded time or with its signal, and throws `EngineError` with a
 * text that people can read (ENG-3).
 */
export interface Engine {
  readonly kind: EngineKind;
  /** Says whether it answers. */
  info(signal: AbortSignal): Promise<EngineInfo>;
  /** `undefined` if it is not there. */
  image(reference: string, signal: AbortSignal): Promise<EngineImage | undefined>;
  images(signal: AbortSignal): Promise<readonly EngineImage[]>;
  /** Progress in whole percent below 100, where the engine tells. Once only: retries are the caller's. */
  pull(request: PullRequest, onProgress: (percent: number) => void, signal: AbortSignal): Promise<EngineImage>;
  /** False if a container uses it. */
  removeImage(reference: string, signal: AbortSignal): Promise<boolean>;
  /** Finds the one of this id that a crash left behind. */
  create(spec: ContainerSpec, signal: AbortSignal): Promise<void>;
  start(id: string, signal: AbortSignal): Promise<void>;
  /** Terminated, and after `timeoutS` killed; a paused one, too. */
  stop(id: string, timeoutS: number, signal: AbortSignal): Promise<void>;
  /** `SIGTERM`, `SIGUSR1` … */
  kill(id: string, name: string, signal: AbortSignal): Promise<void>;
  pause(id: string, signal: AbortSignal): Promise<void>;
  resume(id: string, signal: AbortSignal): Promise<void>;
  rename(id: string, name: string, signal: AbortSignal): Promise<void>;
  /** Whatever it does, with its anonymous volumes. */
  remove(id: string, signal: AbortSignal): Promise<void>;
  /** At once if it runs, and again at each start by the caller: engines may forget. */
  updateLimits(id: string, limits: Limits, signal: AbortSignal): Promise<void>;
  inspect(id: string, signal: AbortSignal): Promise<EngineContainer | undefined>;
  /** Those of one owner; of all containers with our labels without one. */
  list(owner: string | undefined, signal: AbortSignal): Promise<readonly EngineContainer[]>;
  /** Names that any container of the engine has, ours or not. */
  isNameTaken(name: string, signal: AbortSignal): Promise<boolean>;
  /** `undefined` while it does not run. */
  stats(id: string, signal: AbortSignal): Promise<StatsSample | undefined>;
  /** The last `tail` lines, then with `follow` what comes, until the signal. */
  logs(
    id: string,
    options: { readonly tail: number; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncIterable<LogLine>;
  /** Ends with its signal; throws when the engine is lost. `onReady` once nothing is missed any more: list then. */
  events(onEvent: (event: EngineEvent) => void, onReady: () => void, signal: AbortSignal): Promise<void>;
  /** Address of the host in the bridge network, for `host_ip`; `undefined` without one. */
  bridgeGateway(signal: AbortSignal): Promise<string | undefined>;
}
