import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { EventObject } from 'xstate';
import { AgentEffects, type AgentEffectsOptions } from '../../../src/actors/self-update/effects.js';
import type { ProgressEvent } from '../../../src/actors/self-update/events.js';
import { createDummyInstaller } from '../../../src/actors/self-update/installers/dummy.js';
import { downloadSteps, dueEvery, installSteps } from '../../../src/actors/self-update/progress.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import type { EffectArguments } from '../../../src/runtime/effect.js';
import type { Fields } from '../../../src/runtime/logging/log.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { AgentUnderTest, FakeDevice, installerFails } from '../../fakes/self-update.js';

describe('progress', () => {
  it('SUA-23 the first report is due, then one after so many whole seconds', async () => {
    const clock = new ManualClock(0);
    const isDue = dueEvery(5, clock);
    assert.equal(isDue(), true);
    await clock.advance(4_999);
    assert.equal(isDue(), false);
    await clock.advance(1);
    assert.equal(isDue(), true);
    assert.equal(isDue(), false);
  });

  it('SUA-23 without an interval every report is due', () => {
    const isDue = dueEvery(0, new ManualClock(0));
    assert.deepEqual([isDue(), isDue()], [true, true]);
  });

  it('SUA-24 a download reports its start and steps of ten percent, never its end', () => {
    const sent: ProgressEvent[] = [];
    const report = downloadSteps(
      () => true,
      (event) => sent.push(event),
    );
    report({ done: 0, total: 0 });
    for (let done = 0; done <= 1_000; done += 7) report({ done, total: 1_000 });
    report({ done: 1_000, total: 1_000 });
    assert.deepEqual(
      sent.map(({ percent }) => percent),
      [0, 10, 20, 30, 40, 50, 60, 70, 80, 90],
    );
  });

  it('SUA-24 a small file reports its start only', () => {
    const sent: ProgressEvent[] = [];
    const report = downloadSteps(
      () => true,
      (event) => sent.push(event),
    );
    for (const progress of [
      { done: 0, total: 0 },
      { done: 12, total: 12 },
    ])
      report(progress);
    assert.deepEqual(sent, [{ type: 'PROGRESS', percent: 0, done: 0, total: 0, isDue: true }]);
  });

  it('SUA-25 an install reports each time that the percentage rises', () => {
    const sent: number[] = [];
    const report = installSteps(
      () => true,
      ({ percent }) => sent.push(percent),
    );
    for (const percent of [0, 20, 20, 10, 40, 99, 100]) report(percent);
    assert.deepEqual(sent, [20, 40, 99]);
  });

  it('SUA-23 what is not due is not published, but known', async (t) => {
    const agent = await AgentUnderTest.connected(t, { feedbackIntervalS: 5 });
    agent.device.installs = { progress: [20, 40, 60], result: installerFails('no') };
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE');
    assert.equal(agent.last.payload.actions?.[0]?.progress, 60);
    assert.deepEqual(agent.said().slice(4), ['UPDATING', 'UPDATING', 'UPDATE_FAILURE']);
  });
});

/** The effects over a fake device, with what they log and send. */
function effects(overrides: Partial<AgentEffectsOptions> = {}) {
  const device = new FakeDevice();
  const clock = new ManualClock(0);
  const logged: { readonly message: string; readonly fields: Fields }[] = [];
  const sent: EventObject[] = [];
  const note = (fields: Fields, message: string) => void logged.push({ message, fields });
  const logger = { info: note, warn: note } as unknown as AgentEffectsOptions['logger'];
  const { installer, download, discard } = device;
  const options = {
    installer,
    download,
    discard,
    bundles: { folder: '/bundles' },
    feedbackIntervalS: 0,
    clock,
    logger,
  };
  const args = <Input>(input: Input): EffectArguments<Input> => ({
    input,
    key: 'k',
    signal: new AbortController().signal,
    send: (event) => sent.push(event),
  });
  return { device, clock, logged, sent, args, steps: new AgentEffects({ ...options, ...overrides }) };
}

