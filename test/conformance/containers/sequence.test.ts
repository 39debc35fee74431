import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContainerAgent } from '../../fakes/container-update.js';

describe('the reference sequence', () => {
  it('spec A.5 one recreate, one destroy, commands without baseline', async (t) => {
    const agent = await ContainerAgent.start(t, {}, async (containers) => {
      await containers.have('map', 'map:1');
      await containers.have('old', 'old:1');
    });
    await agent.want(['map:2']);
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP');
    assert.deepEqual(agent.table(), [
      ['IDENTIFYING'],
      ['IDENTIFIED', 'IDENTIFIED', 'IDENTIFIED'],
      ['DOWNLOADING', 'DOWNLOADING', 'IDENTIFIED'],
      ['DOWNLOAD_SUCCESS', 'DOWNLOAD_SUCCESS', 'IDENTIFIED'],
      ['UPDATING', 'UPDATING', 'IDENTIFIED'],
      ['UPDATING', 'UPDATE_SUCCESS', 'UPDATING'],
      ['UPDATE_SUCCESS', 'UPDATE_SUCCESS', 'UPDATE_SUCCESS'],
      ['ACTIVATING', 'ACTIVATING', 'UPDATE_SUCCESS'],
      ['ACTIVATION_SUCCESS', 'ACTIVATION_SUCCESS', 'UPDATE_SUCCESS'],
      ['CLEANUP_SUCCESS', 'ACTIVATION_SUCCESS', 'REMOVAL_SUCCESS'],
      ['COMPLETED', 'ACTIVATION_SUCCESS', 'REMOVAL_SUCCESS'],
    ]);
    assert.deepEqual(agent.containers.calls, [
      'CREATE map:2',
      'STOP map:1',
      'STOP old:1',
      'ROLE map:1 old',
      'ROLE map:2 current',
      'START map:2',
      'REMOVE map:1',
      'REMOVE old:1',
    ]);
    assert.deepEqual(agent.containers.standing(), ['map:2 current Running']);
    assert.equal(agent.state, 'idle');
  });
});
