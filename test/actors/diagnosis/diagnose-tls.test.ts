import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createSecureContext, rootCertificates } from 'node:tls';
import {
  createAuthority,
  issueDeviceCertificate,
  issueServerCertificate,
  KEY_PURPOSE,
} from '../../../src/actors/provisioning/index.js';
import { systemClock } from '../../../src/runtime/index.js';
import { startIngestHub, testCertificates, VIN } from '../../fakes/ingest-hub.js';
import { eventually, temporaryFolder } from '../../fakes/runtime.js';
import { complaints, diagnose, serve } from './broken-server.js';

const DAY_MS = 86_400_000;

describe('a sound server', () => {
  it('FT-TLS-3 FT-TLS-6 FT-TLS-7 FT-ID-5 FT-CLI-1 a hub of ours has nothing wrong, and sees the vehicle', async (t) => {
    const hub = await startIngestHub(t);
    const diagnosis = await diagnose(hub.port);
    assert.deepEqual(complaints(diagnosis), []);
    assert.equal(diagnosis.ok, true);
    assert.deepEqual(diagnosis.authorities, ['CN=Tesla Motors Products CA, O=Test Co']);
    assert.equal(diagnosis.certificates[0]?.subject, 'CN=localhost');
    const finding = (id: string) => diagnosis.checks.find((check) => check.id === id)?.finding ?? '';
    assert.match(finding('connection'), /TLSv1\.3/);
    assert.match(finding('client.identity'), new RegExp(`vehicle_device\\.${VIN}`));
    await hub.logged('socket_connected', { vin: VIN, network_interface: 'doctor' });
  });

  it('FT-TLS-3 without a certificate of a vehicle there is less to say, and still nothing wrong', async (t) => {
    const diagnosis = await diagnose(await serve(t), { cert: undefined, key: undefined });
    assert.deepEqual(
      complaints(diagnosis).map((line) => line.split(':')[0]),
      ['client.certificate skipped'],
    );
    assert.equal(diagnosis.ok, true);
    assert.equal(diagnosis.authorities?.length, 1);
  });

  it('FT-TLS-3 a server of TLS 1.2 alone that wants a certificate, and gets none', async (t) => {
    const port = await serve(t, { maxVersion: 'TLSv1.2' });
    const diagnosis = await diagnose(port, { cert: undefined, key: undefined });
    assert.deepEqual(
      complaints(diagnosis).map((line) => line.split(':')[0]),
      ['server.versions warning', 'client.certificate skipped'],
    );
    assert.equal(diagnosis.authorities?.length, 1);
    const stranger = await createAuthority({ commonName: 'Stranger' });
    const found = complaints(await diagnose(port, { cert: undefined, key: undefined, ca: stranger.certificatePem }));
    assert.match(found.join('\n'), /server\.trust problem/);
  });

  it('FT-TLS-9 by its address no name is sent', async (t) => {
    const diagnosis = await diagnose(await serve(t), { host: '127.0.0.1' });
    assert.deepEqual(
      complaints(diagnosis).map((line) => line.split(':')[0]),
      ['server.sni skipped'],
    );
  });
});

