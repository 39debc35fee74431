import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, temporaryFolder } from '../fakes/runtime.js';
import { runCommand } from './run-command.js';

const run = (...args: string[]) => runCommand(['run', 'container-management', ...args]);

test('CUA-38 a directory, a file that is no JSON, and a wrong type end with 1', async (t) => {
  const folder = temporaryFolder(t);
  const file = (content: string) => {
    const path = join(folder, 'config.json');
    writeFileSync(path, content);
    return path;
  };
  mkdirSync(join(folder, 'dir'));
  const directory = await run('--cfg-file', join(folder, 'dir'));
  assert.equal(directory.exitCode, 1);
  assert.match(directory.stderr, /provided configuration path .*dir is a directory/);
  const broken = await run('-cfg-file', file('{"log":'));
  assert.equal(broken.exitCode, 1);
  assert.match(broken.stderr, /^failed to load local configuration: /);
  const wrong = await run(`--cfg-file=${file('{"things":{"enable":"true"}}')}`);
  assert.equal(wrong.exitCode, 1);
  assert.match(wrong.stderr, /things\.enable: expected true or false, got "true"/);
});

test('CUA-38 an unknown flag, a positional argument and a flag of a wrong type end with 1', async () => {
  const unknown = await run('--ua-enabled');
  assert.equal(unknown.exitCode, 1);
  assert.match(unknown.stderr, /flag provided but not defined: -ua-enabled/);
  const positional = await run('start');
  assert.equal(positional.exitCode, 1);
  assert.match(positional.stderr, /unknown command "start"/);
  assert.equal((await run('--log-file-count', 'many')).exitCode, 1);
  assert.equal((await run('--conn-broker-url')).exitCode, 1);
});

test('CUA-38 help names every flag and ends with 0', async () => {
  const { exitCode, stdout } = await run('--help');
  assert.equal(exitCode, 0);
  for (const flag of ['cfg-file', 'ua-domain', 'ccl-image-expiry', 'net-br-mtu', 'fleetchart-engine']) {
    assert.match(stdout, new RegExp(`-${flag}\\t`));
  }
});

test('CUA-38 a level of the log that is none is told of, though only errors are logged then', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'config.json');
  // What cannot be a folder of data ends it at once.
  const content = { log: { log_file: '', log_level: 'loud' }, manager: { home_dir: file }, frobnicate: 1 };
  writeFileSync(file, JSON.stringify(content));
  const { exitCode, stdout } = await run('--cfg-file', file);
  assert.notEqual(exitCode, 0);
  assert.match(stdout, /ERROR +config_warning setting="log\.log_level" detail="\\"loud\\" is no level; it is ERROR"/);
  assert.ok(!stdout.includes('frobnicate'), 'other warnings are below that level');
});

test('CUA-38 an orderly stop ends with 0; the log goes where the file says, in the reference’s form', async (t) => {
  const folder = temporaryFolder(t);
  const log = join(folder, 'log', 'cm.log');
  const file = join(folder, 'config.json');
  const content = {
    log: { log_file: log },
    manager: { home_dir: folder },
    things: { enable: false },
    deployment: { enable: false },
    network: { type: 'host' },
    frobnicate: 1,
    fleetchart: { engine: 'simulated' },
  };
  writeFileSync(file, JSON.stringify(content));
  const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, 'run', 'container-management', '--cfg-file', file], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const said = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  await eventually(() => said().includes('engine_link_up') || child.exitCode !== null, 'it runs', 60_000);
  assert.match(said(), /^\d{4}\/\d\d\/\d\d [\d:.]+ {2}\[container-management\] INFO {4}container_management_starts /m);
  assert.match(said(), /settings_without_effect withoutEffect=\["network.type"\]/);
  assert.match(said(), /config_warning setting="frobnicate" detail="there is no such key/);
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
});
