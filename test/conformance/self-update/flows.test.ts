import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentUnderTest, installerFails } from '../../fakes/self-update.js';

const INSTALLED = ['UPDATING', 'UPDATE_SUCCESS'];
const ENDED = ['CLEANUP_SUCCESS', 'COMPLETE'];

describe('canonical sequences', () => {
  it('SUA-16 spec 5.4 start: the current state, retained and without an id', async (t) => {
    const agent = await AgentUnderTest.start(t);
    assert.equal(agent.state, 'uninitialized.offline');
    assert.deepEqual(agent.said(), []);
    await agent.up();
    const [message] = agent.messages;
    assert.equal(agent.published[0]?.retain, true);
    assert.equal(message?.topic, 'selfupdate/currentstate');
    assert.ok(message && !('activityId' in message));
    assert.deepEqual(
      message.payload.softwareNodes?.map(({ version }) => version),
      ['build-177', '1.0'],
    );
    assert.equal(agent.state, 'connected');
  });

  it('SUA-14 SUA-30 spec 5.4 get: the current state with the id of the request', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    await agent.get('g1');
    assert.equal(agent.state, 'idle');
    await agent.get('g2');
    assert.deepEqual(
      agent.messages.map(({ activityId, topic }) => [activityId, topic]),
      [
        ['g1', 'selfupdate/currentstate'],
        ['g2', 'selfupdate/currentstate'],
      ],
    );
    const answering = ['SendCurrentState', 'Idle'];
    assert.deepEqual(agent.trace, ['Uninitialized', 'Connected', ...answering, ...answering]);
  });

  it('SUA-20 SUA-21 SUA-30 spec 5.4 happy path', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    agent.device.installs = { progress: [20, 40, 60, 80], result: 'rootfs.1' };
    await agent.want('2.0');
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED']);
    await agent.command('DOWNLOAD');
    assert.deepEqual(agent.said(), ['DOWNLOADING', 'DOWNLOAD_SUCCESS']);
    await agent.command('UPDATE');
    assert.deepEqual(agent.said(), ['UPDATING', 'UPDATING', 'UPDATING', 'UPDATING', 'UPDATING', 'UPDATE_SUCCESS']);
    await agent.command('ACTIVATE');
    assert.deepEqual(agent.said(), ['ACTIVATING', 'ACTIVATION_SUCCESS']);
    await agent.command('CLEANUP');
    assert.deepEqual(agent.said(), ENDED);
    assert.equal(agent.state, 'idle');
    assert.deepEqual(agent.device.calls, [
      'download https://bundles.example/os-2.raucb',
      'inspect /bundles/temp_file',
      'install /bundles/temp_file 2.0 {"rootfs.1":3}',
      'mark active rootfs.0',
      'mark active rootfs.1',
      'discard',
    ]);
    const trace = ['Connected', 'Downloading', 'Installing', 'Installed', 'Activating', 'Cleaning', 'Idle'];
    assert.deepEqual(agent.trace, ['Uninitialized', ...trace]);
  });

  it('SUA-5 spec 5.4 all commands back-to-back run through', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    agent.device.hold('download');
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP');
    assert.equal(agent.state, 'downloading.transferring');
    agent.device.release('download');
    await agent.reaches('idle');
    const steps = ['DOWNLOADING', 'DOWNLOAD_SUCCESS', ...INSTALLED, 'ACTIVATING', 'ACTIVATION_SUCCESS', ...ENDED];
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED', ...steps]);
  });

  it('spec 5.4 same version: a manager is told that there is nothing to do (D-5), and the agent stays (D-2)', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    for (const state of ['connected', 'idle']) {
      await agent.want('1.0', state);
      assert.equal(agent.state, state);
      assert.deepEqual(agent.messages[1]?.payload.actions, []);
      assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED', 'COMPLETED']);
      await agent.get('g');
      agent.published.length = 0;
    }
    const plain = await AgentUnderTest.connected(t, { umCompat: false });
    await plain.want('1.0');
    assert.deepEqual(plain.said(), ['IDENTIFYING', 'COMPLETED']);
    assert.deepEqual(plain.trace, ['Uninitialized', 'Connected']);
  });

  it('SUA-21 SUA-30 spec 5.4 a download that fails is carried to the end', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    agent.device.downloads = { progress: [0], result: new Error('HTTP 404') };
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'CLEANUP');
    const last = agent.messages.slice(-3);
    for (const { payload } of last) assert.equal(payload.actions?.[0]?.message, 'Download failed: HTTP 404');
    for (const { payload } of last) assert.equal(payload.actions?.[0]?.status, 'DOWNLOAD_FAILURE');
    assert.deepEqual(agent.said().slice(2), ['DOWNLOADING', 'DOWNLOAD_FAILURE', 'CLEANUP_SUCCESS', 'INCOMPLETE']);
    assert.deepEqual(agent.trace.slice(1), ['Connected', 'Downloading', 'Failed', 'Cleaning', 'Idle']);
  });

  it('SUA-24 a transfer that never starts says nothing of downloading', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    agent.device.downloads = { progress: [], result: new Error('Unsupported protocol') };
    await agent.want('2.0');
    await agent.command('DOWNLOAD');
    assert.deepEqual(agent.said().slice(2), ['DOWNLOAD_FAILURE']);
  });

  it('SUA-30 SUA-31 spec 5.4 a bundle of another version, or one that is refused, is rejected', async (t) => {
    const wrong = 'Bundle version does not match version in desired state request.';
    const untrusted = 'signature verification failed: "x"\nself-signed';
    const bundles = [
      [{ version: '2.1', slotsBefore: {} }, wrong],
      [installerFails(untrusted), untrusted],
    ] as const;
    for (const [bundle, carried] of bundles) {
      const agent = await AgentUnderTest.connected(t);
      agent.device.bundle = bundle;
      await agent.want('2.0');
      await agent.commands('DOWNLOAD', 'UPDATE', 'CLEANUP');
      const [rejected, cleaned, incomplete] = agent.messages.slice(-3).map(({ payload }) => payload);
      assert.equal(rejected?.message, 'Update rejected.');
      assert.equal(rejected?.actions?.[0]?.message, wrong);
      assert.equal(cleaned?.actions?.[0]?.message, carried);
      assert.equal(incomplete?.actions?.[0]?.status, 'UPDATE_FAILURE');
      assert.deepEqual(agent.said().slice(4), ['UPDATING', 'UPDATE_FAILURE', 'CLEANUP_SUCCESS', 'INCOMPLETE']);
      assert.deepEqual(agent.trace.slice(2), ['Downloading', 'Installing', 'Failed', 'Cleaning', 'Idle']);
    }
  });

  it('SUA-30 spec 5.4 an install that fails, with the last error or without', async (t) => {
    for (const [error, text] of [
      ['no space left', 'no space left'],
      ['', 'Unexpected no-error-status of RAUC'],
    ] as const) {
      const agent = await AgentUnderTest.connected(t);
      agent.device.installs = { progress: [40], result: installerFails(error) };
      await agent.want('2.0');
      await agent.commands('DOWNLOAD', 'UPDATE', 'CLEANUP');
      const [failed, , incomplete] = agent.messages.slice(-3).map(({ payload }) => payload);
      assert.deepEqual([failed?.message, failed?.actions?.[0]?.progress], ['Install failed.', 40]);
      assert.deepEqual([failed?.actions?.[0]?.message, incomplete?.actions?.[0]?.message], [text, text]);
      const words = ['UPDATING', 'UPDATING', 'UPDATE_FAILURE', 'CLEANUP_SUCCESS', 'INCOMPLETE'];
      assert.deepEqual(agent.said().slice(4), words);
      assert.deepEqual(agent.trace.slice(2), ['Downloading', 'Installing', 'Failed', 'Cleaning', 'Idle']);
    }
  });

  it('spec 5.4 an activation that fails leads to Failed (D-18)', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    agent.device.markFailure = (slot) => (slot === 'rootfs.1' ? installerFails('no') : undefined);
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    assert.equal(agent.state, 'failed');
    await agent.command('CLEANUP');
    const { payload } = agent.last;
    assert.equal(payload.actions?.[0]?.message, 'Self-update agent failed to activate the new OS image.');
    assert.deepEqual(agent.said().slice(6), ['ACTIVATING', 'ACTIVATION_FAILURE', 'CLEANUP_SUCCESS', 'INCOMPLETE']);
  });
});

it('spec 11 D-1 the empty message is sent on request only', async (t) => {
  const agent = await AgentUnderTest.connected(t, { strictReference: true });
  await agent.want('2.0');
  await agent.commands('DOWNLOAD', 'UPDATE');
  assert.deepEqual(agent.published.at(-1), { topic: 'selfupdate/desiredstatefeedback', text: '', retain: false });
});
