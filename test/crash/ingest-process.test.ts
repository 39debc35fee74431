import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { issueServerCertificate } from '../../src/actors/provisioning/index.js';
import { runCommand } from '../cli/run-command.js';
import { HubProcess } from '../fakes/hub-process.js';
import { eventually, startIngestHub, testCertificates, VIN, writeServerConfig } from '../fakes/ingest-hub.js';
import { RawClient } from '../fakes/raw-client.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { Vehicle } from '../fakes/vehicle.js';

type Config = Record<string, unknown>;

/** Writes a file anew from what it holds. */
function change(file: string, edit: (config: Config) => Config): void {
  writeFileSync(file, JSON.stringify(edit(JSON.parse(readFileSync(file, 'utf8')) as Config)));
}

async function connect(port: number, vin = VIN): Promise<Vehicle> {
  const { authority, device } = await testCertificates();
  return Vehicle.open({ port, vin, credentials: await device(vin), serverCa: authority.certificatePem });
}

async function fingerprint(port: number): Promise<string | undefined> {
  const { authority, device } = await testCertificates();
  const { chainPem, keyPem } = await device(VIN);
  const client = await RawClient.open({ port, ca: authority.certificatePem, cert: chainPem, key: keyPem });
  const shown = client.socket.getPeerX509Certificate()?.fingerprint256;
  client.socket.destroy();
  return shown;
}

async function renewCertificate(folder: string): Promise<void> {
  const { authority } = await testCertificates();
  const renewed = await issueServerCertificate(authority, { names: ['localhost'] });
  writeFileSync(join(folder, 'hub.crt'), renewed.chainPem);
  writeFileSync(join(folder, 'hub.key'), renewed.keyPem);
}

/** Starts a hub, and takes it through a stricter level, a wider one and a file that cannot be used. */
async function reloads(hub: HubProcess, folder: string, setLevel: (level: string) => void, breakFile: () => void) {
  const port = await hub.port();
  const first = await connect(port, 'FIRST');
  await first.ask();
  const shown = await fingerprint(port);

  await renewCertificate(folder);
  setLevel('warn');
  hub.signal('SIGHUP');
  await hub.logged('log_level_changed', ({ from, to }) => from === 'info' && to === 'warn');
  const { changed } = await hub.logged('config_restart_needed');
  await eventually(async () => (await fingerprint(port)) !== shown, 'the new certificate');
  await (await connect(port, 'SECOND')).ask();

  setLevel('info');
  hub.signal('SIGHUP');
  await hub.logged('log_level_changed', ({ from, to }) => from === 'warn' && to === 'info');
  await hub.logged('reloaded');
  await (await connect(port, 'THIRD')).ask();
  await hub.logged('socket_connected', ({ vin }) => vin === 'THIRD');
  assert.ok(!hub.log.some(({ msg, vin }) => msg === 'socket_connected' && vin === 'SECOND'), 'info was off');

  const reloaded = hub.log.filter(({ msg }) => msg === 'reloaded').length;
  breakFile();
  hub.signal('SIGHUP');
  const { mistakes } = await hub.logged('config_reload_refused');
  assert.match(String(mistakes), /config\.json/);
  await hub.logged('not all was reloaded: what was refused stays as it was');
  assert.equal(hub.log.filter(({ msg }) => msg === 'reloaded').length, reloaded);
  assert.equal((await first.ask()).kind, 'ack', 'the socket from before all that');
  assert.equal((await connect(port, 'FOURTH').then((car) => car.ask())).kind, 'ack');
  return changed;
}

