import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createHub } from '../../src/hub.js';
import { checkHubConfig, configOf } from '../../src/hub-config.js';
import { silentLogger, systemClock, systemIds } from '../../src/runtime/index.js';
import { freePort } from '../fakes/mosquitto.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { runCommand } from './run-command.js';

const TOKENS = [
  ['viewer', 'v'.repeat(16)],
  ['operator', 'o'.repeat(16)],
] as const;

/** A hub without telemetry, whose letters are the test's own. */
async function startHub(t: TestContext, hasTokens = false) {
  const tokens = TOKENS.flatMap(([role, token], index) => [
    `http.tokens.${index}.name=${role}`,
    `http.tokens.${index}.role=${role}`,
    `http.tokens.${index}.token=${token}`,
  ]);
  const own = ['http.port=0', 'mqtt.embedded.enabled=true', 'mqtt.embedded.port=0'];
  const sets = [`dataDir=${temporaryFolder(t)}`, ...own, ...(hasTokens ? tokens : [])];
  const deps = { clock: systemClock, ids: systemIds, logger: silentLogger(), version: 'test' };
  const hub = await createHub(configOf(checkHubConfig({ sets })), deps);
  t.after(() => hub.stop(1_000));
  await hub.start((error) => assert.ifError(error));
  return { system: hub.system, url: String(hub.urls()['http']) };
}

const ctl = (url: string, ...args: readonly string[]) => runCommand(['ctl', 'dead-letters', ...args, '--url', url]);
const event = (n: number) => ({ kind: 'event', event: { type: 'broker.stop', n } });
const cut = (bytes: number) => ({ kind: 'event', cut: { bytes, beginning: '…' } });

test('SUP-7 letters are listed with what they hold and why, and what was deleted is said', async (t) => {
  const { system, url } = await startHub(t);
  const none = await ctl(url, 'list');
  assert.deepEqual([none.exitCode, none.stdout], [0, '']);
  assert.equal(none.stderr, 'there are no dead letters\n0 are kept in all\n');
  system.deadLetters.add('mqtt-link/hub', { type: 'mqtt.publish', topic: 'e/t1/car', payload: 'x' }, new Error('no'));
  system.deadLetters.add('broker/embedded', event(1), 'why');
  const { stdout, stderr } = await ctl(url, 'list');
  assert.match(
    stdout,
    /^\w{20} {2}\S+ {2}broker\/embedded {2}broker\.stop {2}why\n.*publication to e\/t1\/car {2}no\n$/,
  );
  assert.match(stderr, /^2 are kept in all\n$/);
  assert.equal((await ctl(url, 'list', 'mqtt-link/hub')).stdout.split('\n').length, 2);
  const json = JSON.parse((await ctl(url, 'list', '--json', '--limit', '1')).stdout) as { deadLetters: object[] };
  assert.equal(json.deadLetters.length, 1);

  for (let n = 0; n < 10_050; n++) system.deadLetters.add('broker/embedded', event(n), 'why');
  assert.match(
    (await ctl(url, 'list')).stderr,
    /^10000 are kept in all; 52 older ones were deleted for want of room$/m,
  );
  assert.equal((await ctl(url, 'list', '--limit', '2500')).stdout.split('\n').length, 2_501);
});

test('SUP-7 CLI-2 letters that stay are named with the reason, and the exit code is 1', async (t) => {
  const { system, url } = await startHub(t);
  for (let n = 0; n < 12; n++) system.deadLetters.add('broker/embedded', cut(n), 'why');
  const { exitCode, stdout, stderr } = await ctl(url, 'replay', 'broker/embedded');
  assert.equal(exitCode, 1);
  assert.equal(stdout, '0 dead letters of broker/embedded replayed\n');
  assert.equal(stderr.match(/ stays: of its \d+ bytes only the beginning was kept/g)?.length, 10);
  assert.match(stderr, /^and 2 more; --json names them$/m);
  const [outcome] = JSON.parse((await ctl(url, 'replay', 'broker/embedded', '--json')).stdout) as {
    refused: { code: string }[];
  }[];
  assert.deepEqual(new Set(outcome?.refused.map(({ code }) => code)), new Set(['DEAD_LETTER_CONFLICT']));
  assert.equal(outcome?.refused.length, 12);

  system.deadLetters.add('removed/type', event(1), 'why');
  const gone = await ctl(url, 'replay', 'removed/type', 'nothing/here');
  assert.equal(gone.exitCode, 1);
  assert.match(gone.stdout, /^0 dead letters of removed\/type replayed\nthere are no dead letters of nothing\/here$/m);
  assert.match(
    gone.stderr,
    /^the rest of removed\/type stays: there is nothing any more for which removed\/type stands$/m,
  );
});

test('CLI-3 what cannot be asked says what to do, and a viewer may look and not replay', async (t) => {
  const { url } = await startHub(t, true);
  const [viewer, operator] = TOKENS.map(([, token]) => token);
  assert.match((await ctl(url, 'list')).stderr, /^error: a bearer token is needed\n {4}it asks for a token: --token/);
  assert.equal((await ctl(url, 'list', '--token', String(viewer))).exitCode, 0);
  const forbidden = await ctl(url, 'replay', 'a/k', '--token', String(viewer));
  assert.equal(forbidden.exitCode, 1);
  assert.match(forbidden.stderr, /the role operator.*\n {4}the token that was given does not suffice/);
  assert.equal((await ctl(url, 'replay', 'a/k', '--token', String(operator))).exitCode, 0);

  const away = await ctl(`http://127.0.0.1:${await freePort()}`, 'list');
  assert.equal(away.exitCode, 1);
  assert.match(away.stderr, /^error: cannot reach .*ECONNREFUSED.*\n {4}nothing listens there/);

  const foreign = createServer((_, response) => response.end('<html>'));
  foreign.listen(0, '127.0.0.1');
  await once(foreign, 'listening');
  t.after(() => foreign.close());
  const page = await ctl(`http://127.0.0.1:${(foreign.address() as AddressInfo).port}`, 'list');
  assert.match(page.stderr, /answered 200\n {4}is --url right/);
  assert.equal((await ctl(url, 'replay', 'a/k', '--limit', '0')).exitCode, 2);
});
