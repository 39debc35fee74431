/** What the HTTP API of a vehicle says of updates and containers, as {@link ./api-types.ts} has the rest. Types only. */
import type { WaitView } from './api-types.js';

/** `GET /api/v1/updates`. */
export interface UpdatesView {
  readonly state: string;
  readonly current: RunningUpdateView | null;
  /** Activity ids, the next first. */
  readonly waiting: readonly string[];
  /** The newest first. */
  readonly recent: readonly FinishedUpdateView[];
}

export interface RunningUpdateView {
  readonly activityId: string;
  readonly address: string;
  readonly state: string;
  readonly status: string;
  readonly startedAt: number;
  readonly waits: readonly WaitView[];
  readonly domains: readonly DomainView[];
}

export interface DomainView {
  readonly id: string;
  readonly status: string;
  readonly actions: readonly ActionView[];
}

export interface ActionView {
  readonly component: { readonly id?: string; readonly version?: string };
  readonly status?: string;
  /** Percent, of what is done now. */
  readonly progress?: number;
  readonly message?: string;
}

export interface FinishedUpdateView {
  readonly activityId: string;
  readonly status: string;
  readonly message: string | null;
  /** Absent where that was not remembered. */
  readonly startedAt?: number;
  readonly endedAt: number;
  /** Absent where nothing failed. */
  readonly failures?: readonly { readonly component: string; readonly message: string }[];
}

/** `GET /api/v1/current-state`. */
export interface CurrentStateView {
  readonly actor: string;
  readonly domains: readonly DomainStateView[];
}

export interface DomainStateView {
  readonly id: string;
  readonly isKnown: boolean;
  readonly timestamp: number | null;
  readonly hardwareNodes: readonly NodeView[];
  readonly softwareNodes: readonly NodeView[];
}

export interface NodeView {
  readonly id?: string;
  readonly version?: string;
  readonly name?: string;
  /** Of software. */
  readonly type?: string;
  readonly parameters?: readonly { readonly key?: string; readonly value?: string }[];
}

/** `GET /api/v1/containers`. */
export interface ContainersAnswer {
  readonly containers: readonly ContainerView[];
}

/** Times are RFC 3339, empty if never; `restartsAt` is in epoch milliseconds. */
export interface ContainerView {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly role: 'current' | 'pending' | 'old';
  readonly status: 'Creating' | 'Created' | 'Running' | 'Stopped' | 'Paused' | 'Exited' | 'Dead' | 'Unknown';
  readonly error: string;
  readonly restartCount: number;
  /** Absent where it is not started again by itself. */
  readonly restartsAt?: number;
  readonly createdAt: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly exitCode: number;
  readonly ports: readonly string[];
  readonly isSystem: boolean;
  readonly actor: string;
}

/** `GET /api/v1/containers/{id}/stats`; null: not told by the engine. */
export interface ContainerUsageView {
  readonly isRunning: boolean;
  /** Of one core. */
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
  readonly memoryLimitBytes: number | null;
  readonly pids: number | null;
}

/** A line of `GET /api/v1/containers/{id}/logs`. */
export interface LogLineView {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** `GET /api/v1/engine`. */
export interface EngineView {
  readonly state: 'connecting' | 'ready' | 'lost' | 'stopped';
  readonly kind?: string;
  readonly name?: string;
  readonly version?: string;
  readonly why?: string;
  readonly isSimulated: boolean;
  readonly orphans: readonly { readonly id: string; readonly owner: string; readonly name: string }[];
  readonly lastError?: { readonly code: string | null; readonly message: string; readonly at: number | null };
  readonly since: number | null;
}

/** `GET /api/v1/container-update`. */
export interface ContainerUpdateView {
  readonly domain: string;
  readonly actor: string;
  readonly state: string;
  readonly waits: readonly WaitView[];
  readonly autoCommands: boolean;
  readonly activityId: string | null;
  readonly groups: readonly { readonly baseline: string; readonly status: string; readonly actions: number }[];
  readonly actions: readonly ContainerActionView[];
}

export interface ContainerActionView {
  readonly name: string;
  readonly version: string;
  readonly kind: 'create' | 'recreate' | 'update' | 'check' | 'destroy';
  readonly status: string;
  readonly message: string;
  /** Id of the container that is there. */
  readonly present?: string;
  /** Id of the container that is to be. */
  readonly planned?: string;
  readonly terms?: { readonly before: TermsView; readonly after: TermsView };
  /** Parts of the configuration that differ. */
  readonly changes: readonly string[];
}

/** What of a container is changed while it stays. */
export interface TermsView {
  readonly resources: { readonly memory: string; readonly memoryReservation: string; readonly memorySwap: string };
  readonly restartPolicy: { readonly type: string; readonly maxRetries: number; readonly retryTimeoutS: number };
}
