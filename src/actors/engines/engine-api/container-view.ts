import type { EngineContainer, EngineImage, EngineStatus } from '../engine.js';
import type { DockerLimits } from './create-body.js';
import { ourLabels } from './labels.js';

/** What of an inspection is read; podman leaves out more than Docker. */
export interface Inspected {
  readonly Id: string;
  readonly Created?: string;
  readonly Name?: string;
  readonly State?: {
    readonly Status?: string;
    readonly Pid?: number;
    readonly ExitCode?: number;
    readonly OOMKilled?: boolean;
    readonly StartedAt?: string;
    readonly FinishedAt?: string;
  };
  readonly Config?: {
    readonly Image?: string;
    readonly Tty?: boolean;
    readonly Labels?: Record<string, string> | null;
  };
  readonly HostConfig?: DockerLimits;
  readonly NetworkSettings?: {
    readonly IPAddress?: string;
    readonly Networks?: Readonly<Record<string, { readonly IPAddress?: string } | null>> | null;
  };
}

const STATUSES: Readonly<Record<string, EngineStatus>> = {
  configured: 'created',
  created: 'created',
  initialized: 'created',
  running: 'running',
  restarting: 'running',
  stopping: 'running',
  paused: 'paused',
  stopped: 'exited',
  exited: 'exited',
  removing: 'removing',
  dead: 'dead',
};

/** Undefined for a container that is none of ours. */
export function containerView({
  Created,
  Name,
  State,
  Config,
  NetworkSettings,
}: Inspected): EngineContainer | undefined {
  const ours = ourLabels(Config?.Labels);
  if (!ours) return undefined;
  const status = STATUSES[State?.Status ?? ''] ?? 'unknown';
  const isAlive = status === 'running' || status === 'paused';
  const networks = Object.values(NetworkSettings?.Networks ?? {});
  return {
    ...ours,
    name: (Name ?? '').replace(/^\//, ''),
    image: Config?.Image ?? '',
    status,
    pid: (isAlive && State?.Pid) || -1,
    exitCode: State?.ExitCode ?? 0,
    oomKilled: State?.OOMKilled ?? false,
    startedAt: time(State?.StartedAt),
    // Docker keeps that of the run before.
    finishedAt: isAlive ? '' : time(State?.FinishedAt),
    createdAt: time(Created),
    ipAddress: NetworkSettings?.IPAddress || networks.map((network) => network?.IPAddress).find(Boolean) || '',
  };
}

/** Engines write the year 1 for never, and podman may write the time of its zone. */
function time(text: string | undefined): string {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  if (Number.isNaN(at) || at <= 0 || text === undefined) return '';
  return text.endsWith('Z') ? text : new Date(at).toISOString();
}

export interface InspectedImage {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly RepoDigests?: readonly string[] | null;
  readonly Size?: number;
}

/** Podman lists a reference by digest among the tags (POD-24); the id alone says what an image is. */
export function imageView({ Id, RepoTags, RepoDigests, Size }: InspectedImage): EngineImage {
  const tags = (RepoTags ?? []).filter((tag) => tag !== '<none>:<none>');
  const isDigest = (tag: string): boolean => tag.includes('@');
  return {
    id: Id.startsWith('sha256:') ? Id : `sha256:${Id}`,
    tags: tags.filter((tag) => !isDigest(tag)),
    digests: [...new Set([...(RepoDigests ?? []), ...tags.filter(isDigest)])],
    sizeBytes: Size ?? 0,
  };
}
