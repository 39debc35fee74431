import assert from 'node:assert/strict';
import { appendFileSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { InstallerError } from '../../src/actors/self-update/installers/installer.js';
import { RaucBus } from '../../src/actors/self-update/installers/rauc/rauc-bus.js';
import {
  RaucInstaller,
  type RaucInstallerOptions,
} from '../../src/actors/self-update/installers/rauc/rauc-installer.js';
import { systemClock } from '../../src/runtime/index.js';
import { hasDeviceMapper, RaucLab, withoutRauc } from '../fakes/rauc-lab.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { until } from '../fakes/until.js';

const never = new AbortController().signal;
const LARGE = 60 * 1024 * 1024;

async function labWith(
  t: TestContext,
  options: Partial<RaucInstallerOptions> = {},
  lab?: Parameters<typeof RaucLab.start>[1],
): Promise<{ lab: RaucLab; installer: RaucInstaller; again: () => RaucInstaller }> {
  const started = await RaucLab.start(t, lab);
  const again = (): RaucInstaller => {
    const installer = new RaucInstaller({ clock: systemClock, busAddress: started.busAddress, ...options });
    t.after(() => installer.close());
    return installer;
  };
  return { lab: started, installer: again(), again };
}

/** Inspects and installs, as the agent does. */
async function install(installer: RaucInstaller, source: string, desiredVersion: string) {
  const inspection = await installer.inspect(source, never);
  const progress: number[] = [];
  const request = { source, desiredVersion, slotsBefore: inspection.slotsBefore, key: 'agent/self#install#1' };
  const { target } = await installer.install(request, (percent) => progress.push(percent), never);
  return { target, progress, home: inspection.home };
}

const failure = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof InstallerError, `${error}`);
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

