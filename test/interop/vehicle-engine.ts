import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { provisionCommand } from '../../src/cli/provision.js';
import { startContainersVehicle, updatesOf } from '../fakes/containers-vehicle.js';
import type { EngineLab } from '../fakes/lab-engine.js';
import { temporaryFolder } from '../fakes/runtime.js';

/** As on the command line: the password comes by standard input. */
async function addRegistry(file: string, host: string, { user, password }: { user: string; password: string }) {
  let text = '';
  const take = (more: string): void => {
    text += more;
  };
  const command = provisionCommand({
    out: take,
    err: take,
    ask: () => assert.fail('nobody is asked'),
    input: async () => `${password}\n`,
    end: () => assert.fail(text),
    exit: () => assert.fail(text),
  });
  const args = ['registry', 'add', host, '--username', user, '--password-stdin', '--config', file];
  await command.parseAsync(args, { from: 'user' });
}

/** A vehicle on a real engine: a registry that is added while it runs, an update, a rollback. */
export async function driveVehicle(t: TestContext, lab: EngineLab): Promise<void> {
  const data = temporaryFolder(t);
  const section = 'containerManagement';
  const { mqtt, get, rows, logged } = await startContainersVehicle(
    t,
    data,
    `${section}.fleetchart={engine: engine-api, socket: ${lab.socketPath}}`,
    `${section}.containers={insecure_registries: ["${lab.registry}"]}`,
    `${section}.manager={default_ctrs_stop_timeout: 5s}`,
  );
  await logged('engine_link_up');
  const update = await updatesOf(t, mqtt);

  assert.equal(await update('a-1', { app: lab.image('1.0') }), 'INCOMPLETE', 'the registry wants a password');
  const { checks } = await get<{ checks: { containers: { detail: string } } }>('/readyz');
  assert.match(checks.containers.detail, /the last pull failed/);

  await addRegistry(join(data, 'registries.json'), lab.registry, lab.credentials);
  await logged(`"registries":["${lab.registry}"]`);
  assert.equal(await update('a-2', { app: lab.image('1.0') }), 'COMPLETED');
  assert.deepEqual(await rows(), [`app ${lab.image('1.0')} Running`]);
  assert.deepEqual(await lab.running(), [`app ${lab.image('1.0')}`]);

  assert.equal(await update('a-3', { app: lab.image('bad') }), 'INCOMPLETE', 'its command does not exist');
  assert.deepEqual(await lab.running(), [`app ${lab.image('1.0')}`]);
  assert.equal(await update('a-4', { app: lab.image('2.0') }), 'COMPLETED');
  assert.deepEqual(await lab.running(), [`app ${lab.image('2.0')}`]);
  assert.equal(await update('a-5', {}), 'COMPLETED');
  assert.deepEqual(await lab.all(), []);
}
