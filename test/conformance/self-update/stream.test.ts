import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentUnderTest, installerFails } from '../../fakes/self-update.js';

const ENDED = ['CLEANUP_SUCCESS', 'COMPLETE'];

describe('stream mode', () => {
  it('SUA-29 D-9 DOWNLOAD looks at the version, UPDATE installs from the URL', async (t) => {
    const agent = await AgentUnderTest.connected(t, { mode: 'stream' });
    await agent.want('2.0');
    await agent.command('DOWNLOAD');
    assert.equal(agent.last.payload.actions?.[0]?.message, 'Downloaded 0.0 MiB...');
    await agent.commands('UPDATE', 'ACTIVATE', 'CLEANUP');
    const words = ['DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS', 'ACTIVATING', 'ACTIVATION_SUCCESS', ...ENDED];
    assert.deepEqual(agent.said().slice(2), words);
    assert.deepEqual(agent.device.calls.slice(0, 3), [
      'inspect https://bundles.example/os-2.raucb',
      'install https://bundles.example/os-2.raucb 2.0 {"rootfs.1":3}',
      'mark active rootfs.0',
    ]);
  });

  it('SUA-29 D-9 a wrong version, or an unreadable bundle, fails the download step', async (t) => {
    for (const [bundle, carried] of [
      [{ version: '2.1', slotsBefore: {} }, 'Bundle version does not match spec.'],
      [installerFails('no such host'), 'Download failed: no such host'],
    ] as const) {
      const agent = await AgentUnderTest.connected(t, { mode: 'stream' });
      agent.device.bundle = bundle;
      await agent.want('2.0');
      await agent.commands('DOWNLOAD', 'CLEANUP');
      assert.equal(agent.last.payload.actions?.[0]?.message, carried);
      assert.deepEqual(agent.said().slice(2), ['DOWNLOAD_FAILURE', 'CLEANUP_SUCCESS', 'INCOMPLETE']);
    }
  });

  it('SUA-32 D-9 what may not be fetched is not streamed either: neither files nor plain HTTP', async (t) => {
    for (const url of ['/etc/passwd', 'file:///etc/passwd', 'http://bundles.example/os-2.raucb']) {
      const agent = await AgentUnderTest.connected(t, { mode: 'stream' });
      await agent.want('2.0', 'a1', url);
      await agent.command('DOWNLOAD');
      assert.equal(agent.state, 'failed');
      assert.deepEqual(agent.device.calls, []);
      assert.match(String(agent.last.payload.actions?.[0]?.message), /^Download failed: /);
    }
    const lenient = await AgentUnderTest.connected(t, { mode: 'stream', allowHttp: true });
    await lenient.want('2.0', 'a1', 'http://bundles.example/os-2.raucb');
    await lenient.command('DOWNLOAD');
    assert.equal(lenient.state, 'downloading.downloaded');
  });

  it('SUA-36 D-10 a stream that fails goes on with a download by itself, and only this time', async (t) => {
    const agent = await AgentUnderTest.connected(t, { mode: 'stream' });
    agent.device.installs = { progress: [20], result: installerFails('NBD failed') };
    agent.device.hold('install');
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE');
    agent.device.installs = { progress: [], result: 'rootfs.1' };
    agent.device.release('install');
    await agent.reaches('updating.updated');
    const words = ['UPDATING', 'RUNNING', 'DOWNLOADING', 'DOWNLOAD_SUCCESS', 'UPDATING', 'UPDATE_SUCCESS'];
    assert.deepEqual(agent.said().slice(3), words);
    await agent.commands('ACTIVATE', 'CLEANUP');
    agent.device.calls.length = 0;
    await agent.want('3.0', 'a2');
    await agent.command('DOWNLOAD', 'a2');
    assert.deepEqual(agent.device.calls, ['inspect https://bundles.example/os-2.raucb'], 'streaming again');
  });

  it('SUA-36 D-10 a failing download after it is a failed install; streamFallback: false leaves it at the first', async (t) => {
    for (const streamFallback of [true, false]) {
      const agent = await AgentUnderTest.connected(t, { mode: 'stream', streamFallback });
      agent.device.installs = { progress: [], result: installerFails('NBD failed') };
      agent.device.downloads = { progress: [0], result: new Error('HTTP 404') };
      await agent.want('2.0');
      await agent.commands('DOWNLOAD', 'UPDATE');
      const { payload } = agent.last;
      assert.equal(payload.actions?.[0]?.message, streamFallback ? 'Download failed: HTTP 404' : 'NBD failed');
      const words = streamFallback ? ['RUNNING', 'DOWNLOADING', 'UPDATE_FAILURE'] : ['UPDATE_FAILURE'];
      assert.deepEqual(agent.said().slice(3), words);
    }
  });
});
