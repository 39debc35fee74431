import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CliError } from '../../src/cli/exit-code.js';
import { provisionCommand } from '../../src/cli/provision.js';
import { temporaryFolder } from '../fakes/runtime.js';

const PASSWORD = 'correct-horse';

class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

async function registry(args: readonly string[], secrets: { asked?: string | Promise<string>; input?: string } = {}) {
  let text = '';
  let code = 0;
  const command = provisionCommand({
    out: (more) => {
      text += more;
    },
    err: (more) => {
      text += more;
    },
    ask: async () => secrets.asked ?? assert.fail('nobody is asked'),
    input: async () => secrets.input ?? assert.fail('nothing is read'),
    end: (exitCode) => {
      code = exitCode;
    },
    exit: (exitCode) => {
      throw new Exit(exitCode);
    },
  });
  try {
    await command.parseAsync(['registry', ...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    code = error.code;
  }
  return { text, code };
}

function setUp(t: TestContext, content?: unknown) {
  const folder = temporaryFolder(t);
  const file = join(folder, 'config.json');
  if (content !== undefined) writeFileSync(file, JSON.stringify(content), { mode: 0o644 });
  return {
    folder,
    file,
    entries: () => JSON.parse(readFileSync(file, 'utf8')).containers.registry_configurations,
    mode: () => (statSync(file).mode & 0o777).toString(8),
  };
}

test('REG-5 add asks for the password, writes mode 0600, keeps what else is in the file, and shows nothing', async (t) => {
  const { file, entries, mode } = setUp(t, { things: { enable: false }, containers: { default_ns: 'x' } });
  const { text, code } = await registry(['add', 'ghcr.io', '-u', 'fleet', '--config', file], { asked: PASSWORD });
  assert.deepEqual([text, code], [`ghcr.io is set in ${file}\n`, 0]);
  assert.deepEqual(entries(), { 'ghcr.io': { credentials: { user_id: 'fleet', password: PASSWORD } } });
  assert.equal(mode(), '600');
  const whole = JSON.parse(readFileSync(file, 'utf8'));
  assert.deepEqual([whole.things, whole.containers.default_ns], [{ enable: false }, 'x']);
});

test('REG-5 the password comes from standard input or a file, too', async (t) => {
  const { folder, file, entries } = setUp(t);
  const secret = join(folder, 'password');
  writeFileSync(secret, `${PASSWORD}1\n`);
  await registry(['add', 'a:5000', '-u', 'x', '--password-file', secret, '--config', file]);
  await registry(['add', 'b', '-u', 'y', '--password-stdin', '--config', file], { input: `${PASSWORD}2\n` });
  assert.deepEqual(entries(), {
    'a:5000': { credentials: { user_id: 'x', password: `${PASSWORD}1` } },
    b: { credentials: { user_id: 'y', password: `${PASSWORD}2` } },
  });
});

test('REG-5 an unchanged file is told as by the reference’s tool, and nobody else may read it any longer', async (t) => {
  const containers = { registry_configurations: { a: { credentials: { user_id: 'u', password: PASSWORD } } } };
  const { file, mode } = setUp(t, { containers });
  const before = readFileSync(file, 'utf8');
  const added = await registry(['add', 'a', '-u', 'u', '--config', file], { asked: PASSWORD });
  assert.deepEqual([added.text, added.code], ['No difference to existing configuration.\n', 0]);
  const removed = await registry(['remove', 'b', '--config', file]);
  assert.equal(removed.text, 'No difference to existing configuration.\n');
  assert.deepEqual([readFileSync(file, 'utf8'), mode()], [before, '600']);
});

test('REG-5 new credentials leave the TLS files of an entry, remove forgets one or all', async (t) => {
  const transport = { root_ca: '/c/ca.pem', client_cert: '/c/c.pem', client_key: '/c/k.pem' };
  const { file, entries } = setUp(t, { containers: { registry_configurations: { a: { transport }, b: {}, c: {} } } });
  await registry(['add', 'a', '-u', 'u', '--config', file], { asked: PASSWORD });
  assert.deepEqual(entries().a, { credentials: { user_id: 'u', password: PASSWORD }, transport });
  await registry(['remove', 'b', '--config', file]);
  assert.deepEqual(Object.keys(entries()), ['a', 'c']);
  await registry(['remove', '--all', '--config', file]);
  assert.deepEqual(entries(), {});
});

test('REG-5 list shows hosts and user names, and never a password', async (t) => {
  const credentials = { user_id: 'fleet', password: PASSWORD };
  const { file } = setUp(t, { containers: { registry_configurations: { 'ghcr.io': { credentials }, open: {} } } });
  const { text } = await registry(['list', '--config', file]);
  assert.equal(text, 'ghcr.io  fleet\nopen\n');
  const json = await registry(['list', '--json', '--config', file]);
  assert.deepEqual(JSON.parse(json.text).registries, [
    { host: 'ghcr.io', user: 'fleet', hasTransport: false },
    { host: 'open', user: '', hasTransport: false },
  ]);
  assert.ok(!json.text.includes(PASSWORD));
  const missing = await registry(['list', '--config', `${file}.none`]);
  assert.deepEqual([missing.text, missing.code], [`no registries: ${file}.none is missing or empty\n`, 0]);
});

test('REG-5 of a vehicle’s configuration, the file of registries is meant', async (t) => {
  const { folder } = setUp(t);
  const vehicle = join(folder, 'vehicle.yaml');
  writeFileSync(vehicle, `dataDir: ${folder}/data\ncontainerManagement:\n  update_agent: {enable: true}\n`);
  const { text } = await registry(['add', 'a', '-u', 'u', '--config', vehicle], { asked: PASSWORD });
  assert.equal(text, `a is set in ${folder}/data/registries.json\n`);
});

test('REG-5 what cannot be done changes nothing and says why', async (t) => {
  const { file } = setUp(t);
  writeFileSync(file, '{"containers":');
  const broken = await registry(['add', 'a', '-u', 'u', '--config', file], { asked: PASSWORD });
  assert.equal(broken.code, 5);
  assert.match(broken.text, /is no JSON/);
  assert.equal(readFileSync(file, 'utf8'), '{"containers":');
  const url = await registry(['add', 'https://ghcr.io', '-u', 'u', '--config', file], { asked: PASSWORD });
  assert.match(url.text, /is no host\[:port\]/);
  assert.equal((await registry(['add', 'a', '-u', 'u', '--config', file], { asked: '' })).code, 2);
  const mistyped = await registry(['add', 'a', '-u', 'u', '--config', `${file}.yaml`], { asked: PASSWORD });
  assert.deepEqual([mistyped.code, existsSync(`${file}.yaml`)], [5, false]);
  assert.match(mistyped.text, /is missing, or no configuration of a vehicle/);
  const noFile = await registry(['add', 'a', '-u', 'u', '--config', file, '--password-file', `${file}.none`]);
  assert.equal(noFile.code, 5);
  assert.match(noFile.text, /^error: the password cannot be read: .*\.none/);
  assert.equal((await registry(['remove', '--config', file])).code, 2);
  assert.equal((await registry(['add', 'a', '--config', file])).code, 2);
});

test('REG-5 without a terminal the options that take a password are named', async (t) => {
  const { file } = setUp(t);
  const nobody = new CliError('there is nobody', { exitCode: 2, hint: 'give it with --password-stdin' });
  const { text, code } = await registry(['add', 'a', '-u', 'u', '--config', file], { asked: Promise.reject(nobody) });
  assert.deepEqual([text, code], ['error: there is nobody\n    give it with --password-stdin\n', 2]);
});
