import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { InstallerError } from '../../../../src/actors/self-update/installers/installer.js';
import { BootConfirmation } from '../../../../src/actors/self-update/installers/slots/boot-confirmation.js';
import { SlotInstaller } from '../../../../src/actors/self-update/installers/slots/slot-installer.js';
import { ManualClock } from '../../../../src/runtime/index.js';
import { temporaryFolder } from '../../../fakes/runtime.js';
import { slotBundle } from '../../../fakes/slot-bundle.js';

const never = new AbortController().signal;

async function lab(t: TestContext) {
  const folder = join(temporaryFolder(t), 'slots');
  const bundles = temporaryFolder(t);
  const start = async (): Promise<SlotInstaller> => {
    const installer = new SlotInstaller({ folder, compatible: 'test-vehicle' });
    await installer.boot();
    return installer;
  };
  return { folder, bundles, start, installer: await start() };
}

async function install(installer: SlotInstaller, source: string, desiredVersion = '1.1') {
  const { slotsBefore } = await installer.inspect(source, never);
  const progress: number[] = [];
  const request = { source, desiredVersion, slotsBefore, key: 'k' };
  const { target } = await installer.install(request, (percent) => progress.push(percent), never);
  return { target, progress, request };
}

const failure = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof InstallerError, `${error}`);
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

