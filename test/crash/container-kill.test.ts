import { test } from 'node:test';
import { withoutMosquitto } from '../fakes/mosquitto.js';
import { processes } from './container-engines.js';
import { ENDED, HELD } from './container-scenarios.js';
import { containersWorld } from './containers-run.js';
import { CHANGED, CRASHING, DESCRIBED, FAILING } from './containers-scenarios.js';
import { UNRESTED_PROCESSES } from './containers-unrested.js';
import { killedIn, WHOLE_ONLY } from './matrix.js';

test('CUA-33 ENG-6 each state of a container is survived by its process and by what wanted it', {
  skip: withoutMosquitto() || WHOLE_ONLY,
}, async (t) => {
  await killedIn(t, containersWorld(processes), [CHANGED, ...FAILING, CRASHING, DESCRIBED, HELD, ENDED], {
    charts: ['container'],
    unrested: UNRESTED_PROCESSES,
  });
});
