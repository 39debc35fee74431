import { test } from 'node:test';
import { withoutMosquitto } from '../fakes/mosquitto.js';
import { LATE, UNMANAGED, VANISHING } from './agent-scenarios.js';
import { processes } from './container-engines.js';
import { containersWorld } from './containers-run.js';
import { CHANGED, DESCRIBED, FAILING } from './containers-scenarios.js';
import { UNRESTED_PROCESSES } from './containers-unrested.js';
import { killedIn, WHOLE_ONLY } from './matrix.js';

test('CUA-33 CTR-7 POD-28 each state of what updates, deploys and watches containers is survived', {
  skip: withoutMosquitto() || WHOLE_ONLY,
}, async (t) => {
  await killedIn(t, containersWorld(processes), [CHANGED, ...FAILING, DESCRIBED, LATE, ...VANISHING, ...UNMANAGED], {
    charts: ['container-update-agent', 'container-inventory', 'deployment', 'engine-link'],
    unrested: UNRESTED_PROCESSES,
  });
});
