import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { before, describe, it, type TestContext } from 'node:test';
import { connect, createServer, type SecureVersion, type TlsOptions } from 'node:tls';
import {
  type Authority,
  createAuthority,
  type IssuedCertificate,
  issueServerCertificate,
} from '../../../src/actors/provisioning/index.js';
import { LONGEST_FLIGHT_BYTES, readServerFlight } from '../../../src/protocols/tls-handshake/index.js';
import { decodeName, nameText } from '../../../src/protocols/x509/index.js';

const DEADLINE_MS = 30_000;

interface Capture {
  readonly bytes: Buffer;
  readonly secret: Buffer | undefined;
}

/** What a server of node's says in a handshake, on its way through a port that keeps it. */
async function capture(
  t: TestContext,
  options: TlsOptions,
  version: SecureVersion,
  ciphers?: string,
): Promise<Capture> {
  const server = createServer(options, (socket) => socket.on('error', () => {}));
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const parts: Buffer[] = [];
  const way = createTcpServer((client) => {
    const upstream = connectTcp((server.address() as AddressInfo).port, '127.0.0.1');
    for (const each of [client, upstream]) each.on('error', () => {});
    upstream.on('data', (chunk: Buffer) => parts.push(chunk));
    client.pipe(upstream).pipe(client);
  });
  way.listen(0, '127.0.0.1');
  await once(way, 'listening');
  t.after(() => {
    way.close();
    server.close();
  });
  let secret: Buffer | undefined;
  await new Promise<void>((resolve) => {
    const socket = connect({
      host: '127.0.0.1',
      port: (way.address() as AddressInfo).port,
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
      timeout: DEADLINE_MS,
      ...(ciphers === undefined ? {} : { ciphers }),
    });
    socket.on('keylog', (line: Buffer) => {
      const [label, , hex = ''] = line.toString().trim().split(' ');
      if (label === 'SERVER_HANDSHAKE_TRAFFIC_SECRET') secret = Buffer.from(hex, 'hex');
    });
    const end = (): void => {
      socket.destroy();
      resolve();
    };
    socket.once('secureConnect', end);
    socket.on('error', end);
    socket.on('timeout', end);
  });
  return { bytes: Buffer.concat(parts), secret };
}

const namesOf = (authorities: readonly Uint8Array[] | undefined): string[] =>
  (authorities ?? []).map((der) => {
    const read = decodeName(der);
    return read.ok ? nameText(read.value) : read.error.detail;
  });

