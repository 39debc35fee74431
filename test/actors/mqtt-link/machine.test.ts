import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createActor } from 'xstate';
import { LinkError } from '../../../src/actors/mqtt-link/errors.js';
import {
  type CloseLinkInput,
  DEFAULT_LINK_TIMING,
  type LinkEffectInput,
} from '../../../src/actors/mqtt-link/events.js';
import { linkMachine, linkPauseMs } from '../../../src/actors/mqtt-link/machine.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { HeldCalls, turn } from '../../fakes/held-calls.js';

const LOST = new LinkError('MQTT_LOST', 'lost the connection to mqtt://h');
const FULL = new LinkError('MQTT_INBOX_FULL', '1000 messages wait to be taken');

function start() {
  const clock = new ManualClock(0, turn);
  const effects = new HeldCalls();
  const machine = linkMachine.provide({
    actors: {
      connect: effects.effect<void, LinkEffectInput>('connect'),
      serve: effects.effect<never, LinkEffectInput>('serve'),
      halfEmpty: effects.effect<void, LinkEffectInput>('halfEmpty'),
      close: effects.effect<void, CloseLinkInput>('close'),
    },
  });
  const actor = createActor(machine, { clock, input: { name: 'role', timing: DEFAULT_LINK_TIMING } });
  actor.subscribe({ error: (error) => assert.fail(error as Error) });
  actor.start();
  const state = () => actor.getSnapshot().value;
  return { actor, clock, effects, state, context: () => actor.getSnapshot().context };
}

async function startOnline() {
  const chart = start();
  await chart.effects.succeed('connect');
  assert.equal(chart.state(), 'online');
  return chart;
}

describe('the chart of an MQTT link', () => {
  it('UM-CON-3 SUA-4 a broker that is not there is tried again for ever, more and more seldom', async () => {
    const chart = start();
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 20; attempt++) {
      await chart.effects.fail('connect', LOST);
      assert.deepEqual(chart.state(), { offline: 'pausing' });
      pauses.push(chart.context().pauseMs);
      await chart.clock.advance(chart.context().pauseMs);
      assert.deepEqual(chart.state(), { offline: 'reconnecting' });
    }
    assert.deepEqual(pauses.slice(0, 4), [1_000, 2_000, 4_000, 8_000]);
    assert.equal(pauses.at(-1), DEFAULT_LINK_TIMING.longestPauseMs);
    await chart.effects.succeed('connect');
    assert.equal(chart.state(), 'online');
  });

  it('UM-CON-4 the pause has a jitter of a fifth', () => {
    assert.equal(linkPauseMs(0, 0, DEFAULT_LINK_TIMING), 800);
    assert.equal(linkPauseMs(0, 1, DEFAULT_LINK_TIMING), 1_200);
  });

  it('a broker that does not answer in time is one that is not there', async () => {
    const chart = start();
    await chart.clock.advance(DEFAULT_LINK_TIMING.connectTimeoutMs);
    assert.deepEqual(chart.state(), { offline: 'pausing' });
    assert.equal(chart.context().lastError?.code, 'MQTT_CONNECT_TIMEOUT');
  });

  it('online → offline with the reason; once it was steady, with the shortest pause', async () => {
    const chart = await startOnline();
    await chart.effects.fail('serve', LOST);
    assert.deepEqual(chart.state(), { offline: 'pausing' });
    assert.equal(chart.context().lastError?.code, 'MQTT_LOST');
    chart.actor.send({ type: 'link.retry' });
    await chart.effects.succeed('connect');
    await chart.clock.advance(DEFAULT_LINK_TIMING.steadyAfterMs);
    assert.equal(chart.context().failures, 0);
  });

  it('SUA-5 a full inbox is waited for, without a failure', async () => {
    const chart = await startOnline();
    await chart.effects.fail('serve', FULL);
    assert.deepEqual(chart.state(), { offline: 'full' });
    await chart.effects.succeed('halfEmpty');
    assert.deepEqual(chart.state(), { offline: 'reconnecting' });
    await chart.effects.fail('connect', FULL);
    assert.deepEqual(chart.state(), { offline: 'full' });
    assert.equal(chart.context().failures, 0);
  });

  it('stops from every state, within its deadline', async () => {
    for (const prepare of [start, startOnline]) {
      const chart = await prepare();
      chart.actor.send({ type: 'link.stop', deadlineMs: 700 });
      assert.equal(chart.state(), 'stopping');
      await chart.clock.advance(700);
      assert.equal(chart.state(), 'stopped');
    }
  });

  it('UM-CON-8 stops in no more than its own time, whatever more it is given', async () => {
    const chart = await startOnline();
    chart.actor.send({ type: 'link.stop', deadlineMs: 60_000 });
    assert.equal(chart.context().closeMs, DEFAULT_LINK_TIMING.closeMs);
  });
});
