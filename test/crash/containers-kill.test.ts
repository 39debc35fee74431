import { test } from 'node:test';
import { withoutMosquitto } from '../fakes/mosquitto.js';
import { PodmanLab, withoutPodman } from '../fakes/podman-lab.js';
import { podman, processes, simulated } from './container-engines.js';
import { containersWorld } from './containers-run.js';
import { CHANGED, CRASHING, DESCRIBED, FAILING } from './containers-scenarios.js';
import { IS_WHOLE, killedIn, type MatrixOptions } from './matrix.js';

const CHARTS = ['container-update-agent', 'container-inventory', 'container', 'deployment', 'engine-link'];
const PROCESSES: MatrixOptions = {
  charts: CHARTS,
  sample: ['container-update-agent updating.working', 'container starting map:2.0'],
};
/** One of its states, however many of the others are taken. */
const PODMAN: MatrixOptions = { charts: CHARTS, sample: ['container renaming map:2.0'], isSampled: true };
const SIMULATED: MatrixOptions = { charts: CHARTS, sample: ['container creating.making map:2.0'] };

const LIMIT_MS = 3_600_000;
const isHere = { skip: withoutMosquitto(), timeout: LIMIT_MS };

test(
  'CUA-33 ENG-6 a vehicle that is killed while it updates containers ends that as without the crash',
  isHere,
  async (t) => {
    const scenarios = IS_WHOLE ? [CHANGED, ...FAILING, CRASHING, DESCRIBED] : [CHANGED];
    await killedIn(t, containersWorld(t, processes), scenarios, PROCESSES);
  },
);

test('CUA-33 ENG-7 the same on a simulated engine', isHere, async (t) => {
  const scenarios = IS_WHOLE ? [CHANGED, ...FAILING, DESCRIBED] : [CHANGED];
  await killedIn(t, containersWorld(t, simulated), scenarios, SIMULATED);
});

test('CUA-33 ENG-2 the same on a real podman', {
  skip: withoutMosquitto() || withoutPodman() || (!IS_WHOLE && 'with FLEETCHART_CRASH=all'),
  timeout: LIMIT_MS,
}, async (t) => {
  const lab = await PodmanLab.start();
  t.after(() => lab.close());
  await killedIn(t, containersWorld(t, podman(lab)), [CHANGED], PODMAN);
});
