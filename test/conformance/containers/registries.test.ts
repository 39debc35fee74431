import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { EngineError } from '../../../src/actors/engines/errors.js';
import { ImageError, type Registries, readRegistries } from '../../../src/actors/engines/images/index.js';
import { TestImages } from '../../fakes/images.js';
import { temporaryFolder } from '../../fakes/runtime.js';

const CREDENTIALS = { user: 'u', password: 'pass-4711' } as const;
const TRANSPORT = { rootCa: '/c/ca.pem', clientCert: '/c/c.pem', clientKey: '/c/k.pem' } as const;
const REGISTRIES: Registries = {
  entries: { 'ghcr.io': { credentials: CREDENTIALS }, '': { credentials: CREDENTIALS } },
  insecure: ['localhost'],
};

describe('registries of images', () => {
  it('REG-2 the credentials are those of what stands before the first slash', async (t) => {
    const subject = new TestImages(t, { registries: REGISTRIES });
    for (const image of ['ghcr.io/veh/app:1', 'ghcr.io:443/veh/app:1', 'hello:1', '/odd:1'])
      await subject.ensure(image);
    assert.deepEqual(subject.fake.pulls, [
      { image: 'ghcr.io/veh/app:1', credentials: CREDENTIALS },
      { image: 'ghcr.io:443/veh/app:1' },
      { image: 'hello:1' },
      { image: '/odd:1' },
    ]);
  });

  it('REG-2 an entry without a name is skipped with a warning', async (t) => {
    const subject = new TestImages(t, { registries: REGISTRIES });
    await subject.start();
    assert.match(subject.log, /registry_without_name/);
  });

  it('REG-3 a host that is listed as insecure is pulled from as such, with its credentials', async (t) => {
    const entries = { 'reg:5000': { credentials: CREDENTIALS, transport: TRANSPORT } };
    const subject = new TestImages(t, { registries: { entries, insecure: ['localhost', 'reg:5000'] } });
    await subject.start();
    for (const image of ['reg:5000/app:1', 'localhost/app:1', 'localhost:5000/app:1']) await subject.ensure(image);
    assert.deepEqual(subject.fake.pulls, [
      { image: 'reg:5000/app:1', credentials: CREDENTIALS, insecure: true },
      { image: 'localhost/app:1', insecure: true },
      { image: 'localhost:5000/app:1' },
    ]);
    assert.match(subject.log, /registry_transport_ignored/);
  });

  it('REG-3 says what to place for the engine of a registry with certificates, and writes nothing there', async (t) => {
    const folder = temporaryFolder(t);
    const registries = { entries: { 'reg:5000': { transport: TRANSPORT } }, insecure: [] };
    const lacking = new TestImages(t, { registries }, folder);
    await lacking.start();
    for (const name of ['ca.crt', 'client.cert', 'client.key']) {
      assert.ok(lacking.log.includes(join(folder, 'certs.d', 'reg:5000', name)), name);
    }
    assert.equal(statSync(join(folder, 'certs.d'), { throwIfNoEntry: false }), undefined);

    mkdirSync(join(folder, 'certs.d', 'reg:5000'), { recursive: true });
    for (const name of ['ca.crt', 'client.cert', 'client.key'])
      writeFileSync(join(folder, 'certs.d/reg:5000', name), '');
    const placed = new TestImages(t, { registries }, folder);
    await placed.start();
    assert.equal(placed.log, '');
  });

  it('REG-4 an image that is there is not pulled', async (t) => {
    const subject = new TestImages(t);
    await subject.ensure('reg/app:1');
    await subject.ensure('reg/app:1');
    assert.equal(subject.fake.pulls.length, 1);
    await Promise.all([subject.ensure('reg/app:2'), subject.ensure('reg/app:2')]);
    assert.equal(subject.fake.pulls.length, 2, 'by one of the two');
  });

  it('REG-4 what may be over in a moment is tried again after 1, 2 and 4 s', async (t) => {
    const subject = new TestImages(t);
    const refused = () => new EngineError('ENGINE_REFUSED', 'dial tcp: connection refused', { retryable: true });
    subject.fake.failures.push(refused(), refused(), refused());
    const ensured = subject.ensure('reg/app:1');
    for (const [seconds, pulls] of [
      [1, 2],
      [2, 3],
      [4, 4],
    ] as const) {
      await subject.clock.advance(seconds * 1_000 - 1);
      assert.equal(subject.fake.pulls.length, pulls - 1);
      const last = subject.images.lastPullError();
      assert.equal(last?.error, 'dial tcp: connection refused');
      assert.equal(Date.parse(last?.nextTryAt ?? ''), subject.clock.now() + 1);
      await subject.clock.advance(1);
      assert.equal(subject.fake.pulls.length, pulls);
    }
    assert.equal((await ensured).tags[0], 'reg/app:1');
    assert.equal(subject.images.lastPullError(), undefined);
  });

  it('REG-4 the fourth failure is the last', async (t) => {
    const subject = new TestImages(t);
    const refused = () =>
      new EngineError('ENGINE_REFUSED', 'received unexpected HTTP status: 503', { retryable: true });
    subject.fake.failures.push(refused(), refused(), refused(), refused());
    const ensured = assert.rejects(subject.ensure('reg/app:1'), /503/);
    await subject.clock.advance(60_000);
    await ensured;
    assert.equal(subject.fake.pulls.length, 4);
    assert.deepEqual(subject.images.lastPullError()?.nextTryAt, undefined);
    assert.equal(subject.images.lastPullError()?.image, 'reg/app:1');
  });

  it('REG-4 what a registry refuses is not tried again', async (t) => {
    const subject = new TestImages(t);
    for (const code of ['ENGINE_UNAUTHORIZED', 'ENGINE_NOT_FOUND', 'ENGINE_REFUSED']) {
      subject.fake.failures.push(new EngineError(code, code, { retryable: code !== 'ENGINE_REFUSED' }));
      await assert.rejects(subject.ensure('reg/app:1'), { code });
    }
    assert.equal(subject.fake.pulls.length, 3);
  });

  it('REG-4 a pull that never ends is given up with its retries, and so is one whose caller gives up', async (t) => {
    const subject = new TestImages(t);
    subject.fake.failures.push('hangs', 'hangs');
    const ensured = assert.rejects(subject.ensure('reg/app:1'), /took longer than 1800 s/);
    await subject.clock.advance(30 * 60_000);
    await ensured;
    const life = new AbortController();
    const none = { keys: [], recipients: [] };
    const given = assert.rejects(
      subject.images.ensure('reg/app:1', none, () => {}, life.signal),
      /enough/,
    );
    await subject.clock.advance(1);
    life.abort(new Error('enough'));
    await given;
    assert.equal(subject.clock.pending, 0);
  });

  it('REG-5 registries that are named while it runs hold from the next pull on', async (t) => {
    const subject = new TestImages(t);
    await subject.ensure('ghcr.io/app:1');
    subject.images.applyRegistries(REGISTRIES);
    await subject.ensure('ghcr.io/app:2');
    assert.deepEqual(
      subject.fake.pulls.map(({ credentials }) => credentials),
      [undefined, CREDENTIALS],
    );
  });

  it('REG-5 a password shows neither in an error nor in the log', async (t) => {
    const subject = new TestImages(t, { registries: REGISTRIES });
    const told = (retryable: boolean) =>
      new EngineError('ENGINE_REFUSED', 'GET https://u:pass-4711@ghcr.io', { retryable });
    subject.fake.failures.push(told(true), told(false));
    const ensured = subject.ensure('ghcr.io/app:1').catch((error: unknown) => error);
    await subject.clock.advance(60_000);
    const error = (await ensured) as Error;
    assert.match(error.message, /redacted/);
    const shown = [error.message, String(error.stack), subject.log, JSON.stringify(subject.images.lastPullError())];
    for (const text of shown) assert.ok(!text.includes('pass-4711'), text);
    assert.equal(error.cause, undefined);
  });

  it('REG-7 images that would have to be decrypted are refused with what to do', async (t) => {
    const own = new TestImages(t);
    await own.fake.engine.pull({ image: 'reg/app:1' }, () => {}, new AbortController().signal);
    const refusal = { code: 'IMAGE_ENCRYPTED', message: /cannot decrypt images: remove the decryption keys/ };
    await assert.rejects(own.ensure('reg/app:1', { keys: ['/k.pem:secret'], recipients: [] }), refusal);
    await assert.rejects(own.ensure('reg/app:1', { keys: [], recipients: ['pkcs7:/c.pem'] }), refusal);
    const everywhere = new TestImages(t, { settings: { decryption: { keys: ['/k.pem'], recipients: [] } } });
    await assert.rejects(everywhere.ensure('reg/app:1'), refusal);
    assert.deepEqual(everywhere.fake.pulls, []);
  });
});

