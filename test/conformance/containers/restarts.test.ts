import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContainerAgent } from '../../fakes/container-update.js';
import { turnsOfLoop } from '../../fakes/runtime.js';

const start = (t: Parameters<typeof ContainerAgent.start>[0], settings = {}) =>
  ContainerAgent.start(t, settings, async (containers) => {
    await containers.have('map', 'map:1');
    await containers.have('old', 'old:1');
  });
const PHASES = ['DOWNLOAD', 'UPDATE', 'ACTIVATE'] as const;

describe('after a restart', () => {
  const waiting: readonly (readonly [state: string, commands: readonly string[]])[] = [
    ['waiting.identified', []],
    ['waiting.downloaded', ['DOWNLOAD']],
    ['waiting.updated', ['DOWNLOAD', 'UPDATE']],
    ['waiting.activated', PHASES],
    ['waiting.rolledBack', ['DOWNLOAD', 'ROLLBACK']],
  ];
  for (const how of ['crash', 'reopen'] as const) {
    for (const [state, commands] of waiting) {
      it(`CUA-33 ${state} after a ${how} waits on, says nothing, and comes to its end`, async (t) => {
        const before = await start(t);
        await before.want(['map:2']);
        await before.commands(...commands);
        const agent = await before.again(how);
        assert.equal(agent.state, state);
        assert.deepEqual(agent.said(), []);
        if (commands.includes('ROLLBACK')) await agent.command('CLEANUP');
        else await agent.commands(...PHASES.slice(commands.length), 'CLEANUP');
        assert.equal(agent.said().at(-1), commands.includes('ROLLBACK') ? 'INCOMPLETE' : 'COMPLETED');
        assert.equal(
          agent.containers.standing()[0],
          commands.includes('ROLLBACK') ? 'map:1 current Running' : 'map:2 current Running',
        );
      });
    }
  }

  /** The call that a crash cuts off, what led to it, and what is said from then on. */
  const busy: readonly (readonly [call: string, commands: readonly string[], said: readonly string[]])[] = [
    ['CREATE map:2', ['DOWNLOAD'], ['DOWNLOADING', 'DOWNLOAD_SUCCESS']],
    ['STOP map:1', ['DOWNLOAD', 'UPDATE'], ['UPDATING', 'UPDATING', 'UPDATE_SUCCESS']],
    ['STOP old:1', ['DOWNLOAD', 'UPDATE'], ['UPDATING', 'UPDATE_SUCCESS']],
    ['ROLE map:1 old', PHASES, ['ACTIVATING', 'ACTIVATION_SUCCESS']],
    ['ROLE map:2 current', PHASES, ['ACTIVATING', 'ACTIVATION_SUCCESS']],
    ['START map:2', PHASES, ['ACTIVATING', 'ACTIVATION_SUCCESS']],
    ['REMOVE map:1', [...PHASES, 'CLEANUP'], ['CLEANUP_SUCCESS', 'COMPLETED']],
    ['REMOVE old:1', [...PHASES, 'CLEANUP'], ['CLEANUP_SUCCESS', 'COMPLETED']],
    ['REMOVE map:2', [...PHASES, 'ROLLBACK'], ['ROLLBACK', 'ROLLBACK', 'ROLLBACK_SUCCESS']],
    ['START old:1', [...PHASES, 'ROLLBACK'], ['ROLLBACK_SUCCESS']],
    ['REMOVE map:2', ['DOWNLOAD', 'UPDATE', 'CLEANUP'], ['CLEANUP_SUCCESS', 'INCOMPLETE']],
  ];
  for (const [call, commands, said] of busy) {
    it(`CUA-33 ${commands.at(-1)} cut off in ${call} begins at that action again`, async (t) => {
      const before = await start(t);
      await before.want(['map:2']);
      await before.commands(...commands.slice(0, -1));
      before.containers.hold(call);
      await before.command(commands.at(-1) ?? '');
      const state = before.state;
      assert.ok(before.containers.isHeld(call));
      const agent = await before.again('crash');
      assert.equal(agent.state, state);
      agent.containers.release(call);
      const isOver = commands.includes('CLEANUP');
      await agent.passes(() => agent.state !== state, `it leaves ${state}`);
      assert.deepEqual(agent.said(), said);
      if (!isOver) await agent.command('CLEANUP');
      assert.equal(agent.state, 'idle');
      assert.ok(agent.containers.standing().every((line) => line.endsWith(' current Running')));
    });
  }

  it('CUA-33 a desired state that was being compared, or for which another is undone, is gone on with', async (t) => {
    const before = await start(t);
    await before.want(['map:2']);
    await before.command('DOWNLOAD');
    before.containers.hold('REMOVE map:2');
    await before.want(['map:3', 'old:1'], 'a2');
    assert.equal(before.state, 'superseding');
    const agent = await before.again('crash');
    assert.equal(agent.state, 'superseding');
    agent.containers.release('REMOVE map:2');
    await agent.passes(() => agent.state === 'waiting.identified', 'it is identified');
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED']);
  });

  it('CUA-33 what ran before UPDATE is still known after it', async (t) => {
    const before = await start(t);
    await before.want(['map:2']);
    await before.command('DOWNLOAD');
    before.containers.hold('STOP old:1');
    await before.command('UPDATE');
    const agent = await before.again('crash');
    agent.containers.release('STOP old:1');
    await agent.reaches('waiting.updated');
    await agent.command('CLEANUP');
    assert.deepEqual(agent.containers.standing(), ['map:1 current Running', 'old:1 current Running']);
  });
});

describe('a crash at any moment', () => {
  it('CUA-33 leads to the same end, and nothing that is over is said twice', async (t) => {
    for (let turns = 0; turns < 60; turns += 4) {
      const before = await start(t, { autoCommands: true });
      const [desiredState] = before.parts.subscriptions;
      const config = [{ key: 'image', value: 'map:2' }];
      const domains = [{ id: 'containers', components: [{ id: 'map', version: '2', config }] }];
      const payload = Buffer.from(JSON.stringify({ activityId: 'a1', payload: { domains } }));
      for (const { to, event } of desiredState?.read({ topic: '', payload }) ?? []) {
        await before.system.tellStored(to, event);
      }
      await turnsOfLoop(turns);
      const earlier = before.feedbacks.map(({ payload: { status } }) => status);
      const agent = await before.again('crash', { autoCommands: true });
      await agent.passes(() => agent.state === 'idle', `it ends after ${turns} turns`);
      assert.deepEqual(agent.containers.standing(), ['map:2 current Running'], `after ${turns} turns`);
      const said = [...earlier, ...agent.said()];
      assert.equal(said.at(-1), 'COMPLETED');
      const order = ['IDENTIFIED', 'DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS', 'ACTIVATION_SUCCESS', 'CLEANUP_SUCCESS'];
      const over = said.filter((status) => order.includes(status ?? ''));
      // What was on its way to the broker at the crash may arrive twice, but never out of order.
      assert.deepEqual(
        over.filter((status, index) => status !== over[index - 1]),
        order,
        `after ${turns} turns`,
      );
    }
  });
});
