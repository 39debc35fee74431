import { test } from 'node:test';
import { withoutMosquitto } from '../fakes/mosquitto.js';
import { PodmanLab, withoutPodman } from '../fakes/podman-lab.js';
import { podman } from './container-engines.js';
import { HELD } from './container-scenarios.js';
import { containersWorld } from './containers-run.js';
import { CHANGED } from './containers-scenarios.js';
import { killedIn, WHOLE_ONLY } from './matrix.js';

test('CUA-33 ENG-2 a container on a real podman survives each state of an update', {
  skip: withoutMosquitto() || withoutPodman() || WHOLE_ONLY,
}, async (t) => {
  const lab = await PodmanLab.start();
  t.after(() => lab.close());
  await killedIn(t, containersWorld(podman(lab)), [CHANGED, HELD], { charts: ['container'] });
});
