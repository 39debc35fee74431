import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineError } from '../../../src/actors/engines/index.js';
import { ContainersUnderTest } from '../../fakes/containers.js';

const manual = { restartPolicy: { type: 'no' } };

describe('what happens behind our back', () => {
  it('CTR-13 started by somebody: it runs, as if started by hand', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    await test.command(id, { type: 'STOP' });
    await test.engine.start(id);
    await test.sight(id);
    assert.equal(test.state(id), 'running');
    const facts = test.containers.find(id);
    assert.deepEqual([facts?.manuallyStopped, facts?.restartCount], [false, 0]);
    assert.equal(test.said().at(-1), 'running map');
  });

  it('CTR-13 started while it backs off: there is no second start', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    test.engine.exit(id, 1);
    await test.sight(id);
    await test.engine.start(id);
    await test.sight(id);
    assert.equal(test.state(id), 'running');
    const starts = test.engine.count('start');
    await test.advance(60_000);
    assert.equal(test.engine.count('start'), starts);
  });

  it('CTR-12 paused, and resumed', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    test.said();
    test.engine.change(id, { status: 'paused' });
    await test.sight(id);
    assert.equal(test.state(id), 'paused');
    test.engine.change(id, { status: 'running' });
    await test.sight(id);
    assert.equal(test.state(id), 'running');
    assert.deepEqual(test.said(), ['paused map', 'resumed map']);
  });

  it('CTR-13 removed: told, and not made again', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    await test.engine.remove(id);
    await test.sight(id);
    await test.reaches(id, undefined);
    assert.equal(test.containers.find(id), undefined);
    assert.equal(test.said().at(-1), 'removed map');
    assert.deepEqual(test.images.given, ['reg.example.com/veh/map:1']);
  });

  it('CTR-13 what is seen is asked for again: an older sighting changes nothing', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    await test.tell(id, { type: 'ENGINE.MISSING' });
    assert.equal(test.state(id), 'running');
    const before = { ...test.engine.seen(id), status: 'created' as const };
    await test.tell(id, { type: 'ENGINE.SEEN', container: before } as { type: string });
    assert.equal(test.state(id), 'running');
    assert.deepEqual(test.said(), ['created map', 'running map']);
  });

  it('CTR-13 what comes while a step runs is looked at after it', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make(manual);
    test.engine.hold('stop');
    const stop = test.ask(id, { type: 'STOP', force: true });
    await test.settled();
    await test.sight(id);
    assert.equal(test.state(id), 'stopping');
    test.engine.release('stop');
    assert.deepEqual(await stop, { ok: true });
    await test.settled();
    assert.equal(test.state(id), 'stopped');
  });

  it('CTR-13 an engine that does not answer is believed, but not that something is gone', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const [ended, gone] = [await test.make({ name: 'a', ...manual }), await test.make({ name: 'b', ...manual })];
    test.engine.exit(ended, 3);
    test.engine.fail('inspect', 'internal error');
    await test.sight(ended);
    await test.tell(gone, { type: 'ENGINE.MISSING' });
    assert.deepEqual([test.state(ended), test.state(gone)], ['exited', 'running']);
  });
});

