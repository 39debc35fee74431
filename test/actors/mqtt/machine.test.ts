import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createActor } from 'xstate';
import { type BrokerAddress, type CloseBrokerInput, DEFAULT_BROKER_TIMING } from '../../../src/actors/mqtt/events.js';
import { brokerMachine } from '../../../src/actors/mqtt/machine.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { HeldCalls, turn } from '../../fakes/held-calls.js';

const ADDRESS: BrokerAddress = { host: '127.0.0.1', port: 1883, url: 'mqtt://127.0.0.1:1883' };

function start() {
  const clock = new ManualClock(0, turn);
  const effects = new HeldCalls();
  const machine = brokerMachine.provide({
    actors: {
      listen: effects.effect<BrokerAddress>('listen'),
      serve: effects.effect<never>('serve'),
      close: effects.effect<void, CloseBrokerInput>('close'),
    },
  });
  const actor = createActor(machine, { clock, input: { timing: DEFAULT_BROKER_TIMING } });
  actor.subscribe({ error: (error) => assert.fail(error as Error) });
  actor.start();
  return {
    actor,
    clock,
    effects,
    state: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
  };
}

async function startListening() {
  const chart = start();
  await chart.effects.succeed('listen', ADDRESS);
  assert.equal(chart.state(), 'listening');
  return chart;
}

async function startFailed() {
  const chart = start();
  await chart.effects.fail('listen', Object.assign(new Error('in use: stop it'), { code: 'BROKER_PORT_IN_USE' }));
  assert.equal(chart.state(), 'failed');
  return chart;
}

async function startStopping(deadlineMs?: number) {
  const chart = await startListening();
  chart.actor.send({ type: 'broker.stop', ...(deadlineMs === undefined ? {} : { deadlineMs }) });
  assert.equal(chart.state(), 'stopping');
  return chart;
}

describe('the broker chart', () => {
  it('starting → listening, with the address', async () => {
    const chart = await startListening();
    assert.deepEqual(chart.context().address, ADDRESS);
  });

  it('starting → failed with the reason, and what to do', async () => {
    const chart = await startFailed();
    assert.deepEqual(chart.context().lastError, { code: 'BROKER_PORT_IN_USE', message: 'in use: stop it', at: null });
  });

  it('starting → failed when the listener does not open', async () => {
    const chart = start();
    await chart.clock.advance(DEFAULT_BROKER_TIMING.openTimeoutMs);
    assert.equal(chart.state(), 'failed');
    assert.equal(chart.context().lastError?.code, 'BROKER_OPEN_TIMEOUT');
    assert.ok(chart.effects.last('listen').signal.aborted);
  });

  it('listening → failed when the listener fails', async () => {
    const chart = await startListening();
    await chart.effects.fail('serve', new Error('gone'));
    assert.equal(chart.state(), 'failed');
    assert.equal(chart.context().address, null);
  });

  it('failed → starting after the pause, or at once on retry', async () => {
    const waiting = await startFailed();
    await waiting.clock.advance(DEFAULT_BROKER_TIMING.retryMs);
    assert.equal(waiting.state(), 'starting');
    const told = await startFailed();
    told.actor.send({ type: 'broker.retry' });
    assert.equal(told.state(), 'starting');
    await told.effects.succeed('listen', ADDRESS);
    assert.equal(told.context().lastError, null);
  });

  for (const state of ['starting', 'failed', 'listening'] as const) {
    it(`${state} → stopping → stopped`, async () => {
      const chart = state === 'starting' ? start() : state === 'failed' ? await startFailed() : await startListening();
      chart.actor.send({ type: 'broker.stop' });
      assert.equal(chart.state(), 'stopping');
      assert.deepEqual(chart.effects.last('close').input, { deadlineMs: DEFAULT_BROKER_TIMING.closeMs });
      await chart.effects.succeed('close');
      assert.equal(chart.state(), 'stopped');
      assert.equal(chart.actor.getSnapshot().status, 'done');
    });
  }

  it('stopping → stopped when closing fails, or takes longer than the stop allows', async () => {
    const failed = await startStopping();
    await failed.effects.fail('close', new Error('no'));
    assert.equal(failed.state(), 'stopped');
    const slow = await startStopping(700);
    slow.actor.send({ type: 'broker.stop', deadlineMs: 60_000 });
    await slow.clock.advance(699);
    assert.equal(slow.state(), 'stopping');
    await slow.clock.advance(1);
    assert.equal(slow.state(), 'stopped');
  });

  it('TIM-5 says of every wait for what it waits and what ends it', () => {
    const waits = Object.entries(brokerMachine.config.states ?? {}).flatMap(([name, node]) => {
      const meta = node.meta as { waitsFor: string; until: string } | undefined;
      if (!meta) return [];
      assert.ok(meta.waitsFor && Object.keys(node.after ?? {}).includes(meta.until), name);
      return [name];
    });
    assert.deepEqual(waits, ['starting', 'failed', 'stopping']);
  });
});
