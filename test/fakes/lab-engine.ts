import type { EngineImage, PullRequest } from '../../src/actors/engines/engine.js';
import { ApiEngine } from '../../src/actors/engines/engine-api/api-engine.js';
import { systemClock } from '../../src/runtime/index.js';
import type { EngineHarness } from '../actors/engines/engine-subject.js';
import type { LabTag } from './lab-images.js';

/** What the labs of podman and of Docker have in common. */
export interface EngineLab {
  readonly socketPath: string;
  readonly registry: string;
  readonly credentials: { readonly user: string; readonly password: string };
  image(tag: LabTag): string;
  /** `name image` of each container that runs, as somebody sees it who works behind the vehicle's back. */
  running(): Promise<readonly string[]>;
  /** Names of all containers. */
  all(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Over the engine of a lab; the suite knows of no passwords. */
export class LabEngine extends ApiEngine {
  constructor(private readonly lab: EngineLab) {
    super({ socketPath: lab.socketPath, clock: systemClock });
  }

  override pull(
    request: PullRequest,
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<EngineImage> {
    return super.pull({ credentials: this.lab.credentials, ...request }, onProgress, signal);
  }
}

/** For the suite of engines. */
export const labHarness = (lab: EngineLab, engine: LabEngine): EngineHarness => ({
  engine,
  images: {
    good: lab.image('1.0'),
    other: lab.image('2.0'),
    bad: lab.image('bad'),
    crash: lab.image('crash'),
    missing: lab.image('missing'),
  },
  supports: { commands: true, processes: true, limits: true },
  close: async () => {},
});
