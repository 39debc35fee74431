import { test } from 'node:test';
import { withoutMosquitto } from '../fakes/mosquitto.js';
import { processes } from './container-engines.js';
import { containersWorld } from './containers-run.js';
import { UNRESTED_PROCESSES } from './containers-unrested.js';
import { killedIn, WHOLE_ONLY } from './matrix.js';
import { THINGS } from './things-scenarios.js';

test('THG-6 THG-19 THG-20 THG-21 each state of what shows containers in a cloud is survived', {
  skip: withoutMosquitto() || WHOLE_ONLY,
}, async (t) => {
  await killedIn(t, containersWorld(processes), THINGS, {
    charts: ['things-bridge', 'metrics', 'software-updatable'],
    unrested: UNRESTED_PROCESSES,
  });
});
