import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ContainerCommand } from '../../../src/actors/containers/events.js';
import { ContainersUnderTest } from '../../fakes/containers.js';
import type { FakeEngine } from '../../fakes/fake-engine.js';

const ID = '33333333-0000-4000-8000-000000000003';
const OK = { ok: true };

/** A step that the process dies in: before the engine did it, and after it did it but nobody noted that. */
interface Case {
  readonly state: string;
  readonly before: readonly ContainerCommand[];
  readonly command: ContainerCommand;
  readonly call: string;
  /** What the engine does behind the back of the dead. */
  readonly done: (engine: FakeEngine) => unknown;
  readonly end: string | undefined;
}

const resources = { memory: '9M', memoryReservation: '', memorySwap: '' };
const create: ContainerCommand = { type: 'CREATE' };
const start: ContainerCommand = { type: 'START', ensure: true };

const cases: readonly Case[] = [
  {
    ...{ state: 'starting', before: [create], command: start, call: 'start', end: 'running' },
    done: (engine) => engine.change(ID, { status: 'running', pid: 9, startedAt: '2026-01-01T00:00:00.000Z' }),
  },
  {
    ...{ state: 'stopping', before: [create, start], call: 'stop', end: 'stopped' },
    command: { type: 'STOP', ensure: true, force: true },
    done: (engine) => engine.exit(ID, 143),
  },
  {
    ...{ state: 'pausing', before: [create, start], command: { type: 'PAUSE' }, call: 'pause', end: 'paused' },
    done: (engine) => engine.change(ID, { status: 'paused' }),
  },
  {
    ...{ state: 'resuming', before: [create, start, { type: 'PAUSE' }], call: 'resume', end: 'running' },
    command: { type: 'RESUME', ensure: true },
    done: (engine) => engine.change(ID, { status: 'running' }),
  },
  {
    ...{ state: 'renaming', before: [create, start], call: 'rename', end: 'running' },
    command: { type: 'ROLE', role: 'current' },
    done: (engine) => {
      engine.at(ID).name = 'map';
    },
  },
  {
    ...{ state: 'updating', before: [create, start], call: 'updateLimits', end: 'running' },
    command: { type: 'UPDATE', resources },
    done: (engine) => {
      engine.at(ID).limits = { memory: 9 * 2 ** 20 };
    },
  },
  {
    ...{ state: 'removing', before: [create, start], call: 'remove', end: undefined },
    command: { type: 'REMOVE', force: true },
    done: (engine) => engine.containers.delete(ID),
  },
];

/** The commands that a phase of an update repeats after a restart are content with what they find. */
const REPEATABLE = ['CREATE', 'START', 'STOP', 'RESUME', 'ROLE', 'UPDATE', 'REMOVE'];

async function planned(t: TestContext): Promise<ContainersUnderTest> {
  const test = await ContainersUnderTest.start(t);
  await test.plan(ID);
  return test;
}

