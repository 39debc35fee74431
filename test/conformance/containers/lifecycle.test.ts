import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineError } from '../../../src/actors/engines/index.js';
import { ContainersUnderTest, configOf } from '../../fakes/containers.js';

const signal = new AbortController().signal;
const OK = { ok: true };
const refused = (error: string) => ({ ok: false, error });

describe('the life of a container', () => {
  it('CTR-12 ENG-1 planned, created, running, paused, running, stopped, gone, and each is told', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.plan('11111111-0000-4000-8000-000000000001', {}, 'current');
    assert.equal(test.state(id), 'planned');
    assert.deepEqual(test.containers.present(), [], 'a planned one takes no part');
    assert.deepEqual(await test.command(id, { type: 'CREATE' }), OK);
    assert.equal(test.state(id), 'created');
    const [created] = test.containers.present();
    assert.equal(created?.state.pid, -1);
    assert.equal(created?.created, '2026-01-01T00:00:00.000Z');
    const { owner, activity } = test.engine.at(id).spec;
    assert.deepEqual([owner, activity], ['containers', 'a1']);
    for (const [type, state] of [
      ['START', 'running'],
      ['PAUSE', 'paused'],
      ['RESUME', 'running'],
      ['STOP', 'stopped'],
    ] as const) {
      assert.deepEqual(await test.command(id, { type }), OK, type);
      assert.equal(test.state(id), state);
    }
    const { state, manuallyStopped, startedBefore } = test.context(id);
    assert.deepEqual([state.status, state.exitCode, state.pid, manuallyStopped], ['Stopped', 143, -1, true]);
    assert.ok(startedBefore);
    assert.deepEqual(await test.command(id, { type: 'REMOVE', force: false }), OK);
    assert.equal(test.containers.find(id), undefined);
    assert.equal(test.engine.containers.size, 0);
    assert.deepEqual(test.images.given, ['reg.example.com/veh/map:1']);
    const words = ['created', 'running', 'paused', 'resumed', 'stopped', 'removed'];
    assert.deepEqual(
      test.said(),
      words.map((word) => `${word} map`),
    );
  });

  it('CTR-12 an id of its own, and never a second one of it', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = 'mine';
    assert.equal(await test.containers.create(configOf(), { start: false, id }, signal), id);
    await assert.rejects(test.containers.create(configOf(), { start: false, id }, signal), {
      message: 'container with id = mine already exists',
    });
    assert.equal(test.state(id), 'created');
  });
});

describe('what cannot be is refused in the words of the reference, and `ensure` is content', () => {
  it('CTR-12 running', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    assert.deepEqual(await test.command(id, { type: 'CREATE' }), OK);
    assert.deepEqual(
      await test.command(id, { type: 'START' }),
      refused(`the container with id = ${id} is already running`),
    );
    assert.deepEqual(await test.command(id, { type: 'START', ensure: true }), OK);
    assert.deepEqual(
      await test.command(id, { type: 'RESUME' }),
      refused(`container id = ${id} is not paused - cannot unpause it`),
    );
    assert.deepEqual(
      await test.command(id, { type: 'REMOVE', force: false }),
      refused(`container with id = ${id} is not stopped - must set the force flag to true to remove it`),
    );
    assert.equal(test.state(id), 'running');
    assert.deepEqual(await test.command(id, { type: 'REMOVE', force: true }), OK);
  });

  it('CTR-12 paused, stopped and dead', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    await test.command(id, { type: 'PAUSE' });
    assert.deepEqual(
      await test.command(id, { type: 'START', ensure: true }),
      refused(`the container with id = ${id} is paused - cannot start it - try unpausing it instead`),
    );
    await test.command(id, { type: 'STOP' });
    assert.deepEqual(
      await test.command(id, { type: 'STOP' }),
      refused(`cannot perform stop operation for container: ${id}, with state: Stopped`),
    );
    assert.deepEqual(await test.command(id, { type: 'STOP', ensure: true }), OK);
    assert.deepEqual(
      await test.command(id, { type: 'PAUSE' }),
      refused(`container with id = ${id} is not running - current status is Stopped`),
    );
    test.engine.change(id, { status: 'dead' });
    await test.sight(id);
    assert.equal(test.state(id), 'dead');
    assert.deepEqual(
      await test.command(id, { type: 'START' }),
      refused(`the container with id = ${id} is dead - cannot start it`),
    );
  });

  it('CUA-33 asking one that is not there: there is nothing to remove, and all else is refused', async (t) => {
    const test = await ContainersUnderTest.start(t);
    assert.deepEqual(await test.containers.command('nobody', { type: 'REMOVE', force: true }, signal), OK);
    await assert.rejects(test.containers.command('nobody', { type: 'START' }, signal), { code: 'CONTAINER_UNKNOWN' });
    const id = await test.make();
    test.engine.hold('remove');
    const removing = test.ask(id, { type: 'REMOVE', force: true });
    await test.settled();
    const [again, start] = [test.ask(id, { type: 'REMOVE', force: true }), test.ask(id, { type: 'START' })];
    await test.settled();
    test.engine.release('remove');
    assert.deepEqual([await removing, await again], [OK, OK]);
    await assert.rejects(start, { code: 'CONTAINER_UNKNOWN' });
  });
});

