import type { ContainerConfig, ContainerState, Resources, RestartPolicy } from '../../protocols/containers/index.js';
import type { EngineContainer } from '../engines/index.js';

/**
 * What an instance is to its name: the one that counts, one that an update prepares, or one that it replaces. Only the
 * current ones take part in comparisons and inventories.
 */
export type Role = 'current' | 'pending' | 'old';

/** Where an actor of this kind lives. */
export const containerAddress = (id: string): string => `container/${id}`;

export interface ContainerInput {
  readonly config: ContainerConfig;
  readonly role: Role;
  /** What it is made by; empty outside of an update. */
  readonly activity: string;
  /** As the engine shows it: it was made already, by a process whose records are lost (ENG-1). */
  readonly found?: EngineContainer;
}

export interface StopOptions {
  /** Seconds. @default the configured `default_ctrs_stop_timeout` */
  readonly timeoutS?: number;
  /** Name or number. @default SIGTERM */
  readonly signal?: string | number;
  /** Killed after the timeout, rather than left running. @default false */
  readonly force?: boolean;
}

/** A command's answer, to whom asked. */
export type ContainerReply = { readonly ok: true } | { readonly ok: false; readonly error: string };

/** All are answered with a {@link ContainerReply}. `ensure`: what is so already is fine, rather than an error (CTR §B.3). */
export type ContainerCommand = { readonly replyTo?: string } & (
  | { readonly type: 'CREATE' }
  /** `step`: asks for it; what asks again after a restart (DUR-13) does not start once more what has run meanwhile. */
  | { readonly type: 'START'; readonly ensure?: boolean; readonly step?: string }
  | ({ readonly type: 'STOP'; readonly ensure?: boolean } & StopOptions)
  | { readonly type: 'PAUSE' }
  | { readonly type: 'RESUME'; readonly ensure?: boolean }
  | { readonly type: 'RENAME'; readonly name: string }
  | { readonly type: 'UPDATE'; readonly resources?: Resources; readonly restartPolicy?: RestartPolicy }
  | { readonly type: 'REMOVE'; readonly force: boolean }
  /** Renames it in the engine, too (ENG-2). */
  | { readonly type: 'ROLE'; readonly role: Role }
);

/** From the engine link. */
export type ContainerSighting =
  | { readonly type: 'ENGINE.SEEN'; readonly container: EngineContainer }
  | { readonly type: 'ENGINE.MISSING' };

/** What the watchers of containers are told (CTR-12): `CONTAINER.CHANGED`. */
export interface ContainerChanged {
  readonly type: 'CONTAINER.CHANGED';
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly change:
    | 'created'
    | 'running'
    | 'paused'
    | 'resumed'
    | 'stopped'
    | 'exited'
    | 'removed'
    | 'renamed'
    | 'updated';
}

/** What others may read of a container actor's context (by `peek`); it has more. */
export interface ContainerFacts {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly role: Role;
  readonly activity: string;
  readonly state: ContainerState;
  readonly created: string;
  readonly restartCount: number;
  readonly manuallyStopped: boolean;
  readonly startedBefore: boolean;
  /** When its restart policy starts it again, epoch milliseconds; past while that start is on its way. */
  readonly restartAt: number | null;
  /** The last thing that went wrong with it: a pull, a start. */
  readonly lastError: string;
  /** Of the image, while it is fetched and the engine tells. */
  readonly percent?: number;
}