describe('a machine that was switched off', () => {
  /** As podman shows it when it has started anew. */
  const forgotten = { status: 'created', pid: -1, exitCode: 0, finishedAt: '' } as const;

  it('CTR-13 what ran is started again by its policy, though the engine shows it as just made', async (t) => {
    for (const [type, isStarted] of [
      ['unless-stopped', true],
      ['always', true],
      ['on-failure', true],
      ['no', false],
    ] as const) {
      const test = await ContainersUnderTest.start(t);
      const id = await test.make({ restartPolicy: { type } });
      test.engine.change(id, forgotten);
      const after = await test.again('crash');
      await after.sight(id);
      assert.equal(after.state(id), isStarted ? 'backingOff' : 'exited', type);
      assert.equal(after.context(id).state.exitCode, 137);
      await after.advance(100);
      assert.equal(after.state(id), isStarted ? 'running' : 'exited', type);
    }
  });

  it('CTR-15 that counts as no short run: the pauses begin anew', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    for (let run = 0; run < 4; run++) {
      test.engine.exit(id, 1);
      await test.sight(id);
      await test.advance(10_000);
    }
    assert.equal(test.context(id).inARow, 4);
    test.engine.change(id, forgotten);
    const after = await test.again('crash');
    await after.sight(id);
    assert.equal(after.context(id).inARow, 1);
  });

  it('CTR-14 what was stopped, paused or never started', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const made = await test.make({ name: 'a' }, false);
    const stopped = await test.make({ name: 'b' });
    await test.command(stopped, { type: 'STOP' });
    const paused = await test.make({ name: 'c' });
    await test.command(paused, { type: 'PAUSE' });
    test.engine.change(paused, forgotten);
    const after = await test.again('crash');
    for (const id of [made, stopped, paused]) await after.sight(id);
    assert.deepEqual(
      [made, stopped, paused].map((id) => after.state(id)),
      ['created', 'stopped', 'backingOff'],
    );
  });
});

describe('a store that is lost', () => {
  it('ENG-1 name, role and state of a container are read from the engine', async (t) => {
    const first = await ContainersUnderTest.start(t);
    const ids = [await first.make({ name: '_map', env: ['TOKEN=x'] }), await first.make({ name: 'gone' })] as const;
    const old = await first.make({ name: 'nav' });
    await first.command(old, { type: 'ROLE', role: 'old' });
    await first.command(old, { type: 'STOP' });
    const test = await ContainersUnderTest.start(t, { surroundings: first.surroundings });
    test.engine.hold('inspect');
    for (const id of [...ids, old]) test.containers.owner.adopt(test.engine.seen(id));
    await test.engine.remove(ids[1]);
    test.engine.release('inspect');
    await test.settled();
    const facts = (id: string) => {
      const { config, role, state } = test.containers.find(id) ?? assert.fail(id);
      return [config.name, config.image, config.env, role, state.status];
    };
    assert.deepEqual(facts(ids[0]), ['_map', 'reg.example.com/veh/map:1', [], 'current', 'Running']);
    assert.deepEqual(facts(old), ['nav', 'reg.example.com/veh/map:1', [], 'old', 'Exited']);
    assert.equal(test.containers.find(ids[1]), undefined);
    assert.deepEqual(test.containers.owner.known(), [ids[0], old]);
    assert.equal(test.engine.count('start'), 3);
    assert.equal(test.engine.count('create'), 3);
    const gone = await test.command(ids[0], { type: 'REMOVE', force: true });
    assert.deepEqual([gone, test.engine.containers.has(ids[0])], [{ ok: true }, false]);
  });
});

describe('what nobody knows', () => {
  it('ENG-1 while the engine is lost they are shown as unknown, and nothing of them is lost', async (t) => {
    let isLost = false;
    const test = await ContainersUnderTest.start(t, { isEngineLost: () => isLost });
    const id = await test.make();
    isLost = true;
    assert.equal(test.containers.find(id)?.state.status, 'Unknown');
    assert.equal(test.containers.present()[0]?.state.status, 'Unknown');
    assert.equal(test.state(id), 'running');
    isLost = false;
    assert.equal(test.containers.find(id)?.state.status, 'Running');
  });

  it('ENG-1 a state of the engine that says nothing', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    test.engine.change(id, { status: 'unknown' });
    await test.sight(id);
    assert.equal(test.containers.find(id)?.state.status, 'Unknown');
    assert.equal(test.state(id), 'running');
    test.engine.change(id, { status: 'running' });
    await test.sight(id);
    assert.equal(test.containers.find(id)?.state.status, 'Running');
  });

  it('ENG-3 commands wait for a lost engine for a while, and then say so', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    test.engine.fail('pause', new EngineError('ENGINE_UNAVAILABLE', 'no container engine has answered yet'));
    const pause = test.ask(id, { type: 'PAUSE' });
    await test.settled();
    await test.advance(31_000, 1_000);
    assert.deepEqual(await pause, { ok: false, error: 'no container engine has answered yet' });
  });
});