describe('the chain of a server', () => {
  it('FT-TLS-2 that lacks an intermediate certificate', async (t) => {
    const root = await createAuthority({ commonName: 'Root' });
    const middle = await createAuthority({ commonName: 'Middle', issuer: root });
    const {
      certificatePem: cert,
      keyPem: key,
      chainPem,
    } = await issueServerCertificate(middle, { names: ['localhost'] });
    const port = await serve(t, { cert, key });
    const found = complaints(await diagnose(port, { ca: root.certificatePem }));
    assert.match(found[0] ?? '', /^server\.chain problem: the chain is not complete: CN=Middle, .* is missing/);
    assert.match(found[1] ?? '', /^server\.trust problem: .*UNABLE_TO/);
    assert.equal(found.length, 2);
    const unknown = complaints(await diagnose(port, { ca: undefined }));
    assert.match(unknown[0] ?? '', /^server\.chain warning: the chain ends at CN=localhost/);
    const whole = await diagnose(await serve(t, { cert: chainPem, key }), { ca: root.certificatePem });
    assert.deepEqual(complaints(whole), []);
    // Each authority of the vehicle counts by itself.
    assert.deepEqual(complaints(await diagnose(port, { ca: middle.certificatePem })), []);
  });

  it('FT-TLS-2 that is out of order, or has strangers in it', async (t) => {
    const root = await createAuthority({ commonName: 'Root' });
    const upper = await createAuthority({ commonName: 'Upper', issuer: root });
    const lower = await createAuthority({ commonName: 'Lower', issuer: upper });
    const { certificatePem, keyPem: key } = await issueServerCertificate(lower, { names: ['localhost'] });
    const cert = [certificatePem, upper.certificatePem, lower.certificatePem].join('\n');
    const [found, ...others] = complaints(await diagnose(await serve(t, { cert, key }), { ca: root.certificatePem }));
    assert.match(found ?? '', /^server\.chain warning: the certificates are out of order/);
    assert.deepEqual(others, []);
  });

  it('FT-TLS-2 that is signed by itself, expired, not valid yet, soon to end, for another name, or not for servers', async (t) => {
    const { authority } = await testCertificates();
    const now = systemClock.now();
    const issue = async (options: object, names = ['localhost']) => {
      const { chainPem: cert, keyPem: key } = await issueServerCertificate(authority, { names, ...options });
      return complaints(await diagnose(await serve(t, { cert, key })));
    };
    const expired = await issue({ notBefore: now - 9 * DAY_MS, notAfter: now - DAY_MS });
    assert.match(
      expired.join('\n'),
      /^server\.trust problem: .*CERT_HAS_EXPIRED\nserver\.validity problem: .*expired on/,
    );
    const unborn = await issue({ notBefore: now + DAY_MS, notAfter: now + 9 * DAY_MS });
    assert.match(unborn.join('\n'), /CERT_NOT_YET_VALID\nserver\.validity problem: .*is not valid before/);
    assert.match((await issue({ days: 10 })).join('\n'), /^server\.validity warning: .*end soon/);
    assert.match(
      (await issue({}, ['other.example.com'])).join('\n'),
      /^server\.name problem: .*does not stand for localhost: it stands for DNS:other\.example\.com$/,
    );
    const client = await issueDeviceCertificate(authority, { commonName: 'localhost' });
    const wrong = await serve(t, { cert: client.chainPem, key: client.keyPem });
    const found = complaints(await diagnose(wrong)).join('\n');
    assert.match(found, /server\.name problem: .*its CN is that name/);
    assert.match(found, new RegExp(`server\\.usage problem: .*${KEY_PURPOSE.clientAuth.replaceAll('.', '\\.')}`));
    const self = await createAuthority({ commonName: 'localhost' });
    const own = await serve(t, { cert: self.certificatePem, key: self.keyPem });
    assert.match(complaints(await diagnose(own)).join('\n'), /server\.chain warning: .*signed by itself/);
  });

  it('FT-TLS-9 that depends on the name that is asked for', async (t) => {
    const { server, authority } = await testCertificates();
    const other = await issueServerCertificate(authority, { names: ['default.example.com'] });
    const port = await serve(t, {
      ...{ cert: other.chainPem, key: other.keyPem },
      SNICallback: (_name, done) =>
        done(null, createSecureContext({ cert: server.chainPem, key: server.keyPem, ca: authority.certificatePem })),
    });
    assert.deepEqual(complaints(await diagnose(port)), [
      'server.sni warning: without a server name (SNI) another certificate is shown: CN=default.example.com',
    ]);
  });
});

describe('what a server asks of its clients', () => {
  it('FT-TLS-6 names public authorities of the web and not that of the vehicle, by either version', async (t) => {
    const ca = rootCertificates.slice(0, 30);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const port = await serve(t, { ca, maxVersion });
      const found = complaints(await diagnose(port)).find((line) => line.startsWith('server.authorities')) ?? '';
      assert.match(
        found,
        /problem: .*30 authorities, 30 of them public ones of the web, and CN=Tesla Motors Products CA/,
      );
      const without = complaints(await diagnose(port, { cert: undefined, key: undefined }));
      assert.match(without.join('\n'), /server\.authorities problem: .*30 of them public/);
    }
  });

  it('FT-TLS-6 names public ones beside that of the vehicle', async (t) => {
    const { authority } = await testCertificates();
    const port = await serve(t, { ca: [authority.certificatePem, ...rootCertificates.slice(0, 3)] });
    assert.deepEqual(complaints(await diagnose(port)), [
      "server.authorities warning: the server asks for certificates of 4 authorities, 3 of them public ones of the web; by name, the vehicle's is among them",
    ]);
  });

  it('FT-TLS-6 names nobody, which is fine', async (t) => {
    const port = await serve(t, { ca: undefined, rejectUnauthorized: false });
    const diagnosis = await diagnose(port);
    assert.deepEqual(diagnosis.authorities, []);
    assert.match(diagnosis.checks.find(({ id }) => id === 'server.authorities')?.finding ?? '', /any authority/);
  });

  it('FT-TLS-3 asks for none, and answers whoever comes', async (t) => {
    const found = complaints(await diagnose(await serve(t, { requestCert: false, rejectUnauthorized: false })));
    assert.match(found.join('\n'), /server\.authorities problem: .*no certificate of its clients/);
    assert.match(found.join('\n'), /server\.mutual problem: .*HTTP 200/);
  });

  it('FT-TLS-3 does not trust the vehicle', async (t) => {
    const stranger = await createAuthority({ commonName: 'Tesla Motors Products CA', organization: 'Test Co' });
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const found = complaints(await diagnose(await serve(t, { ca: stranger.certificatePem, maxVersion }))).join('\n');
      assert.match(found, /http\.status problem: .*is not answered/);
      assert.match(found, /websocket problem: no WebSocket comes about/);
    }
  });
});

