import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { type Authority, createAuthority, issueServerCertificate } from '../../src/actors/provisioning/index.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { runCommand } from './run-command.js';

const HOST = 'telemetry.example.com';

describe('7.3 ctl telemetry client-config', () => {
  let root: Authority;
  let middle: Authority;
  before(async () => {
    root = await createAuthority({ commonName: 'Root' });
    middle = await createAuthority({ commonName: 'Middle', issuer: root });
  });

  /** The files of a server, and a command on them. */
  async function server(t: TestContext, names = [HOST]) {
    const folder = temporaryFolder(t);
    const path = (name: string): string => join(folder, name);
    const { chainPem, keyPem } = await issueServerCertificate(middle, { names });
    const files = { 'hub.crt': chainPem, 'hub.key': keyPem, 'ca.crt': root.certificatePem };
    for (const [name, text] of Object.entries(files)) writeFileSync(path(name), text);
    const tls = { server_cert: path('hub.crt'), server_key: path('hub.key'), ca_file: path('ca.crt') };
    writeFileSync(path('server_config.json'), JSON.stringify({ port: 4443, records: { V: ['logger'] }, tls }));
    writeFileSync(path('hub.yaml'), JSON.stringify({ telemetry: { port: 5443, records: { V: ['logger'] }, tls } }));
    const run = (...args: readonly string[]) => runCommand(['ctl', 'telemetry', 'client-config', ...args]);
    return { path, run };
  }

  it('7.3 is made of the server’s own configuration, and of signals', async (t) => {
    const { path, run } = await server(t);
    const fields = ['--field', 'VehicleSpeed=10', 'Soc=60,resend=3600,delta=0.5', '--alert-types', 'service'];
    const more = ['--prefer-typed', '--delivery-policy', 'latest', '--expires', '2099-01-31'];
    const args = ['--config', path('server_config.json'), '--ca', path('ca.crt'), ...fields, ...more];
    const { exitCode, stdout, stderr } = await run(...args);
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.deepEqual(JSON.parse(stdout), {
      hostname: HOST,
      port: 4443,
      ca: root.certificatePem,
      fields: {
        VehicleSpeed: { interval_seconds: 10 },
        Soc: { interval_seconds: 60, resend_interval_seconds: 3600, minimum_delta: 0.5 },
      },
      alert_types: ['service'],
      prefer_typed: true,
      delivery_policy: 'latest',
      exp: Date.UTC(2099, 0, 31) / 1_000,
    });
    const ofHub = await run(
      '--config',
      path('hub.yaml'),
      '--ca',
      path('ca.crt'),
      '--field',
      'Soc=1',
      '--vin',
      'A',
      'B',
      '--json',
    );
    const { ok, config } = JSON.parse(ofHub.stdout);
    assert.deepEqual([ok, config.vins, config.config.port], [true, ['A', 'B'], 5443]);
  });

  it('7.3 is written where it is wanted, and over nothing', async (t) => {
    const { path, run } = await server(t);
    const out = path('client.json');
    const args = ['--config', path('server_config.json'), '--ca', path('ca.crt'), '--field', 'Soc=1', '--out', out];
    assert.equal((await run(...args)).exitCode, 0);
    assert.equal(JSON.parse(readFileSync(out, 'utf8')).port, 4443);
    const again = await run(...args);
    assert.deepEqual([again.exitCode, /is there already/.test(again.stderr)], [1, true]);
    assert.equal((await run(...args, '--force', '--port', '443')).exitCode, 0);
    assert.equal(JSON.parse(readFileSync(out, 'utf8')).port, 443);
    const checked = await run('--from', out, '--config', path('server_config.json'), '--json');
    assert.deepEqual([checked.exitCode, JSON.parse(checked.stdout).findings], [0, []]);
    const more = await run('--from', out, '--config', path('server_config.json'), '--field', 'Gear=5');
    assert.deepEqual(Object.keys(JSON.parse(more.stdout).fields), ['Soc', 'Gear']);
  });

  it('7.3 the authority has to verify the certificate, and the name to be one of it', async (t) => {
    const { path, run } = await server(t);
    const stranger = await createAuthority({ commonName: 'Root' });
    writeFileSync(path('stranger.crt'), stranger.certificatePem);
    writeFileSync(path('middle.crt'), middle.certificatePem);
    const base = ['--config', path('server_config.json'), '--field', 'Soc=1'];
    const wrong = await run(
      ...base,
      '--ca',
      path('stranger.crt'),
      '--hostname',
      'other.example.com',
      '--out',
      path('x'),
    );
    assert.equal(wrong.exitCode, 3);
    assert.match(wrong.stderr, /error: ca: does not verify the server's certificate, which CN=Middle has issued/);
    assert.match(wrong.stderr, /error: hostname: other\.example\.com is no name of .*DNS:telemetry\.example\.com/);
    assert.match(wrong.stderr, /nothing was written; --force/);
    assert.equal(wrong.stdout, '');
    assert.throws(() => readFileSync(path('x')));
    assert.equal((await run(...base, '--ca', path('middle.crt'))).exitCode, 0, 'each authority counts by itself');
    const without = await run(...base);
    assert.deepEqual([without.exitCode, /error: ca: expected/.test(without.stderr)], [3, true]);
    assert.match(without.stderr, /error: ca: .*\n {4}give --ca FILE/);
  });

  it('7.3 with mistakes nothing is printed that a script could send on, unless it is forced', async (t) => {
    const { run } = await server(t);
    const args = ['--hostname', HOST, '--port', '443', '--field', 'Soc=1'];
    const { exitCode, stdout, stderr } = await run(...args);
    assert.deepEqual([exitCode, stdout], [3, '']);
    assert.match(stderr, /nothing was printed; --force/);
    const json = JSON.parse((await run(...args, '--json')).stdout);
    assert.deepEqual([json.ok, 'config' in json, json.findings.length > 0], [false, false, true]);
    const forced = await run(...args, '--force');
    assert.deepEqual([forced.exitCode, JSON.parse(forced.stdout).port], [3, 443]);
    const short = await run('--host', ...args.slice(1), '--force');
    assert.equal(JSON.parse(short.stdout).hostname, HOST, '--host is the same');
  });

  it('7.3 unknown signals, and what was meant', async (t) => {
    const { path, run } = await server(t);
    const base = ['--config', path('server_config.json'), '--ca', path('ca.crt')];
    const { exitCode, stderr } = await run(...base, '--field', 'VehicleSped=10');
    assert.equal(exitCode, 3);
    assert.match(stderr, /error: fields\.VehicleSped: unknown field, did you mean VehicleSpeed\?/);
  });

  it('CLI-2 wrong usage says what to write', async (t) => {
    const { path, run } = await server(t);
    writeFileSync(path('broken.json'), '{');
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /there is nothing to make it of/],
      [['--field', 'Soc'], /Soc is no signal with an interval\n {4}write VehicleSpeed=10/],
      [['--field', 'Soc=1,every=2'], /is no signal with an interval/],
      [['--from', path('broken.json')], /is no JSON/],
      [['--config', path('nowhere.yaml')], /cannot be used/],
      [['--from', path('nowhere.json')], /cannot be read/],
      [['--field', 'Soc=1', '--expires', 'soon'], /soon is no number of days and no date/],
      [['--field', 'Soc=1', '--port', 'x'], /It must be a number above 0/],
    ];
    for (const [args, expected] of cases) {
      const { exitCode, stderr } = await run(...args);
      assert.equal(exitCode, 2, args.join(' '));
      assert.match(stderr, expected);
    }
  });
});
