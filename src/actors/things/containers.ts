import type { ContainerConfig } from '../../protocols/containers/index.js';
import type { ContainerCommand, ContainerFacts, ContainerReply } from '../containers/events.js';
import type { Engine } from '../engines/index.js';

/** What the features need of the containers of this vehicle. */
export interface ThingsContainers {
  all(): readonly ContainerFacts[];
  find(id: string): ContainerFacts | undefined;
  /** Made in the engine, and asked to start if wanted; its id. Rejects where there is one of the id. */
  create(
    config: ContainerConfig,
    options: { readonly start: boolean; readonly activity?: string; readonly id?: string },
    signal: AbortSignal,
  ): Promise<string>;
  command(id: string, command: ContainerCommand, signal: AbortSignal): Promise<ContainerReply>;
}

export type ThingsEngine = Pick<Engine, 'info' | 'stats'>;

/** Those that have been made: others are wishes still, and have no feature. */
export const madeOf = (containers: Pick<ThingsContainers, 'all'>): readonly ContainerFacts[] =>
  containers.all().filter(({ created }) => created !== '');
