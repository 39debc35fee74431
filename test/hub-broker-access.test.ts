import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { authenticateBy } from '../src/actors/mqtt/index.js';
import {
  type Authority,
  createAuthority,
  issueDeviceCertificate,
  issueServerCertificate,
} from '../src/actors/provisioning/index.js';
import { createHub } from '../src/hub.js';
import { checkHubConfig, configOf } from '../src/hub-config.js';
import { silentLogger, systemClock, systemIds } from '../src/runtime/index.js';
import { createVehicle } from '../src/vehicle.js';
import { checkVehicleConfig } from '../src/vehicle-config.js';
import { connectClient, subscribe } from './actors/mqtt/broker-setup.js';
import { temporaryFolder } from './fakes/runtime.js';
import { until } from './fakes/until.js';

const PASSWORD = 'open sesame';

/** A hub whose broker asks for certificates, and what its clients are made from. */
async function startHub(t: TestContext) {
  const folder = temporaryFolder(t);
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const authority = await createAuthority({ commonName: 'Fleet CA' });
  const server = await issueServerCertificate(authority, { names: ['localhost', '127.0.0.1'] });
  const caFile = file('ca.crt', authority.certificatePem);
  const tls = {
    certFile: file('hub.crt', server.chainPem),
    keyFile: file('hub.key', server.keyPem),
    clientCaFile: caFile,
  };
  const users = [
    { name: 'backend', password: PASSWORD },
    { name: 'car-9', role: 'vehicle', password: PASSWORD },
  ];
  const embedded = { enabled: true, port: 0, tls, users, tenantId: 't1', namespace: 'edge' };
  const sets = [`dataDir=${folder}/data`, 'http.port=0', `mqtt.embedded=${JSON.stringify(embedded)}`];
  const hub = await createHub(configOf(checkHubConfig({ sets })), {
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger(),
    version: 'test',
  });
  t.after(() => hub.stop(5_000));
  await hub.start((error) => assert.fail(error as Error));
  const url = String(hub.urls().mqtt);
  const certificateOf = async (name: string, issuer: Authority = authority) => {
    const { chainPem, keyPem } = await issueDeviceCertificate(issuer, { commonName: name });
    return { cert: chainPem, key: keyPem, ca: authority.certificatePem };
  };
  const connect = async (name: string, options: object = {}) =>
    connectClient(t, url, { ...(await certificateOf(name)), ...options });
  return { hub, url, file, caFile, certificateOf, connect, tls, authority };
}

describe('ARCH-9 the broker of a hub that asks for certificates', () => {
  it('carries what a vehicle says of itself, and its commands back', async (t) => {
    const { url, file, caFile, certificateOf, connect } = await startHub(t);
    const { cert, key } = await certificateOf('car-7');
    const sets = [
      ...[`dataDir=${temporaryFolder(t)}`, 'http.port=0', 'mqtt.embedded.port=0', `hub.url=${url}`],
      ...['hub.deviceId=car-7', 'hub.namespace=edge', 'hub.tenantId=t1', `hub.caFile=${caFile}`],
      ...[`hub.certFile=${file('car.crt', cert)}`, `hub.keyFile=${file('car.key', key)}`],
    ];
    const vehicle = createVehicle(configOf(checkVehicleConfig({ sets })), {
      clock: systemClock,
      ids: systemIds,
      logger: silentLogger(),
      version: 'test',
      environment: {},
      end: () => {},
    });
    t.after(() => vehicle.stop(5_000));
    await vehicle.start((error) => assert.fail(error as Error));

    const backend = await connect('backend', { username: 'backend', password: PASSWORD });
    await subscribe(backend, ['e/#']);
    const inside = await connectClient(t, String(vehicle.urls().mqtt));
    await subscribe(inside, ['command///req/#']);
    await inside.mqtt.publishAsync('e', 'hello', { qos: 1 });
    await until(() => backend.publications.length > 0, 'what the vehicle says');
    assert.deepEqual([backend.publications[0]?.topic, ...backend.payloads()], ['e/t1/edge:car-7', 'hello']);
    await backend.mqtt.publishAsync('command//edge:car-7/req/1/start', 'now', { qos: 1 });
    await until(() => inside.publications.length > 0, 'the command');
    assert.equal(inside.publications[0]?.topic, 'command///req/1/start');
  });

  it('keeps a vehicle to its own topics, whichever way it logs in', async (t) => {
    const { connect } = await startHub(t);
    for (const [name, login] of [
      ['car-7', {}],
      ['any', { username: 'car-9', password: PASSWORD }],
    ] as const) {
      const own = `edge:${'username' in login ? login.username : name}`;
      const car = await connect(name, login);
      const filters = [`command//${own}/req/#`, `command//${own}:edge:containers/req/#`];
      const foreign = ['#', 'e/#', 'command//+/req/#', 'command//edge:car-8/req/#', `command//${own}0/req/#`];
      assert.deepEqual(await subscribe(car, [...filters, ...foreign]), [1, 1, ...foreign.map(() => 128)]);
      await car.mqtt.publishAsync(`e/t1/${own}`, 'mine', { qos: 1 });
      for (const topic of ['e/t1/edge:car-8', `e/t2/${own}`, `command//edge:car-8/req/1/start`, 'telemetry/x']) {
        const liar = await connect(name, login);
        liar.mqtt.publish(topic, 'forged');
        await liar.closed;
      }
    }
  });

  it('lets nobody in without a certificate, with a foreign one, or with a name that is none of one device', async (t) => {
    const { url, connect, certificateOf, authority } = await startHub(t);
    const ca = authority.certificatePem;
    const stranger = await certificateOf('car-7', await createAuthority({ commonName: 'Another CA' }));
    await assert.rejects(connectClient(t, url, { ca }));
    await assert.rejects(connectClient(t, url, stranger));
    for (const name of ['+', '#', 'car:7', 'car/7']) await assert.rejects(connect(name), { code: 5 });
    await assert.rejects(connect('backend', { username: 'backend', password: 'wrong' }), { code: 5 });
  });

  it('reaches nothing as a vehicle whose name is none', async () => {
    const users = [{ name: 'car/7', role: 'vehicle', password: PASSWORD }] as const;
    const authenticate = authenticateBy({ users, tenantId: 't1', namespace: 'edge' });
    const login = { clientId: '', commonName: undefined, remoteAddress: undefined };
    assert.equal(await authenticate?.({ ...login, username: 'car/7', password: Buffer.from(PASSWORD) }), undefined);
  });

  it('shows a new certificate to who comes after it was replaced', async (t) => {
    const { hub, connect, tls, authority, file } = await startHub(t);
    await connect('car-7');
    const { chainPem, keyPem } = await issueServerCertificate(await createAuthority({ commonName: 'New CA' }), {
      names: ['localhost', '127.0.0.1'],
    });
    file('hub.crt', chainPem);
    file('hub.key', keyPem);
    await hub.reload();
    await assert.rejects(connect('car-7'), /certificate/);
    rmSync(tls.keyFile);
    await hub.reload();
    await assert.rejects(connect('car-7', { ca: authority.certificatePem }), /certificate/);
  });
});
