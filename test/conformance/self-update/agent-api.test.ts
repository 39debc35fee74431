import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentUnderTest, installerFails } from '../../fakes/self-update.js';

const PHASES = [
  ['DOWNLOAD', 'DOWNLOADING', 'DOWNLOAD_SUCCESS'],
  ['UPDATE', 'UPDATING', 'UPDATE_SUCCESS'],
  ['ACTIVATE', 'ACTIVATING', 'ACTIVATION_SUCCESS'],
] as const;

describe('the self-update agent as an agent under an update manager', () => {
  it('UA-1 subscribes to its three topics at QoS 1', async (t) => {
    const { parts } = await AgentUnderTest.start(t);
    const filters = parts.subscriptions.map(({ filter, qos }) => [filter, qos]);
    assert.deepEqual(filters.sort(), [
      ['selfupdate/currentstate/get', 1],
      ['selfupdate/desiredstate', 1],
      ['selfupdate/desiredstate/command', 1],
    ]);
  });

  it('UA-3 answers a request for the current state with its id, in every state', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    const asks = async (id: string): Promise<void> => {
      agent.published.length = 0;
      await agent.get(id);
      assert.deepEqual([agent.last.topic, agent.last.activityId], ['selfupdate/currentstate', id]);
    };
    await asks('at rest');
    await agent.want('2.0');
    await asks('identified');
    for (const [command] of PHASES) {
      await agent.command(command);
      await asks(`after ${command}`);
    }
  });

  it('UA-5 its timestamps never go back, though the clock does', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.get('before');
    const { timestamp } = agent.last;
    const next = await agent.again('reopen', {}, agent.device, timestamp - 3_600_000);
    await next.up();
    assert.ok(next.last.timestamp >= timestamp);
  });

  it('UA-7 UA-8 identifies, starts no work before DOWNLOAD, and answers each command with one result', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0');
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED']);
    assert.deepEqual(agent.device.calls, []);
    for (const [command, progress, success] of PHASES) {
      await agent.command(command);
      for (const { payload } of agent.messages) assert.equal(payload.actions?.length, 1, 'the whole list of actions');
      const said = agent.said();
      assert.equal(said.at(-1), success);
      assert.deepEqual([...new Set(said.slice(0, -1))], [progress]);
    }
  });

  it('UA-7 an empty list of actions says that there is nothing to do, before COMPLETED', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('1.0');
    assert.deepEqual(agent.messages.at(-2)?.payload.actions, []);
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED', 'COMPLETED']);
  });

  it('UA-9 ignores a command without an operation', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    for (const [command] of PHASES) await agent.command(command, 'nobody');
    await agent.command('CLEANUP', 'nobody');
    assert.deepEqual(agent.said(), []);
    assert.deepEqual(agent.device.calls, []);
  });

  it('UA-10 ends after CLEANUP with its result and then the end, after a failure and a rollback too', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP');
    assert.deepEqual(agent.said().slice(-2), ['CLEANUP_SUCCESS', 'COMPLETE']);
    agent.device.downloads = { progress: [0], result: installerFails('no') };
    await agent.want('2.0', 'fails');
    await agent.command('DOWNLOAD', 'fails');
    await agent.command('CLEANUP', 'fails');
    assert.deepEqual(agent.said().slice(-3), ['DOWNLOAD_FAILURE', 'CLEANUP_SUCCESS', 'INCOMPLETE']);
    await agent.want('2.0', 'goes back');
    await agent.command('ROLLBACK', 'goes back');
    await agent.command('CLEANUP', 'goes back');
    assert.deepEqual(agent.said().slice(-3), ['ROLLBACK_SUCCESS', 'CLEANUP_SUCCESS', 'INCOMPLETE']);
  });

  it('UA-11 a new desired state replaces an abandoned operation', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0', 'abandoned');
    await agent.command('DOWNLOAD', 'abandoned');
    agent.published.length = 0;
    await agent.want('3.0', 'next');
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED']);
    await agent.command('DOWNLOAD', 'next');
    assert.equal(agent.last.activityId, 'next');
  });
});