describe('a step that a crash cut off is done again, and finds what it did', () => {
  for (const wasDone of [false, true]) {
    for (const { state, before, command, call, done, end } of cases) {
      it(`CUA-33 ENG-2 ${state}, ${wasDone ? 'done and not noted' : 'not done'}`, async (t) => {
        const test = await planned(t);
        for (const each of before) assert.deepEqual(await test.command(ID, each), OK, each.type);
        test.engine.hold(call);
        test.ask(ID, command);
        await test.settled();
        assert.equal(test.state(ID), state);
        // Waits in the inbox, and is answered by the next process at most.
        test.ask(ID, { type: 'CREATE' });
        await test.settled();
        if (wasDone) done(test.engine);
        const after = await test.again('crash');
        if (!wasDone) assert.equal(after.state(ID), state);
        after.engine.release(call);
        await after.settled();
        await after.reaches(ID, end);
        if (end === undefined) {
          assert.equal(after.containers.find(ID), undefined);
          assert.equal(after.engine.containers.size, 0);
        }
        if (REPEATABLE.includes(command.type)) assert.deepEqual(await after.command(ID, command), OK);
      });
    }
  }

  it('CUA-33 creating: fetching, preparing, making', async (t) => {
    let test = await planned(t);
    test.images.hold();
    test.ask(ID, create);
    await test.settled();
    assert.equal(test.state(ID), 'creating.fetching');
    test = await test.again('crash');
    assert.equal(test.state(ID), 'creating.fetching');
    test.engine.hold('inspect');
    test.images.release();
    await test.reaches(ID, 'creating.preparing');
    test = await test.again('crash');
    test.engine.hold('create');
    test.engine.release('inspect');
    await test.reaches(ID, 'creating.making');
    const { engineName } = test.context(ID);
    test = await test.again('crash');
    test.engine.release('create');
    await test.reaches(ID, 'created');
    assert.equal(test.engine.containers.size, 1);
    assert.equal(test.engine.at(ID).name, engineName);
    assert.deepEqual(await test.command(ID, create), OK);
    // A stop of its own for the half that is left: as an undo asks for it.
    assert.deepEqual(await test.command(ID, { type: 'REMOVE', force: true }), OK);
    assert.equal(test.engine.containers.size, 0);
  });

  it('CUA-33 an engine that is not there yet is waited for: a restart as such is no failure', async (t) => {
    const test = await planned(t);
    await test.command(ID, create);
    test.engine.hold('start');
    test.ask(ID, start);
    await test.settled();
    const { EngineError } = await import('../../../src/actors/engines/index.js');
    test.engine.fail('inspect', new EngineError('ENGINE_UNAVAILABLE', 'no engine answers'));
    const after = await test.again('crash');
    after.engine.release('start');
    await after.advance(10_000, 1_000);
    assert.equal(after.state(ID), 'starting');
    after.engine.fail('inspect', undefined);
    await after.advance(2_000, 1_000);
    assert.equal(after.state(ID), 'running');
    assert.equal(after.context(ID).lastError, '');
  });

  it('CTR-14 a start that was cut off and whose run is over by then counts as that run', async (t) => {
    const test = await planned(t);
    await test.command(ID, create);
    test.engine.hold('start');
    test.ask(ID, start);
    await test.settled();
    test.engine.change(ID, { status: 'running', pid: 9, startedAt: '2026-01-01T00:00:00.000Z' });
    test.engine.exit(ID, 3);
    const before = test.engine.count('start');
    const after = await test.again('crash');
    after.engine.release('start');
    await after.reaches(ID, 'backingOff');
    assert.equal(after.engine.count('start'), before, 'it is not started once more');
    assert.equal(after.containers.find(ID)?.state.exitCode, 3);
    await after.advance(1_000, 100);
    assert.equal(after.state(ID), 'running');
    assert.equal(after.containers.find(ID)?.restartCount, 1);
  });

  it('CUA-33 CTR-14 what a step started has run by the time that it asks again: it is not started once more', async (t) => {
    const test = await planned(t);
    await test.command(ID, create);
    const asked = { ...start, step: 's1' } as const;
    assert.deepEqual(await test.command(ID, asked), OK);
    test.engine.exit(ID, 3);
    await test.sight(ID);
    assert.equal(test.state(ID), 'backingOff');
    const after = await test.again('crash');
    const starts = after.engine.count('start');
    assert.deepEqual(await after.command(ID, asked), OK);
    assert.equal(after.state(ID), 'backingOff');
    assert.equal(after.engine.count('start'), starts);
    assert.deepEqual(await after.command(ID, { ...start, step: 's2' }), OK);
    assert.equal(after.state(ID), 'running');
    assert.equal(after.engine.count('start'), starts + 1);
  });

  it('CUA-33 a start that failed is done anew when its step asks again', async (t) => {
    const test = await planned(t);
    await test.command(ID, create);
    const { EngineError } = await import('../../../src/actors/engines/index.js');
    test.engine.fail('start', new EngineError('ENGINE_REFUSED', 'no such program'));
    const asked = { ...start, step: 's1' } as const;
    assert.deepEqual(await test.command(ID, asked), { ok: false, error: 'no such program' });
    const after = await test.again('crash');
    after.engine.fail('start', undefined);
    assert.deepEqual(await after.command(ID, asked), OK);
    assert.equal(after.state(ID), 'running');
  });

  it('CTR-12 what the watchers were told is told once more at most', async (t) => {
    const test = await planned(t);
    await test.command(ID, create);
    await test.command(ID, start);
    const after = await test.again('crash');
    const said = after.said().filter((word, index, all) => all.indexOf(word) === index);
    assert.deepEqual(said, ['created map', 'running map']);
  });
});
