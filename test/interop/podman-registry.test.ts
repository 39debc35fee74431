import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PullRequest } from '../../src/actors/engines/engine.js';
import { ApiEngine } from '../../src/actors/engines/engine-api/api-engine.js';
import { EngineError } from '../../src/actors/engines/errors.js';
import { systemClock } from '../../src/runtime/index.js';
import { CuttingProxy } from '../fakes/cutting-proxy.js';
import { PodmanLab, withoutPodman } from '../fakes/podman-lab.js';
import { until } from '../fakes/until.js';

const never = new AbortController().signal;
/** In the middle of the image's only layer. */
const MIDDLE = { bytes: 300_000 };

describe('images of a real registry', { skip: withoutPodman() }, () => {
  let lab: PodmanLab;
  let proxy: CuttingProxy;
  let engine: ApiEngine;

  before(async () => {
    lab = await PodmanLab.start();
    proxy = await CuttingProxy.start(lab.registryPort);
    engine = new ApiEngine({ socketPath: lab.socketPath, clock: systemClock });
  });
  after(async () => {
    await proxy?.close();
    await lab?.close();
  });

  const pull = (request: Partial<PullRequest>, onProgress: (percent: number) => void = () => {}) =>
    engine.pull({ image: lab.image('1.0'), credentials: lab.credentials, ...request }, onProgress, never);

  async function failure(request: Partial<PullRequest>): Promise<EngineError> {
    const error = await pull(request).then(
      () => assert.fail('it was pulled'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof EngineError, String(error));
    assert.doesNotMatch(error.message, /lab-password|HTTP code/);
    return error;
  }

  it('REG-2 POD-3 with the right credentials it comes, with progress by layers', async () => {
    const percents: number[] = [];
    const image = await pull({}, (percent) => percents.push(percent));
    assert.deepEqual(image.tags, [lab.image('1.0')]);
    assert.match(image.digests[0] ?? '', /@sha256:[0-9a-f]{64}$/);
    assert.ok(image.sizeBytes > 1_000_000);
    assert.ok(percents.length > 0 && percents.every((percent) => percent > 0 && percent < 100));
    assert.ok((await engine.images(never)).some(({ id }) => id === image.id));
    assert.equal(await engine.removeImage(lab.image('1.0'), never), true);
  });

  it('POD-1 POD-2 with wrong credentials, or none, it is refused inside of a stream that began well', async () => {
    const { user } = lab.credentials;
    const request: PullRequest = { image: lab.image('1.0') };
    const without = await engine.pull(request, () => {}, never).catch((error: unknown) => error);
    for (const error of [await failure({ credentials: { user, password: 'wrong' } }), without as EngineError]) {
      assert.deepEqual([error.code, error.retryable], ['ENGINE_UNAUTHORIZED', false]);
      assert.match(error.message, /unauthorized: authentication required$/);
    }
    assert.equal(await engine.image(lab.image('1.0'), never), undefined);
  });

  it('POD-1 a tag that is not there is not found', async () => {
    const error = await failure({ image: lab.image('missing') });
    assert.deepEqual([error.code, error.retryable], ['ENGINE_NOT_FOUND', false]);
    assert.match(error.message, /manifest unknown/);
  });

  it('REG-4 a registry that nobody hears is worth another try', async () => {
    const closed = await CuttingProxy.start(1);
    const { host } = closed;
    await closed.close();
    const error = await failure({ image: lab.image('1.0', host), insecure: true });
    assert.deepEqual([error.code, error.retryable], ['ENGINE_REFUSED', true]);
    assert.match(error.message, /connection refused/);
  });

  it('REG-3 POD-32 plain HTTP is taken only where it is allowed, and credentials count there too', async () => {
    const image = lab.image('2.0', proxy.host);
    const secure = await failure({ image });
    assert.equal(secure.code, 'ENGINE_REFUSED');
    assert.match(secure.message, /HTTP response to HTTPS client/);
    const wrong = await failure({ image, insecure: true, credentials: { user: 'user', password: 'wrong' } });
    assert.equal(wrong.code, 'ENGINE_UNAUTHORIZED');
    assert.equal((await failure({ image: lab.image('missing', proxy.host), insecure: true })).code, 'ENGINE_NOT_FOUND');
    assert.deepEqual((await pull({ image, insecure: true })).tags, [image]);
    assert.equal(await engine.removeImage(image, never), true);
  });

  it('REG-4 a connection that is cut in the middle of a layer fails the pull, and the next one brings it', async (t) => {
    const image = lab.image('2.0', proxy.host);
    t.after(() => {
      proxy.after = undefined;
    });
    proxy.after = { ...MIDDLE, way: 'cut' };
    const error = await failure({ image, insecure: true });
    assert.ok(proxy.interrupted > 0);
    assert.deepEqual([error.code, error.retryable], ['ENGINE_REFUSED', true], error.message);
    assert.equal(await engine.image(image, never), undefined);
    proxy.after = undefined;
    assert.deepEqual((await pull({ image, insecure: true })).tags, [image]);
    assert.equal(await engine.removeImage(image, never), true);
  });

  it('ENG-4 POD-32 a pull that is given up is cancelled', async (t) => {
    const image = lab.image('2.0', proxy.host);
    t.after(() => {
      proxy.after = undefined;
    });
    proxy.after = { ...MIDDLE, way: 'hold' };
    const before = proxy.interrupted;
    const stop = new AbortController();
    const request = { image, insecure: true, credentials: lab.credentials };
    const pulled = engine.pull(request, () => {}, stop.signal).catch((error: unknown) => error);
    await until(() => proxy.interrupted > before, 'the middle of the layer');
    stop.abort();
    assert.equal(((await pulled) as EngineError).code, 'ENGINE_TIMEOUT');
    await until(() => proxy.open === 0, 'the end of its connections');
    assert.equal(await engine.image(image, never), undefined);
  });

  it('POD-24 an image by its digest is the same image', async () => {
    const tagged = await pull({});
    const reference = tagged.digests[0] ?? '';
    assert.equal(await engine.removeImage(lab.image('1.0'), never), true);
    const image = await pull({ image: reference });
    assert.equal(image.id, tagged.id);
    assert.ok(image.digests.includes(reference));
    assert.equal((await engine.image(reference, never))?.id, tagged.id);
    const listed = (await engine.images(never)).find(({ id }) => id === tagged.id);
    assert.ok(listed?.tags.every((tag) => !tag.includes('@')));
  });
});