describe('FT-TLS-2 BETTER: SIGHUP changes certificates and the log level, keeps sockets, and names the rest', () => {
  it('run fleet-telemetry', async (t) => {
    const folder = temporaryFolder(t);
    const file = await writeServerConfig(folder, { log_level: 'info' });
    const hub = new HubProcess(t, ['run', 'fleet-telemetry', `-config=${file}`, `-data=${join(folder, 'data')}`]);
    const setLevel = (log_level: string): void =>
      change(file, (config) => ({ ...config, log_level, namespace: 'new', fleetchart: { idlePing: 5 } }));
    const changed = await reloads(hub, folder, setLevel, () => writeFileSync(file, '{"log_level"'));
    assert.deepEqual(changed, ['namespace', 'fleetchart.idlePing']);
    assert.deepEqual(await hub.kill('SIGTERM'), { code: 0, signal: null });
  });

  it('hub', async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, 'peer'));
    const telemetry = await writeServerConfig(join(folder, 'peer'));
    const file = join(folder, 'config.json');
    const config = { dataDir: join(folder, 'data'), http: { port: 0 }, telemetry: { file: telemetry } };
    writeFileSync(file, JSON.stringify({ ...config, log: { level: 'info' } }));
    const hub = new HubProcess(t, ['hub', '--config', file]);
    const setLevel = (level: string): void => change(file, () => ({ ...config, http: { port: 1 }, log: { level } }));
    const changed = await reloads(hub, join(folder, 'peer'), setLevel, () => writeFileSync(file, '{"log": 7}'));
    assert.deepEqual(changed, ['http.port']);
    assert.deepEqual(await hub.kill('SIGTERM'), { code: 0, signal: null });
  });
});

describe('a configuration with eleven mistakes', () => {
  const MISTAKES = {
    host: 7,
    port: 70_000,
    // A file that is there, and holds no key.
    tls: { server_cert: '', server_key: process.execPath },
    rate_limit: { enabled: true },
    records: { V: ['kafak'], alerts: [], errors: ['nowhere'] },
    reliable_ack_sources: { connectivity: 'file' },
    monitoring: { prometheus_metrics_port: 90_900 },
  };
  const POINTERS = [
    '/host',
    '/port',
    '/tls/ca_file',
    '/tls/server_cert',
    '/tls/server_key',
    '/rate_limit/message_limit',
    '/records/V/0',
    '/records/alerts',
    '/records/errors/0',
    '/reliable_ack_sources/connectivity',
    '/monitoring/prometheus_metrics_port',
  ];

  it('ends run fleet-telemetry with 2, in the words of the reference and with all eleven', async (t) => {
    const file = join(temporaryFolder(t), 'config.json');
    writeFileSync(file, JSON.stringify(MISTAKES));
    const { exitCode, stderr } = await runCommand(['run', 'fleet-telemetry', `-config=${file}`]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /^error=load_service_config value="expected [^\n]+"\n11 mistakes in the configuration:\n/);
    for (const pointer of POINTERS) assert.ok(stderr.includes(`: ${pointer}: `), pointer);
  });

  it('ends run fleet-telemetry with 2 where there is no file, in the words of the reference', async (t) => {
    const file = join(temporaryFolder(t), 'missing.json');
    for (const args of [[`-config=${file}`], ['--config', file]]) {
      const { exitCode, stderr } = await runCommand(['run', 'fleet-telemetry', ...args]);
      assert.equal(exitCode, 2);
      const [first] = stderr.split('\n');
      assert.equal(first, `error=load_service_config value="open ${file}: no such file or directory"`);
    }
  });

  it('ends hub with 3, and all eleven', async (t) => {
    const folder = temporaryFolder(t);
    const file = join(folder, 'config.json');
    writeFileSync(file, JSON.stringify({ dataDir: folder, telemetry: MISTAKES }));
    const { exitCode, stderr } = await runCommand(['hub', '--config', file]);
    assert.equal(exitCode, 3);
    assert.ok(stderr.startsWith('11 mistakes in the configuration:\n'));
    for (const pointer of POINTERS) assert.ok(stderr.includes(`: /telemetry${pointer}: `), pointer);
  });
});

describe('a hub that cannot start', () => {
  it('ends run fleet-telemetry with 2 as the reference does, and the log says what to do', async (t) => {
    const holder = await startIngestHub(t);
    const folder = temporaryFolder(t);
    const file = await writeServerConfig(folder, { port: holder.port });
    const hub = new HubProcess(t, ['run', 'fleet-telemetry', `-config=${file}`, `-data=${join(folder, 'data')}`]);
    const { error, code } = await hub.logged('the process could not start');
    assert.equal(code, 'TELEMETRY_ADDRESS_IN_USE');
    assert.match(String(error), /stop what listens there, or set port to another/);
    assert.deepEqual(await hub.exited, { code: 2, signal: null });
    assert.equal(hub.words.length, 1, 'a line for a person, after those of the log');
    assert.match(
      hub.words[0] ?? '',
      /^error: TELEMETRY_ADDRESS_IN_USE: port \d+ on .* is taken: stop what listens there/,
    );
  });
});
