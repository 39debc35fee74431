import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withoutMosquitto } from '../fakes/mosquitto.js';
import { withoutRauc } from '../fakes/rauc-lab.js';
import { MANAGER, RaucVehicle } from '../fakes/rauc-vehicle.js';
import { eventually } from '../fakes/runtime.js';
import { VehicleProcess } from '../fakes/vehicle-process.js';

const COMMANDS = ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP'];
/** As versions of RAUC put it. */
const REFUSED = /rauc info error|signature verification failed/;
const LARGE = 48 * 1024 * 1024;

describe('a vehicle that a real RAUC updates', { skip: withoutRauc() || withoutMosquitto() }, () => {
  it('SUA-38 SUA-45 UM-RBT-3 from the desired state to the new version in the inventory, over a reboot', async (t) => {
    const vehicle = await RaucVehicle.prepare(t);
    const { lab, backend } = vehicle;
    const before = vehicle.start();
    await vehicle.reports();
    assert.notEqual(vehicle.version, '1.1');
    await vehicle.want('one', '1.1');
    assert.equal(await backend.outcome('one'), 'COMPLETED');
    assert.deepEqual(backend.commands('one'), COMMANDS);
    assert.equal(vehicle.installs, 1);
    const primaries = lab.bootCalls.filter((call) => call.startsWith('set-primary'));
    assert.deepEqual(
      primaries,
      ['set-primary B', 'set-primary A', 'set-primary B'],
      'installed, held, and activated when that is commanded',
    );
    await vehicle.reboot([before]);
    assert.notEqual(vehicle.version, '1.1', 'what is not booted is not reported');
    vehicle.start();
    await vehicle.reports((version) => version === '1.1');
    await vehicle.want('two', '1.2');
    assert.equal(await backend.outcome('two'), 'COMPLETED');
    assert.equal(lab.primary, 'A', 'the next one goes into the other slot');
  });

  it('SUA-47 UM 10.3 likewise as two processes in the place of their peers', async (t) => {
    const vehicle = await RaucVehicle.prepare(t);
    const { lab, backend, broker, folder, environment } = vehicle;
    const url = `tcp://${broker.address}`;
    const file = join(folder, 'config.json');
    writeFileSync(file, JSON.stringify(MANAGER));
    const manager = ['run', 'update-manager', '-config-file', file, `-mqtt-conn-broker=${url}`];
    const agent = ['run', 'self-update-agent', '-s', url, '-p', join(folder, 'bundles'), '-f', vehicle.caFile];
    const start = () => [
      new VehicleProcess(t, [...manager, '-data', join(folder, 'manager')], environment),
      new VehicleProcess(t, agent, { ...environment, FLEETCHART_DATA_DIR: join(folder, 'agent') }),
    ];
    const processes = start();
    await vehicle.reports();
    await vehicle.want('one', '1.1');
    assert.equal(await backend.outcome('one'), 'COMPLETED');
    assert.equal(lab.primary, 'B');
    await vehicle.reboot(processes);
    start();
    await vehicle.reports((version) => version === '1.1');
  });

  it('SUA-31 SUA-41 what RAUC refuses, and what is not the version that was asked for, is not installed', async (t) => {
    const vehicle = await RaucVehicle.prepare(t);
    const { lab, backend } = vehicle;
    vehicle.start();
    await vehicle.reports();
    const booted = vehicle.version;

    const tampered = readFileSync(lab.bundle('changed', '1.1'));
    tampered.write('tampered', 4_096);
    await vehicle.wantFile('tampered', '1.1', tampered);
    assert.equal(await backend.outcome('tampered'), 'INCOMPLETE');
    assert.match(vehicle.saidByAgent('tampered'), REFUSED);

    await vehicle.want('stranger', '1.1', { signer: 'evil' });
    assert.equal(await backend.outcome('stranger'), 'INCOMPLETE');
    assert.match(vehicle.saidByAgent('stranger'), REFUSED);

    await vehicle.want('incompatible', '1.1', { compatible: 'other-vehicle' });
    assert.equal(await backend.outcome('incompatible'), 'INCOMPLETE');
    assert.match(vehicle.saidByAgent('incompatible'), /Compatible mismatch/i);

    await vehicle.want('other', '1.1', { content: '1.2' });
    assert.equal(await backend.outcome('other'), 'INCOMPLETE');
    assert.match(vehicle.saidByAgent('other'), /Bundle version does not match/);

    for (const activity of ['tampered', 'stranger', 'incompatible', 'other']) {
      assert.deepEqual(backend.commands(activity), ['DOWNLOAD', 'UPDATE', 'CLEANUP']);
    }
    assert.deepEqual([vehicle.installs, lab.primary, vehicle.isRebootWanted], [0, 'A', false]);
    assert.equal(vehicle.version, booted);
    await vehicle.want('good', '1.1');
    assert.equal(await backend.outcome('good'), 'COMPLETED');
  });

  it('SUA-38 UM-OC-4 the running system stays the primary one when the owner denies the activation', async (t) => {
    const vehicle = await RaucVehicle.prepare(t);
    const { lab, backend } = vehicle;
    vehicle.start({ ownerConsentCommands: ['ACTIVATE'] });
    backend.answerConsent({ ACTIVATE: 'DENIED' });
    await vehicle.reports();
    await vehicle.want('denied', '1.1');
    assert.equal(await backend.outcome('denied'), 'INCOMPLETE');
    assert.deepEqual(backend.commands('denied'), ['DOWNLOAD', 'UPDATE', 'ROLLBACK', 'CLEANUP']);
    assert.match(
      backend.heard.find(({ topic, status }) => topic.startsWith('vehicle') && status === 'INCOMPLETE')?.message ?? '',
      /owner approval not granted/,
    );
    assert.deepEqual([vehicle.installs, lab.primary, vehicle.isRebootWanted], [1, 'A', false]);
  });

  for (const [name, isDoneMeanwhile] of [
    ['is under way', false],
    ['came to its end meanwhile', true],
  ] as const) {
    it(`SUA-52 UM-RES-4 killed while RAUC writes, it finds the installation that ${name}`, async (t) => {
      const vehicle = await RaucVehicle.prepare(t);
      const { lab, backend } = vehicle;
      const killed = vehicle.start();
      await vehicle.reports();
      lab.holdInstalls();
      await vehicle.want('one', '1.1', { imageBytes: LARGE });
      await eventually(() => vehicle.installs === 1, 'RAUC installs', 90_000);
      await killed.kill('SIGKILL');
      const release = async (): Promise<void> => {
        lab.releaseInstalls();
        // RAUC activates what it has installed: the last that it does.
        if (isDoneMeanwhile) await eventually(() => lab.primary === 'B', 'RAUC is done', 90_000);
      };
      if (isDoneMeanwhile) await release();
      const again = vehicle.start();
      await again.urls();
      if (!isDoneMeanwhile) await release();
      assert.equal(await backend.outcome('one'), 'COMPLETED');
      assert.equal(vehicle.installs, 1, 'it is not installed again');
      assert.equal(vehicle.requests, 1, 'it is not fetched again');
      assert.equal(lab.primary, 'B');
      await vehicle.reboot([again]);
      vehicle.start();
      await vehicle.reports((version) => version === '1.1');
    });
  }
});
