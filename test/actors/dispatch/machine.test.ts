import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createActor, type SnapshotFrom } from 'xstate';
import { type CloseInput, DEFAULT_TIMING, type DestinationInput } from '../../../src/actors/dispatch/events.js';
import { dispatcherMachine, retryPauseMs } from '../../../src/actors/dispatch/machine.js';
import { stateText } from '../../../src/runtime/cell/waits.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { HeldCalls, turn } from '../../fakes/held-calls.js';

function start() {
  const clock = new ManualClock(0, turn);
  const effects = new HeldCalls();
  const machine = dispatcherMachine.provide({
    actors: {
      connect: effects.effect<void, DestinationInput>('connect'),
      pump: effects.effect<never, DestinationInput>('pump'),
      drained: effects.effect<void, DestinationInput>('drained'),
      close: effects.effect<void, CloseInput>('close'),
    },
  });
  const actor = createActor(machine, { clock, input: { name: 'file', timing: DEFAULT_TIMING } });
  const trail: string[] = [];
  actor.subscribe({
    next: (snapshot) => {
      const state = stateText(snapshot.value);
      if (trail.at(-1) !== state) trail.push(state);
    },
    error: (error) => assert.fail(error as Error),
  });
  actor.start();
  return {
    actor,
    clock,
    effects,
    trail,
    state: () => stateText(actor.getSnapshot().value),
    context: () => actor.getSnapshot().context,
  };
}

async function startReady() {
  const chart = start();
  await chart.effects.succeed('connect');
  assert.equal(chart.state(), 'delivering.ready');
  return chart;
}

async function startBroken() {
  const chart = await startReady();
  await chart.effects.fail('pump', Object.assign(new Error('gone'), { code: 'DISPATCH_MQTT_LOST' }));
  assert.equal(chart.state(), 'broken.pausing');
  return chart;
}

async function startRecovering() {
  const chart = await startBroken();
  await chart.clock.advance(chart.context().pauseMs);
  await chart.effects.succeed('connect');
  assert.equal(chart.state(), 'delivering.recovering');
  return chart;
}

async function startDraining() {
  const chart = await startReady();
  chart.actor.send({ type: 'dispatcher.stop', deadlineMs: 3_000 });
  assert.equal(chart.state(), 'delivering.draining');
  return chart;
}

