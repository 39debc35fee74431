import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentUnderTest, FakeDevice } from '../../fakes/self-update.js';

describe('the connection', () => {
  it('SUA-1 SUA-2 SUA-4 its session is kept, its topics have an order, and it tries for ever', async (t) => {
    const agent = await AgentUnderTest.start(t, { prefix: 'x' });
    const { subscriptions, up, down, link } = agent.parts;
    assert.deepEqual(link, {
      url: 'tcp://mosquitto:1883',
      clientId: 'sua',
      clean: false,
      keepAliveS: 60,
      connectTimeoutMs: 5_000,
      backoff: { firstMs: 2_500, longestMs: 60_000 },
      inboxBound: 1_000,
    });
    assert.deepEqual(
      subscriptions.map(({ filter, qos }) => [filter, qos]),
      [
        ['x/desiredstate', 1],
        ['x/currentstate/get', 1],
        ['x/desiredstate/command', 1],
      ],
    );
    assert.equal(up.length + down.length, 2);
  });

  it('SUA-3 what arrives before BROKER.UP waits behind it', async (t) => {
    const device = new FakeDevice();
    device.hold('booted');
    const agent = await AgentUnderTest.start(t, {}, device);
    assert.equal(agent.state, 'uninitialized.reading');
    await agent.want('2.0');
    await agent.get('g');
    await agent.up();
    await agent.command('DOWNLOAD');
    assert.deepEqual(agent.said(), []);
    device.release('booted');
    await agent.reaches('downloading.downloaded');
    const words = ['currentstate', 'IDENTIFYING', 'currentstate', 'IDENTIFIED', 'DOWNLOADING', 'DOWNLOAD_SUCCESS'];
    assert.deepEqual(agent.said(), words);
  });

  it('SUA-16 SUA-45 after a reconnection the version is read again, and the id is the last adopted one', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.get('g1');
    await agent.down();
    assert.equal(agent.state, 'uninitialized.offline');
    agent.device.booted = '1.5';
    await agent.down();
    await agent.up();
    const { last } = agent;
    assert.equal(last.activityId, 'g1');
    assert.equal(last.payload.softwareNodes?.[1]?.version, '1.0', 'it was read when the connection was lost');
    await agent.want('1.5');
    assert.deepEqual(agent.said().slice(-1), ['COMPLETED'], 'and again for the comparison');
    await agent.get('g2');
    assert.equal(agent.last.payload.softwareNodes?.[1]?.version, '1.5');
  });

  it('SUA-27 its loss is ignored during an activity, and nothing is published on its return', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0');
    for (const command of ['DOWNLOAD', 'UPDATE', 'ACTIVATE']) {
      const before = agent.state;
      agent.published.length = 0;
      await agent.down();
      await agent.up();
      assert.equal(agent.state, before);
      assert.deepEqual(agent.said(), []);
      await agent.command(command);
    }
    assert.equal(agent.state, 'activate.activated');
  });

  it('SUA-5 the coming and going of the broker waits, too, while a step runs', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    agent.device.hold('booted');
    await agent.want('1.0');
    await agent.down();
    assert.equal(agent.state, 'identified.evaluating');
    agent.device.release('booted');
    await agent.reaches('uninitialized.offline');
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED', 'COMPLETED']);
  });

  it('SUA-6 timestamps never go back, over restarts and steps of the clock neither', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0');
    await agent.run.clock.advance(5_000);
    await agent.get('g');
    const before = agent.last.timestamp;
    assert.ok(before > Date.UTC(2025, 0, 1), 'milliseconds');
    const next = await agent.again('crash', {}, agent.device, agent.run.clock.now() - 3_600_000);
    await next.up();
    await next.get('g');
    const stamps = [...agent.messages, ...next.messages].map(({ timestamp }) => timestamp);
    assert.deepEqual(
      stamps,
      [...stamps].sort((a, b) => a - b),
    );
    assert.ok(next.last.timestamp >= before);
  });
});

describe('what is out of place', () => {
  it('SUA-26 a command that does not fit is ignored silently, and its id is not adopted (SUA-13, D-20)', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0');
    agent.published.length = 0;
    await agent.commands('UPDATE', 'ACTIVATE', 'CLEANUP');
    await agent.command('UPDATE', 'other');
    assert.equal(agent.state, 'identified.waiting');
    assert.deepEqual(agent.said(), []);
    await agent.command('DOWNLOAD', 'taken');
    assert.deepEqual([...new Set(agent.messages.map(({ activityId }) => activityId))], ['taken']);
  });

  it('SUA-15 D-17 an invalid desired state fails in Connected and Idle, with its own id', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    for (const from of ['connected', 'idle']) {
      assert.equal(agent.state, from);
      await agent.want('', 'bad');
      assert.equal(agent.state, 'failed');
      const [identifying, failed] = agent.messages;
      assert.deepEqual([identifying?.activityId, failed?.activityId], ['bad', 'bad']);
      assert.equal(failed?.payload.message, 'mandatory bundle version is empty');
      assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFICATION_FAILED']);
      await agent.command('CLEANUP', 'bad');
      for (const { payload } of agent.messages) assert.deepEqual(payload.actions, []);
      assert.deepEqual(agent.said(), ['CLEANUP_SUCCESS', 'INCOMPLETE']);
    }
  });

  it('SUA-15 elsewhere an invalid desired state, and an unknown command anywhere, change nothing', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0');
    agent.published.length = 0;
    await agent.want('3.0', 'bad', '');
    await agent.command('REBOOT', 'worse');
    assert.deepEqual(
      agent.messages.map(({ activityId, payload }) => [activityId, payload.message?.slice(0, 30)]),
      [
        ['bad', 'Self-update agent has received'],
        ['bad', 'mandatory bundle download url '],
        ['worse', 'Self-update agent has received'],
        ['worse', "unknown command 'REBOOT'"],
      ],
    );
    await agent.command('DOWNLOAD');
    assert.equal(agent.last.payload.actions?.[0]?.component.version, '2.0');
  });

  it('SUA-51 D-3 D-4 a GET is answered at once in every state, and leaves the activity alone', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    agent.device.hold('download');
    await agent.want('2.0');
    await agent.command('DOWNLOAD');
    agent.published.length = 0;
    await agent.get('g1');
    await agent.get();
    assert.equal(agent.state, 'downloading.transferring');
    assert.deepEqual(
      agent.messages.map(({ activityId }) => activityId),
      ['g1', undefined],
    );
    agent.device.release('download');
    await agent.reaches('downloading.downloaded');
    assert.equal(agent.last.activityId, 'a1');
  });

  it('SUA-19 SUA-46 D-14 what is installed and not booted is not reported', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE');
    await agent.get('g');
    assert.equal(agent.last.payload.softwareNodes?.[1]?.version, '1.0');
  });

  it('SUA-45 without any booted version there is nothing to compare with', async (t) => {
    const agent = await AgentUnderTest.start(t);
    agent.device.booted = undefined;
    const other = await AgentUnderTest.start(t, {}, agent.device);
    await other.up();
    await other.want('2.0');
    assert.equal(other.last.payload.message, 'booted version is not available');
    assert.equal(other.state, 'failed');
    await agent.up();
    await agent.want('2.0');
    assert.equal(agent.state, 'identified.waiting', 'the last known one counts');
  });
});
