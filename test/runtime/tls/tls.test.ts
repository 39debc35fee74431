import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import {
  type Authority,
  createAuthority,
  type IssuedCertificate,
  issueDeviceCertificate,
  issueServerCertificate,
} from '../../../src/actors/provisioning/index.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { TlsMaterial, type TlsMaterialOptions } from '../../../src/runtime/tls/tls.js';
import { TlsError, type TlsFiles } from '../../../src/runtime/tls/tls-files.js';
import { clientOptions, type LogLine, recordingLog, startHub, until, visit } from './tls-peers.js';

const DAY_MS = 86_400_000;
const POLL_MS = 5_000;

let root: Authority;
let server: IssuedCertificate;
let renewed: IssuedCertificate;
let vehicle: IssuedCertificate;

before(async () => {
  root = await createAuthority({ commonName: 'Fleet Root' });
  server = await issueServerCertificate(root, { names: ['localhost', '127.0.0.1'] });
  renewed = await issueServerCertificate(root, { names: ['localhost', '127.0.0.1'], days: 30 });
  vehicle = await issueDeviceCertificate(root, { commonName: 'VIN00000000000001' });
});

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'fleetchart-tls-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

function filesIn(directory: string): Required<TlsFiles> {
  return {
    certificate: join(directory, 'hub.crt'),
    key: join(directory, 'hub.key'),
    clientAuthorities: [join(directory, 'ca.crt')],
  };
}

async function write(directory: string, { chainPem, keyPem }: IssuedCertificate, authority = root): Promise<void> {
  await writeFile(join(directory, 'hub.crt'), chainPem);
  await writeFile(join(directory, 'hub.key'), keyPem);
  await writeFile(join(directory, 'ca.crt'), authority.certificatePem);
}

interface Watched {
  readonly material: TlsMaterial;
  readonly clock: ManualClock;
  readonly log: LogLine[];
  /** Lets one look at the files happen. */
  look(): Promise<void>;
}

async function load(t: TestContext, options: Partial<TlsMaterialOptions> & { files: TlsFiles }): Promise<Watched> {
  const clock = new ManualClock(Date.now());
  const log: LogLine[] = [];
  const material = await TlsMaterial.load({ clock, log: recordingLog(log), pollMs: POLL_MS, ...options });
  t.after(() => material.close());
  const look = async () => {
    await clock.advance(POLL_MS);
    await until(() => clock.pending === 1, 'the next look is due');
  };
  return { material, clock, log, look };
}

test('FT-TLS-2 a chain, leaf first, is shown as it is; the earliest end counts', async (t) => {
  const directory = await folder(t);
  const issuing = await createAuthority({ commonName: 'Fleet Issuing', issuer: root, days: 10 });
  const leaf = await issueServerCertificate(issuing, { names: ['localhost'], notAfter: Date.now() + 20 * DAY_MS });
  await write(directory, leaf);
  const { material } = await load(t, { files: filesIn(directory) });
  assert.ok(Math.abs(material.expiresAt - (Date.now() + 10 * DAY_MS)) < 60_000);

  const hub = await startHub(t, leaf, [root]);
  const view = await visit({ ...clientOptions(root, vehicle), port: hub.port });
  assert.match(view.received, /mtls ok/, 'a client that knows the root alone can follow the chain');
});

test('FT-TLS-2 a reload changes what new connections see and drops none', async (t) => {
  const hub = await startHub(t, server, [root], { onSecure: (socket) => socket.pipe(socket) });
  const old = connect({ ...clientOptions(root, vehicle), port: hub.port });
  t.after(() => old.destroy());
  const heard: string[] = [];
  old.on('data', (bytes) => heard.push(bytes.toString()));
  old.write('before');
  await until(() => heard.join('') === 'before', 'the echo before');
  const fingerprint = old.getPeerX509Certificate()?.fingerprint256;

  await hub.install({ 'hub.crt': renewed.chainPem, 'hub.key': renewed.keyPem });
  assert.equal(await hub.material.reload(), 'reloaded');
  old.write(' after');
  await until(() => heard.join('') === 'before after', 'the echo after');

  const young = connect({ ...clientOptions(root, vehicle), port: hub.port });
  t.after(() => young.destroy());
  await until(() => hub.sockets.length === 2, 'the new connection');
  await until(() => young.getPeerX509Certificate() !== undefined, 'the new certificate');
  assert.notEqual(young.getPeerX509Certificate()?.fingerprint256, fingerprint);
  assert.equal(old.destroyed, false);
  assert.deepEqual(
    hub.log.map(({ message }) => message),
    ['tls certificate loaded', 'tls certificate reloaded'],
  );
});

