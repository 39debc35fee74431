import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { withoutMosquitto } from '../fakes/mosquitto.js';
import { type MakeEngine, processes, simulated } from './container-engines.js';
import { containersWorld } from './containers-run.js';
import { CHANGED, type ContainersScenario, CRASHING, DESCRIBED, FAILING } from './containers-scenarios.js';
import { IS_WHOLE, killedIn, type MatrixOptions } from './matrix.js';

const CHARTS = ['container-update-agent', 'container-inventory', 'container', 'deployment', 'engine-link'];
const PROCESSES: MatrixOptions = {
  charts: CHARTS,
  sample: ['container-update-agent updating.working', 'container starting map:2.0'],
};
const SIMULATED: MatrixOptions = { charts: CHARTS, sample: ['container creating.making map:2.0'] };

const LIMIT_MS = 3_600_000;
const isHere = { skip: withoutMosquitto(), timeout: LIMIT_MS };

test(
  'CUA-33 ENG-6 a vehicle that is killed while it updates containers ends that as without the crash',
  isHere,
  async (t) => {
    await matrix(t, processes, [CHANGED, ...FAILING, CRASHING, DESCRIBED], PROCESSES);
  },
);

test('CUA-33 ENG-7 the same on a simulated engine', isHere, async (t) => {
  await matrix(t, simulated, [CHANGED, ...FAILING, DESCRIBED], SIMULATED);
});

/** States that no scenario rests in. */
const PASSED_THROUGH: readonly string[] = [];

async function matrix(
  t: TestContext,
  engine: MakeEngine,
  scenarios: readonly ContainersScenario[],
  options: MatrixOptions,
): Promise<void> {
  const left = await killedIn(t, containersWorld(t, engine), IS_WHOLE ? scenarios : scenarios.slice(0, 1), options);
  if (IS_WHOLE)
    assert.deepEqual(
      [...left].filter((state) => !PASSED_THROUGH.includes(state)),
      [],
    );
}
