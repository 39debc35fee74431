import { join } from 'node:path';
import type { Clock, Logger } from '../../runtime/index.js';
import {
  ApiEngine,
  createProcessEngine,
  createSimulatedEngine,
  type EngineChoice,
  engineChooser,
} from '../engines/index.js';
import type { ManagementSettings } from './settings.js';

interface ChoiceDeps {
  readonly settings: ManagementSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether containers are in an engine already. */
  readonly hasContainers: () => boolean;
}

/** How the engine is found that the settings ask for. */
export function chooserOf(deps: ChoiceDeps): ReturnType<typeof engineChooser> {
  const { settings, hasContainers } = deps;
  return engineChooser({ ...engineChoiceOf(deps), keeping: { file: keptChoiceFile(settings), hasContainers } });
}

/** Where it is kept which engine has the containers. */
export const keptChoiceFile = ({ homeDir }: Pick<ManagementSettings, 'homeDir'>): string =>
  join(homeDir, 'engine.json');

/** The engines that there may be, and where. */
export function engineChoiceOf({
  settings,
  environment,
  clock,
  logger,
}: Omit<ChoiceDeps, 'hasContainers'>): EngineChoice {
  const { engine, homeDir, images } = settings;
  return {
    kind: engine.kind,
    socket: engine.socket,
    environment,
    clock,
    engineApi: (socketPath) => new ApiEngine({ socketPath, clock, pullMs: images.pullTimeoutMs }),
    process: () =>
      createProcessEngine({
        folder: join(homeDir, 'process'),
        imageRoot: engine.imageRoot === '' ? join(homeDir, 'images') : engine.imageRoot,
        clock,
        logger,
      }),
    simulated: () =>
      createSimulatedEngine({ file: join(homeDir, 'simulated.json'), clock, delayMs: SIMULATED_DELAY_MS }),
  };
}

/** Long enough to be seen. */
const SIMULATED_DELAY_MS = 300;