describe('what fails', () => {
  it('ENG-3 a create that fails leaves nothing behind and says why', async (t) => {
    const test = await ContainersUnderTest.start(t);
    test.images.failure = new Error('manifest unknown');
    await assert.rejects(test.containers.create(configOf(), { start: true }, signal), {
      code: 'CONTAINER_REFUSED',
      message: 'manifest unknown',
    });
    assert.deepEqual(test.containers.all(), []);
    assert.deepEqual(test.said(), []);
    assert.match(await test.metrics.text(), /container_failures_total\{step="fetch"\} 1/);
  });

  it('ENG-3 a start that fails is kept as the error of a stopped one (POD-10), until one succeeds', async (t) => {
    const test = await ContainersUnderTest.start(t);
    test.engine.fail('start', 'cannot listen on the TCP port');
    const id = await test.make();
    assert.equal(test.state(id), 'stopped');
    const facts = test.containers.find(id);
    assert.deepEqual([facts?.state.status, facts?.state.error], ['Stopped', 'cannot listen on the TCP port']);
    assert.deepEqual(await test.command(id, { type: 'START' }), refused('cannot listen on the TCP port'));
    // The engine shows it as created all the while.
    await test.sight(id);
    assert.equal(test.state(id), 'stopped');
    test.engine.fail('start', undefined);
    assert.deepEqual(await test.command(id, { type: 'START' }), OK);
    assert.equal(test.containers.find(id)?.state.error, '');
  });

  it('ENG-3 pausing, resuming, stopping, renaming and removing: it stays what it was', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    const failing = async (call: string, command: Parameters<typeof test.command>[1], state: string) => {
      test.engine.fail(call, `no ${call}`);
      assert.deepEqual(await test.command(id, command), refused(`no ${call}`));
      test.engine.fail(call, undefined);
      assert.equal(test.state(id), state);
    };
    await failing('pause', { type: 'PAUSE' }, 'running');
    await failing('rename', { type: 'RENAME', name: 'other' }, 'running');
    await failing('stop', { type: 'STOP', force: true }, 'running');
    await failing('remove', { type: 'REMOVE', force: true }, 'running');
    await test.command(id, { type: 'PAUSE' });
    await failing('resume', { type: 'RESUME' }, 'paused');
  });
});

describe('CTR-9 stopping', () => {
  it('CTR-9 without force: the signal, and it runs on if it does not heed it', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    test.engine.deaf.add('SIGTERM');
    const stop = test.ask(id, { type: 'STOP', timeoutS: 5 });
    await test.settled();
    assert.equal(test.state(id), 'stopping');
    await test.advance(6_000, 100);
    assert.deepEqual(await stop, refused(`could not stop container with ID = ${id} with SIGTERM`));
    assert.equal(test.state(id), 'running');
    assert.equal(test.engine.count('stop'), 0);
    assert.equal(test.context(id).manuallyStopped, false);
  });

  it('CTR-9 with force: the default time-out of the configuration, and the engine kills', async (t) => {
    const test = await ContainersUnderTest.start(t, { stopTimeoutS: 12 });
    const id = await test.make();
    assert.deepEqual(await test.command(id, { type: 'STOP', force: true }), OK);
    assert.ok(test.engine.calls.includes(`stop ${id} 12`));
  });

  it('CTR-9 another signal with force: killed after the time-out, and awaited again', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    test.engine.deaf.add('SIGUSR1');
    const stop = test.ask(id, { type: 'STOP', timeoutS: 2, signal: 10, force: true });
    await test.settled();
    await test.advance(3_000, 100);
    assert.deepEqual(await stop, OK);
    const kills = test.engine.calls.filter((call) => call.startsWith('kill'));
    assert.deepEqual(kills, [`kill ${id} SIGUSR1`, `kill ${id} SIGKILL`]);
    assert.equal(test.context(id).state.exitCode, 137);
  });

  it('CTR-9 a paused one is resumed before its signal (POD-31)', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    await test.command(id, { type: 'PAUSE' });
    assert.deepEqual(await test.command(id, { type: 'STOP', signal: 'SIGINT' }), OK);
    assert.ok(test.engine.calls.indexOf(`resume ${id}`) < test.engine.calls.indexOf(`kill ${id} SIGINT`));
  });

  it('CTR-9 negative time-outs and signals that there are not', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    for (const options of [{ timeoutS: -1 }, { signal: 0 }, { signal: 256 }, { signal: 'SIGNONE' }]) {
      const { ok } = await test.command(id, { type: 'STOP', ...options });
      assert.equal(ok, false, JSON.stringify(options));
    }
    assert.equal(test.state(id), 'running');
  });
});

