import type { EventObject } from 'xstate';
import {
  type ActorSystem,
  type ActorType,
  addressOf,
  type Child,
  type Clock,
  effect,
  type HttpRoutes,
  type Logger,
  type Metrics,
  RepeatedFailures,
} from '../../../runtime/index.js';
import type { Engine, EngineKind } from '../engine.js';
import { EngineError } from '../errors.js';
import { EngineHandle } from './engine-handle.js';
import {
  type Comparison,
  type DatedFailure,
  DEFAULT_ENGINE_LINK_TIMING,
  type EngineLinkContext,
  type EngineLinkEffectInput,
  type EngineLinkOutput,
  type EngineLinkTiming,
  type FoundEngine,
  type Orphan,
} from './events.js';
import { type ChosenEngine, EngineLinkHost } from './link-host.js';
import { EngineLinkMetrics } from './link-metrics.js';
import { engineLinkMachine } from './machine.js';
import { engineRoutes } from './routes.js';
import { type EngineOwner, Sightings } from './sightings.js';

/** The chart alone: enough for a replay. */
export const engineLinkType = { name: 'engine-link', version: 1, machine: engineLinkMachine } as const;

export interface EngineLinkOptions {
  /** Key of the actor's address. */
  readonly name: string;
  /** Finds the engine; asked until there is one, and never again. */
  readonly choose: (signal: AbortSignal) => Promise<ChosenEngine>;
  readonly owners: readonly EngineOwner[];
  /** From one comparison to the next. @default 60000 */
  readonly relistMs?: number;
  readonly timing?: Partial<EngineLinkTiming>;
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** What people and the console see of it. */
export interface EngineLinkView {
  readonly state: 'connecting' | 'ready' | 'lost' | 'stopped';
  readonly kind?: EngineKind;
  readonly name?: string;
  readonly version?: string;
  readonly why?: string;
  /** No container really runs. */
  readonly isSimulated: boolean;
  /** With our labels, at the last comparison. */
  readonly containers?: number;
  /** Containers with the label of an owner here that nobody knows; the next comparison has them taken over. */
  readonly orphans: readonly Orphan[];
  readonly lastError?: DatedFailure;
  /** Epoch milliseconds; null before it began. */
  readonly since: number | null;
}

export interface EngineLink {
  /** Registered once, before the system starts. */
  readonly type: ActorType;
  readonly child: Child;
  /** Calls the engine that was chosen; `ENGINE_UNAVAILABLE` until there is one. */
  readonly engine: Engine;
  readonly routes: HttpRoutes;
  view(): EngineLinkView;
}

/** On stop nothing is waited for. */
const SHUTDOWN_MS = 2_000;

/** The one link of a process to the engine that runs its containers. */
export function createEngineLink(options: EngineLinkOptions): EngineLink {
  const { name, choose, owners, relistMs, system, clock, logger, metrics } = options;
  const address = addressOf(engineLinkType.name, name);
  const view = (): EngineLinkView => viewOf(system.peek(address));
  const counted = new EngineLinkMetrics(metrics, () => {
    const { state, containers = 0, orphans } = view();
    return { isReady: state === 'ready', containers, orphans: orphans.length };
  });
  const engine = new EngineHandle(() => host.chosen?.engine, counted, clock);
  const sightings = new Sightings(owners, (to, event) => system.tell(to, event));
  const foundOrphans = (orphans: readonly Orphan[]): void => {
    logger.warn({ link: name, orphans }, 'engine_orphans_found');
  };
  const host = new EngineLinkHost({ choose, engine, sightings, metrics: counted, foundOrphans });
  const failures = new RepeatedFailures({ logger, clock, message: 'engine_link_failed' });
  const losses = new RepeatedFailures({ logger, clock, message: 'engine_link_down' });
  const noted = (output: EventObject): void => {
    const said = output as EngineLinkOutput;
    if (said.type === 'link.up') {
      logger.info({ link: name, ...said.engine }, 'engine_link_up');
      return;
    }
    if (said.type === 'link.down') counted.lost();
    const error = said.code === null ? new Error(said.message) : new EngineError(said.code, said.message);
    (said.type === 'link.down' ? losses : failures).failed(name, { link: name }, error);
  };
  const timing: EngineLinkTiming = {
    ...DEFAULT_ENGINE_LINK_TIMING,
    ...(relistMs === undefined ? {} : { relistMs }),
    ...options.timing,
  };
  return {
    type: {
      ...engineLinkType,
      machine: engineLinkMachine.provide({
        actors: {
          connect: effect<FoundEngine, EngineLinkEffectInput>(({ signal }) => host.connect(signal)),
          watch: effect<never, EngineLinkEffectInput>(({ signal, send }) =>
            host.watch(() => send({ type: 'link.watching' }), signal),
          ),
          compare: effect<Comparison, EngineLinkEffectInput>(({ signal }) => host.compare(signal)),
        },
      }),
      durability: 'none',
      idleAfterMs: 'never',
      outputs: { 'link.up': noted, 'link.down': noted, 'link.failed': noted },
    },
    child: system.child(address, {
      input: { name, timing },
      stopEvent: () => ({ type: 'link.stop' }),
      shutdownMs: SHUTDOWN_MS,
    }),
    engine,
    routes: engineRoutes(view),
    view,
  };
}

function viewOf(snapshot: { readonly value: unknown; readonly context: unknown } | undefined): EngineLinkView {
  if (!snapshot) return { state: 'stopped', isSimulated: false, orphans: [], since: null };
  const { engine, comparison, lastError, since } = snapshot.context as EngineLinkContext;
  const { value } = snapshot;
  const state = typeof value === 'string' ? value : Object.keys(value as object)[0];
  return {
    state: state as EngineLinkView['state'],
    ...engine,
    isSimulated: engine?.kind === 'simulated',
    ...(comparison === null ? {} : { containers: comparison.containers }),
    orphans: comparison?.orphans ?? [],
    ...(lastError === null ? {} : { lastError }),
    since,
  };
}
