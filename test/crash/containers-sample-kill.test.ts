import { test } from 'node:test';
import { withoutMosquitto } from '../fakes/mosquitto.js';
import { processes, simulated } from './container-engines.js';
import { containersWorld } from './containers-run.js';
import { CHANGED } from './containers-scenarios.js';
import { IS_WHOLE, killedIn } from './matrix.js';
import { INSTALLED } from './things-scenarios.js';

/** A few states; the whole of it has files of its own, by chart and engine. */
const options = { skip: withoutMosquitto() || (IS_WHOLE && 'part of the whole') };
const isSampled = true;

test(
  'CUA-33 ENG-6 a vehicle that is killed while it updates containers ends that as without the crash',
  options,
  async (t) => {
    const sample = ['container-update-agent updating.working', 'container starting map:2.0'];
    await killedIn(t, containersWorld(processes), [CHANGED], {
      charts: ['container', 'container-update-agent'],
      sample,
      isSampled,
    });
  },
);

test('CUA-33 ENG-7 the same on a simulated engine', options, async (t) => {
  await killedIn(t, containersWorld(simulated), [CHANGED], {
    charts: ['container'],
    sample: ['container creating.making map:2.0'],
    isSampled,
  });
});

test('THG-19 THG-20 the same while it installs what the cloud asks for', options, async (t) => {
  await killedIn(t, containersWorld(processes), [INSTALLED], {
    charts: ['software-updatable'],
    sample: ['software-updatable installing.creating'],
    isSampled,
  });
});
