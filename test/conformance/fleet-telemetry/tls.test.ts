import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import {
  createAuthority,
  demoCertificates,
  issueDeviceCertificate,
  issueServerCertificate,
  KEY_PURPOSE,
} from '../../../src/actors/provisioning/index.js';
import { FleetchartError, ManualClock } from '../../../src/runtime/index.js';
import { type IngestHub, startIngestHub, testCertificates, VIN } from '../../fakes/ingest-hub.js';
import { RawClient } from '../../fakes/raw-client.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { type Credentials, Vehicle } from '../../fakes/vehicle.js';

const DAY_MS = 86_400_000;
const OTHER_VIN = 'LRW3E7FA9LC000002';
const REQUEST = 'GET /status HTTP/1.1\r\nHost: hub\r\n\r\n';

/** What a client gets that asks for /status right away. */
async function visit(hub: IngestHub, options: ConnectionOptions = {}): Promise<RawClient> {
  const client = await RawClient.open({ ...(await hub.access()), ...options });
  client.write(REQUEST);
  await client.readsAll();
  return client;
}

const withCredentials = ({ chainPem, keyPem }: Credentials) => ({ cert: chainPem, key: keyPem });

/** What a hub that cannot start says. */
async function refusalOf(
  t: TestContext,
  ...options: Parameters<typeof startIngestHub> extends [unknown, ...infer R] ? R : never
) {
  const error = await startIngestHub(t, ...options).then(
    () => assert.fail('the hub started'),
    (failure: unknown) => failure,
  );
  assert.ok(error instanceof FleetchartError, `${error}`);
  return error;
}

