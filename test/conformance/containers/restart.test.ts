import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineError } from '../../../src/actors/engines/index.js';
import type { RestartPolicyDraft } from '../../../src/protocols/containers/index.js';
import { createLogger } from '../../../src/runtime/index.js';
import { ContainersUnderTest } from '../../fakes/containers.js';

const policy = (type: string, more: Partial<RestartPolicyDraft> = {}) => ({ restartPolicy: { type, ...more } });

/** Its process ends, and the engine link sees it. */
async function ends(test: ContainersUnderTest, id: string, exitCode: number): Promise<void> {
  test.engine.exit(id, exitCode);
  await test.sight(id);
}

describe('whether it is started again', () => {
  const decisions: readonly (readonly [type: string, exitCode: number, state: string])[] = [
    ['no', 3, 'exited'],
    ['always', 0, 'backingOff'],
    ['unless-stopped', 0, 'backingOff'],
    ['on-failure', 0, 'exited'],
    ['on-failure', 1, 'backingOff'],
  ];
  for (const [type, exitCode, state] of decisions) {
    it(`CTR-14 ${type} after an exit with ${exitCode}: ${state}`, async (t) => {
      const test = await ContainersUnderTest.start(t);
      const id = await test.make(policy(type));
      test.said();
      await ends(test, id, exitCode);
      assert.equal(test.state(id), state);
      const facts = test.containers.find(id);
      assert.deepEqual([facts?.state.status, facts?.state.exitCode], ['Exited', exitCode]);
      assert.deepEqual(test.said(), ['exited map']);
    });
  }

  it('CTR-14 a stop that was asked for suppresses every policy until the next start', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make(policy('always'));
    await test.command(id, { type: 'STOP' });
    await test.sight(id);
    assert.equal(test.state(id), 'stopped');
    await test.advance(120_000);
    assert.equal(test.state(id), 'stopped');
    await test.command(id, { type: 'START' });
    await ends(test, id, 0);
    assert.equal(test.state(id), 'backingOff');
  });

  it('CTR-14 on-failure gives up after its retries, and a start by hand zeroes them', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make(policy('on-failure', { maxRetries: 2 }));
    for (const count of [1, 2]) {
      await ends(test, id, 1);
      await test.advance(1_000);
      assert.equal(test.state(id), 'running');
      assert.equal(test.containers.find(id)?.restartCount, count);
    }
    await ends(test, id, 1);
    assert.equal(test.state(id), 'exited');
    await test.command(id, { type: 'START' });
    assert.equal(test.containers.find(id)?.restartCount, 0);
    assert.match(await test.metrics.text(), /container_restarts_total 2/);
  });

  it('CTR-14 killed for its memory', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make(policy('no'));
    test.engine.exit(id, 137, true);
    await test.sight(id);
    const state = test.containers.find(id)?.state;
    assert.deepEqual([state?.oomKilled, state?.error], [true, 'OOM Killed']);
  });
});