describe('file slots', () => {
  it('installs into the other slot, which runs after it was made active and started', async (t) => {
    const { installer, bundles, start, folder } = await lab(t);
    assert.equal(await installer.bootedVersion(), 'factory');
    const image = randomBytes(500_000);
    const { target, progress } = await install(installer, await slotBundle(bundles, { image }));
    assert.equal(target, 'b');
    assert.ok(progress.every((percent, at) => percent < 100 && percent > (progress[at - 1] ?? -1)));
    assert.ok(readFileSync(join(folder, 'b/image')).equals(image));
    assert.equal(await (await start()).bootedVersion(), 'factory', 'an installation does not activate');
    await installer.mark('active', target);
    const next = await start();
    assert.equal(await next.bootedVersion(), '1.1');
    assert.notEqual(await next.bootId(), 'boot-1');
    assert.deepEqual(
      (await next.slots()).map(({ name, state, version }) => [name, state, version]),
      [
        ['a', 'inactive', 'factory'],
        ['b', 'booted', '1.1'],
      ],
    );
  });

  it('SUA-52 a repetition finds what is done', async (t) => {
    const { installer, bundles, start } = await lab(t);
    const { request } = await install(installer, await slotBundle(bundles));
    writeFileSync(request.source, 'gone');
    assert.deepEqual(await (await start()).install(request, () => {}, never), { target: 'b' });
    const again = await slotBundle(bundles);
    await install(installer, again);
    assert.equal((await installer.slots())[1]?.installedCount, 2, 'a new installation of the same version counts');
  });

  it('a slot that is being written holds nothing, and is not started', async (t) => {
    const { installer, bundles, start } = await lab(t);
    await install(installer, await slotBundle(bundles));
    const broken = await slotBundle(bundles, { version: '1.2', manifest: { sha256: '0'.repeat(64) } });
    await assert.rejects(install(installer, broken, '1.2'), failure('BUNDLE_INVALID', /SHA-256 of its image is/));
    const [, b] = await installer.slots();
    assert.deepEqual([b?.version, b?.bootStatus], [undefined, 'bad']);
    await assert.rejects(installer.mark('active', 'b'), failure('SLOT_EMPTY', /nothing in slot 'b'/));
    assert.equal((await start().then((next) => next.slots()))[0]?.state, 'booted');
  });

  it('a bundle for another vehicle can be inspected and is not installed', async (t) => {
    const { installer, bundles, folder } = await lab(t);
    const other = await slotBundle(bundles, { compatible: 'other-vehicle' });
    assert.equal((await installer.inspect(other, never)).compatible, 'other-vehicle');
    await assert.rejects(
      install(installer, other),
      failure('BUNDLE_INCOMPATIBLE', /expected 'test-vehicle' but .* 'other-vehicle'/),
    );
    assert.ok(!existsSync(join(folder, 'b')));
  });

  it('a bundle that is none is refused with a reason', async (t) => {
    const { installer, bundles } = await lab(t);
    const inspect = (source: string) => installer.inspect(source, never);
    const text = join(bundles, 'text');
    writeFileSync(text, 'no bundle '.repeat(1_000));
    const cases: ReadonlyArray<readonly [string, string, RegExp]> = [
      [text, 'BUNDLE_INVALID', /invalid bundle/],
      [join(bundles, 'missing'), 'BUNDLE_UNREADABLE', /cannot read .*missing: ENOENT/],
      [
        await slotBundle(bundles, { entries: ['rootfs.img', 'manifest.json'] }),
        'BUNDLE_INVALID',
        /begin with manifest\.json/,
      ],
      [await slotBundle(bundles, { manifest: 'no json' }), 'BUNDLE_INVALID', /no JSON/],
      [await slotBundle(bundles, { manifest: { image: '../../etc/passwd' } }), 'BUNDLE_INVALID', /wrong: \/image: /],
      [
        await slotBundle(bundles, { manifest: { version: 1, size: 'x' } }),
        'BUNDLE_INVALID',
        /wrong: \/version: [^;]*; \/size: /,
      ],
      [await slotBundle(bundles, { manifest: 'x'.repeat(100_000) }), 'BUNDLE_INVALID', /larger than 65536 bytes/],
    ];
    for (const [source, code, message] of cases) await assert.rejects(inspect(source), failure(code, message));
    const installs: ReadonlyArray<readonly [string, RegExp]> = [
      [await slotBundle(bundles, { entries: ['manifest.json', 'other.img'] }), /"other\.img" does not belong in it/],
      [await slotBundle(bundles, { entries: ['manifest.json'] }), /no image/],
      [await slotBundle(bundles, { manifest: { size: 5 } }), /200000 bytes instead of 5/],
    ];
    for (const [source, message] of installs)
      await assert.rejects(install(installer, source), failure('BUNDLE_INVALID', message));
    const cut = await slotBundle(bundles);
    truncateSync(cut, 100_000);
    await assert.rejects(install(installer, cut), failure('BUNDLE_INVALID', /./));
  });

  it('an image that does not stay up is left for the one before it', async (t) => {
    const { installer, bundles, start } = await lab(t);
    await installer.confirm();
    const { target } = await install(installer, await slotBundle(bundles));
    await installer.mark('active', target);
    for (let crash = 0; crash < 3; crash++) assert.equal(await (await start()).bootedVersion(), '1.1');
    const rescued = await start();
    assert.equal(await rescued.bootedVersion(), 'factory');
  });

  it('the image to fall back to is not overwritten before the running one is confirmed', async (t) => {
    const { installer, bundles, start } = await lab(t);
    const { target } = await install(installer, await slotBundle(bundles));
    await installer.mark('active', target);
    const early = await start();
    const bundle = await slotBundle(bundles, { manifest: { version: '1.2' } });
    const { slotsBefore } = await early.inspect(bundle, never);
    const request = { source: bundle, desiredVersion: '1.2', slotsBefore, key: 'k' };
    const patience = new AbortController();
    const abandoned = assert.rejects(
      early.install(request, () => {}, patience.signal),
      /given up/,
    );
    // As much work as the other one would be.
    const elsewhere = await lab(t);
    await install(elsewhere.installer, bundle, '1.2');
    patience.abort(new Error('given up'));
    await abandoned;
    assert.equal((await early.slots())[0]?.bootStatus, 'good');
    const waits = early.install(request, () => {}, never);
    await early.confirm();
    assert.deepEqual(await waits, { target: 'a' });
  });

  it('an image that stayed up with the broker for 30 s is confirmed; an orderly stop before is no failure', async (t) => {
    const { installer, bundles, start } = await lab(t);
    const { target } = await install(installer, await slotBundle(bundles));
    await installer.mark('active', target);
    for (let restart = 0; restart < 10; restart++) await (await start()).shutDown();
    const next = await start();
    const clock = new ManualClock(0);
    const said: string[] = [];
    let confirmed: Promise<void> | undefined;
    const confirmation = new BootConfirmation({
      installer: { confirm: () => (confirmed = next.confirm()) },
      clock,
      log: { info: (_fields: object, text: string) => said.push(text), error: () => {} } as never,
    });
    await clock.advance(60_000);
    confirmation.brokerUp();
    await clock.advance(29_000);
    confirmation.brokerUp();
    assert.equal(confirmed, undefined);
    await clock.advance(1_000);
    await confirmed;
    assert.equal((await next.slots())[1]?.bootStatus, 'good');
    await next.shutDown();
    confirmation.stop();
  });

  it('a boot record that cannot be read says what to do', async (t) => {
    const { folder } = await lab(t);
    writeFileSync(join(folder, 'boot.json'), '{"primary":"c"}');
    const installer = new SlotInstaller({ folder, compatible: 'test-vehicle' });
    await assert.rejects(
      installer.boot(),
      failure('SLOTS_UNREADABLE', /boot\.json is not what was written there: remove it/),
    );
    await assert.rejects(async () => installer.bootedVersion(), failure('SLOTS_NOT_BOOTED', /before they were booted/));
  });
});
