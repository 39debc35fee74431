import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mosquitto, withoutMosquitto } from '../fakes/mosquitto.js';
import { IS_WHOLE, killedIn, type MatrixOptions } from './matrix.js';
import { UpdateWorld } from './update-run.js';
import { SCENARIOS } from './update-scenarios.js';

const OPTIONS: MatrixOptions = {
  charts: ['update-manager', 'update-activity', 'inventory', 'self-update-agent'],
  sample: [
    'update-activity running.download.await.waiting',
    'self-update-agent updating.writing',
    'self-update-agent activate.activated',
  ],
};

/** States that no scenario rests in. */
const PASSED_THROUGH: readonly string[] = [
  // Left in the turn that enters them.
  'update-activity validating',
  'update-activity running.download.choosing',
  'update-activity running.update.choosing',
  'update-activity running.activate.choosing',
  'update-manager choosing',
  // Entered by the first turn after a start, which leaves them.
  'update-activity running.download.consent.resuming',
  'update-activity running.update.consent.resuming',
  'update-activity running.activate.consent.resuming',
  'update-activity rebooting.resuming',
  // Of an orderly stop.
  'update-manager stopping',
  'update-manager stopped',
  // Of a change that nobody asked for; no activity is under way.
  'inventory delaying',
];

test('UM-RES-4 SUA-52 a vehicle that is killed in any state of an update ends it as without the crash', {
  skip: withoutMosquitto(),
  timeout: 1_800_000,
}, async (t) => {
  const world = await UpdateWorld.open(t, await Mosquitto.start(t));
  const left = await killedIn(t, world.run, IS_WHOLE ? SCENARIOS : SCENARIOS.slice(0, 1), OPTIONS);
  const unexplained = [...left].filter((state) => !PASSED_THROUGH.includes(state));
  if (IS_WHOLE) assert.deepEqual(unexplained, []);
});

test('MQT-4 UM-RES-4 SUA-52 the same where the broker is killed along with the vehicle', {
  timeout: 1_800_000,
}, async (t) => {
  const world = await UpdateWorld.open(t);
  await killedIn(t, world.run, SCENARIOS.slice(0, 1), OPTIONS);
});
