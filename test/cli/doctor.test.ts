import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { renderChecks } from '../../src/cli/doctor-report.js';
import { serve } from '../actors/diagnosis/broken-server.js';
import { DockerSocket } from '../fakes/docker-socket.js';
import { testCertificates, VIN } from '../fakes/ingest-hub.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { runCommand } from './run-command.js';

describe('doctor tls', () => {
  /** What a vehicle has in files. */
  async function vehicle(t: TestContext, port: number) {
    const folder = temporaryFolder(t);
    const path = (name: string): string => join(folder, name);
    const { authority, device } = await testCertificates();
    const { chainPem, keyPem } = await device(VIN);
    const client = {
      hostname: 'localhost',
      port,
      ca: authority.certificatePem,
      fields: { Soc: { interval_seconds: 1 } },
    };
    const files = {
      'device.crt': chainPem,
      'device.key': keyPem,
      'ca.crt': authority.certificatePem,
      'client.json': JSON.stringify(client),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(path(name), text);
    return { path, identity: ['--cert', path('device.crt'), '--key', path('device.key')] };
  }

  it('FT-CLI-1 says that nothing is wrong, and ends with 0', async (t) => {
    const port = await serve(t);
    const { path, identity } = await vehicle(t, port);
    const { exitCode, stdout, stderr } = await runCommand([
      ...['doctor', 'tls', `localhost:${port}`, '--ca', path('ca.crt')],
      ...identity,
    ]);
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.match(stdout, /^ok {7}localhost:\d+ \(.*\) is reached by TLSv1\.3/);
    assert.match(stdout, /\nnothing is wrong\n$/);
  });

  it('FT-CLI-1 says what is wrong and what to do, and ends with 1, also as JSON', async (t) => {
    const port = await serve(t, { requestCert: false, rejectUnauthorized: false });
    const { path, identity } = await vehicle(t, port);
    const args = ['doctor', 'tls', '--client-config', path('client.json'), ...identity];
    const { exitCode, stdout } = await runCommand(args);
    assert.equal(exitCode, 1);
    assert.match(stdout, /\nPROBLEM {2}the server asks for no certificate .*\n {9}→ connect to the telemetry listener/);
    assert.match(stdout, /^warning {2}the client configuration: hostname localhost is no full name/);
    assert.match(stdout, /\n2 problems, 1 warning\n$/);
    const json = await runCommand([...args, '--json']);
    const { ok, target, checks, certificates, authorities } = JSON.parse(json.stdout);
    assert.deepEqual([json.exitCode, ok, target, authorities], [1, false, `localhost:${port}`, null]);
    assert.equal(certificates.length, 2);
    const problems = checks.filter(({ status }: { status: string }) => status === 'problem');
    assert.deepEqual(
      problems.map(({ id }: { id: string }) => id),
      ['server.authorities', 'server.mutual'],
    );
  });

  it('CLI-2 wrong usage says what to write', async (t) => {
    const { path, identity } = await vehicle(t, 1);
    writeFileSync(path('broken.json'), '{');
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /no server was named\n {4}name it as HOST or HOST:PORT/],
      [['localhost:99999'], /is no HOST or HOST:PORT/],
      [['a/b'], /is no HOST or HOST:PORT/],
      [['localhost', ...identity.slice(0, 2)], /of no use without its key/],
      [['localhost', '--ca', path('nowhere')], /cannot be read/],
      [['--client-config', path('broken.json')], /is no JSON/],
    ];
    for (const [args, expected] of cases) {
      const { exitCode, stderr } = await runCommand(['doctor', 'tls', ...args]);
      assert.equal(exitCode, 2, args.join(' '));
      assert.match(stderr, expected);
    }
  });
});

describe('what doctor prints', () => {
  it('CLI-2 nothing that a server says commands the terminal, or looks like a line of ours', () => {
    const finding = 'CN=\u001b[2J\u009b31m\nok       all is well\u202e';
    const text = renderChecks([{ id: 'x', status: 'problem', finding, details: ['a\rb\u2028'], next: 'c\u0007' }]);
    assert.equal(
      text,
      [
        'PROBLEM  CN=\\u{1b}[2J\\u{9b}31m\\u{a}ok       all is well\\u{202e}',
        '           a\\u{d}b\\u{2028}',
        '         → c\\u{7}',
        '',
        '1 problem, 0 warnings',
      ].join('\n'),
    );
  });
});

