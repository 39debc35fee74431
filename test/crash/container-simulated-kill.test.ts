import { test } from 'node:test';
import { withoutMosquitto } from '../fakes/mosquitto.js';
import { simulated } from './container-engines.js';
import { BROKEN, HELD } from './container-scenarios.js';
import { containersWorld } from './containers-run.js';
import { CHANGED, CRASHING, DESCRIBED, FAILING } from './containers-scenarios.js';
import { UNRESTED } from './containers-unrested.js';
import { killedIn, WHOLE_ONLY } from './matrix.js';

test('CUA-33 ENG-7 each state of a container on a simulated engine is survived', {
  skip: withoutMosquitto() || WHOLE_ONLY,
}, async (t) => {
  await killedIn(t, containersWorld(simulated), [CHANGED, ...FAILING, CRASHING, DESCRIBED, HELD, BROKEN], {
    charts: ['container'],
    unrested: UNRESTED,
  });
});
