import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentUnderTest, installerFails } from '../../fakes/self-update.js';

describe('rolling back and superseding', () => {
  it('SUA-28 D-7 a rollback undoes what was done, and one CLEANUP is answered', async (t) => {
    const reached: readonly (readonly [commands: readonly string[], isMarked: boolean])[] = [
      [[], false],
      [['DOWNLOAD'], false],
      [['DOWNLOAD', 'UPDATE'], true],
      [['DOWNLOAD', 'UPDATE', 'ACTIVATE'], true],
    ];
    for (const [commands, isMarked] of reached) {
      const agent = await AgentUnderTest.connected(t);
      await agent.want('2.0');
      await agent.commands(...commands);
      agent.published.length = 0;
      agent.device.calls.length = 0;
      await agent.command('ROLLBACK');
      assert.equal(agent.state, 'idle');
      assert.deepEqual(agent.device.calls, isMarked ? ['discard', 'mark active rootfs.0'] : ['discard']);
      assert.deepEqual(agent.said(), ['ROLLBACK_SUCCESS']);
      await agent.commands('CLEANUP', 'CLEANUP');
      assert.equal(agent.last.payload.actions?.[0]?.message, 'Self-update rolled back.');
      assert.deepEqual(agent.said(), ['CLEANUP_SUCCESS', 'INCOMPLETE']);
    }
  });

  it('SUA-28 D-7 a rollback out of Failed, one that fails, and the CLEANUP after a reconnection', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE');
    agent.device.markFailure = () => installerFails('RAUC is gone');
    await agent.command('ACTIVATE');
    assert.equal(agent.state, 'failed');
    agent.published.length = 0;
    await agent.command('ROLLBACK');
    assert.equal(agent.messages[0]?.payload.actions?.[0]?.message, 'RAUC is gone');
    assert.deepEqual(agent.said(), ['ROLLBACK_FAILURE']);
    await agent.down();
    await agent.up();
    await agent.command('CLEANUP');
    assert.deepEqual(agent.said(), ['currentstate', 'CLEANUP_SUCCESS', 'INCOMPLETE']);
  });

  it('D-7 what was installed from an unknown slot cannot be rolled back, and that is said', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    agent.device.bundle = { version: '2.0', slotsBefore: {} };
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    agent.published.length = 0;
    await agent.command('ROLLBACK');
    assert.deepEqual(agent.said(), ['ROLLBACK_FAILURE']);
  });

  it('SUA-5 D-8 a rollback aborts a transfer, and waits for an install', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    agent.device.hold('download');
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE', 'ROLLBACK');
    await agent.reaches('idle');
    assert.deepEqual(agent.said().slice(-2), ['DOWNLOADING', 'ROLLBACK_SUCCESS']);

    agent.device.hold('install');
    await agent.want('2.0', 'a2');
    agent.device.release('download');
    await agent.commands('DOWNLOAD', 'UPDATE', 'ROLLBACK');
    assert.equal(agent.state, 'updating.writing');
    agent.device.release('install');
    await agent.reaches('idle');
    assert.deepEqual(agent.said().slice(-2), ['UPDATE_SUCCESS', 'ROLLBACK_SUCCESS']);
  });

  it('spec 5.3 D-6 a new desired state supersedes one that waits, without a word about it', async (t) => {
    for (const commands of [[], ['DOWNLOAD'], ['DOWNLOAD', 'UPDATE'], ['DOWNLOAD', 'UPDATE', 'ACTIVATE']]) {
      const agent = await AgentUnderTest.connected(t);
      await agent.want('2.0');
      await agent.commands(...commands);
      agent.published.length = 0;
      await agent.want('3.0', 'a2');
      assert.equal(agent.state, 'identified.waiting');
      assert.deepEqual([...new Set(agent.messages.map(({ activityId }) => activityId))], ['a2']);
      assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED']);
    }
  });

  it('spec 5.3 D-6 where the new system runs already, it stays active', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    agent.device.boot = 'boot-2';
    agent.device.booted = '2.0';
    agent.device.calls.length = 0;
    await agent.want('2.0', 'a2');
    assert.deepEqual(agent.device.calls, ['discard', 'mark active rootfs.1']);
    assert.deepEqual(agent.said().slice(-1), ['COMPLETED']);
    assert.equal(agent.state, 'idle');
  });

  it('spec 5.3 a redelivery of the current desired state is none', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0');
    agent.published.length = 0;
    await agent.want('2.0');
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED'], 'answered again while it waits');
    for (const command of ['DOWNLOAD', 'UPDATE', 'ACTIVATE']) {
      await agent.command(command);
      agent.published.length = 0;
      const before = agent.state;
      await agent.want('2.0');
      assert.equal(agent.state, before);
      assert.deepEqual(agent.said(), []);
    }
  });

  it('spec 5.3 after a failure the same desired state is a new try', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    agent.device.downloads = { progress: [], result: new Error('HTTP 500') };
    await agent.want('2.0');
    await agent.command('DOWNLOAD');
    assert.equal(agent.state, 'failed');
    await agent.want('2.0');
    assert.equal(agent.state, 'identified.waiting');
  });
});