describe('when it is started again', () => {
  /** The pause before each of the next restarts, milliseconds. */
  async function pauses(test: ContainersUnderTest, id: string, count: number, runMs = 0): Promise<number[]> {
    const found: number[] = [];
    for (let index = 0; index < count; index++) {
      if (runMs > 0) await test.advance(runMs);
      await ends(test, id, 1);
      const at = test.system.clock.now();
      const { restartAt } = test.context(id);
      assert.ok(restartAt !== null);
      found.push(restartAt - at);
      await test.advance(restartAt - at - 1);
      assert.equal(test.state(id), 'backingOff');
      await test.advance(1);
      assert.equal(test.state(id), 'running');
    }
    return found;
  }

  it('CTR-15 100 ms, doubled with each restart, 60 s at most', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    assert.deepEqual(
      await pauses(test, id, 12),
      [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000],
    );
    assert.equal(test.containers.find(id)?.restartCount, 12);
  });

  it('CTR-15 the retry time-out is the longest pause where it is set', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make(policy('on-failure', { retryTimeoutS: 1 }));
    assert.deepEqual(await pauses(test, id, 6), [100, 200, 400, 800, 1_000, 1_000]);
  });

  it('CTR-15 from the beginning after a run of ten seconds', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    assert.deepEqual(await pauses(test, id, 3), [100, 200, 400]);
    assert.deepEqual(await pauses(test, id, 2, 10_000), [100, 100]);
    assert.deepEqual(await pauses(test, id, 1, 9_999), [200]);
  });

  it('CTR-15 a failing automatic start counts as one more run that failed', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make(policy('on-failure', { maxRetries: 3 }));
    test.engine.fail('start', 'no such device');
    await ends(test, id, 1);
    await test.advance(100);
    assert.equal(test.state(id), 'backingOff');
    const facts = test.containers.find(id);
    assert.deepEqual([facts?.state.status, facts?.state.error], ['Stopped', 'no such device']);
    await test.advance(200);
    await test.advance(400);
    assert.equal(test.state(id), 'stopped');
    assert.equal(test.containers.find(id)?.restartCount, 3);
  });

  it('CTR-15 a process that ends at once is started again, too', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    test.said();
    test.engine.hold('start');
    await ends(test, id, 1);
    await test.advance(100);
    test.engine.release('start');
    // The engine has started it, and it is over before anybody looks.
    const { start } = test.engine;
    test.engine.start = async (one) => {
      await start.call(test.engine, one);
      test.engine.exit(one, 7);
    };
    await test.settled();
    await ends(test, id, 1);
    await test.advance(200);
    assert.equal(test.state(id), 'backingOff');
    assert.equal(test.containers.find(id)?.state.exitCode, 7);
    assert.deepEqual(test.said().slice(-2), ['running map', 'exited map']);
  });

  it('CTR-15 a restart is told of once, when the engine is there to do it', async (t) => {
    const told: string[] = [];
    const logger = createLogger({ destination: { write: (line) => told.push(JSON.parse(line).msg) } });
    const test = await ContainersUnderTest.start(t, { logger });
    const id = await test.make(policy('always'));
    const restarts = () => told.filter((message) => message === 'container_is_restarted').length;
    const counted = async () => /^container_restarts_total (\d+)/m.exec(await test.metrics.text())?.[1];
    await ends(test, id, 1);
    test.engine.fail('inspect', new EngineError('ENGINE_UNAVAILABLE', 'no engine answers'));
    await test.advance(5_000, 1_000);
    assert.deepEqual([test.state(id), restarts(), await counted()], ['starting', 0, '0']);
    test.engine.fail('inspect', undefined);
    test.engine.fail('start', new EngineError('ENGINE_UNAVAILABLE', 'no engine answers'));
    await test.advance(5_000, 1_000);
    test.engine.fail('start', undefined);
    await test.advance(2_000, 500);
    assert.deepEqual([test.state(id), restarts(), await counted()], ['running', 1, '1']);
  });

  it('CTR-15 a lost engine is no failed run: the start is put off', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make(policy('on-failure', { maxRetries: 1 }));
    await ends(test, id, 1);
    test.engine.fail('start', new EngineError('ENGINE_UNAVAILABLE', 'no engine answers'));
    await test.advance(100);
    assert.equal(test.state(id), 'starting');
    await test.advance(33_000, 1_000);
    assert.equal(test.state(id), 'starting', 'it is tried again and again');
    test.engine.fail('start', undefined);
    await test.advance(2_000, 500);
    assert.equal(test.state(id), 'running');
    assert.equal(test.containers.find(id)?.restartCount, 1);
  });
});

describe('what ends a back-off', () => {
  async function backingOff(t: Parameters<typeof ContainersUnderTest.start>[0]) {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make(policy('always'));
    for (let index = 0; index < 4; index++) {
      await ends(test, id, 1);
      if (index < 3) await test.advance(1_000);
    }
    assert.equal(test.state(id), 'backingOff');
    return { test, id };
  }

  it('CTR-16 removal', async (t) => {
    const { test, id } = await backingOff(t);
    assert.deepEqual(await test.command(id, { type: 'REMOVE', force: false }), { ok: true });
    await test.advance(10_000);
    assert.equal(test.engine.containers.size, 0);
  });

  it('CTR-16 CTR-11 another policy is judged at once, with no restarts behind it', async (t) => {
    const { test, id } = await backingOff(t);
    const update = (type: 'no' | 'always') =>
      test.command(id, { type: 'UPDATE', restartPolicy: { type, maxRetries: 0, retryTimeoutS: 0 } });
    await update('no');
    assert.equal(test.state(id), 'exited');
    assert.equal(test.containers.find(id)?.restartCount, 0);
    await update('always');
    assert.equal(test.state(id), 'backingOff');
    await test.advance(100);
    assert.equal(test.state(id), 'running');
  });

  it('CTR-16 a stop, and a start by hand', async (t) => {
    const { test, id } = await backingOff(t);
    assert.deepEqual(await test.command(id, { type: 'STOP' }), { ok: true });
    assert.equal(test.state(id), 'stopped');
    await test.advance(10_000);
    assert.equal(test.state(id), 'stopped');
    const other = await backingOff(t);
    assert.deepEqual(await other.test.command(other.id, { type: 'START' }), { ok: true });
    await other.test.advance(10_000);
    assert.equal(other.test.engine.count('start'), 5);
  });

  it('CTR-16 not new limits, nor a new role: what is left of the pause is waited for', async (t) => {
    const { test, id } = await backingOff(t);
    const { restartAt } = test.context(id);
    await test.advance(300);
    await test.command(id, { type: 'ROLE', role: 'old' });
    await test.command(id, { type: 'UPDATE', resources: { memory: '9M', memoryReservation: '', memorySwap: '' } });
    assert.equal(test.context(id).restartAt, restartAt);
    await test.advance(499);
    assert.equal(test.state(id), 'backingOff');
    await test.advance(1);
    assert.equal(test.state(id), 'running');
  });
});

