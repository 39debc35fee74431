import { test } from 'node:test';
import { Mosquitto, withoutMosquitto } from '../fakes/mosquitto.js';
import { IS_WHOLE, killedIn, type MatrixOptions, type Unrested } from './matrix.js';
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

const LEFT_AT_ONCE = 'left in the turn that enters it';
const LEFT_FIRST = 'entered by the first turn after a start, which leaves it';
const OF_A_STOP = 'of an orderly stop';

const UNRESTED: Unrested = {
  'update-activity validating': LEFT_AT_ONCE,
  'update-activity running.download.choosing': LEFT_AT_ONCE,
  'update-activity running.update.choosing': LEFT_AT_ONCE,
  'update-activity running.activate.choosing': LEFT_AT_ONCE,
  'update-manager choosing': LEFT_AT_ONCE,
  'update-activity running.download.consent.resuming': LEFT_FIRST,
  'update-activity running.update.consent.resuming': LEFT_FIRST,
  'update-activity running.activate.consent.resuming': LEFT_FIRST,
  'update-activity rebooting.resuming': LEFT_FIRST,
  'update-manager stopping': OF_A_STOP,
  'update-manager stopped': OF_A_STOP,
  'inventory delaying': 'of a change that nobody asked for, when no activity is under way',
};

test('UM-RES-4 SUA-52 a vehicle that is killed in any state of an update ends it as without the crash', {
  skip: withoutMosquitto(),
  timeout: 1_800_000,
}, async (t) => {
  const world = await UpdateWorld.open(t, await Mosquitto.start(t));
  await killedIn(t, world.run, IS_WHOLE ? SCENARIOS : SCENARIOS.slice(0, 1), { ...OPTIONS, unrested: UNRESTED });
});

test('MQT-4 UM-RES-4 SUA-52 the same where the broker is killed along with the vehicle', {
  timeout: 1_800_000,
}, async (t) => {
  const world = await UpdateWorld.open(t);
  await killedIn(t, world.run, SCENARIOS.slice(0, 1), OPTIONS);
});
