import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor, fromPromise } from 'xstate';
import { DEFAULT_TIMING } from '../../../src/actors/simulation/index.js';
import { LONGEST_HURRIED_PAUSE_MS, reconnectPauseMs, vehicleMachine } from '../../../src/actors/simulation/machine.js';
import { ManualClock } from '../../../src/runtime/index.js';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A vehicle whose effects end as the test says. */
function startVehicle() {
  const clock = new ManualClock(0, settle);
  const controls: { succeed: () => void; refuse: (error: unknown) => void }[] = [];
  const streams: { lose: (error: unknown) => void; signal: AbortSignal }[] = [];
  const machine = vehicleMachine.provide({
    actors: {
      connect: fromPromise(
        () =>
          new Promise<void>((resolve, reject) => {
            controls.push({ succeed: resolve, refuse: reject });
          }),
      ),
      stream: fromPromise(
        ({ signal }) =>
          new Promise<never>((_, reject) => {
            streams.push({ lose: reject, signal });
          }),
      ),
    },
  });
  const actor = createActor(machine, { clock, input: { vin: 'A', timing: DEFAULT_TIMING } });
  actor.start();
  const connect = async (): Promise<void> => {
    controls.at(-1)?.succeed();
    await settle();
  };
  return { actor, clock, controls, streams, connect, state: () => actor.getSnapshot().value };
}

const lost = Object.assign(new Error('gone'), { reason: 'closed_1001' });

test('a vehicle waits for its turn, connects and streams', async () => {
  const { actor, connect, state } = startVehicle();
  assert.equal(state(), 'offline');
  actor.send({ type: 'CONNECT' });
  assert.equal(state(), 'connecting');
  await connect();
  assert.deepEqual(state(), { connected: 'streaming' });
  actor.send({ type: 'WINDOW_FULL' });
  assert.deepEqual(state(), { connected: 'waiting' });
  actor.send({ type: 'WINDOW_OPEN' });
  assert.deepEqual(state(), { connected: 'streaming' });
});

test('FT-CLI-5 a lost connection is opened again after a pause, from streaming and from waiting', async () => {
  const { actor, clock, streams, connect, state } = startVehicle();
  actor.send({ type: 'CONNECT' });
  await connect();
  for (const event of [undefined, { type: 'WINDOW_FULL' } as const]) {
    if (event) actor.send(event);
    streams.at(-1)?.lose(lost);
    await settle();
    assert.equal(state(), 'backingOff');
    assert.deepEqual(actor.getSnapshot().context.lastEnd, { reason: 'closed_1001', message: 'gone', at: null });
    await clock.advance(actor.getSnapshot().context.pauseMs);
    assert.equal(state(), 'connecting');
    await connect();
    assert.deepEqual(state(), { connected: 'streaming' });
  }
});

test('FT-CLI-5 pauses grow with each failure and start anew once a connection has lasted', async () => {
  const { actor, clock, controls, connect, streams } = startVehicle();
  actor.send({ type: 'CONNECT' });
  const pauses: number[] = [];
  for (let round = 0; round < 3; round++) {
    controls.at(-1)?.refuse(lost);
    await settle();
    pauses.push(actor.getSnapshot().context.pauseMs);
    await clock.advance(pauses.at(-1) ?? 0);
  }
  assert.deepEqual(pauses, [500, 1000, 2000]);
  await connect();
  await clock.advance(DEFAULT_TIMING.steadyAfterMs - 1);
  assert.equal(actor.getSnapshot().context.failures, 3);
  await clock.advance(1);
  assert.equal(actor.getSnapshot().context.failures, 0);
  streams.at(-1)?.lose(lost);
  await settle();
  assert.equal(actor.getSnapshot().context.pauseMs, 500);
});

test('FT-CLI-5 pauses have jitter and a longest one', () => {
  const pause = (failures: number, u: number): number => reconnectPauseMs(failures, u, DEFAULT_TIMING);
  assert.equal(pause(0, 0), 250);
  assert.equal(pause(0, 0.999999), 750);
  assert.equal(pause(50, 0.5), DEFAULT_TIMING.longestRetryMs);
  assert.ok(pause(1000, 0.999999) <= 1.5 * DEFAULT_TIMING.longestRetryMs);
});

test('a server that does not answer is given up after the time-out', async () => {
  const { actor, clock, state } = startVehicle();
  actor.send({ type: 'CONNECT' });
  await clock.advance(DEFAULT_TIMING.connectTimeoutMs);
  assert.equal(state(), 'backingOff');
  assert.equal(actor.getSnapshot().context.lastEnd?.reason, 'timeout');
});

test('STOP ends a vehicle in every state', async () => {
  const arrivals: Record<string, (vehicle: ReturnType<typeof startVehicle>) => Promise<void>> = {
    offline: async () => {},
    connecting: async ({ actor }) => actor.send({ type: 'CONNECT' }),
    streaming: async ({ actor, connect }) => {
      actor.send({ type: 'CONNECT' });
      await connect();
    },
    waiting: async ({ actor, connect }) => {
      actor.send({ type: 'CONNECT' });
      await connect();
      actor.send({ type: 'WINDOW_FULL' });
    },
    backingOff: async ({ actor, controls }) => {
      actor.send({ type: 'CONNECT' });
      controls.at(-1)?.refuse(lost);
      await settle();
    },
  };
  for (const [name, arrive] of Object.entries(arrivals)) {
    const vehicle = startVehicle();
    await arrive(vehicle);
    vehicle.actor.send({ type: 'STOP' });
    assert.equal(vehicle.state(), 'stopped', name);
    assert.equal(vehicle.actor.getSnapshot().status, 'done', name);
    for (const { signal } of vehicle.streams) assert.ok(signal.aborted, `${name}: the connection is closed`);
  }
});

test('every state that waits says for what', () => {
  const waits = (state: { states?: object; meta?: unknown; type?: unknown }, path: string): string[] => {
    const inner = Object.entries(state.states ?? {}).flatMap(([name, child]) => waits(child, `${path}.${name}`));
    return 'waitsFor' in ((state.meta as object) ?? {}) ? [path, ...inner] : inner;
  };
  assert.deepEqual(waits(vehicleMachine.config as object, '').sort(), [
    '.backingOff',
    '.connected.waiting',
    '.connecting',
    '.offline',
  ]);
});

test('FT-CLI-5 a vehicle in a hurry tries again at once, and then after 2 s at most', async () => {
  const { actor, clock, controls, state } = startVehicle();
  actor.send({ type: 'CONNECT' });
  for (let round = 0; round < 8; round++) {
    controls.at(-1)?.refuse(lost);
    await settle();
    if (round < 7) await clock.advance(actor.getSnapshot().context.pauseMs);
  }
  assert.ok(actor.getSnapshot().context.pauseMs > 10_000);
  actor.send({ type: 'HURRY' });
  assert.equal(state(), 'connecting');
  controls.at(-1)?.refuse(lost);
  await settle();
  assert.ok(actor.getSnapshot().context.pauseMs <= LONGEST_HURRIED_PAUSE_MS);
  const { timing } = actor.getSnapshot().context;
  assert.ok(reconnectPauseMs(9, 1, timing) <= LONGEST_HURRIED_PAUSE_MS, 'with the longest jitter');
});
