import type { TestContext } from 'node:test';
import {
  createSimulation,
  openScratchSystem,
  type Simulation,
  type SimulationDeps,
  type SimulationOptions,
} from '../../../src/actors/simulation/index.js';
import type { ActorSystem } from '../../../src/runtime/index.js';
import type { FakeServer } from '../../fakes/telemetry-server.js';

export interface Fleet {
  readonly simulation: Simulation;
  readonly system: ActorSystem;
}

/** Vehicles against a fake server, ended with the test; impatient where a fleet would wait. */
export async function createFleet(
  t: TestContext,
  server: Pick<FakeServer, 'url' | 'ca' | 'devices'>,
  { count = 1, ...options }: Partial<SimulationOptions> & { readonly count?: number } = {},
  deps: Omit<SimulationDeps, 'system'> = {},
): Promise<Fleet> {
  const { system, close } = await openScratchSystem();
  const simulation = createSimulation(
    {
      url: server.url,
      ca: server.ca,
      vehicles: await server.devices(count),
      perSecond: 50,
      mix: { V: 1 },
      rampPerSecond: 10_000,
      timing: { retryMs: 20 },
      ...options,
    },
    { system, ...deps },
  );
  t.after(async () => {
    await simulation.stop(0);
    await close();
  });
  return { simulation, system };
}

const DEADLINE_MS = 60_000;

/** Resolves when the condition holds; fails when it does not in time. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`it never came to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
