import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContainerAgent, component } from '../../fakes/container-update.js';

const start = (t: Parameters<typeof ContainerAgent.start>[0]) =>
  ContainerAgent.start(t, {}, async (containers) => {
    await containers.have('map', 'map:1');
    await containers.have('old', 'old:1');
  });
const spoken = (agent: ContainerAgent) =>
  agent.feedbacks.map(({ activityId, payload }) => `${activityId} ${payload.status}`);

describe('a desired state while an operation is open', () => {
  const stages: readonly (readonly string[])[] = [[], ['DOWNLOAD'], ['DOWNLOAD', 'UPDATE']];
  for (const commands of stages) {
    it(`CUA-30 after ${commands.at(-1) ?? 'the identification'}: told, undone, and only then compared`, async (t) => {
      const agent = await start(t);
      await agent.want(['map:2']);
      await agent.commands(...commands);
      agent.messages.length = 0;
      await agent.want(['map:3', 'old:1'], 'a2');
      assert.deepEqual(spoken(agent), ['a1 SUPERSEDED', 'a2 IDENTIFYING', 'a2 IDENTIFIED']);
      assert.equal(agent.feedbacks[0]?.payload.actions?.length, 2);
      assert.deepEqual(
        agent.last.payload.actions?.map(({ component: { id }, message }) => [id, message?.split(' ').slice(-2)[0]]),
        [
          ['containers:map', 'new'],
          ['containers:old', 'is'],
        ],
      );
      assert.deepEqual(agent.containers.standing(), [
        'map:1 current Running',
        'map:3 pending planned',
        'old:1 current Running',
      ]);
    });
  }

  it('CUA-30 what could not be undone is, before the next comparison', async (t) => {
    const agent = await start(t);
    await agent.want(['map:2', 'app:1']);
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    const failing = ['REMOVE map:1', 'REMOVE old:1'];
    for (const call of failing) agent.containers.failures.set(call, 'device is busy');
    await agent.command('CLEANUP');
    assert.deepEqual(agent.containers.standing(), [
      ...['app:1 current Running', 'map:1 old Stopped', 'map:2 current Running', 'old:1 current Stopped'],
    ]);
    for (const call of failing) agent.containers.failures.delete(call);
    await agent.want(['map:2', 'app:1'], 'a2');
    assert.deepEqual(agent.containers.standing(), [
      ...['app:1 current Running', 'map:2 current Running', 'old:1 current Stopped'],
    ]);
  });

  it('CUA-28 an old instance that could not be restored is not forgotten', async (t) => {
    const agent = await start(t);
    await agent.want(['map:2', 'old:1']);
    await agent.commands('DOWNLOAD', 'UPDATE');
    agent.containers.failures.set('START map:2', 'no memory');
    await agent.command('ACTIVATE');
    agent.containers.failures.set('REMOVE map:2', 'device is busy');
    await agent.command('CLEANUP');
    agent.containers.failures.clear();
    assert.deepEqual(agent.containers.standing(), [
      ...['map:1 old Stopped', 'map:2 current Created', 'old:1 current Running'],
    ]);
    const late = agent.containers.all().find(({ config }) => config.image === 'map:2');
    await agent.containers.tell(late?.id ?? '', { type: 'REMOVE', force: true });
    await agent.want(['map:1', 'old:1'], 'a2');
    assert.deepEqual(agent.containers.standing(), ['map:1 current Stopped', 'old:1 current Running']);
    for (const command of ['DOWNLOAD', 'UPDATE', 'ACTIVATE']) await agent.command(command, '', 'a2');
    assert.deepEqual(agent.containers.standing(), ['map:1 current Running', 'old:1 current Running']);
  });

  it('CUA-30 after ACTIVATE: its removals are finished', async (t) => {
    const agent = await start(t);
    await agent.want(['map:2']);
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    agent.messages.length = 0;
    await agent.want(['map:2'], 'a2');
    assert.deepEqual(spoken(agent), ['a1 SUPERSEDED', 'a2 IDENTIFYING', 'a2 IDENTIFIED']);
    assert.deepEqual(agent.containers.standing(), ['map:2 current Running']);
    assert.deepEqual(
      agent.last.payload.actions?.map(({ component: { id } }) => id),
      ['containers:map'],
    );
  });

  it('CUA-30 named groups: what was activated is finished, all else undone', async (t) => {
    const agent = await start(t);
    await agent.want(['map:2', 'app:1']);
    for (const command of ['DOWNLOAD', 'UPDATE', 'ACTIVATE']) await agent.command(command, 'containers:map');
    await agent.command('DOWNLOAD', 'containers:app');
    await agent.command('UPDATE', 'containers:remove-components');
    await agent.want(['map:2', 'old:1'], 'a2');
    assert.deepEqual(agent.containers.standing(), ['map:2 current Running', 'old:1 current Running']);
  });

  it('CUA-30 one that cannot be read leaves the old operation alive', async (t) => {
    const agent = await start(t);
    await agent.want(['map:2']);
    await agent.command('DOWNLOAD');
    agent.messages.length = 0;
    await agent.want([component('map:3', { network: 'none' })], 'a2');
    assert.deepEqual(spoken(agent), ['a2 IDENTIFICATION_FAILED']);
    await agent.command('UPDATE');
    assert.equal(agent.last.payload.status, 'UPDATE_SUCCESS');
  });

  it('CUA-30 what could not be undone does not hold up the next', async (t) => {
    const agent = await start(t);
    await agent.want(['map:2']);
    await agent.commands('DOWNLOAD', 'UPDATE');
    agent.containers.failures.set('START old:1', 'no');
    agent.messages.length = 0;
    await agent.want(['map:2'], 'a2');
    assert.deepEqual(spoken(agent), ['a1 SUPERSEDED', 'a2 IDENTIFYING', 'a2 IDENTIFIED']);
    assert.equal(agent.logs('containers_left_behind').length, 1);
  });

  it('CUA-30 the same message again supersedes nothing', async (t) => {
    const agent = await start(t);
    await agent.want(['map:2']);
    await agent.want(['map:2']);
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED', 'IDENTIFYING', 'IDENTIFIED']);
    await agent.command('DOWNLOAD');
    agent.messages.length = 0;
    await agent.want(['map:2']);
    assert.deepEqual(agent.messages, []);
    assert.equal(agent.state, 'waiting.downloaded');
  });

  it('CUA-30 commands of the superseded activity are ignored', async (t) => {
    const agent = await start(t);
    await agent.want(['map:2']);
    await agent.want(['map:3'], 'a2');
    agent.messages.length = 0;
    await agent.command('DOWNLOAD');
    assert.deepEqual(agent.messages, []);
    await agent.command('DOWNLOAD', '', 'a2');
    assert.equal(agent.last.payload.status, 'DOWNLOAD_SUCCESS');
  });
});