test('FT-TLS-2 a reload of unchanged files does nothing', async (t) => {
  const hub = await startHub(t, server, [root]);
  const before = hub.material.current;
  assert.equal(await hub.material.reload(), 'unchanged');
  assert.equal(hub.material.current, before);
});

test('FT-TLS-2 broken replacements keep what is in use, and the log says what is wrong', async (t) => {
  const hub = await startHub(t, server, [root]);
  const expired = await issueServerCertificate(root, { names: ['localhost'], notAfter: Date.now() - DAY_MS });
  const cases = [
    ['TLS_KEY_MISMATCH', { 'hub.crt': renewed.chainPem, 'hub.key': server.keyPem }],
    ['TLS_CERTIFICATE_INVALID', { 'hub.crt': 'no certificate', 'hub.key': server.keyPem }],
    ['TLS_CERTIFICATE_INVALID', { 'hub.crt': expired.chainPem, 'hub.key': expired.keyPem }],
    ['TLS_KEY_INVALID', { 'hub.crt': server.chainPem, 'hub.key': 'no key' }],
    ['TLS_AUTHORITIES_INVALID', { 'hub.key': server.keyPem, 'ca.crt': '' }],
  ] as const;
  for (const [code, files] of cases) {
    hub.log.length = 0;
    await hub.install(files);
    assert.equal(await hub.material.reload(), 'kept');
    assert.deepEqual(
      hub.log.map(({ level, message, fields }) => [level, message, (fields['error'] as { code: string }).code]),
      [['error', 'tls files cannot be used, the certificate in use is kept', code]],
    );
    const view = await visit({ ...clientOptions(root, vehicle), port: hub.port });
    assert.match(view.received, /mtls ok/, code);
  }
});

test('FT-TLS-2 files are read by themselves once two looks agree', async (t) => {
  const directory = await folder(t);
  await write(directory, server);
  const { material, log, look } = await load(t, { files: filesIn(directory) });
  const before = material.current;
  await look();
  assert.equal(material.current, before);

  await writeFile(join(directory, 'hub.crt'), renewed.chainPem);
  await look();
  await writeFile(join(directory, 'hub.key'), renewed.keyPem);
  await look();
  assert.equal(material.current, before, 'not while they are being exchanged');
  await look();
  assert.equal(material.current.certificate.serialNumber, serialOf(renewed));
  assert.deepEqual(
    log.map(({ message }) => message),
    ['tls certificate loaded', 'tls certificate reloaded'],
    'the moment in which they did not fit was not taken for a mistake',
  );
});

test('FT-TLS-2 a mistake is logged once, not at each look, and mended files are taken', async (t) => {
  const directory = await folder(t);
  await write(directory, server);
  const { material, log, look } = await load(t, { files: filesIn(directory) });
  await rm(join(directory, 'hub.key'));
  for (let count = 0; count < 5; count++) await look();
  assert.equal(log.filter(({ level }) => level === 'error').length, 1);
  await write(directory, renewed);
  await look();
  await look();
  assert.equal(material.current.certificate.serialNumber, serialOf(renewed));
});

