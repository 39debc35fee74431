import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContainerAgent, component } from '../../fakes/container-update.js';

const results = (agent: ContainerAgent) => agent.last.payload.actions?.map(({ status, message }) => [status, message]);

const RECREATED =
  'Update unsuccessful, but rollback succeeded - new container instance destroyed, old container instance restored.';
const CREATED = 'Update unsuccessful, but rollback succeeded - new container instance destroyed.';
const UPDATED = 'Update unsuccessful, but rollback succeeded - container configuration restored from older instance.';

const BEFORE = ['limits:1 current Running', 'map:1 current Running', 'old:1 current Running', 'same:1 current Running'];

/** One action of each kind. */
const start = (t: Parameters<typeof ContainerAgent.start>[0]) =>
  ContainerAgent.start(t, {}, async (containers) => {
    await containers.have('map', 'map:1');
    await containers.have('limits', 'limits:1', { resources: { memory: '100M' } });
    await containers.have('same', 'same:1');
    await containers.have('old', 'old:1');
  });
const WANTED = ['map:2', 'same:1', 'new:1', component('limits:1', { memory: '200M' })];

const memory = (agent: ContainerAgent) =>
  agent.containers.all().find(({ config }) => config.name === 'limits')?.config.resources.memory;

describe('ROLLBACK', () => {
  it('CUA-27 after everything: all as it was, spoken of action by action', async (t) => {
    const agent = await start(t);
    await agent.want(WANTED);
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    assert.equal(memory(agent), '200M');
    agent.messages.length = 0;
    agent.containers.calls.length = 0;
    await agent.command('ROLLBACK');
    const A = 'ACTIVATION_SUCCESS';
    const F = 'UPDATE_FAILURE';
    const U = 'UPDATE_SUCCESS';
    assert.deepEqual(results(agent), [
      [F, RECREATED],
      [A, 'Existing container instance is running.'],
      [F, CREATED],
      [F, UPDATED],
      [U, 'Old container instance is stopped.'],
    ]);
    assert.deepEqual(agent.table(), [
      ['ROLLBACK', 'UPDATING', A, A, A, U],
      ['ROLLBACK', F, A, A, A, U],
      ['ROLLBACK', F, A, 'UPDATING', A, U],
      ['ROLLBACK', F, A, F, A, U],
      ['ROLLBACK', F, A, F, 'UPDATING', U],
      ['ROLLBACK', F, A, F, F, U],
      ['ROLLBACK_SUCCESS', F, A, F, F, U],
    ]);
    assert.deepEqual(agent.containers.calls, [
      ...['REMOVE map:2', 'ROLE map:1 current', 'START map:1', 'REMOVE new:1'],
      ...['UPDATE limits:1 100M', 'START limits:1', 'START old:1'],
    ]);
    assert.deepEqual(agent.containers.standing(), BEFORE);
    assert.equal(memory(agent), '100M');
  });

  it('CUA-27 after DOWNLOAD: an old instance that runs is no failure', async (t) => {
    const agent = await ContainerAgent.start(t, {}, (containers) => containers.have('map', 'map:1'));
    await agent.want(['map:2']);
    await agent.command('DOWNLOAD');
    agent.messages.length = 0;
    await agent.command('ROLLBACK');
    assert.deepEqual(agent.table(), [
      ['ROLLBACK', 'UPDATING'],
      ['ROLLBACK_SUCCESS', 'UPDATE_FAILURE'],
    ]);
    assert.deepEqual(agent.containers.standing(), ['map:1 current Running']);
  });

  it('CUA-27 goes on after an error, and says so in the end', async (t) => {
    const agent = await start(t);
    await agent.want(WANTED);
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    agent.containers.failures.set('START map:1', 'no room');
    agent.containers.failures.set('START old:1', 'no room either');
    await agent.command('ROLLBACK');
    assert.equal(agent.last.payload.status, 'ROLLBACK_FAILURE');
    assert.deepEqual(results(agent), [
      ['UPDATE_FAILURE', 'no room'],
      ['ACTIVATION_SUCCESS', 'Existing container instance is running.'],
      ['UPDATE_FAILURE', CREATED],
      ['UPDATE_FAILURE', UPDATED],
      ['UPDATE_FAILURE', 'no room either'],
    ]);
    assert.equal(agent.state, 'waiting.rollbackFailed');
  });

  it('CUA-23 CUA-27 after a failed DOWNLOAD or UPDATE', async (t) => {
    for (const call of ['CREATE new:1', 'UPDATE limits:1 200M']) {
      const agent = await start(t);
      agent.containers.failures.set(call, 'no');
      await agent.want(WANTED);
      await agent.commands('DOWNLOAD', ...(call.startsWith('UPDATE') ? ['UPDATE'] : []), 'ROLLBACK');
      assert.equal(agent.last.payload.status, 'ROLLBACK_SUCCESS');
      assert.deepEqual(agent.containers.standing(), BEFORE);
    }
  });

  it('CUA-27 check and destroy alone have one feedback', async (t) => {
    const agent = await ContainerAgent.start(t, {}, async (containers) => {
      await containers.have('same', 'same:1');
      await containers.have('old', 'old:1');
    });
    await agent.want(['same:1']);
    await agent.commands('DOWNLOAD', 'UPDATE');
    agent.messages.length = 0;
    await agent.command('ROLLBACK');
    assert.deepEqual(agent.table(), [['ROLLBACK_SUCCESS', 'IDENTIFIED', 'UPDATE_SUCCESS']]);
    assert.deepEqual(agent.containers.standing(), ['old:1 current Running', 'same:1 current Running']);
  });

  it('CUA-27 a destroyed one that did not run is not started', async (t) => {
    const agent = await ContainerAgent.start(t, {}, (containers) => containers.have('old', 'old:1', {}, false));
    await agent.want([]);
    await agent.commands('DOWNLOAD', 'UPDATE', 'ROLLBACK');
    assert.deepEqual(agent.containers.standing(), ['old:1 current Created']);
  });
});
