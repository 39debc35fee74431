import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  createAuthority,
  demoCertificates,
  isDemoCertificate,
  issueDeviceCertificate,
  issueMany,
  issueServerCertificate,
  ProvisioningError,
} from '../../../src/actors/provisioning/index.js';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2030, 0, 1);
const hosts = ['localhost', '127.0.0.1'];

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'fleetchart-demo-'));
  t.after(() => rm(directory, { recursive: true }));
  return join(directory, 'demo');
}

const at = (now: number) => ({ now: () => now });

async function contents({ authorityFile, server }: Awaited<ReturnType<typeof demoCertificates>>): Promise<string[]> {
  return Promise.all([authorityFile, server.certificate, server.key].map((path) => readFile(path, 'utf8')));
}

test('demo certificates are made once and kept between starts', async (t) => {
  const directory = await folder(t);
  const first = await demoCertificates(directory, { hosts, clock: at(NOW) });
  assert.equal(first.changed, true);
  const before = await contents(first);
  const second = await demoCertificates(directory, { hosts, clock: at(NOW + 30 * DAY_MS) });
  assert.equal(second.changed, false);
  assert.deepEqual(await contents(second), before);
  assert.equal(second.authority.keyPem, first.authority.keyPem);
});

test('FT-ID-2 the demo authority has the name that means vehicles', async (t) => {
  const { authority } = await demoCertificates(await folder(t), { hosts });
  assert.match(new X509Certificate(authority.certificatePem).subject, /^CN=Tesla Motors Products CA$/m);
});

test('demo certificates are renewed within seven days of their end, the authority too', async (t) => {
  const directory = await folder(t);
  const first = await demoCertificates(directory, { hosts, clock: at(NOW) });
  const [firstAuthority, firstServer] = await contents(first);

  const soon = await demoCertificates(directory, { hosts, clock: at(NOW + 84 * DAY_MS) });
  const [sameAuthority, newServer] = await contents(soon);
  assert.equal(sameAuthority, firstAuthority);
  assert.notEqual(newServer, firstServer);

  const late = await demoCertificates(directory, { hosts, clock: at(NOW + 359 * DAY_MS) });
  const [newAuthority, issuedAnew] = await contents(late);
  assert.notEqual(newAuthority, firstAuthority);
  const authority = new X509Certificate(newAuthority ?? '');
  assert.ok(new X509Certificate(issuedAnew ?? '').verify(authority.publicKey));
});

test('the server certificate is made anew for other hosts and if a file is lost or broken', async (t) => {
  const directory = await folder(t);
  const { server } = await demoCertificates(directory, { hosts });
  const other = await demoCertificates(directory, { hosts: [...hosts, 'hub.local'] });
  assert.equal(other.changed, true);
  assert.ok(new X509Certificate(await readFile(server.certificate)).checkHost('hub.local'));
  assert.equal((await demoCertificates(directory, { hosts })).changed, false, 'fewer hosts are covered');
  await rm(server.key);
  assert.equal((await demoCertificates(directory, { hosts })).changed, true);
  await writeFile(server.certificate, 'broken');
  assert.equal((await demoCertificates(directory, { hosts })).changed, true);
});

test('an authority that is not of the demo is left alone', async (t) => {
  const directory = await folder(t);
  const { authorityFile } = await demoCertificates(directory, { hosts });
  const own = await createAuthority({ commonName: 'Fleet Root' });
  await writeFile(authorityFile, own.certificatePem);
  await writeFile(join(directory, 'ca.key'), own.keyPem);
  await assert.rejects(demoCertificates(directory, { hosts }), (error: unknown) => {
    assert.ok(error instanceof ProvisioningError);
    assert.equal(error.code, 'PROVISIONING_CONFLICT');
    return true;
  });
  assert.equal(await readFile(authorityFile, 'utf8'), own.certificatePem);
});

test('whatever the demo authority issues is known as demo, and nothing else is', async (t) => {
  const { authority, server } = await demoCertificates(await folder(t), { hosts });
  const device = await issueDeviceCertificate(authority, { commonName: 'VIN00000000000001' });
  const [simulated] = await issueMany(authority, { commonNames: ['VIN00000000000002'], sharedKey: true });
  assert.ok(isDemoCertificate(authority.certificatePem));
  assert.ok(isDemoCertificate(await readFile(server.certificate)));
  assert.ok(isDemoCertificate(new X509Certificate(device.certificatePem)));
  assert.ok(isDemoCertificate(simulated?.certificatePem ?? ''));

  const own = await createAuthority({ commonName: 'Fleetchart demo', organizationalUnits: ['O=Fleetchart demo'] });
  const hub = await issueServerCertificate(own, { names: ['localhost'], organization: 'Fleetchart demo fans' });
  assert.equal(isDemoCertificate(own.certificatePem), false);
  assert.equal(isDemoCertificate(hub.certificatePem), false);
});

test('PCL-6 keys are for their owner alone', async (t) => {
  const directory = await folder(t);
  const { server } = await demoCertificates(directory, { hosts });
  assert.equal((await stat(server.key)).mode & 0o777, 0o600);
  assert.equal((await stat(join(directory, 'ca.key'))).mode & 0o777, 0o600);
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
});