describe('protocols and versions', () => {
  it('FT-TLS-7 h2 is a trap for who offers it', async (t) => {
    const found = complaints(await diagnose(await serve(t, { ALPNProtocols: ['h2', 'http/1.1'] })));
    assert.deepEqual(found, [
      'server.alpn warning: a client that offers h2 by ALPN gets it, and cannot upgrade to a WebSocket',
    ]);
  });

  it('FT-TLS-7 a server of h2 alone refuses vehicles', async (t) => {
    const found = complaints(await diagnose(await serve(t, { ALPNProtocols: ['h2'] }))).join('\n');
    assert.match(found, /server\.alpn problem: .*asks for http\/1\.1 .*NO_APPLICATION_PROTOCOL/);
  });

  it('FT-TLS-7 one version alone, and one that is broken', async (t) => {
    const one = complaints(await diagnose(await serve(t, { minVersion: 'TLSv1.3' })));
    assert.deepEqual(one, ['server.versions warning: the server speaks TLS 1.3 alone']);
    const old = await serve(t, { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' });
    assert.match(complaints(await diagnose(old)).join('\n'), /server\.versions warning: .*TLSv1\.1, which is broken/);
  });
});

describe('what is said inside of TLS', () => {
  it('FT-WS-9 a vehicle that nobody knows is dropped behind the 101', async (t) => {
    const found = complaints(await diagnose(await serve(t, { upgrade: 'drop' })));
    assert.match(found.join('\n'), /^websocket problem: the WebSocket opens and is ended at once \(1006\)/);
    const { authority } = await testCertificates();
    const fleet = await createAuthority({ commonName: 'A Fleet of Its Own' });
    const { chainPem: cert, keyPem: key } = await issueDeviceCertificate(fleet, { commonName: VIN });
    const hub = await startIngestHub(t, {}, { files: { 'ca.crt': authority.certificatePem + fleet.certificatePem } });
    const unknown = complaints(await diagnose(hub.port, { cert, key })).join('\n');
    assert.match(unknown, /^client\.identity warning: .*unauthorized certificate/);
    assert.match(unknown, /\nwebsocket problem: .*ended at once \(1008 unauthorized certificate\)/);
  });

  it('FT-WS-1 another service than that of telemetry', async (t) => {
    const port = await serve(t, {
      upgrade: 'refuse',
      answer: (_request, response) => {
        response.writeHead(404).end('no such page');
      },
    });
    const found = complaints(await diagnose(port)).join('\n');
    assert.match(found, /http\.status warning: .*HTTP 404 "no such page"/);
    assert.match(found, /websocket problem: .*HTTP 404 instead of 101/);
  });

  it('FT-WS-1 an answer without an end is not read to it', async (t) => {
    const port = await serve(t, {
      answer: (_request, response) => {
        response.writeHead(200);
        const more = (): void => {
          if (!response.destroyed) response.write('x'.repeat(1_000), () => setImmediate(more));
        };
        response.on('error', () => {});
        more();
      },
    });
    assert.match(complaints(await diagnose(port)).join('\n'), /^http\.status warning: .*HTTP 200 "x{100}"/);
  });

  it('FT-CLI-1 a clock that is wrong', async (t) => {
    for (const [offMs, expected] of [
      [-120_000, /^clock warning: the server's clock is 1[12]\d s behind/],
      [3_600_000, /^clock problem: the server's clock is 3\d{3} s ahead of/],
    ] as const) {
      const port = await serve(t, {
        answer: (_request, response) => {
          response.setHeader('date', new Date(systemClock.now() + offMs).toUTCString());
          response.end('mtls ok');
        },
      });
      assert.match(complaints(await diagnose(port)).join('\n'), expected);
    }
    const silent = await serve(t, {
      answer: (_request, response) => {
        response.sendDate = false;
        response.end('mtls ok');
      },
    });
    assert.match(complaints(await diagnose(silent)).join('\n'), /^clock skipped/);
  });
});

describe('the certificate of a vehicle', () => {
  it('FT-TLS-5 with a key of another one, expired, or not for clients', async (t) => {
    const port = await serve(t);
    const { authority, device } = await testCertificates();
    const [one, other] = [await device('A'), await device('B')];
    const found = complaints(await diagnose(port, { cert: one.chainPem, key: other.keyPem }));
    assert.deepEqual(found, ['client.certificate problem: the key is not that of the certificate of CN=A']);
    const unreadable = complaints(await diagnose(port, { cert: one.chainPem, key: 'nonsense' }));
    assert.deepEqual(unreadable, ['client.certificate problem: the key cannot be read']);
    const now = systemClock.now();
    const expired = await issueDeviceCertificate(authority, {
      ...{ commonName: 'OLD', notBefore: now - 9 * DAY_MS, notAfter: now - DAY_MS },
    });
    const late = complaints(await diagnose(port, { cert: expired.chainPem, key: expired.keyPem })).join('\n');
    assert.match(late, /client\.validity problem: .*expired on/);
    assert.match(late, /http\.status problem/);
    const server = await issueDeviceCertificate(authority, {
      ...{ commonName: 'SERVER', extendedKeyUsages: [KEY_PURPOSE.serverAuth] },
    });
    const wrong = complaints(await diagnose(port, { cert: server.chainPem, key: server.keyPem })).join('\n');
    assert.match(wrong, /client\.usage problem: .*not for clients/);
  });
});

describe('where nothing can be said', () => {
  it('FT-TLS-1 a closed port, a name without an address, plain HTTP, and a port that hangs up', async (t) => {
    const http = createHttpServer((_request, response) => response.end('hello'));
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const mute = createTcpServer((socket) => socket.destroy());
    mute.listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const closed = createTcpServer();
    closed.listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
    const free = portOf(closed);
    closed.close();
    t.after(() => {
      http.closeAllConnections();
      http.close();
      mute.close();
    });
    const first = async (port: number, host = 'localhost') => complaints(await diagnose(port, { host }))[0] ?? '';
    assert.match(await first(free, '127.0.0.1'), /^connection problem: .*cannot be reached: nothing listens there/);
    assert.match(await first(free, 'nowhere.invalid'), /cannot be reached: the name has no address/);
    assert.match(await first(portOf(http), '127.0.0.1'), /no handshake comes about: what answers speaks no TLS/);
    assert.match(await first(portOf(mute), '127.0.0.1'), /no handshake comes about: it closed the connection/);
  });

  it('FT-TLS-8 one that says nothing is not waited for', async (t) => {
    const silent = createTcpServer((socket) => {
      socket.on('error', () => {});
      t.after(() => socket.destroy());
    });
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.after(() => silent.close());
    const { port } = silent.address() as AddressInfo;
    assert.match(complaints(await diagnose(port, { probeMs: 200 }))[0] ?? '', /it did not answer in time/);
  });
});

describe('a server that is not node', {
  skip: spawnSync('openssl', ['version']).status !== 0 && 'NOT TESTED: no openssl',
}, () => {
  it('FT-TLS-6 the list of OpenSSL’s own server, by either version', async (t) => {
    const { authority, server } = await testCertificates();
    const folder = temporaryFolder(t);
    const path = (name: string): string => join(folder, name);
    writeFileSync(path('server.crt'), server.chainPem);
    writeFileSync(path('server.key'), server.keyPem);
    writeFileSync(path('ca.crt'), [authority.certificatePem, rootCertificates[0]].join('\n'));
    for (const version of ['-tls1_2', '-tls1_3']) {
      const args = ['s_server', '-accept', '127.0.0.1:0', '-cert', path('server.crt'), '-key', path('server.key')];
      const child = spawn('openssl', [...args, '-CAfile', path('ca.crt'), '-Verify', '2', '-www', version]);
      t.after(() => child.kill('SIGKILL'));
      let said = '';
      child.stdout.on('data', (text) => {
        said += text;
      });
      await eventually(() => /ACCEPT .*:\d+/.test(said), 'its port', 30_000);
      const diagnosis = await diagnose(Number(/ACCEPT .*:(\d+)/.exec(said)?.[1]));
      assert.equal(diagnosis.authorities?.length, 2, version);
      assert.equal(diagnosis.authorities?.[0], 'CN=Tesla Motors Products CA, O=Test Co');
      const found = complaints(diagnosis).join('\n');
      assert.match(found, /server\.versions warning: the server speaks TLS 1\.[23] alone/);
      assert.match(found, /server\.authorities warning: .*1 of them public/);
      child.kill('SIGKILL');
    }
  });
});
