import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createActor, type EventObject } from 'xstate';
import {
  DEFAULT_TIMING,
  MOST_CONNECTIONS,
  type PresenceEvent,
  type PresenceName,
  type PresenceOutput,
  type VehicleConnection,
} from '../../../src/actors/vehicles/events.js';
import { presenceMachine } from '../../../src/actors/vehicles/machine.js';
import { ManualClock } from '../../../src/runtime/clock.js';

const connection = (id: string): VehicleConnection => ({
  id,
  deviceType: 'vehicle_device',
  networkInterface: 'wifi',
  clientVersion: '1.2.0',
  since: 0,
});
const connected = (id: string): PresenceEvent => ({ type: 'CONNECTED', connection: connection(id) });
const disconnected = (id: string): PresenceEvent => ({ type: 'DISCONNECTED', id });
const SILENT: PresenceEvent = { type: 'SILENT', since: 10 };
const HEARD: PresenceEvent = { type: 'HEARD', at: 20 };
const RESTARTED: PresenceEvent = { type: 'HUB_RESTARTED', downSince: 30, upAt: 40 };

/** What leads to each state. */
const PATHS: Readonly<Record<PresenceName, readonly PresenceEvent[]>> = {
  offline: [],
  online: [connected('a')],
  silent: [connected('a'), SILENT],
  leaving: [connected('a'), disconnected('a')],
  returning: [connected('a'), RESTARTED],
};

/** Every transition: from, by, to, and what is given: the new presence, or the kind of a gap. */
const TRANSITIONS: readonly (readonly [PresenceName, PresenceEvent | number, PresenceName, readonly string[]])[] = [
  ['offline', connected('a'), 'online', ['online']],
  ['offline', disconnected('a'), 'offline', []],
  ['offline', SILENT, 'offline', []],
  ['offline', HEARD, 'offline', []],
  ['offline', RESTARTED, 'offline', []],
  ['online', connected('b'), 'online', []],
  ['online', connected('a'), 'online', []],
  ['online', disconnected('a'), 'leaving', ['leaving']],
  ['online', disconnected('of a crash'), 'online', []],
  ['online', SILENT, 'silent', ['silent 10-null', 'silent']],
  ['online', HEARD, 'online', []],
  ['online', RESTARTED, 'returning', ['returning']],
  ['silent', connected('b'), 'silent', []],
  ['silent', disconnected('a'), 'leaving', ['silent 10-100', 'leaving']],
  ['silent', disconnected('of a crash'), 'silent', []],
  ['silent', HEARD, 'online', ['silent 10-20', 'online']],
  ['silent', RESTARTED, 'returning', ['silent 10-100', 'returning']],
  ['leaving', connected('a'), 'online', ['online']],
  ['leaving', disconnected('a'), 'leaving', []],
  ['leaving', SILENT, 'leaving', []],
  ['leaving', RESTARTED, 'returning', ['returning']],
  ['leaving', DEFAULT_TIMING.offlineAfterMs, 'offline', ['offline']],
  ['returning', connected('a'), 'online', ['outage 30-100', 'online']],
  ['returning', disconnected('a'), 'returning', []],
  ['returning', RESTARTED, 'returning', []],
  ['returning', DEFAULT_TIMING.restartGraceMs, 'offline', ['outage 30-40', 'offline']],
];

function start() {
  const clock = new ManualClock();
  const actor = createActor(presenceMachine, { clock, input: { vin: 'VIN1', timing: DEFAULT_TIMING } });
  const outputs: PresenceOutput[] = [];
  actor.on('*', (output: EventObject) => outputs.push(output as PresenceOutput));
  actor.start();
  /** As the runtime sends them: with the time (RT-10). */
  const send = (event: PresenceEvent, at = 100) => actor.send(Object.assign({ stamp: { at, u: 0, id: '1' } }, event));
  const given = () =>
    outputs.map((output) => (output.type === 'gap' ? `${output.kind} ${output.from}-${output.to}` : output.to));
  return {
    actor,
    clock,
    send,
    outputs,
    given,
    state: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
  };
}

const nameOf = (by: PresenceEvent | number): string => {
  if (typeof by === 'number') return `${by} ms`;
  return by.type === 'CONNECTED'
    ? `CONNECTED ${by.connection.id}`
    : by.type === 'DISCONNECTED'
      ? `DISCONNECTED ${by.id}`
      : by.type;
};

describe('the chart of presence', () => {
  for (const [from, by, to, expected] of TRANSITIONS) {
    it(`FT-CON-4 ${from} → ${to} by ${nameOf(by)}`, async () => {
      const { clock, send, outputs, given, state } = start();
      for (const event of PATHS[from]) send(event);
      assert.equal(state(), from);
      outputs.length = 0;
      if (typeof by === 'number') await clock.advance(by);
      else send(by);
      assert.equal(state(), to);
      // Without the runtime a timer has no time, and the gap of one that ends by it has its own.
      assert.deepEqual(given(), expected);
      for (const output of outputs) if (output.type === 'presence') assert.equal(output.from, from);
    });
  }

  it('FT-CON-4 a change of network does not show, in whatever order its ends come', () => {
    const { send, state, context, given } = start();
    send(connected('wifi'));
    send(connected('lte'));
    send(disconnected('wifi'));
    assert.equal(state(), 'online');
    assert.deepEqual(
      context().connections.map(({ id }) => id),
      ['lte'],
    );
    send(disconnected('lte'));
    send(connected('wifi again'));
    assert.equal(state(), 'online');
    assert.deepEqual([context().sessions, context().shortDrops, context().connectionsTotal], [1, 1, 3]);
    assert.deepEqual(given(), ['online', 'leaving', 'online']);
  });

  it('FT-CON-4 a flood of connections takes no more room than the newest need', () => {
    const { send, context } = start();
    for (let index = 0; index < MOST_CONNECTIONS * 3; index++) send(connected(`c${index}`));
    assert.equal(context().connections.length, MOST_CONNECTIONS);
    assert.equal(context().connectionsTotal, MOST_CONNECTIONS * 3);
  });

  it('FT-CON-4 two restarts without a return between them are one gap', () => {
    const { send, given, outputs } = start();
    send(connected('a'));
    send(RESTARTED);
    send({ type: 'HUB_RESTARTED', downSince: 60, upAt: 70 });
    outputs.length = 0;
    send(connected('b'));
    assert.deepEqual(given(), ['outage 30-100', 'online']);
  });
});
