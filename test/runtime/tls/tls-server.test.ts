import assert from 'node:assert/strict';
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { before, test } from 'node:test';
import { connect } from 'node:tls';
import {
  type Authority,
  createAuthority,
  type DeviceCertificateOptions,
  type IssuedCertificate,
  issueDeviceCertificate,
  issueServerCertificate,
  KEY_PURPOSE,
} from '../../../src/actors/provisioning/index.js';
import { type ClientView, clientOptions, startHub, until, visit } from './tls-peers.js';

const DAY_MS = 86_400_000;
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

let root: Authority;
let stranger: Authority;
let issuing: Authority;
let server: IssuedCertificate;
let vehicle: IssuedCertificate;

before(async () => {
  root = await createAuthority({ commonName: 'Fleet Root' });
  stranger = await createAuthority({ commonName: 'Somebody Else' });
  issuing = await createAuthority({ commonName: 'Fleet Issuing', issuer: root });
  server = await issueServerCertificate(root, { names: ['localhost', '127.0.0.1'] });
  vehicle = await device();
});

function device(options: Partial<DeviceCertificateOptions> = {}, authority = root): Promise<IssuedCertificate> {
  return issueDeviceCertificate(authority, { commonName: 'VIN00000000000001', ...options });
}

function assertServed(view: ClientView, message?: string): void {
  assert.match(view.received, /mtls ok$/, message);
}

/** No byte of the application in either direction, and the failure that the operator reads. */
async function assertRefused(
  t: Parameters<typeof startHub>[0],
  client: IssuedCertificate | undefined,
  version: (typeof VERSIONS)[number],
  authorities: readonly Authority[] = [root],
) {
  const hub = await startHub(t, server, authorities);
  const view = await visit({
    ...clientOptions(root, client),
    port: hub.port,
    minVersion: version,
    maxVersion: version,
  });
  await until(() => hub.refused.length > 0, 'the refusal is told');
  assert.equal(view.received, '', 'no byte of HTTP is sent');
  assert.equal(hub.requests(), 0, 'no request reaches the application');
  assert.equal(hub.sockets.length, 0);
  assert.equal(view.session, undefined, 'no session that could be resumed is given away');
  if (version === 'TLSv1.2') assert.equal(view.isSecure, false, "the client's handshake fails");
  const [failure] = hub.refused;
  assert.ok(failure);
  return { failure, view };
}

