import { portText } from '../../protocols/containers/index.js';
import type { Clock, HttpRoutes } from '../../runtime/index.js';
import type { Engine } from '../engines/index.js';
import type { ContainerContext } from './chart-events.js';
import { type ContainerFacts, containerAddress } from './events.js';
import type { ContainerRoster } from './roster.js';

/** A container as the API shows it: no variables, no secrets. Times are RFC 3339 in UTC, empty if never. */
export interface ContainerRow {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly role: ContainerFacts['role'];
  readonly status: ContainerFacts['state']['status'];
  /** What went wrong last, if it still matters. */
  readonly error: string;
  readonly restartCount: number;
  readonly createdAt: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly exitCode: number;
  /** `0.0.0.0:8080:80/tcp`, as published. */
  readonly ports: readonly string[];
  readonly isSystem: boolean;
  /** Address of its actor. */
  readonly actor: string;
}

export interface RoutesDeps {
  readonly roster: ContainerRoster;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly isSystem: (name: string) => boolean;
}

export function containerRoutes({ roster, isSystem }: RoutesDeps): HttpRoutes {
  return (app) => {
    app.get('/api/v1/containers', async () => ({
      containers: roster.contexts().map((context) => rowOf(context, roster.find(context.id) ?? context, isSystem)),
    }));
  };
}

function rowOf(context: ContainerContext, facts: ContainerFacts, isSystem: (name: string) => boolean): ContainerRow {
  const { id, config, role, state, created, restartCount, lastError } = facts;
  return {
    id,
    name: config.name,
    image: config.image,
    role,
    status: state.status,
    error: state.error || lastError,
    restartCount,
    createdAt: created,
    startedAt: state.startedAt,
    finishedAt: state.finishedAt,
    exitCode: state.exitCode,
    ports: context.ports.map((port) => portText({ ...port, hostPortEnd: port.hostPort })),
    isSystem: isSystem(config.name),
    actor: containerAddress(id),
  };
}
