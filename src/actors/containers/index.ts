import type { ContainerConfig } from '../../protocols/containers/index.js';
import {
  type ActorSystem,
  type ActorType,
  type Address,
  type Child,
  type Clock,
  effect,
  type HttpRoutes,
  type Ids,
  type Logger,
  type Metrics,
  type OutputEffect,
} from '../../runtime/index.js';
import type { Engine, EngineContainer } from '../engines/index.js';
import { adoptionOf } from './adoption.js';
import type { ChangedOutput, GoneOutput } from './chart-events.js';
import { ContainerCommands, type CreateOptions } from './commands.js';
import { ContainerEffects, type ImageSource } from './effects.js';
import { type ContainerCommand, type ContainerFacts, type ContainerReply, containerAddress } from './events.js';
import { HostsFiles } from './hosts.js';
import { containerMachine } from './machine.js';
import { createMeters } from './meters.js';
import { Neighbours } from './neighbours.js';
import { type IsFree, isPortFree } from './ports.js';
import { CONTAINER, ContainerRoster } from './roster.js';
import { containerRoutes } from './routes.js';
import { OWNER } from './spec.js';

export type { CreateOptions } from './commands.js';
export type { ImageSource } from './effects.js';
export { ContainerError } from './errors.js';
export type {
  ContainerChanged,
  ContainerCommand,
  ContainerFacts,
  ContainerInput,
  ContainerReply,
  ContainerSighting,
  Role,
  StopOptions,
} from './events.js';

export type { ContainerRow } from './routes.js';
export type { ContainerUsage } from './stats.js';

/** The chart alone: enough for a replay. */
export const containerType = { name: CONTAINER, version: 1, machine: containerMachine } as const;

export interface ContainersDeps {
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly engine: Engine;
  readonly images: ImageSource;
  /** Told `CONTAINER.CHANGED`, stored, at least once. */
  readonly watchers: readonly Address[];
  /** Seconds (CTR-9). */
  readonly stopTimeoutS: number;
  /** CTR-13: the reference's way. */
  readonly stopOnExit: boolean;
  /** Of the hosts files. */
  readonly folder: string;
  /** Whether the engine is lost, so that nobody knows how its containers are. @default never */
  readonly isEngineLost?: () => boolean;
  /** Names of containers that are not managed by desired states. @default none */
  readonly isSystem?: (name: string) => boolean;
  /** For an image to be there, milliseconds. @default 40 minutes */
  readonly createMs?: number;
  /** @default tried by binding it */
  readonly isPortFree?: IsFree;
}

/** What the engine link knows of those whose containers are in the engine (ENG-1). */
export interface ContainerOwner {
  /** The label. */
  readonly owner: string;
  address(id: string): Address;
  /** Ids of those that are in the engine, or are being made there. */
  known(): readonly string[];
  /** One with the label that nobody knows, as the records are lost. */
  adopt(container: EngineContainer): void;
  /** Whether this is one of them. */
  knows(id: string): boolean;
}

export interface Containers {
  readonly types: readonly ActorType[];
  /** Of role current and made in the engine, the newest last. */
  present(): readonly ContainerFacts[];
  all(): readonly ContainerFacts[];
  find(id: string): ContainerFacts | undefined;
  /**
   * Makes a container in the engine, and starts it if wanted; gives its id. Rejects with `CONTAINER_REFUSED` if it
   * cannot be made; a failing start is logged (THG-14).
   */
  create(config: ContainerConfig, options: CreateOptions, signal: AbortSignal): Promise<string>;
  /** Rejects with `CONTAINER_UNKNOWN` where there is none, or no more; to remove that is fine. */
  command(id: string, command: ContainerCommand, signal: AbortSignal): Promise<ContainerReply>;
  readonly owner: ContainerOwner;
  readonly routes: HttpRoutes;
  /** To be stopped before the engine link. */
  readonly child: Child;
}

const CREATE_MS = 40 * 60_000;
/** What a stop takes beside its time-outs. */
const STOP_MARGIN_MS = 10_000;

