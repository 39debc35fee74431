import type { EffectArguments, Logger } from '../../runtime/index.js';
import { knownErrorRecord } from '../../runtime/index.js';
import type { ThingsContainers, ThingsEngine } from './containers.js';
import type { Sampled, SampleInput } from './events.js';

/** Containers that an engine is asked about at once. */
const AT_ONCE = 8;

export interface MeasuringDeps {
  readonly containers: ThingsContainers;
  readonly engine: ThingsEngine;
  readonly logger: Logger;
}

/** Samples the containers that run or are paused; one that an engine says nothing of is left out. */
export function createSampling({ containers, engine, logger }: MeasuringDeps) {
  let machineMemoryBytes = 0;
  return async ({ input, signal }: EffectArguments<SampleInput>): Promise<Sampled> => {
    const wanted = containers
      .all()
      .filter(({ id, state }) => isRunning(state.status) && (input.ids === null || input.ids.includes(id)));
    const attempt = async <T>(what: () => Promise<T>, of: object): Promise<T | undefined> => {
      try {
        return await what();
      } catch (error) {
        if (!signal.aborted) logger.debug({ ...of, err: knownErrorRecord(error) }, 'container_not_measured');
        return undefined;
      }
    };
    // That of a machine does not change while it runs.
    machineMemoryBytes ||= (await attempt(() => engine.info(signal), {}))?.memoryBytes ?? 0;
    const rest = wanted.entries();
    const places: Array<Sampled['samples'][number] | undefined> = [];
    const work = async (): Promise<void> => {
      for (const [place, { id, config }] of rest) {
        if (signal.aborted) return;
        const sample = await attempt(() => engine.stats(id, signal), { id });
        if (sample) places[place] = { id, sample, hasNetwork: config.network === 'bridge' };
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const samples = places.filter((found) => found !== undefined);
    return { samples, ids: input.ids ?? wanted.map(({ id }) => id), machineMemoryBytes };
  };
}

const isRunning = (status: string): boolean => status === 'Running' || status === 'Paused';