describe('changing', () => {
  it('CTR-10 a rename: empty and the same change nothing, an invalid one is refused, another is told', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    test.said();
    assert.deepEqual(await test.command(id, { type: 'RENAME', name: '' }), OK);
    assert.deepEqual(await test.command(id, { type: 'RENAME', name: 'map' }), OK);
    assert.deepEqual(
      await test.command(id, { type: 'RENAME', name: 'a b' }),
      refused('invalid container name format : a b'),
    );
    assert.equal(test.engine.count('rename'), 0);
    assert.deepEqual(await test.command(id, { type: 'RENAME', name: 'navigation' }), OK);
    assert.equal(test.engine.at(id).name, 'navigation');
    assert.equal(test.containers.find(id)?.config.name, 'navigation');
    assert.deepEqual(test.said(), ['renamed navigation']);
    assert.equal(test.state(id), 'running');
  });

  it('CTR-11 limits at once while it runs, and again after each start (POD-4)', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make({ resources: { memory: '50M' } });
    test.said();
    const resources = { memory: '80M', memoryReservation: '', memorySwap: '160M' };
    assert.deepEqual(await test.command(id, { type: 'UPDATE', resources }), OK);
    assert.deepEqual(test.said(), ['updated map']);
    const wanted = { memory: 80 * 2 ** 20, memorySwap: 160 * 2 ** 20 };
    assert.deepEqual(test.engine.at(id).limits, wanted);
    assert.equal(test.state(id), 'running');
    await test.command(id, { type: 'STOP' });
    await test.command(id, { type: 'START' });
    assert.deepEqual(test.engine.at(id).limits, wanted);
    const none = { memory: '', memoryReservation: '', memorySwap: '' };
    assert.deepEqual(await test.command(id, { type: 'UPDATE', resources: none }), OK);
    assert.deepEqual(test.engine.at(id).limits, {});
  });

  it('ENG-1 one that is only planned goes without the engine, even if that is lost', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.plan('planned-1');
    test.engine.fail('remove', new EngineError('ENGINE_UNAVAILABLE', 'no container engine has answered yet'));
    assert.deepEqual(await test.command(id, { type: 'REMOVE', force: true }), OK);
    assert.equal(test.containers.find(id), undefined);
    assert.deepEqual(test.said(), []);
  });

  it('CTR-11 limits of one that does not run are kept for its start', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make({}, false);
    const resources = { memory: '80M', memoryReservation: '', memorySwap: '80M' };
    assert.deepEqual(await test.command(id, { type: 'UPDATE', resources }), OK);
    assert.equal(test.engine.count('updateLimits'), 0);
    await test.command(id, { type: 'START' });
    assert.deepEqual(test.engine.at(id).limits, { memory: 80 * 2 ** 20, memorySwap: 80 * 2 ** 20 });
    await test.command(id, { type: 'PAUSE' });
    await test.command(id, { type: 'UPDATE', resources: { ...resources, memory: '70M' } });
    await test.command(id, { type: 'RESUME' });
    assert.equal(test.engine.at(id).limits.memory, 70 * 2 ** 20);
  });

  it('CTR-11 limits that went back while it did not run, in an engine that keeps what it was told', async (t) => {
    const test = await ContainersUnderTest.start(t);
    test.engine.isForgetful = false;
    const id = await test.make({ resources: { memory: '50M' } });
    const { resources } = test.context(id).config;
    await test.command(id, { type: 'UPDATE', resources: { ...resources, memory: '20M' } });
    await test.command(id, { type: 'STOP' });
    await test.command(id, { type: 'UPDATE', resources });
    await test.command(id, { type: 'START' });
    assert.equal(test.engine.at(id).limits.memory, 50 * 2 ** 20);
  });

  it('CTR-11 what is invalid or refused by the engine changes nothing; a start does without', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    const before = test.context(id).config;
    const small = { memory: '2M', memoryReservation: '', memorySwap: '' };
    assert.deepEqual(
      await test.command(id, { type: 'UPDATE', resources: small }),
      refused('minimum memory allowed is 3M'),
    );
    const resources = { ...small, memory: '8M' };
    test.engine.fail('updateLimits', 'cgroup is read-only');
    assert.deepEqual(await test.command(id, { type: 'UPDATE', resources }), refused('cgroup is read-only'));
    assert.deepEqual(test.context(id).config, before);
    await test.command(id, { type: 'STOP' });
    await test.command(id, { type: 'UPDATE', resources });
    assert.deepEqual(await test.command(id, { type: 'START' }), OK);
    assert.match(await test.metrics.text(), /container_failures_total\{step="limit"\} 2/);
  });
});