describe('the file of registries', () => {
  it('REG-5 is read in the form of the reference', async (t) => {
    const file = join(temporaryFolder(t), 'registries.json');
    assert.deepEqual(readRegistries(file), { entries: {}, insecure: [] });
    const registry_configurations = {
      'ghcr.io': { credentials: { user_id: 'u', password: 'pass-4711' }, transport: null },
      reg: { transport: { root_ca: '/c/ca.pem', client_cert: '/c/c.pem', client_key: '/c/k.pem' } },
      bare: {},
    };
    const content = { containers: { registry_configurations, insecure_registries: ['localhost'] } };
    writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
    assert.deepEqual(readRegistries(file), {
      entries: { 'ghcr.io': { credentials: CREDENTIALS }, reg: { transport: TRANSPORT }, bare: {} },
      insecure: ['localhost'],
    });
    for (const text of ['{}', '{"containers":null}', '{"containers":{"registry_configurations":null}}']) {
      writeFileSync(file, text);
      assert.deepEqual(readRegistries(file), { entries: {}, insecure: [] });
    }
  });

  it('REG-5 is refused while others can read it, and when it is none', async (t) => {
    const file = join(temporaryFolder(t), 'registries.json');
    writeFileSync(file, '{}', { mode: 0o640 });
    assert.throws(() => readRegistries(file), { code: 'IMAGE_REGISTRIES', message: /chmod 600/ });
    for (const text of ['{"containers": pass-4711', '{"containers":{"registry_configurations":{"a":"pass-4711"}}}']) {
      writeFileSync(file, text);
      chmodSync(file, 0o600);
      assert.throws(
        () => readRegistries(file),
        (error) => error instanceof ImageError && !error.message.includes('pass-4711'),
      );
    }
  });
});
