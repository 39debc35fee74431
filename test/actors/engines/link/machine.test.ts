import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createActor } from 'xstate';
import { EngineError } from '../../../../src/actors/engines/errors.js';
import {
  type Comparison,
  DEFAULT_ENGINE_LINK_TIMING,
  type EngineLinkEffectInput,
  type EngineLinkOutput,
  type FoundEngine,
} from '../../../../src/actors/engines/link/events.js';
import { engineLinkMachine, enginePauseMs } from '../../../../src/actors/engines/link/machine.js';
import { ManualClock } from '../../../../src/runtime/clock.js';
import { HeldCalls, turn } from '../../../fakes/held-calls.js';

const GONE = new EngineError('ENGINE_UNAVAILABLE', 'it ended its events');
const ENGINE: FoundEngine = { kind: 'engine-api', name: 'Podman Engine', version: '4.3.1', why: 'it answers' };
const COMPARISON: Comparison = { containers: 2, orphans: [] };
const TIMING = DEFAULT_ENGINE_LINK_TIMING;

function start() {
  const clock = new ManualClock(0, turn);
  const effects = new HeldCalls();
  const machine = engineLinkMachine.provide({
    actors: {
      connect: effects.effect<FoundEngine, EngineLinkEffectInput>('connect'),
      watch: effects.effect<never, EngineLinkEffectInput>('watch'),
      compare: effects.effect<Comparison, EngineLinkEffectInput>('compare'),
    },
  });
  const input = { name: 'containers', timing: TIMING };
  const actor = createActor(machine, { clock, input });
  const outputs: EngineLinkOutput[] = [];
  actor.on('*', (output) => outputs.push(output));
  actor.subscribe({ error: (error) => assert.fail(error as Error) });
  actor.start();
  return {
    actor,
    clock,
    effects,
    said: () => outputs.map(({ type }) => type),
    state: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
  };
}

async function startReady() {
  const chart = start();
  await chart.effects.succeed('connect', ENGINE);
  assert.deepEqual(chart.state(), { ready: 'subscribing' });
  chart.actor.send({ type: 'link.watching' });
  await chart.effects.succeed('compare', COMPARISON);
  assert.deepEqual(chart.state(), { ready: 'watching' });
  return chart;
}

describe('the chart of an engine link', () => {
  it('POD-28 hears events first, and compares then, so that nothing is missed between', async () => {
    const chart = start();
    await chart.effects.succeed('connect', ENGINE);
    assert.deepEqual([chart.effects.count('watch'), chart.effects.count('compare')], [1, 0]);
    chart.actor.send({ type: 'link.watching' });
    assert.equal(chart.effects.count('compare'), 1);
    await chart.effects.succeed('compare', COMPARISON);
    assert.deepEqual([chart.context().engine, chart.context().comparison], [ENGINE, COMPARISON]);
    assert.deepEqual(chart.said(), ['link.up']);
  });

  it('POD-28 compares from time to time, while the same events are heard', async () => {
    const chart = await startReady();
    await chart.clock.advance(TIMING.relistMs - 1);
    assert.equal(chart.effects.count('compare'), 1);
    await chart.clock.advance(1);
    assert.deepEqual(chart.state(), { ready: 'comparing' });
    await chart.effects.succeed('compare', COMPARISON);
    assert.deepEqual([chart.state(), chart.effects.count('watch')], [{ ready: 'watching' }, 1]);
  });

  it('POD-28 the end of the events is a loss; with the engine back, all are compared again', async () => {
    const chart = await startReady();
    await chart.effects.fail('watch', GONE);
    assert.deepEqual(chart.state(), { lost: 'pausing' });
    assert.equal(chart.context().lastError?.code, 'ENGINE_UNAVAILABLE');
    await chart.clock.advance(chart.context().pauseMs);
    assert.deepEqual(chart.state(), { lost: 'reconnecting' });
    await chart.effects.succeed('connect', ENGINE);
    chart.actor.send({ type: 'link.watching' });
    assert.equal(chart.effects.count('compare'), 2);
    assert.deepEqual(chart.said(), ['link.up', 'link.down', 'link.up']);
  });

  it('ENG-4 an engine that is not there is tried again for ever, more and more seldom', async () => {
    const chart = start();
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 20; attempt++) {
      await chart.effects.fail('connect', GONE);
      assert.deepEqual(chart.state(), { lost: 'pausing' });
      pauses.push(chart.context().pauseMs);
      await chart.clock.advance(chart.context().pauseMs);
    }
    assert.deepEqual(pauses.slice(0, 4), [500, 1_000, 2_000, 4_000]);
    assert.equal(pauses.at(-1), TIMING.longestPauseMs);
    assert.deepEqual([enginePauseMs(0, 0, TIMING), enginePauseMs(0, 1, TIMING)], [400, 600]);
    assert.deepEqual(new Set(chart.said()), new Set(['link.failed']));
  });

  it('ENG-4 no wait is without an end', async () => {
    const chart = start();
    await chart.clock.advance(TIMING.connectTimeoutMs);
    assert.deepEqual([chart.state(), chart.context().lastError?.code], [{ lost: 'pausing' }, 'ENGINE_TIMEOUT']);
    chart.actor.send({ type: 'link.retry' });
    assert.deepEqual(chart.state(), { lost: 'reconnecting' });
    await chart.clock.advance(TIMING.connectTimeoutMs);
    assert.deepEqual(chart.state(), { lost: 'pausing' });
    chart.actor.send({ type: 'link.retry' });
    await chart.effects.succeed('connect', ENGINE);
    await chart.clock.advance(TIMING.connectTimeoutMs);
    assert.deepEqual(chart.state(), { lost: 'pausing' }, 'no events');
    chart.actor.send({ type: 'link.retry' });
    await chart.effects.succeed('connect', ENGINE);
    chart.actor.send({ type: 'link.watching' });
    await chart.clock.advance(TIMING.compareTimeoutMs);
    assert.deepEqual(chart.state(), { lost: 'pausing' }, 'no list');
    assert.equal(chart.effects.last('watch').signal.aborted, true);
  });

  it('a comparison that fails is a loss', async () => {
    const chart = await startReady();
    await chart.clock.advance(TIMING.relistMs);
    await chart.effects.fail('compare', new Error('unexpected'));
    assert.deepEqual(chart.state(), { lost: 'pausing' });
    assert.deepEqual(chart.context().lastError, { code: null, message: 'unexpected', at: null });
  });

  it('a loss after steady times starts with the shortest pause', async () => {
    const chart = await startReady();
    await chart.effects.fail('watch', GONE);
    chart.actor.send({ type: 'link.retry' });
    await chart.effects.succeed('connect', ENGINE);
    assert.equal(chart.context().failures, 1);
    await chart.clock.advance(TIMING.steadyAfterMs);
    assert.equal(chart.context().failures, 0);
  });

  it('a stop ends it whatever it does, with its effects', async () => {
    const chart = await startReady();
    chart.actor.send({ type: 'link.stop' });
    assert.equal(chart.actor.getSnapshot().status, 'done');
    assert.equal(chart.effects.last('watch').signal.aborted, true);
  });
});
