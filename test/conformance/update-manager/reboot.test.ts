import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createReboot } from '../../../src/actors/update-manager/index.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { type ManagedVehicle, managedVehicle, restarted } from '../../fakes/update-backend.js';

const silent = { error: () => {} };

/** One domain, which does something; its update ends with `status`. */
async function updated(vehicle: ManagedVehicle, domain: string, status = 'COMPLETED', identified = {}): Promise<void> {
  await vehicle.want('a', [domain]);
  await vehicle.feedback(domain, 'a', 'IDENTIFIED', identified);
  await vehicle.feedback(domain, 'a', status);
  await vehicle.answerReads('a', 10);
  await vehicle.advance(30_000);
}

test('UM-RBT-1 only a completed update of a domain that requires it, and did something, is followed by a reboot', async (t) => {
  const cases: ReadonlyArray<readonly [string, string, object, number]> = [
    ['self-update', 'COMPLETED', {}, 1],
    ['self-update', 'INCOMPLETE', {}, 0],
    ['containers', 'COMPLETED', {}, 0],
    ['self-update', 'NONE', { actions: [] }, 0],
  ];
  for (const [domain, status, identified, reboots] of cases) {
    const vehicle = await managedVehicle(t);
    await updated(vehicle, domain, status, identified);
    assert.equal(vehicle.reboots, reboots, `${domain} ${status}`);
    assert.equal(vehicle.manager?.view().state, 'idle');
  }
  const disabled = await managedVehicle(t, { rebootEnabled: false });
  await updated(disabled, 'self-update');
  assert.equal(disabled.reboots, 0);
  assert.deepEqual(disabled.warnings, ['reboot_required_but_disabled']);
});

test('UM-RBT-1 whether there is a reboot is what the process says that runs then', async (t) => {
  for (const until of ['ACTIVATION_SUCCESS', 'COMPLETED', 'reported']) {
    const vehicle = await managedVehicle(t, { onStop: 'suspend' });
    await vehicle.want('a', ['self-update']);
    const statuses = ['IDENTIFIED', 'DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS', 'ACTIVATION_SUCCESS'];
    for (const status of statuses) await vehicle.feedback('self-update', 'a', status);
    if (until !== 'ACTIVATION_SUCCESS') await vehicle.feedback('self-update', 'a', 'COMPLETED');
    if (until === 'reported') {
      await vehicle.answerReads('a', 10);
      assert.equal(vehicle.phase, 'rebooting.waiting');
    }
    const next = await restarted(vehicle, 'crash', undefined, { rebootEnabled: false });
    await next.connect();
    if (until === 'ACTIVATION_SUCCESS') await next.feedback('self-update', 'a', 'COMPLETED');
    if (until !== 'reported') await next.answerReads('a', 10);
    await next.advance(30_000);
    assert.equal(next.manager?.view().state, 'idle', until);
    assert.equal(next.reboots, 0);
    assert.ok(next.warnings.includes('reboot_required_but_disabled'));
  }
});

test('UM-RBT-2 the reboot follows the report after a while, in which the manager is busy', async (t) => {
  const vehicle = await managedVehicle(t, { rebootAfterMs: 5_000 });
  await vehicle.want('a', ['self-update']);
  await vehicle.feedback('self-update', 'a', 'IDENTIFIED');
  await vehicle.feedback('self-update', 'a', 'COMPLETED');
  await vehicle.advance(20_000);
  await vehicle.answerReads('a', 10);
  await vehicle.advance(4_999);
  assert.equal(vehicle.reboots, 0);
  assert.equal(vehicle.phase, 'rebooting.waiting');
  await vehicle.advance(1);
  assert.equal(vehicle.reboots, 1);
});

test('UM-RBT-3 the files of the kernel are written, or the commands of the system run', async (t) => {
  const folder = temporaryFolder(t);
  const [enable, trigger] = [join(folder, 'sysrq'), join(folder, 'trigger')];
  await createReboot({ environment: { FILE_SYS_RQ: enable, FILE_SYS_RQ_TRIGGER: trigger }, logger: silent })();
  assert.deepEqual([readFileSync(enable, 'utf8'), readFileSync(trigger, 'utf8')], ['1', 'b']);
  const run = async (command: string, args: readonly string[]) => void ran.push([command, ...args].join(' '));
  const ran: string[] = [];
  await createReboot({ environment: { FILE_SYS_RQ: enable, FILE_SYS_RQ_TRIGGER: '' }, logger: silent, run })();
  await createReboot({ environment: {}, logger: silent, run, platform: 'win32' })();
  assert.deepEqual(ran, ['sync', 'reboot -f', 'shutdown /s']);
});

test('UM-RBT-3 a file that cannot be written is logged, and nothing more is done', async (t) => {
  const folder = temporaryFolder(t);
  const trigger = join(folder, 'trigger');
  writeFileSync(trigger, '');
  const enable = join(folder, 'folder');
  mkdirSync(enable);
  const logged: string[] = [];
  const logger = { error: (_: object, message: string) => void logged.push(message) };
  await createReboot({ environment: { FILE_SYS_RQ: enable, FILE_SYS_RQ_TRIGGER: trigger }, logger })();
  assert.deepEqual(logged, [`cannot reboot after successful update operation. cannot send signal to ${enable}.`]);
  assert.equal(readFileSync(trigger, 'utf8'), '');
});

test('UM-RBT-4 before the reboot everything is on disk, the order to reboot being done with', async (t) => {
  const vehicle = await managedVehicle(t);
  let left: number | undefined;
  const { system } = vehicle.system;
  vehicle.onReboot = () => {
    left = system.outboxSize;
    assert.equal(system.commit.pending, false);
  };
  await updated(vehicle, 'self-update');
  assert.equal(left, 0);
});

test('UM-RBT-5 whether a reboot is required is configured, whatever a desired state says', async (t) => {
  const vehicle = await managedVehicle(t);
  const config = [{ key: 'rebootRequired', value: 'true' }];
  await vehicle.receive('vehicleupdate/desiredstate', {
    activityId: 'a',
    payload: { domains: [{ id: 'containers', config }] },
  });
  await vehicle.feedback('containers', 'a', 'IDENTIFIED');
  await vehicle.feedback('containers', 'a', 'COMPLETED');
  await vehicle.answerReads('a', 10);
  await vehicle.advance(30_000);
  assert.equal(vehicle.reboots, 0);
});