describe('the process stops and comes back', () => {
  it('CTR-13 containers outlive it: running ones are attached again', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    await test.containers.child.stop(1_000);
    const after = await test.again('reopen');
    assert.equal(after.engine.count('kill') + after.engine.count('stop'), 0);
    await after.sight(id);
    assert.equal(after.state(id), 'running');
    assert.equal(after.engine.count('start'), 1);
  });

  it('CTR-13 CTR-16 a pause goes on with what is left of it', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    for (let index = 0; index < 6; index++) {
      await ends(test, id, 1);
      if (index < 5) await test.advance(2_000);
    }
    assert.equal(test.state(id), 'backingOff');
    await test.advance(1_000);
    const after = await test.again('crash');
    assert.equal(after.state(id), 'backingOff');
    await after.advance(2_199);
    assert.equal(after.state(id), 'backingOff');
    await after.advance(1);
    assert.equal(after.state(id), 'running');
  });

  it('CTR-13 an exit meanwhile is judged by the policy when it is seen', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const [again, never] = [await test.make({ name: 'a' }), await test.make({ name: 'b', ...policy('no') })];
    test.said();
    test.engine.exit(again, 1);
    test.engine.exit(never, 1);
    const after = await test.again('crash');
    await after.sight(again);
    await after.sight(never);
    assert.deepEqual([after.state(again), after.state(never)], ['backingOff', 'exited']);
    assert.deepEqual(after.said().slice(-2), ['exited a', 'exited b']);
  });

  it('CTR-13 one that vanished is told as removed and not made again', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    test.engine.containers.clear();
    const after = await test.again('crash');
    await after.sight(id);
    await after.reaches(id, undefined);
    assert.equal(after.containers.find(id), undefined);
    assert.equal(after.engine.count('create'), 1);
    assert.equal(after.said().at(-1), 'removed map');
  });

  it('CTR-13 stopContainersOnExit: stopped along, and started with the next process as their policies say', async (t) => {
    const test = await ContainersUnderTest.start(t, { stopOnExit: true });
    const again = await test.make({ name: 'a' });
    const failed = await test.make({ name: 'b', ...policy('on-failure') });
    const never = await test.make({ name: 'c', ...policy('no') });
    const manual = await test.make({ name: 'd' });
    await test.command(manual, { type: 'STOP' });
    await test.containers.child.stop(60_000);
    for (const id of [again, failed, never, manual]) assert.equal(test.state(id), 'stopped');
    assert.ok(test.engine.calls.includes(`stop ${again} 30`));
    assert.equal(test.context(again).manuallyStopped, false);
    // Seen by the link, and no reason to start it again now.
    await test.sight(again);
    assert.equal(test.state(again), 'stopped');
    const after = await test.again('reopen');
    await after.advance(1);
    const states = [again, failed, never, manual].map((id) => after.state(id));
    // It ended with 143 for the signal, which is a failure to `on-failure`.
    assert.deepEqual(states, ['running', 'running', 'stopped', 'stopped']);
  });

  it('CTR-13 a stop that was cut off is judged by what the engine shows', async (t) => {
    const test = await ContainersUnderTest.start(t, { stopOnExit: true });
    const id = await test.make();
    test.engine.hold('stop');
    test.containers.child.stop(60_000).catch(() => {});
    await test.settled();
    assert.equal(test.state(id), 'stopping');
    const after = await test.again('crash');
    assert.equal(after.state(id), 'running');
    after.engine.release('stop');
    await after.settled();
    await after.sight(id);
    assert.equal(after.state(id), 'backingOff');
  });
});
