/**
 * What the chart of an engine link has done.
 *
 * H1. Containers are looked at one after another, each for itself or all in a list, so that nobody is told an older
 *     state after a newer one.
 * H2. An event says only that something changed; what is told is what an inspection shows then.
 * H3. A look that fails is a loss: after it all are compared again.
 */
import type { Engine, EngineEvent } from '../engine.js';
import { EngineError } from '../errors.js';
import type { Comparison, FoundEngine, Orphan } from './events.js';
import type { EngineLinkMetrics } from './link-metrics.js';
import type { Sightings } from './sightings.js';

/** An engine, and why this one. */
export interface ChosenEngine {
  readonly engine: Engine;
  readonly why: string;
}

export interface LinkHostOptions {
  readonly choose: (signal: AbortSignal) => Promise<ChosenEngine>;
  /** Counted calls of the chosen engine. */
  readonly engine: Engine;
  readonly sightings: Sightings;
  readonly metrics: EngineLinkMetrics;
  readonly foundOrphans: (orphans: readonly Orphan[]) => void;
}

export class EngineLinkHost {
  /** Kept once there is one. */
  chosen: ChosenEngine | undefined;
  private work: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: LinkHostOptions) {}

  async connect(signal: AbortSignal): Promise<FoundEngine> {
    this.chosen ??= await this.options.choose(signal);
    const { engine, why } = this.chosen;
    const { name, version } = await this.options.engine.info(signal);
    return { kind: engine.kind, name, version, why };
  }

  /** Rejects when the engine is lost. */
  async watch(onReady: () => void, signal: AbortSignal): Promise<never> {
    const { engine, metrics, sightings } = this.options;
    const ended = new AbortController();
    const end = (): void => ended.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    const waiting = new Map<string, EngineEvent>();
    try {
      return await new Promise<never>((_, reject) => {
        const look = async (): Promise<void> => {
          const [next] = waiting.values();
          if (!next || ended.signal.aborted) return;
          waiting.delete(next.id);
          const container = await engine.inspect(next.id, ended.signal);
          if (!ended.signal.aborted) sightings.one(next.owner, next.id, container);
        };
        const onEvent = (event: EngineEvent): void => {
          metrics.event(event.change);
          const isWaiting = waiting.has(event.id);
          waiting.set(event.id, event);
          if (!isWaiting) this.inTurn(look).catch(reject);
        };
        const over = new EngineError('ENGINE_UNAVAILABLE', 'the events of the container engine ended');
        sightings.forget();
        engine.events(onEvent, onReady, ended.signal).then(() => reject(over), reject);
      });
    } finally {
      signal.removeEventListener('abort', end);
      ended.abort();
    }
  }

  compare(signal: AbortSignal): Promise<Comparison> {
    return this.inTurn(async () => {
      const { engine, sightings, metrics, foundOrphans } = this.options;
      signal.throwIfAborted();
      const known = sightings.known();
      const listed = await engine.list(undefined, signal);
      signal.throwIfAborted();
      const { corrections, newOrphans, ...comparison } = sightings.all(known, listed);
      metrics.compared(corrections);
      if (newOrphans.length > 0) foundOrphans(newOrphans);
      return comparison;
    });
  }

  /** One after another (H1). */
  private inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.work.then(run);
    this.work = turn.catch(() => {});
    return turn;
  }
}