describe('the TLS port', () => {
  it('FT-TLS-1 takes TLS only, on a port that the system chooses', async (t) => {
    const hub = await startIngestHub(t);
    assert.notEqual(hub.port, 0);
    const plain = connectPlain(hub.port, '127.0.0.1');
    let received = '';
    plain.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
    });
    plain.on('error', () => {});
    plain.write(REQUEST);
    await new Promise((resolve) => plain.on('close', resolve));
    assert.ok(!received.includes('HTTP/'), 'no byte of HTTP in the clear');
    assert.equal(await hub.metric('telemetry_rejected_total', { reason: 'plain_http' }), 1);
    assert.equal((await hub.vehicle().then((car) => car.ask())).kind, 'ack');
  });

  it('FT-TLS-1 an empty host means all interfaces', async (t) => {
    const hub = await startIngestHub(t, { host: '' });
    assert.equal((await hub.vehicle().then((car) => car.ask())).kind, 'ack');
    assert.match((await visit(hub)).received, /mtls ok$/);
  });

  it('FT-TLS-2 shows the chain of its file, leaf first', async (t) => {
    const root = await createAuthority({ commonName: 'Root' });
    const issuing = await createAuthority({ commonName: 'Issuing', issuer: root });
    const server = await issueServerCertificate(issuing, { names: ['localhost'] });
    const hub = await startIngestHub(t, {}, { files: { 'hub.crt': server.chainPem, 'hub.key': server.keyPem } });
    const car = await hub.vehicle(VIN, { serverCa: root.certificatePem });
    assert.equal((await car.ask()).kind, 'ack');
  });

  it('FT-TLS-2 BETTER: a reload keeps the sockets, and new connections see the new certificate', async (t) => {
    const { authority } = await testCertificates();
    const hub = await startIngestHub(t);
    const before = await hub.vehicle();
    const first = await RawClient.open(await hub.access());
    const old = first.socket.getPeerX509Certificate()?.fingerprint256;
    const renewed = await issueServerCertificate(authority, { names: ['localhost'] });
    writeFileSync(join(hub.folder, 'hub.crt'), renewed.chainPem);
    writeFileSync(join(hub.folder, 'hub.key'), renewed.keyPem);
    await hub.hub.reload();
    const second = await RawClient.open(await hub.access());
    assert.notEqual(second.socket.getPeerX509Certificate()?.fingerprint256, old);
    assert.equal((await before.ask()).kind, 'ack', 'the socket from before goes on');
    assert.equal((await hub.vehicle().then((car) => car.ask())).kind, 'ack');
    writeFileSync(join(hub.folder, 'hub.key'), 'no key');
    await hub.hub.reload();
    await hub.logged('tls files cannot be used, the certificate in use is kept');
    assert.equal((await hub.vehicle().then((car) => car.ask())).kind, 'ack');
    assert.equal(before.end, undefined);
  });

  it('FT-TLS-3 FT-FAIL-1 without a client certificate no byte of HTTP is sent', async (t) => {
    const hub = await startIngestHub(t);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const client = await RawClient.open({ port: hub.port, ca: (await hub.access()).ca, maxVersion });
      if (!client.isClosed) client.write(REQUEST);
      await client.closed;
      assert.equal(client.received, '');
      assert.equal(client.isSecure, maxVersion === 'TLSv1.3', 'TLS 1.3 lets the client finish first');
    }
    assert.equal(await hub.metric('telemetry_rejected_total', { reason: 'no_certificate' }), 2);
    const line = await hub.logged('input refused', { reason: 'no_certificate' });
    assert.match(String(line['check']), /certificate/);
    assert.ok(line['do'], 'the log says what to do');
  });

  it('FT-TLS-3 FT-FAIL-1 an untrusted client gets no byte of HTTP, and the log says which check failed', async (t) => {
    const hub = await startIngestHub(t);
    const stranger = await createAuthority({ commonName: 'Some Issuing CA' });
    const credentials = await issueDeviceCertificate(stranger, { commonName: 'STRANGER' });
    const client = await RawClient.open({ ...(await hub.access()), ...withCredentials(credentials) });
    if (!client.isClosed) client.write(REQUEST);
    await client.closed;
    assert.equal(client.received, '');
    const line = await hub.logged('input refused', { reason: 'unknown_issuer' });
    assert.match(String(line['who']), /CN=STRANGER.*Some Issuing CA/s);
    await assert.rejects(hub.vehicle('STRANGER', { credentials }));
  });

  it('FT-TLS-4 the device CA adds to tls.ca_file', async (t) => {
    const { authority } = await testCertificates();
    const other = await createAuthority({ commonName: 'Tesla Issuing CA' });
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'other.crt'), other.certificatePem);
    const hub = await startIngestHub(t, { fleetchart: { deviceCa: join(folder, 'other.crt') } });
    for (const issuer of [authority, other]) {
      const credentials = await issueDeviceCertificate(issuer, { commonName: VIN });
      assert.equal((await hub.vehicle(VIN, { credentials }).then((car) => car.ask())).kind, 'ack');
    }
  });

  it('FT-TLS-5 the purpose, the dates and the chain of a client certificate are checked', async (t) => {
    const root = await createAuthority({ commonName: 'Tesla Product Root CA' });
    const issuing = await createAuthority({ commonName: 'Tesla Motors Products CA', issuer: root });
    const restricted = await createAuthority({
      commonName: 'Tesla Motors Products CA',
      issuer: root,
      extendedKeyUsages: [KEY_PURPOSE.serverAuth],
    });
    const hub = await startIngestHub(t, {}, { files: { 'ca.crt': root.certificatePem } });
    const device = (issuer: typeof root, more: object = {}) =>
      issueDeviceCertificate(issuer, { commonName: VIN, ...more });
    const accepts = async (credentials: Credentials) =>
      (await visit(hub, withCredentials(credentials))).received !== '';
    const without = (usages: readonly string[]) => device(issuing, { extendedKeyUsages: usages });
    assert.equal(await accepts(await without([])), true, 'no extended key usage');
    assert.equal(await accepts(await without([KEY_PURPOSE.serverAuth, KEY_PURPOSE.clientAuth])), true);
    assert.equal(await accepts(await without([KEY_PURPOSE.serverAuth])), false, 'serverAuth alone');
    assert.equal(await accepts(await device(restricted)), false, 'an issuer for servers alone');
    const expired = { notBefore: Date.now() - 2 * DAY_MS, notAfter: Date.now() - DAY_MS };
    assert.equal(await accepts(await device(issuing, expired)), false, 'expired');
    const leafAlone = await device(issuing);
    const { certificatePem, keyPem } = leafAlone;
    assert.equal(await accepts({ chainPem: certificatePem, keyPem }), false, 'without its intermediate');
    assert.equal(await accepts(leafAlone), true, 'with it');
    for (const reason of ['wrong_purpose', 'expired', 'unknown_issuer']) {
      assert.ok((await hub.metric('telemetry_rejected_total', { reason })) > 0, reason);
    }
  });

  it('FT-TLS-5 an issuing CA is an anchor by itself, for clients with and without SNI', async (t) => {
    const root = await createAuthority({ commonName: 'Tesla Product Root CA' });
    const issuing = await createAuthority({ commonName: 'Tesla Motors Products CA', issuer: root });
    const hub = await startIngestHub(t, {}, { files: { 'ca.crt': issuing.certificatePem } });
    const credentials = withCredentials(await issueDeviceCertificate(issuing, { commonName: VIN }));
    for (const servername of ['localhost', '']) {
      const client = await visit(hub, { ...credentials, servername, checkServerIdentity: () => undefined });
      assert.match(client.received, /mtls ok$/);
    }
  });

  it('FT-TLS-6 clients are asked for a certificate of the device CA and no other', async (t) => {
    if (spawnSync('openssl', ['version']).error) {
      t.skip('NOT TESTED: the names in the certificate request. It needs openssl on the path.');
      return;
    }
    const hub = await startIngestHub(t);
    const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${hub.port}`, '-tls1_2']);
    client.stdin.end();
    const said = (await client.stdout.setEncoding('utf8').toArray()).join('');
    const names = /Acceptable client certificate CA names\n([\s\S]*?)\nClient Certificate Types/.exec(said)?.[1];
    assert.match(names ?? said, /^O ?= ?Test Co, ?CN ?= ?Tesla Motors Products CA$/);
  });

  it('SUPPRESS_TLS_HANDSHAKE_ERROR_LOGGING leaves failed handshakes to the counter', async (t) => {
    const hub = await startIngestHub(t, {}, { environment: { SUPPRESS_TLS_HANDSHAKE_ERROR_LOGGING: 'true' } });
    const client = await RawClient.open({ port: hub.port, ca: (await hub.access()).ca });
    await client.closed;
    assert.equal(await hub.metric('telemetry_rejected_total', { reason: 'no_certificate' }), 1);
    assert.ok(hub.log.every(({ msg }) => msg !== 'input refused'));
  });

  it('FT-TLS-7 TLS 1.2 and 1.3, and HTTP/1.1 whatever else is offered', async (t) => {
    const hub = await startIngestHub(t);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const client = await visit(hub, { minVersion: version, maxVersion: version });
      assert.equal(client.socket.getProtocol() ?? version, version);
      assert.match(client.received, /^HTTP\/1\.1 200 OK\r\n/);
    }
    const old = await visit(hub, {
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    assert.equal(old.isSecure, false);
    for (const [offer, chosen] of [
      [undefined, false],
      [['http/1.1'], 'http/1.1'],
      [['h2', 'http/1.1'], 'http/1.1'],
    ] as const) {
      const client = await RawClient.open({
        ...(await hub.access()),
        ...(offer ? { ALPNProtocols: [...offer] } : {}),
      });
      assert.equal(client.socket.alpnProtocol, chosen);
      assert.match(await client.write(REQUEST).reads('mtls ok'), /^HTTP\/1\.1 200/);
    }
  });

  it('FT-TLS-8 BETTER: whoever does not finish a request head is cut off after 10 seconds', async (t) => {
    const clock = new ManualClock(Date.now());
    const hub = await startIngestHub(t, {}, { clock });
    const silent = await RawClient.open(await hub.access());
    const loris = await RawClient.open(await hub.access());
    const car = await hub.vehicle();
    loris.write('GET / HTTP/1.1\r\nX-');
    for (let second = 0; second < 9; second++) {
      await clock.advance(1_000);
      loris.write('a');
    }
    assert.equal(silent.isClosed || loris.isClosed, false);
    // The server may have begun to count a little later than the client was ready.
    const closed = Promise.all([silent.closed, loris.closed]);
    for (let second = 0; second < 10 && !(silent.isClosed && loris.isClosed); second++) {
      await clock.advance(1_000);
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 200))]);
    }
    await closed;
    assert.equal(loris.received, '');
    assert.equal(await hub.metric('telemetry_rejected_total', { reason: 'slow_request_head' }), 2);
    assert.equal((await car.ask()).kind, 'ack', 'a vehicle is not concerned');
  });

  it('FT-TLS-9 any server name is taken, and who comes back with a session is whom its certificate names', async (t) => {
    const hub = await startIngestHub(t);
    const access = await hub.access();
    const named = await visit(hub, { servername: 'some.where.else', checkServerIdentity: () => undefined });
    assert.match(named.received, /mtls ok$/);
    const first = await RawClient.open({ ...access, maxVersion: 'TLSv1.2' });
    await first.write(REQUEST).readsAll();
    const session = first.session ? { session: first.session } : {};
    const second = await RawClient.open({ ...access, maxVersion: 'TLSv1.2', ...session });
    assert.equal(second.socket.isSessionReused(), false, 'its certificate is asked for again');
    assert.match(await second.write(REQUEST).readsAll(), /mtls ok$/);
    const { authority, device } = await testCertificates();
    const car = await Vehicle.open({
      port: hub.port,
      vin: OTHER_VIN,
      serverCa: authority.certificatePem,
      credentials: await device(OTHER_VIN),
      tls: { maxVersion: 'TLSv1.2', ...session } as ConnectionOptions,
    });
    t.after(() => car.vanish());
    await car.ask();
    const records = await hub.recorded((lines) => lines.some(({ type }) => type === 'V'), 'the record');
    assert.ok(records.every(({ vin }) => vin === OTHER_VIN));
  });
});

describe('a listener that cannot start says what to do', () => {
  it('TELEMETRY_ADDRESS_IN_USE when the port is taken', async (t) => {
    const hub = await startIngestHub(t);
    const error = await refusalOf(t, { port: hub.port });
    assert.equal(error.code, 'TELEMETRY_ADDRESS_IN_USE');
    assert.match(error.message, new RegExp(`port ${hub.port} on 127\\.0\\.0\\.1 is taken: .*telemetry\\.port`));
  });

  it('TELEMETRY_ADDRESS_UNUSABLE for an address of another machine', async (t) => {
    const error = await refusalOf(t, { host: '192.0.2.1' });
    assert.equal(error.code, 'TELEMETRY_ADDRESS_UNUSABLE');
    assert.match(error.message, /192\.0\.2\.1 \(EADDRNOTAVAIL\): set telemetry\.host/);
  });

  it('TELEMETRY_DEMO_CERTIFICATE beyond loopback with certificates for trying things out', async (t) => {
    const demo = await demoCertificates(temporaryFolder(t), { hosts: ['localhost'] });
    const { server_cert, server_key } = { server_cert: demo.server.certificate, server_key: demo.server.key };
    const real = await testCertificates();
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'ca.crt'), real.authority.certificatePem);
    for (const host of ['', '0.0.0.0', '192.0.2.1']) {
      const error = await refusalOf(t, { host, tls: { server_cert, server_key, ca_file: join(folder, 'ca.crt') } });
      assert.equal(error.code, 'TELEMETRY_DEMO_CERTIFICATE');
      assert.match(error.message, /fleetchart provision hub`, or set telemetry\.host to 127\.0\.0\.1$/);
    }
    const clientsOnly = await refusalOf(t, { host: '0.0.0.0' }, { files: { 'ca.crt': demo.authority.certificatePem } });
    assert.equal(clientsOnly.code, 'TELEMETRY_DEMO_CERTIFICATE');
    const onLoopback = await startIngestHub(t, {
      host: 'localhost',
      tls: { server_cert, server_key, ca_file: demo.authorityFile },
    });
    assert.notEqual(onLoopback.port, 0);
  });

  it('TLS_* for certificates that cannot be read or used', async (t) => {
    const folder = temporaryFolder(t);
    const { server } = await testCertificates();
    const path = (name: string) => join(folder, name);
    for (const [code, change] of [
      ['TLS_FILE_UNREADABLE', () => rmSync(path('hub.crt'))],
      ['TLS_CERTIFICATE_INVALID', () => writeFileSync(path('hub.crt'), 'no certificate')],
      ['TLS_KEY_INVALID', () => writeFileSync(path('hub.key'), 'no key')],
      ['TLS_AUTHORITIES_INVALID', () => writeFileSync(path('ca.crt'), '')],
    ] as const) {
      writeFileSync(path('hub.crt'), server.chainPem);
      writeFileSync(path('hub.key'), server.keyPem);
      writeFileSync(path('ca.crt'), (await testCertificates()).authority.certificatePem);
      change();
      const tls = { server_cert: path('hub.crt'), server_key: path('hub.key'), ca_file: path('ca.crt') };
      const error = await refusalOf(t, { tls });
      assert.equal(error.code, code);
      assert.match(error.message, new RegExp(`${folder}.*tls\\.server_cert.*fleetchart provision`, 's'));
    }
  });

  it('TELEMETRY_ADDRESS_IN_USE a start that failed leaves the address free and nothing behind', async (t) => {
    const hub = await startIngestHub(t);
    await refusalOf(t, { port: hub.port });
    await hub.stop();
    const next = await startIngestHub(t, { port: hub.port });
    assert.equal(next.port, hub.port);
  });
});