for (const version of VERSIONS) {
  test(`FT-TLS-7 ${version} with a certificate of the authority is served`, async (t) => {
    const hub = await startHub(t, server, [root]);
    const view = await visit({
      ...clientOptions(root, vehicle),
      port: hub.port,
      minVersion: version,
      maxVersion: version,
    });
    assertServed(view);
    const [socket] = hub.sockets;
    assert.equal(socket?.authorized, true);
    assert.deepEqual(hub.refused, []);
  });

  test(`FT-TLS-3 ${version} without certificate: the handshake fails with an alert, no byte of HTTP is sent`, async (t) => {
    const { failure, view } = await assertRefused(t, undefined, version);
    assert.match(view.errorCode, /ALERT_(HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED)/);
    assert.equal(failure.reason, 'no_certificate');
    assert.match(failure.who, /^an unknown client at 127\.0\.0\.1:\d+$/);
  });

  test(`FT-TLS-3 ${version} with a certificate of an unknown issuer: refused, issuer and subject are named`, async (t) => {
    const { failure, view } = await assertRefused(t, await device({}, stranger), version);
    assert.equal(failure.reason, 'unknown_issuer');
    assert.match(failure.check, /CN=Somebody Else, is not trusted/);
    assert.match(failure.who, /^CN=VIN00000000000001 \(issued by CN=Somebody Else\) at 127\.0\.0\.1:\d+$/);
    assert.match(failure.whatToDo, /trusted: CN=Fleet Root/);
    if (version === 'TLSv1.2') assert.equal(view.errorCode, 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA');
  });

  test(`FT-TLS-5 ${version} with an expired certificate: refused, the date is named`, async (t) => {
    const notAfter = Date.now() - DAY_MS;
    const expired = await device({ notBefore: notAfter - DAY_MS, notAfter });
    const { failure, view } = await assertRefused(t, expired, version);
    assert.equal(failure.reason, 'expired');
    assert.match(failure.check, new RegExp(`expired on ${new Date(notAfter).toISOString().slice(0, 10)}`));
    if (version === 'TLSv1.2') assert.match(view.errorCode, /ALERT_CERTIFICATE_EXPIRED/);
  });

  test(`FT-TLS-5 ${version} with serverAuth only: refused, the usages are named`, async (t) => {
    const { failure, view } = await assertRefused(
      t,
      await device({ extendedKeyUsages: [KEY_PURPOSE.serverAuth] }),
      version,
    );
    assert.equal(failure.reason, 'wrong_purpose');
    assert.match(failure.check, new RegExp(KEY_PURPOSE.serverAuth.replaceAll('.', '\\.')));
    if (version === 'TLSv1.2') assert.match(view.errorCode, /ALERT_UNSUPPORTED_CERTIFICATE/);
  });
}

test('FT-TLS-3 a self-signed certificate is refused as such', async (t) => {
  const alone = await createAuthority({ commonName: 'VIN00000000000001' });
  const { failure } = await assertRefused(t, alone, 'TLSv1.3');
  assert.equal(failure.reason, 'self_signed');
});

test('FT-TLS-3 a certificate of an authority of the same name and another key is refused, and that is said', async (t) => {
  const twin = await createAuthority({ commonName: 'Fleet Root' });
  const { failure } = await assertRefused(t, await device({}, twin), 'TLSv1.2');
  assert.equal(failure.reason, 'unknown_issuer');
  assert.match(failure.check, /not signed with its key/);
});

test('FT-TLS-3 a certificate that is not valid yet is refused', async (t) => {
  const { failure } = await assertRefused(t, await device({ notBefore: Date.now() + DAY_MS }), 'TLSv1.3');
  assert.equal(failure.reason, 'not_yet_valid');
});

test('FT-TLS-4 each authority of the file is trusted', async (t) => {
  const hub = await startHub(t, server, [root, stranger]);
  for (const client of [vehicle, await device({}, stranger)]) {
    assertServed(await visit({ ...clientOptions(root, client), port: hub.port }));
  }
});

test('FT-TLS-5 a leaf without extended key usage passes, as does clientAuth among others', async (t) => {
  const hub = await startHub(t, server, [root]);
  const usages = [
    [],
    [KEY_PURPOSE.serverAuth, KEY_PURPOSE.clientAuth],
    ['1.3.6.1.4.1.49279.2.5.1', KEY_PURPOSE.clientAuth],
  ];
  for (const extendedKeyUsages of usages) {
    const client = await device({ extendedKeyUsages });
    assertServed(await visit({ ...clientOptions(root, client), port: hub.port }), String(extendedKeyUsages));
  }
});

test('FT-TLS-5 OpenSSL does not take anyExtendedKeyUsage for clientAuth: refused, the usage is named', async (t) => {
  const { failure } = await assertRefused(t, await device({ extendedKeyUsages: [KEY_PURPOSE.any] }), 'TLSv1.3');
  assert.equal(failure.reason, 'wrong_purpose');
  assert.match(failure.check, /2\.5\.29\.37\.0/);
});

test('FT-TLS-5 the client may send intermediates, and one restricted to other purposes is refused', async (t) => {
  const hub = await startHub(t, server, [root]);
  const good = await device({}, issuing);
  assertServed(await visit({ ...clientOptions(root, good), port: hub.port }));

  const restricted = await createAuthority({
    commonName: 'Servers Only',
    issuer: root,
    extendedKeyUsages: [KEY_PURPOSE.serverAuth],
  });
  const { failure } = await assertRefused(t, await device({}, restricted), 'TLSv1.3');
  assert.equal(failure.reason, 'wrong_purpose');
});

test('FT-TLS-5 a leaf that comes without its intermediate is refused, the issuer is named', async (t) => {
  const client = await device({}, issuing);
  const { failure } = await assertRefused(t, { ...client, chainPem: client.certificatePem }, 'TLSv1.2');
  assert.equal(failure.reason, 'unknown_issuer');
  assert.match(failure.check, /CN=Fleet Issuing/);
});

test('FT-TLS-5 a chain may end at an issuing authority whose root is not trusted, with and without SNI', async (t) => {
  const hub = await startHub(t, server, [issuing]);
  const client = await device({}, issuing);
  for (const chainPem of [client.certificatePem, client.chainPem]) {
    const options = { ...clientOptions(root, { chainPem, keyPem: client.keyPem }), port: hub.port };
    assertServed(await visit(options), 'with SNI');
    assertServed(await visit({ ...options, servername: '' }), 'without SNI');
  }
  assertServed(await visit({ ...clientOptions(root, client), port: hub.port, maxVersion: 'TLSv1.2' }), 'TLS 1.2');
  const { failure } = await assertRefused(t, vehicle, 'TLSv1.3', [issuing]);
  assert.equal(failure.reason, 'unknown_issuer', 'the anchor does not vouch for its root');
});

test('FT-TLS-6 the certificate request names the trusted authorities and no others', async (t) => {
  const hub = await startHub(t, server, [root, issuing]);
  const heard: Buffer[] = [];
  const tap = await tapped(hub.port, heard);
  t.after(() => tap.close());
  // Under TLS 1.2 the request is readable on the wire.
  assertServed(await visit({ ...clientOptions(root, vehicle), port: portOf(tap), maxVersion: 'TLSv1.2' }));
  assert.deepEqual(requestedAuthorities(Buffer.concat(heard)), ['Fleet Root', 'Fleet Issuing']);
});

test('FT-TLS-7 TLS 1.1 is refused and explained', async (t) => {
  const hub = await startHub(t, server, [root]);
  const view = await visit({
    ...clientOptions(root, vehicle),
    port: hub.port,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  assert.equal(view.isSecure, false);
  await until(() => hub.refused.length > 0, 'the refusal is told');
  assert.equal(hub.refused[0]?.reason, 'protocol_version');
});

test('FT-TLS-7 no ALPN, http/1.1, and h2 before http/1.1 all get HTTP/1.1; h2 alone is refused', async (t) => {
  const hub = await startHub(t, server, [root]);
  const offers = [
    [undefined, false],
    [['http/1.1'], 'http/1.1'],
    [['h2', 'http/1.1'], 'http/1.1'],
  ] as const;
  for (const [offer, expected] of offers) {
    const alpn = offer === undefined ? {} : { ALPNProtocols: [...offer] };
    const view = await visit({ ...clientOptions(root, vehicle), port: hub.port, ...alpn });
    assert.equal(view.alpn, expected);
    assertServed(view);
  }
  const view = await visit({ ...clientOptions(root, vehicle), port: hub.port, ALPNProtocols: ['h2'] });
  assert.equal(view.received, '');
  await until(() => hub.refused.length > 0, 'the refusal is told');
  assert.equal(hub.refused[0]?.reason, 'nothing_in_common');
});

for (const version of VERSIONS) {
  const only = { minVersion: version, maxVersion: version };

  test(`FT-TLS-9 ${version} who comes back with a session shows a certificate again, and is whom it names`, async (t) => {
    const hub = await startHub(t, server, [root]);
    const options = { ...clientOptions(root, vehicle), ...only, port: hub.port };
    const { session } = await visit(options);
    const other = await device({ commonName: 'VIN00000000000002' });
    const view = await visit({ ...options, cert: other.chainPem, key: other.keyPem, ...(session ? { session } : {}) });
    assert.equal(view.isReused, false);
    assertServed(view);
    assert.deepEqual(hub.identities, ['VIN00000000000001', 'VIN00000000000002']);
  });

  test(`FT-TLS-9 ${version} a session does not outlive a change of the authorities`, async (t) => {
    const hub = await startHub(t, server, [root]);
    const options = { ...clientOptions(root, vehicle), ...only, port: hub.port };
    const { session } = await visit(options);
    await hub.install({ 'ca.crt': stranger.certificatePem });
    assert.equal(await hub.material.reload(), 'reloaded');
    const view = await visit({ ...options, ...(session ? { session } : {}) });
    assert.equal(view.received, '');
    await until(() => hub.refused.length > 0, 'the refusal is told');
    assert.equal(hub.refused[0]?.reason, 'unknown_issuer');
  });
}

test('FT-FAIL-1 plain HTTP on the TLS port is refused and explained', async (t) => {
  const hub = await startHub(t, server, [root]);
  const answer = await say(hub.port, 'GET / HTTP/1.1\r\nHost: hub\r\n\r\n');
  assert.doesNotMatch(answer, /mtls ok/);
  await until(() => hub.refused.length > 0, 'the refusal is told');
  assert.equal(hub.refused[0]?.reason, 'plain_http');
  assert.match(hub.refused[0]?.whatToDo ?? '', /wss:/);
});

test('FT-FAIL-1 bytes that are no TLS are refused, and the next client is served', async (t) => {
  const hub = await startHub(t, server, [root]);
  for (const garbage of [
    'SSH-2.0-OpenSSH_9.6\r\n',
    '\u0000'.repeat(64),
    '\u0016\u0003\u0001\u0002\u0000'.padEnd(600, 'x'),
  ]) {
    await say(hub.port, garbage);
  }
  await until(() => hub.refused.length === 3, 'the refusals are told');
  for (const { reason } of hub.refused) assert.equal(reason, 'not_tls');
  assertServed(await visit({ ...clientOptions(root, vehicle), port: hub.port }));
});

test("a client that refuses the server's certificate is told from one that just goes", async (t) => {
  const hub = await startHub(t, server, [root]);
  const gone = connectTcp(hub.port, '127.0.0.1', () => gone.destroy());
  await until(() => hub.refused.length === 1, 'the early end is told');
  assert.equal(hub.refused[0]?.reason, 'closed_early');

  // Node's own clients go on and leave later, so the alert of one that does not is put on the wire.
  const tap = createTcpServer((client) => {
    const upstream = connectTcp(hub.port, '127.0.0.1');
    client.pipe(upstream);
    upstream.once('data', () => upstream.write(Buffer.from([21, 3, 3, 0, 2, 2, 48])));
    upstream.on('close', () => client.destroy());
    for (const socket of [client, upstream]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => tap.listen(0, '127.0.0.1', resolve));
  t.after(() => tap.close());
  await visit({ ...clientOptions(root, vehicle), port: portOf(tap), maxVersion: 'TLSv1.2' });
  await until(() => hub.refused.length === 2, 'the alert is told');
  assert.equal(hub.refused[1]?.reason, 'own_certificate_refused');
});

test('a handshake that does not end is cut after ten seconds', async (t) => {
  const hub = await startHub(t, server, [root]);
  const socket = connectTcp(hub.port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.on('error', () => {});
  await until(() => hub.clock.pending === 1, 'the handshake is timed');
  await hub.clock.advance(9_999);
  assert.equal(hub.refused.length, 0);
  await hub.clock.advance(1);
  await closed;
  assert.deepEqual(
    hub.refused.map(({ reason }) => reason),
    ['timeout'],
  );
  assert.equal(hub.clock.pending, 0);
});

test('closing cuts handshakes that are under way and waits for connections that were let in', async (t) => {
  const hub = await startHub(t, server, [root], { onSecure: (socket) => socket.pipe(socket) });
  const ready = connect({ ...clientOptions(root, vehicle), port: hub.port });
  t.after(() => ready.destroy());
  await until(() => hub.sockets.length === 1, 'one is through');
  const idle = connectTcp(hub.port, '127.0.0.1');
  const isCut = new Promise((resolve) => idle.on('close', resolve));
  idle.on('error', () => {});
  await until(() => hub.clock.pending === 1, 'another is under way');
  let isClosed = false;
  hub.server.close(() => {
    isClosed = true;
  });
  await isCut;
  assert.equal(hub.refused[0]?.reason, 'stopping');
  const echo = new Promise((resolve) => ready.once('data', resolve));
  ready.write('still here');
  assert.equal(String(await echo), 'still here');
  assert.equal(isClosed, false);
  ready.end();
  await until(() => isClosed, 'the last has gone');
});

test('handshakes under way are bounded; connections that are through do not count', async (t) => {
  const hub = await startHub(t, server, [root], { maxHandshakes: 1, onSecure: () => {} });
  const ready = connect({ ...clientOptions(root, vehicle), port: hub.port });
  t.after(() => ready.destroy());
  await until(() => hub.sockets.length === 1, 'the first is through');
  const idle = connectTcp(hub.port, '127.0.0.1');
  t.after(() => idle.destroy());
  await until(() => hub.clock.pending === 1, 'the second is under way');
  const view = await visit({ ...clientOptions(root, vehicle), port: hub.port });
  assert.equal(view.isSecure, false);
  assert.deepEqual(
    hub.refused.map(({ reason }) => reason),
    ['too_many_handshakes'],
  );
  idle.destroy();
  await until(() => hub.refused.length === 2, 'the second is gone');
  const last = connect({ ...clientOptions(root, vehicle), port: hub.port });
  t.after(() => last.destroy());
  await until(() => hub.sockets.length === 2, 'there is room again');
});

test('a broken record after the handshake ends that connection with an error', async (t) => {
  const errors: unknown[] = [];
  const hub = await startHub(t, server, [root], {
    onSecure: (socket) => socket.on('error', (error) => errors.push(error)).resume(),
  });
  const raw = connectTcp(hub.port, '127.0.0.1');
  t.after(() => raw.destroy());
  const socket = connect({ ...clientOptions(root, vehicle), socket: raw });
  socket.on('error', () => {});
  await until(() => hub.sockets.length === 1, 'it is through');
  raw.write(Buffer.from([23, 3, 3, 0, 4, 1, 2, 3, 4]));
  await until(() => hub.sockets[0]?.destroyed === true, 'the connection ends');
  assert.equal(errors.length, 1);
  assert.equal(hub.refused.length, 0, 'it was not refused: it had been let in');
});

test('without client authorities no certificate is asked for', async (t) => {
  const hub = await startHub(t, server, []);
  assertServed(await visit({ ...clientOptions(root), port: hub.port }));
  assert.equal(hub.sockets[0]?.authorized, false);
});

test('many clients at once, good and bad, are each decided once', async (t) => {
  const hub = await startHub(t, server, [root]);
  const bad = await device({}, stranger);
  const views = await Promise.all(
    Array.from({ length: 24 }, (_, index) =>
      visit({ ...clientOptions(root, index % 3 === 0 ? bad : vehicle), port: hub.port }),
    ),
  );
  await until(() => hub.refused.length === 8, 'the refusals are told');
  assert.equal(views.filter(({ received }) => received.endsWith('mtls ok')).length, 16);
  assert.equal(hub.sockets.length, 16);
  assert.equal(hub.clock.pending, 0, 'no timer is left behind');
});

/** Sends bytes without TLS and returns what comes back. */
function say(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connectTcp(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.on('data', (bytes) => {
      answer += bytes.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}

/** A TCP proxy that keeps what the server sends. */
async function tapped(port: number, heard: Buffer[]) {
  const tap = createTcpServer((client: Socket) => {
    const upstream = connectTcp(port, '127.0.0.1');
    upstream.on('data', (bytes: Buffer) => heard.push(bytes));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => tap.listen(0, '127.0.0.1', resolve));
  return tap;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

const HANDSHAKE_RECORD = 22;
const CERTIFICATE_REQUEST = 13;

/** Common names in the certificate request of a TLS 1.2 handshake (RFC 5246 §7.4.4). */
function requestedAuthorities(stream: Buffer): string[] {
  const messages: Buffer[] = [];
  for (let at = 0; stream[at] === HANDSHAKE_RECORD; at += 5 + stream.readUInt16BE(at + 3)) {
    messages.push(stream.subarray(at + 5, at + 5 + stream.readUInt16BE(at + 3)));
  }
  const handshake = Buffer.concat(messages);
  let at = 0;
  while (handshake[at] !== CERTIFICATE_REQUEST) at += 4 + handshake.readUIntBE(at + 1, 3);
  at += 4;
  at += 1 + handshake.readUInt8(at);
  at += 2 + handshake.readUInt16BE(at);
  const end = at + 2 + handshake.readUInt16BE(at);
  at += 2;
  const names: string[] = [];
  while (at < end) {
    const length = handshake.readUInt16BE(at);
    const name = handshake.subarray(at + 2, at + 2 + length);
    // A name of one attribute ends with its text.
    names.push(name.subarray(name.lastIndexOf(Buffer.from([0x55, 4, 3])) + 5).toString());
    at += 2 + length;
  }
  return names;
}