/** The containers of a vehicle: an actor each, over one engine. */
export function createContainers(deps: ContainersDeps): Containers {
  const { system, clock, ids, logger, metrics, engine, images, stopTimeoutS } = deps;
  const roster = new ContainerRoster(system, deps.isEngineLost ?? (() => false));
  const effects = new ContainerEffects({
    engine,
    images,
    clock,
    logger,
    stopTimeoutS,
    neighbours: new Neighbours(() => roster.contexts()),
    hosts: new HostsFiles(deps.folder),
    meters: createMeters(metrics, () => roster.all()),
    isPortFree: deps.isPortFree ?? isPortFree,
  });
  const commands = new ContainerCommands({
    system,
    ids,
    logger,
    stopTimeoutS,
    createMs: deps.createMs ?? CREATE_MS,
    isKnown: (id) => roster.find(id) !== undefined,
  });
  return {
    types: [typeOf(deps, effects, roster, commands)],
    present: () => roster.present(),
    all: () => roster.all(),
    find: (id) => roster.find(id),
    create: (config, options, signal) => commands.create(config, options, signal),
    command: (id, command, signal) => commands.command(id, command, signal),
    owner: {
      owner: OWNER,
      address: containerAddress,
      known: () => roster.contexts().flatMap(({ id, engineName }) => (engineName === '' ? [] : [id])),
      adopt: (found) => {
        const input = adoptionOf(found);
        if (!input || !system.spawn(containerAddress(found.id), input)) return;
        const { name, status } = found;
        logger.warn({ container: found.id, engineName: name, role: input.role, status }, 'container_taken_over');
      },
      knows: (id) => (roster.context(id)?.engineName ?? '') !== '',
    },
    routes: containerRoutes({
      roster,
      engine,
      clock,
      logger,
      isSystem: deps.isSystem ?? (() => false),
      command: (id, command, signal) => commands.command(id, command, signal),
    }),
    child: childOf(deps, roster, commands),
  };
}

function typeOf(
  deps: ContainersDeps,
  effects: ContainerEffects,
  roster: ContainerRoster,
  commands: ContainerCommands,
): ActorType {
  return {
    ...containerType,
    machine: containerMachine.provide({
      actors: {
        fetch: effect(effects.fetch),
        prepare: effect(effects.prepare),
        make: effect(effects.make),
        start: effect(effects.start),
        stop: effect(effects.stop),
        pause: effect(effects.pause),
        resume: effect(effects.resume),
        rename: effect(effects.rename),
        limit: effect(effects.limit),
        look: effect(effects.look),
        remove: effect(effects.remove),
      },
    }),
    durability: 'durable',
    // A container is looked after whether anybody asks or not.
    eager: true,
    idleAfterMs: 'never',
    outputs: {
      'container.changed': tellWatchers(deps, roster),
      'container.gone': (output) => commands.gone((output as unknown as GoneOutput).id),
    },
    defer,
    summary: ({ context }) => {
      const { config, role, state } = context as ContainerFacts;
      return { name: config.name, image: config.image, role, status: state.status };
    },
  };
}

/** One thing at a time: commands and sightings wait while a step runs. */
const defer: NonNullable<ActorType['defer']> = (snapshot, { type }) => {
  if (/^(?:runtime|actor)\./.test(type) || type === 'PROGRESS') return false;
  return (snapshot as unknown as { hasTag(tag: string): boolean }).hasTag('busy');
};

/** CTR-12; the log has them, too. */
function tellWatchers({ system, watchers, logger }: ContainersDeps, roster: ContainerRoster): OutputEffect {
  return async (output) => {
    const { changed } = output as unknown as ChangedOutput;
    const { id: container, name, role, change } = changed;
    const exitCode = roster.find(container)?.state.exitCode;
    const isEnd = change === 'exited' || change === 'stopped';
    logger.info({ container, name, role, change, ...(isEnd ? { exitCode } : {}) }, 'container_changed');
    await Promise.all(watchers.map((watcher) => system.tellStored(watcher, changed)));
  };
}

/** Containers outlive the process unless they are to stop with it (CTR-13). */
function childOf(
  { stopOnExit, stopTimeoutS }: ContainersDeps,
  roster: ContainerRoster,
  commands: ContainerCommands,
): Child {
  return {
    name: 'containers',
    kind: 'service',
    shutdownMs: stopOnExit ? stopTimeoutS * 1_000 + STOP_MARGIN_MS : STOP_MARGIN_MS,
    start: async () => {},
    stop: async (deadlineMs) => {
      if (!stopOnExit) return;
      const up = roster.contexts().filter(({ state }) => state.status === 'Running' || state.status === 'Paused');
      await commands.suspend(
        up.map(({ id }) => id),
        deadlineMs,
      );
    },
  };
}