describe('a real RAUC service', { skip: withoutRauc() }, () => {
  it('SUA-38 SUA-39 SUA-43 installs into the other slot, holds the booted one by name and activates the new one', async (t) => {
    const { lab, installer } = await labWith(t);
    const { target, home, progress } = await install(installer, lab.bundle('v11', '1.1'), '1.1');
    assert.deepEqual([home, target], ['rootfs.0', 'rootfs.1']);
    assert.equal(lab.primary, 'B', 'RAUC activates what it installs');
    await installer.mark('active', 'rootfs.0', never);
    assert.equal(lab.primary, 'A');
    await installer.mark('active', target, never);
    assert.equal(lab.primary, 'B');
    assert.ok(
      progress.length > 1 && progress.every((percent, at) => percent < 100 && percent > (progress[at - 1] ?? -1)),
    );
    assert.ok(!lab.bootCalls.includes('set-state A good'), 'SUA-44 what has booted well is for the system to say');
    await lab.reboot();
    assert.equal(await installer.bootedVersion(never), '1.1', 'SUA-45, over a connection that was lost');
  });

  it('SUA-38 a service that does not activate leaves the primary slot alone', async (t) => {
    const { lab, installer } = await labWith(t, {}, { activatesInstalled: false });
    const { target } = await install(installer, lab.bundle('v11', '1.1'), '1.1');
    assert.equal(target, 'rootfs.1');
    assert.equal(lab.primary, 'A');
  });

  it('SUA-45 a slot that RAUC did not fill has the version that the system says', async (t) => {
    const release = join(temporaryFolder(t), 'os-release');
    const { installer } = await labWith(t, { osReleaseFile: release });
    assert.equal(await installer.bootedVersion(never), 'bundle_version_not_available');
    writeFileSync(release, 'NAME=Leda\nVERSION_ID="1.0"\n');
    assert.equal(await installer.bootedVersion(never), '1.0');
    appendFileSync(release, 'EDITION_ID=1.0-edition\n');
    assert.equal(await installer.bootedVersion(never), '1.0-edition');
  });

  it('SUA-31 a bundle that is not trusted, changed or none is refused in RAUC’s words', async (t) => {
    const { lab, installer } = await labWith(t);
    const evil = lab.bundle('evil', '1.1', { signer: 'evil' });
    await assert.rejects(
      installer.inspect(evil, never),
      failure('INSTALL_REFUSED', /rauc info error|signature verification failed/),
    );
    const changed = lab.bundle('changed', '1.1');
    writeSync(openSync(changed, 'r+'), Buffer.from('tampered'), 0, 8, 4096);
    await assert.rejects(installer.inspect(changed, never), failure('INSTALL_REFUSED', /./));
    const cut = lab.bundle('cut', '1.1');
    truncateSync(cut, 100_000);
    await assert.rejects(installer.inspect(cut, never), failure('INSTALL_REFUSED', /./));
    await assert.rejects(installer.inspect(lab.path('missing.raucb'), never), failure('INSTALL_REFUSED', /./));
  });

  it('SUA-41 a bundle for another vehicle can be inspected and is not installed', async (t) => {
    const { lab, installer } = await labWith(t);
    const other = lab.bundle('other', '1.1', { compatible: 'other-vehicle' });
    assert.equal((await installer.inspect(other, never)).compatible, 'other-vehicle');
    await assert.rejects(install(installer, other, '1.1'), failure('INSTALL_FAILED', /Compatible mismatch/));
    assert.equal(lab.primary, 'A');
  });

  it('SUA-41 what was installed is not what was wished', async (t) => {
    const { lab, installer } = await labWith(t);
    await assert.rejects(
      install(installer, lab.bundle('v12', '1.2'), '1.1'),
      failure('INSTALL_NOT_FOUND', /no-error-status/),
    );
  });

  it('SUA-52 a repetition finds what is done, and attaches to what is under way', async (t) => {
    const { lab, installer, again } = await labWith(t);
    const source = lab.bundle('v11', '1.1', { imageBytes: LARGE });
    const { slotsBefore } = await installer.inspect(source, never);
    const request = { source, desiredVersion: '1.1', slotsBefore, key: 'k' };
    const gone = new AbortController();
    let begun = false;
    const first = installer.install(request, () => (begun = true), gone.signal).catch((error: unknown) => error);
    await until(() => begun, 'the installation', 30_000);
    gone.abort(new Error('killed'));
    assert.match(String(await first), /killed/);
    assert.deepEqual(await again().install(request, () => {}, never), { target: 'rootfs.1' });
    const calls = lab.bootCalls.filter((call) => call === 'set-state B bad').length;
    assert.equal(calls, 1, 'it was installed once');
    assert.deepEqual(await again().install(request, () => {}, never), { target: 'rootfs.1' });
    assert.equal(lab.bootCalls.filter((call) => call === 'set-state B bad').length, 1, 'and found afterwards');
    const [slot] = (await installer.slots(never)).filter(({ name }) => name === 'rootfs.1');
    assert.equal(slot?.installedCount, 1);
  });

  it('SUA-40 an installation is followed to its end though the service calls itself idle meanwhile', async (t) => {
    const { lab, installer } = await labWith(t);
    const source = lab.bundle('v11', '1.1', { imageBytes: LARGE });
    const { slotsBefore } = await installer.inspect(source, never);
    const stranger = new RaucBus(lab.busAddress);
    t.after(() => stranger.close());
    let begun = false;
    const request = { source, desiredVersion: '1.1', slotsBefore, key: 'k' };
    const running = installer.install(request, (percent) => (begun = percent >= 80), never);
    await until(() => begun, 'the installation');
    await assert.rejects(stranger.call('InstallBundle', 'sa{sv}', [source, []]), /already processing/i);
    assert.equal(await stranger.property('Operation'), 'idle');
    assert.deepEqual(await running, { target: 'rootfs.1' });
  });

  it('SUA-42 SUA-54 a service that dies in mid-install fails it, and is trusted in nothing afterwards', async (t) => {
    const { lab, installer } = await labWith(t);
    await install(installer, lab.bundle('v11', '1.1'), '1.1');
    const source = lab.bundle('again', '1.1', { imageBytes: LARGE });
    const { slotsBefore } = await installer.inspect(source, never);
    const request = { source, desiredVersion: '1.1', slotsBefore, key: 'k' };
    let percent = 0;
    const running = installer.install(request, (now) => (percent = now), never).catch((error: unknown) => error);
    await until(() => percent >= 90, 'the writing', 30_000);
    await lab.killService();
    failure('INSTALL_SERVICE_GONE', /^RAUC service disappeared$/)(await running);
    await lab.startService();
    const slot = (await installer.slots(never)).find(({ name }) => name === 'rootfs.1');
    assert.equal(slot?.version, '1.1', 'an old version stays in the status file');
    assert.equal(slot?.installedCount, slotsBefore['rootfs.1'], 'but the count tells');
    assert.deepEqual(await installer.install(request, () => {}, never), { target: 'rootfs.1' });
    assert.equal((await installer.slots(never)).find(({ name }) => name === 'rootfs.1')?.installedCount, 2);
  });

  it('SUA-54 no service and no bus are errors of the call, and it works when they are back', async (t) => {
    const { lab, installer } = await labWith(t);
    await lab.down();
    await assert.rejects(installer.bootedVersion(never), failure('SELF_UPDATE_NO_VERSION', /does its service run/));
    await assert.rejects(installer.mark('active', 'rootfs.1', never), failure('INSTALL_REFUSED', /./));
    await lab.up('B');
    await assert.rejects(installer.mark('active', 'nosuch', never), failure('INSTALL_REFUSED', /Invalid slot name/));
    assert.equal((await installer.slots(never)).find(({ state }) => state === 'booted')?.name, 'rootfs.1');
    await lab.killService();
    await assert.rejects(installer.slots(never), failure('INSTALL_REFUSED', /not provided by any/));
  });

  it('a verity bundle is installed where the kernel has a device mapper, and else inspected', async (t) => {
    const { lab, installer } = await labWith(t);
    const source = lab.bundle('verity', '1.1', { format: 'verity' });
    assert.equal((await installer.inspect(source, never)).version, '1.1');
    if (hasDeviceMapper()) assert.equal((await install(installer, source, '1.1')).target, 'rootfs.1');
    else
      await assert.rejects(
        install(installer, source, '1.1'),
        failure('INSTALL_FAILED', /device|mapper|mounting bundle/i),
      );
  });
});