describe('steps', () => {
  it('SUA-10 what the desired state pins of the bundle is what the download checks', async () => {
    const requests: unknown[] = [];
    const { steps, args } = effects({
      download: async ({ sha256, size }) => {
        requests.push({ sha256, size });
        return { path: 'p', bytes: 1, sha256: '' };
      },
    });
    await steps.download(
      args({ activityId: 'a', url: 'u', version: '2.0', isStream: false, pins: { sha256: 'ab', size: 7 } }),
    );
    assert.deepEqual(requests, [{ sha256: 'ab', size: 7 }]);
  });

  it('SUA-22 failures are logged with the codes of the reference', async () => {
    const { steps, device, logged, args } = effects();
    device.downloads = { progress: [], result: new Error('HTTP 404') };
    device.installs = { progress: [], result: installerFails('no') };
    device.markFailure = () => installerFails('no');
    const wanted = { activityId: 'a', source: 's', version: '2.1' };
    await assert.rejects(
      steps.download(args({ activityId: 'a', url: 'https://u:p@h/b?t=secret', version: '2.1', isStream: false })),
    );
    await steps.bundleVersion(args(wanted));
    device.bundle = installerFails('untrusted');
    await assert.rejects(steps.bundleVersion(args(wanted)), /untrusted/);
    await assert.rejects(steps.install(args({ ...wanted, slotsBefore: {} })));
    await assert.rejects(steps.activate(args({ slot: 'rootfs.1' })));
    assert.deepEqual(
      logged.flatMap(({ message, fields }) => (fields['techCode'] ? [[message, fields['techCode']]] : [])),
      [
        ['download_failed', 1001],
        ['bundle_rejected', 4001],
        ['bundle_invalid', 2001],
        ['install_failed', 3001],
        ['activation_failed', 5001],
      ],
    );
    const failed = logged.filter(({ message }) => /download_failed|install_failed/.test(message));
    assert.deepEqual(
      failed.map(({ fields }) => [fields['activityId'], fields['url'] ?? fields['source']]),
      [
        ['a', 'https://h/b'],
        ['a', 's'],
      ],
    );
  });

  it('SUA-38 that the running system cannot be held is only logged', async () => {
    const { steps, device, logged, args } = effects();
    device.markFailure = () => installerFails('no');
    await steps.hold(args({ slot: 'rootfs.0' }));
    await steps.hold(args({ slot: null }));
    assert.deepEqual(
      logged.map(({ message }) => message),
      ['hold_failed', 'hold_failed'],
    );
  });

  it('SUA-21 that the bundle cannot be deleted is only logged', async () => {
    const { steps, logged, args } = effects({ discard: () => Promise.reject(new Error('busy')) });
    assert.deepEqual(await steps.cleanUp(args({ activityId: 'a', outcome: 'IDLE', message: '' })), {
      bootedVersion: '1.0',
      bootId: 'boot-1',
    });
    assert.deepEqual(
      logged.map(({ message }) => message),
      ['bundle_not_deleted', 'self_update_ended'],
    );
  });

  it('SUA-45 the booted version is waited for 5 s, then the last known one counts', async () => {
    const { steps, device, clock, args } = effects();
    device.hold('booted');
    const compared = steps.compareVersion(args({ activityId: 'a', lastKnown: '0.9' }));
    const unknown = assert.rejects(steps.compareVersion(args({ activityId: 'a', lastKnown: null })), {
      code: 'SELF_UPDATE_TIMEOUT',
    });
    await clock.advance(5_000);
    assert.deepEqual(await compared, { bootedVersion: '0.9' });
    await unknown;
  });

  it('SUA-34 nothing is deleted beneath a transfer that is being aborted', async () => {
    const { steps, device, args } = effects();
    device.hold('download');
    const download = assert.rejects(
      steps.download(args({ activityId: 'a', url: 'u', version: '2.0', isStream: false })),
    );
    const undo = steps.undo(args({ isInstalled: false, slot: null, isSuperseded: false }));
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(!device.calls.includes('discard'));
    device.release('download', new Error('aborted'));
    await Promise.all([download, undo]);
    assert.equal(device.calls.at(-1), 'discard');
  });

  it('SUA-37 the installer is asked nothing else while it installs', async (t) => {
    const agent = await AgentUnderTest.connected(t);
    agent.device.hold('install');
    await agent.want('2.0');
    await agent.commands('DOWNLOAD', 'UPDATE');
    const before = agent.device.calls.length;
    await agent.get('g');
    await agent.command('ACTIVATE');
    assert.equal(agent.device.calls.length, before);
  });
});

describe('the dummy installer', () => {
  it('SUA-35 SUA-25 takes the one version that it knows, after four reports', async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'temp_file');
    writeFileSync(path, 'bundle');
    const device = Object.assign(new FakeDevice(), {
      installer: createDummyInstaller({ stepMs: 0 }),
      download: async () => ({ path, bytes: 6, sha256: '' }),
    });
    const agent = await AgentUnderTest.start(t, { mode: 'dummy' }, device);
    await agent.up();
    assert.equal(agent.last.payload.softwareNodes?.[1]?.version, 'dummy_version0');
    await agent.want('dummy_version');
    await agent.commands('DOWNLOAD', 'UPDATE');
    await agent.reaches('updating.updated');
    const installing = agent.messages.filter(({ payload }) => payload.actions?.[0]?.message === 'RAUC install...');
    assert.deepEqual(
      installing.map(({ payload }) => payload.actions?.[0]?.progress),
      [20, 40, 60, 80],
    );
    await agent.command('ACTIVATE');
    await agent.reaches('activate.activated');
    await agent.command('CLEANUP');
    await agent.reaches('idle');
    assert.equal(agent.said().at(-1), 'COMPLETE');

    await agent.want('2.0', 'a2');
    await agent.commands('DOWNLOAD', 'UPDATE');
    assert.equal(agent.last.payload.message, 'Update rejected.');
  });

  it('SUA-35 without a bundle the install fails in its words', async () => {
    const installer = createDummyInstaller({ stepMs: 0 });
    const request = { source: '/nowhere', desiredVersion: 'x', slotsBefore: {}, key: 'k' };
    const failure = { message: 'Writing partition failed.', code: 'INSTALL_FAILED' };
    await assert.rejects(
      installer.install(request, () => {}, new AbortController().signal),
      failure,
    );
  });
});