describe('doctor engine', () => {
  const SECTION = 'containerManagement.fleetchart';
  const run = (t: TestContext, sets: readonly string[], more: readonly string[] = []) =>
    runCommand([
      ...['doctor', 'engine', '--data', temporaryFolder(t), '--json'],
      ...sets.flatMap((set) => ['--set', set]),
      ...more,
    ]);
  const words = (stdout: string): string[] =>
    JSON.parse(stdout).checks.map(({ id, status, finding }: Record<string, string>) => `${id} ${status}: ${finding}`);

  it('ENG-5 an engine on a socket: that it answers, its version and its control groups', async (t) => {
    const socket = await DockerSocket.start(t);
    socket.answers['GET /version'] = {
      json: { Version: '26.1.0', ApiVersion: '1.45', Components: [{ Name: 'Engine' }] },
    };
    socket.answers['GET /info'] = {
      json: { MemTotal: 1, NCPU: 1, CgroupVersion: '2', CgroupDriver: 'systemd', MemoryLimit: true },
    };
    const { exitCode, stdout } = await run(t, [`${SECTION}={engine: engine-api, socket: ${socket.path}}`]);
    assert.equal(exitCode, 0, stdout);
    assert.deepEqual(words(stdout), [
      `engine.socket ok: ${socket.path} answers: Docker Engine 26.1.0, API 1.45`,
      `engine.cgroups ok: limits of memory work on ${socket.path}: control groups version 2 by systemd`,
      'engine.chosen ok: a vehicle would use Docker Engine 26.1.0 (engine-api)',
    ]);
    assert.match(JSON.parse(stdout).engine.why, /^configured: Docker Engine 26\.1\.0 on/);
    socket.answers['GET /info'] = { json: { MemTotal: 1, NCPU: 1, MemoryLimit: false } };
    const without = await run(t, [`${SECTION}={engine: engine-api, socket: ${socket.path}}`]);
    assert.match(words(without.stdout).join('\n'), /engine\.cgroups warning: limits of memory do not work/);
  });

  it('ENG-6 ENG-7 processes, a simulation, and nothing at all', async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, 'images'));
    const processes = await run(t, [`${SECTION}={engine: process, imageRoot: ${folder}/images}`]);
    assert.match(
      words(processes.stdout).join('\n'),
      /^engine\.chosen ok: a vehicle would use processes .* \(process\)$/,
    );
    const simulated = await run(t, [`${SECTION}.engine=simulated`]);
    assert.equal(simulated.exitCode, 0);
    assert.match(
      words(simulated.stdout).join('\n'),
      /^engine\.chosen warning: a vehicle would only simulate containers$/,
    );
    const nothing = await run(t, [`${SECTION}={engine: engine-api, socket: ${folder}/none.sock}`]);
    assert.equal(nothing.exitCode, 1);
    assert.match(
      words(nothing.stdout).join('\n'),
      /socket skipped: .* is not there\nengine\.chosen problem: no container/,
    );
    const noSocket = await run(t, [`${SECTION}={engine: engine-api, socket: ${folder}}`]);
    assert.match(words(noSocket.stdout).join('\n'), /engine\.socket problem: .* is no socket/);
  });

  it('POD-26 REG-2 credentials are held against the registry itself', async (t) => {
    const right = `Basic ${Buffer.from('fleet:right').toString('base64')}`;
    const registry = createServer((request, response) => {
      if (request.headers.authorization === right) response.end('{}');
      else response.writeHead(401, { 'www-authenticate': 'Basic realm="lab"' }).end();
    });
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      registry.closeAllConnections();
      registry.close();
    });
    const host = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
    const check = async (password: string): Promise<string> => {
      const entry = `{"${host}": {credentials: {user_id: fleet, password: ${password}}}}`;
      const { stdout, stderr } = await run(t, [
        `${SECTION}.engine=simulated`,
        `containerManagement.containers={registry_configurations: ${entry}, insecure_registries: ["${host}"]}`,
      ]);
      assert.doesNotMatch(stdout + stderr, /right|wrong/);
      return words(stdout).find((line) => line.startsWith('registry')) ?? '';
    };
    assert.equal(await check('right'), `registry ok: ${host} lets this vehicle in as fleet`);
    assert.equal(await check('wrong'), `registry problem: ${host} does not let this vehicle in as fleet: HTTP 401`);
  });

  it('REG-4 an image is pulled for real, or it is said why not', async (t) => {
    const pull = (image: string) => run(t, [`${SECTION}.engine=simulated`], ['--pull', image]);
    assert.match(
      words((await pull('reg.example.com/app:1')).stdout).join('\n'),
      /image\.pull ok: reg\.example\.com\/app:1 was/,
    );
    const { exitCode, stdout } = await pull('reg.example.com/app:missing');
    assert.equal(exitCode, 1);
    assert.match(words(stdout).join('\n'), /image\.pull problem: .*manifest unknown/);
  });
});