describe('what a server says in a handshake', () => {
  let root: Authority;
  let other: Authority;
  let issued: IssuedCertificate;
  let options: TlsOptions;

  before(async () => {
    root = await createAuthority({ commonName: 'Root of Devices', organization: 'Test Co' });
    other = await createAuthority({ commonName: 'Other Root' });
    const middle = await createAuthority({ commonName: 'Middle', issuer: root });
    issued = await issueServerCertificate(middle, { names: ['localhost'] });
    const ca = [root.certificatePem, other.certificatePem];
    options = { cert: issued.chainPem, key: issued.keyPem, ca, requestCert: true, rejectUnauthorized: false };
  });

  const CASES = [
    ['TLSv1.2', undefined, 0x0303],
    ['TLSv1.3', 'TLS_AES_128_GCM_SHA256', 0x0304],
    ['TLSv1.3', 'TLS_AES_256_GCM_SHA384', 0x0304],
    ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256', 0x0304],
  ] as const;

  for (const [version, cipher, number] of CASES) {
    it(`FT-TLS-6 names the authorities and certificates of ${version} ${cipher ?? ''}`, async (t) => {
      const { bytes, secret } = await capture(t, options, version, cipher);
      const read = readServerFlight(bytes, secret);
      assert.ok(read.ok);
      const { request, certificates, isComplete, alert } = read.value;
      assert.deepEqual([read.value.version, isComplete, alert], [number, true, undefined]);
      assert.deepEqual(namesOf(request?.authorities), ['CN=Root of Devices, O=Test Co', 'CN=Other Root']);
      assert.deepEqual(
        certificates?.map((der) => new X509Certificate(der).subject),
        ['CN=localhost', 'CN=Middle'],
      );
    });

    it(`FT-TLS-3 sees that ${version} ${cipher ?? ''} asks for no certificate`, async (t) => {
      const { bytes, secret } = await capture(t, { ...options, requestCert: false }, version, cipher);
      const read = readServerFlight(bytes, secret);
      assert.ok(read.ok && read.value.isComplete);
      assert.equal(read.value.request, undefined);
    });
  }

  it('FT-TLS-6 a long list, over several records, and none at all', async (t) => {
    const many = await Promise.all(
      Array.from({ length: 20 }, (_, number) =>
        createAuthority({ commonName: `CA ${number}`, organization: 'x'.repeat(60) }),
      ),
    );
    // Names of the same again and again are sent once.
    const ca = many.map(({ certificatePem }) => certificatePem);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { bytes, secret } = await capture(t, { ...options, ca }, version);
      const read = readServerFlight(bytes, secret);
      assert.equal(read.ok && read.value.request?.authorities.length, 20);
      const { ca: _, ...anybody } = options;
      const none = await capture(t, anybody, version);
      const second = readServerFlight(none.bytes, none.secret);
      assert.deepEqual(second.ok && second.value.request?.authorities, []);
    }
  });

  it('FT-TLS-7 an encrypted flight without its secret is not complete, and says its version', async (t) => {
    const { bytes } = await capture(t, options, 'TLSv1.3');
    for (const secret of [undefined, Buffer.alloc(48, 1)]) {
      const read = readServerFlight(bytes, secret);
      assert.ok(read.ok);
      const { version, isComplete, request, certificates } = read.value;
      assert.deepEqual([version, isComplete, request, certificates], [0x0304, false, undefined, undefined]);
    }
  });

  it('FT-TLS-7 an alert in the clear', async (t) => {
    const { bytes } = await capture(t, { ...options, minVersion: 'TLSv1.3' }, 'TLSv1.2');
    const read = readServerFlight(bytes);
    assert.deepEqual(read.ok && read.value.alert, { level: 2, code: 70 });
    assert.equal(read.ok && read.value.version, 0);
  });

  it('FT-TLS-7 what is cut or wrong never throws', async (t) => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { bytes, secret } = await capture(t, options, version);
      for (let length = 0; length < bytes.length; length += 7) {
        const read = readServerFlight(bytes.subarray(0, length), secret);
        assert.ok(read.ok, read.ok ? '' : `cut at ${length}: ${read.error.detail}`);
      }
      let state = 7;
      const next = (bound: number): number => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return (state >>> 8) % bound;
      };
      for (let round = 0; round < 3_000; round++) {
        const broken = Buffer.from(bytes);
        for (let flaw = 0; flaw <= next(4); flaw++) broken[next(Math.min(bytes.length, 3_000))] = next(256);
        const read = readServerFlight(broken, secret);
        if (!read.ok) assert.match(read.error.code, /^TLS_/);
      }
    }
  });

  it('FT-TLS-7 what is no TLS, and what is far too long, is refused', () => {
    const http = readServerFlight(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    assert.equal(!http.ok && http.error.code, 'TLS_MALFORMED');
    const long = readServerFlight(Buffer.alloc(LONGEST_FLIGHT_BYTES + 1));
    assert.equal(!long.ok && long.error.code, 'TLS_TOO_LARGE');
    assert.equal(readServerFlight(new Uint8Array()).ok, true);
  });

  it('FT-TLS-7 a message in records of a byte each is read, and not joined anew with each of them', (t) => {
    const names = Buffer.from('0002abcd'.repeat(10_000), 'hex');
    const lengthOfNames = Buffer.alloc(2);
    lengthOfNames.writeUInt16BE(names.length);
    const body = Buffer.concat([Buffer.from('01400002', 'hex'), Buffer.from('0403', 'hex'), lengthOfNames, names]);
    const head = Buffer.from([13, 0, body.length >> 8, body.length & 255]);
    // An empty message of another kind comes before.
    const message = Buffer.concat([Buffer.from([99, 0, 0, 0]), head, body]);
    const records = Buffer.concat([...message].map((byte) => Buffer.from([22, 3, 3, 0, 1, byte])));
    const join = t.mock.method(Buffer, 'concat');
    const read = readServerFlight(records);
    assert.ok(join.mock.callCount() < 10, `${join.mock.callCount()} times`);
    assert.equal(read.ok && read.value.request?.authorities.length, 10_000);
  });
});
