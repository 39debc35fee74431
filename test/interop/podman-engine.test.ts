import type { EngineImage, PullRequest } from '../../src/actors/engines/engine.js';
import { ApiEngine } from '../../src/actors/engines/engine-api/api-engine.js';
import { systemClock } from '../../src/runtime/index.js';
import { engineSuite } from '../actors/engines/engine-suite.js';
import { PodmanLab, withoutPodman } from '../fakes/podman-lab.js';

/** The suite knows of no passwords. */
class EngineWithPassword extends ApiEngine {
  constructor(private readonly lab: PodmanLab) {
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

engineSuite(
  'a real podman',
  async () => {
    const lab = await PodmanLab.start();
    return {
      engine: new EngineWithPassword(lab),
      images: {
        good: lab.image('1.0'),
        other: lab.image('2.0'),
        bad: lab.image('bad'),
        crash: lab.image('crash'),
        missing: lab.image('missing'),
      },
      supports: { commands: true, processes: true, limits: true },
      close: () => lab.close(),
    };
  },
  { skip: withoutPodman() },
);