test('FT-TLS-2 a volume that swaps a symbolic link is noticed', async (t) => {
  const directory = await folder(t);
  for (const [name, certificate] of [
    ['..1', server],
    ['..2', renewed],
  ] as const) {
    await mkdir(join(directory, name));
    await write(join(directory, name), certificate);
    // As old as each other, as archives and image layers have it.
    for (const file of ['hub.crt', 'hub.key', 'ca.crt']) await utimes(join(directory, name, file), 1, 1);
  }
  await symlink('..1', join(directory, '..data'));
  const files = filesIn(join(directory, '..data'));
  const { material, look } = await load(t, { files });
  await symlink('..2', join(directory, '..data_tmp'));
  await rename(join(directory, '..data_tmp'), join(directory, '..data'));
  await look();
  await look();
  assert.equal(material.current.certificate.serialNumber, serialOf(renewed));
});

test('FT-TLS-4 authorities of several files are trusted together, and reloaded', async (t) => {
  const directory = await folder(t);
  await write(directory, server);
  const second = await createAuthority({ commonName: 'Second' });
  const third = await createAuthority({ commonName: 'Third' });
  const extra = join(directory, 'extra.crt');
  await writeFile(extra, second.certificatePem);
  const files = { ...filesIn(directory), clientAuthorities: [join(directory, 'ca.crt'), extra] };
  const { material } = await load(t, { files });
  const subjects = () => material.current.clientAuthorities.map(({ subject }) => subject);
  assert.deepEqual(subjects(), ['CN=Fleet Root', 'CN=Second']);
  await writeFile(extra, second.certificatePem + third.certificatePem);
  assert.equal(await material.reload(), 'reloaded');
  assert.deepEqual(subjects(), ['CN=Fleet Root', 'CN=Second', 'CN=Third']);
});

test('what cannot be loaded at start is named with its file', async (t) => {
  const directory = await folder(t);
  const files = filesIn(directory);
  const cases: readonly (readonly [string, string, () => Promise<void>])[] = [
    // Whichever of the three is read first.
    ['TLS_FILE_UNREADABLE', '(hub|ca)\\.(crt|key)', async () => {}],
    ['TLS_KEY_MISMATCH', 'hub.key', () => write(directory, { ...server, keyPem: renewed.keyPem })],
    ['TLS_KEY_INVALID', 'hub.key', () => write(directory, { ...server, keyPem: '' })],
    ['TLS_CERTIFICATE_INVALID', 'hub.crt', () => write(directory, { ...server, chainPem: server.keyPem })],
    [
      'TLS_AUTHORITIES_INVALID',
      'ca.crt',
      () => write(directory, server, { ...root, certificatePem: root.certificatePem.replace(/[A-Z]{4}/g, '!!!!') }),
    ],
  ];
  for (const [code, name, arrange] of cases) {
    await arrange();
    await assert.rejects(load(t, { files }), (error: unknown) => {
      assert.ok(error instanceof TlsError);
      assert.equal(error.code, code);
      assert.match(error.message, new RegExp(name));
      return true;
    });
  }
});

test('FT-TLS-3 an empty list of authorities is a mistake, not a listener for everybody', async (t) => {
  const directory = await folder(t);
  await write(directory, server);
  const files = { ...filesIn(directory), clientAuthorities: [] };
  await assert.rejects(load(t, { files }), { code: 'TLS_AUTHORITIES_INVALID' });
});

test('an expired certificate is taken at start, loudly', async (t) => {
  const directory = await folder(t);
  await write(directory, await issueServerCertificate(root, { names: ['localhost'], notAfter: Date.now() - DAY_MS }));
  const { log } = await load(t, { files: filesIn(directory) });
  assert.deepEqual(
    log.map(({ level }) => level),
    ['info', 'error'],
  );
});

test('closing stops the watch, also during a look', async (t) => {
  const directory = await folder(t);
  await write(directory, server);
  const { material, clock } = await load(t, { files: filesIn(directory) });
  const advance = clock.advance(POLL_MS);
  material.close();
  await advance;
  await until(() => clock.pending === 0, 'no look is due');
});

function serialOf({ certificatePem }: IssuedCertificate): string {
  return new X509Certificate(certificatePem).serialNumber;
}