describe('the dispatcher chart', () => {
  it('connecting → ready when the destination accepts', async () => {
    const chart = await startReady();
    assert.deepEqual(chart.effects.last('connect').input, { name: 'file' });
    assert.deepEqual(chart.effects.last('pump').input, { name: 'file' });
  });

  it('connecting → broken when the destination refuses, with the reason', async () => {
    const chart = start();
    await chart.effects.fail('connect', Object.assign(new Error('no'), { code: 'DISPATCH_MQTT_UNREACHABLE' }));
    assert.equal(chart.state(), 'broken.pausing');
    assert.deepEqual(chart.context().lastError, { code: 'DISPATCH_MQTT_UNREACHABLE', message: 'no', at: null });
  });

  it('connecting → broken when no answer comes', async () => {
    const chart = start();
    await chart.clock.advance(DEFAULT_TIMING.connectTimeoutMs);
    assert.equal(chart.state(), 'broken.pausing');
    assert.equal(chart.context().lastError?.code, 'DISPATCH_CONNECT_TIMEOUT');
    assert.ok(chart.effects.last('connect').signal.aborted);
  });

  it('connecting → closing on stop', () => {
    const chart = start();
    chart.actor.send({ type: 'dispatcher.stop' });
    assert.equal(chart.state(), 'closing');
    assert.ok(chart.effects.last('connect').signal.aborted);
  });

  it('ready ⇄ saturated with the backlog, over one pump', async () => {
    const chart = await startReady();
    chart.actor.send({ type: 'BACKLOG_HIGH' });
    assert.equal(chart.state(), 'delivering.saturated');
    chart.actor.send({ type: 'BACKLOG_LOW' });
    assert.equal(chart.state(), 'delivering.ready');
    assert.equal(chart.effects.count('pump'), 1);
  });

  for (const state of ['ready', 'saturated', 'recovering']) {
    it(`${state} → broken when the destination is lost`, async () => {
      const chart = state === 'recovering' ? await startRecovering() : await startReady();
      if (state === 'saturated') chart.actor.send({ type: 'BACKLOG_HIGH' });
      assert.equal(chart.state(), `delivering.${state}`);
      await chart.effects.fail('pump', new Error('gone'));
      assert.equal(chart.state(), 'broken.pausing');
      assert.equal(chart.context().lastError?.message, 'gone');
    });
  }

  it('broken → reconnecting → recovering → ready', async () => {
    const chart = await startBroken();
    await chart.clock.advance(chart.context().pauseMs);
    assert.equal(chart.state(), 'broken.reconnecting');
    await chart.effects.succeed('connect');
    assert.equal(chart.state(), 'delivering.recovering');
    chart.actor.send({ type: 'BACKLOG_HIGH' });
    assert.equal(chart.state(), 'delivering.recovering');
    chart.actor.send({ type: 'BACKLOG_LOW' });
    assert.deepEqual(chart.trail.slice(-4), [
      'broken.pausing',
      'broken.reconnecting',
      'delivering.recovering',
      'delivering.ready',
    ]);
  });

  it('reconnecting → pausing when the destination refuses, does not answer', async () => {
    const chart = await startBroken();
    await chart.clock.advance(chart.context().pauseMs);
    await chart.effects.fail('connect', new Error('still no'));
    assert.equal(chart.state(), 'broken.pausing');
    assert.equal(chart.context().lastError?.message, 'still no');
    await chart.clock.advance(chart.context().pauseMs);
    await chart.clock.advance(DEFAULT_TIMING.connectTimeoutMs);
    assert.equal(chart.state(), 'broken.pausing');
    assert.equal(chart.context().failures, 3);
  });

  it('pausing → reconnecting at once on retry', async () => {
    const chart = await startBroken();
    chart.actor.send({ type: 'dispatcher.retry' });
    assert.equal(chart.state(), 'broken.reconnecting');
  });

  it('broken → closing on stop', async () => {
    const chart = await startBroken();
    chart.actor.send({ type: 'dispatcher.stop' });
    assert.equal(chart.state(), 'closing');
  });

  it('pauses grow up to the longest and start again after a steady minute', async () => {
    const chart = start();
    const pauses: number[] = [];
    for (let i = 0; i < 8; i++) {
      await chart.effects.fail('connect', new Error('no'));
      pauses.push(chart.context().pauseMs);
      await chart.clock.advance(chart.context().pauseMs);
    }
    assert.deepEqual(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    await chart.effects.succeed('connect');
    chart.actor.send({ type: 'BACKLOG_LOW' });
    await chart.clock.advance(DEFAULT_TIMING.steadyAfterMs - 1);
    assert.equal(chart.context().failures, 8);
    await chart.clock.advance(1);
    assert.equal(chart.context().failures, 0);
  });

  it('jitters a pause by a fifth, from the stamp', () => {
    assert.equal(retryPauseMs(1, 0, DEFAULT_TIMING), 800);
    assert.equal(retryPauseMs(1, 0.5, DEFAULT_TIMING), 1_000);
    assert.equal(retryPauseMs(1_000, 0.999, DEFAULT_TIMING), 35_988);
  });

  for (const state of ['ready', 'saturated', 'recovering']) {
    it(`${state} → draining on stop, over the same pump`, async () => {
      const chart = state === 'recovering' ? await startRecovering() : await startReady();
      if (state === 'saturated') chart.actor.send({ type: 'BACKLOG_HIGH' });
      chart.actor.send({ type: 'dispatcher.stop' });
      assert.equal(chart.state(), 'delivering.draining');
      assert.equal(chart.effects.last('pump').signal.aborted, false);
      assert.equal(chart.context().drainMs, DEFAULT_TIMING.drainMs);
    });
  }

  it('draining → closing → stopped when the spool is empty', async () => {
    const chart = await startDraining();
    await chart.effects.succeed('drained');
    assert.equal(chart.state(), 'closing');
    assert.ok(chart.effects.last('pump').signal.aborted);
    assert.deepEqual(chart.effects.last('close').input, { name: 'file', deadlineMs: DEFAULT_TIMING.closeMs });
    await chart.effects.succeed('close');
    assert.equal(chart.actor.getSnapshot().status, 'done');
    assert.equal(chart.state(), 'stopped');
  });

  it('draining → closing at the deadline of the stop', async () => {
    const chart = await startDraining();
    await chart.clock.advance(2_999);
    assert.equal(chart.state(), 'delivering.draining');
    await chart.clock.advance(1);
    assert.equal(chart.state(), 'closing');
  });

  it('draining → closing when the destination is lost, or the wait fails', async () => {
    const lost = await startDraining();
    await lost.effects.fail('pump', new Error('gone'));
    assert.equal(lost.state(), 'closing');
    const failed = await startDraining();
    await failed.effects.fail('drained', new Error('no'));
    assert.equal(failed.state(), 'closing');
  });

  it('draining stays when told to stop again', async () => {
    const chart = await startDraining();
    chart.actor.send({ type: 'dispatcher.stop', deadlineMs: 60_000 });
    assert.equal(chart.context().drainMs, 3_000);
    assert.equal(chart.state(), 'delivering.draining');
  });

  it('closing → stopped when closing fails, or takes too long', async () => {
    const failed = await startDraining();
    await failed.effects.succeed('drained');
    await failed.effects.fail('close', new Error('no'));
    assert.equal(failed.state(), 'stopped');
    const slow = await startDraining();
    await slow.effects.succeed('drained');
    await slow.clock.advance(DEFAULT_TIMING.closeMs);
    assert.equal(slow.state(), 'stopped');
  });

  it('TIM-5 says of every wait for what it waits and what ends it', () => {
    type Node = { meta?: { waitsFor?: string; until?: string }; after?: object; states?: Record<string, Node> };
    const waits: string[] = [];
    const resting: string[] = [];
    const visit = (node: Node, path: string): void => {
      const children = Object.entries(node.states ?? {});
      for (const [name, child] of children) visit(child, path ? `${path}.${name}` : name);
      if (children.length > 0) return;
      if (!node.meta) return void resting.push(path);
      assert.ok(node.meta.waitsFor && node.meta.until, path);
      if (node.meta.until !== 'never') assert.ok(Object.keys(node.after ?? {}).includes(node.meta.until), path);
      waits.push(`${path}: ${node.meta.until}`);
    };
    visit(dispatcherMachine.config as Node, '');
    assert.deepEqual(waits.sort(), [
      'broken.pausing: pause',
      'broken.reconnecting: connectTimeout',
      'closing: closeDeadline',
      'connecting: connectTimeout',
      'delivering.draining: drainDeadline',
      'delivering.recovering: never',
      'delivering.saturated: never',
    ]);
    assert.deepEqual(resting.sort(), ['delivering.ready', 'stopped']);
  });

  it('keeps a context that JSON carries', async () => {
    const chart = await startBroken();
    const { context } = chart.actor.getPersistedSnapshot() as SnapshotFrom<typeof dispatcherMachine>;
    assert.deepEqual(JSON.parse(JSON.stringify(context)), context);
  });
});
