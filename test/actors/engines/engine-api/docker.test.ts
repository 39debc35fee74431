import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { EngineEvent } from '../../../../src/actors/engines/engine.js';
import { ApiEngine } from '../../../../src/actors/engines/engine-api/api-engine.js';
import { ManualClock } from '../../../../src/runtime/index.js';
import { DockerSocket, type SocketRequest } from '../../../fakes/docker-socket.js';
import { until } from '../../../fakes/until.js';

const never = new AbortController().signal;
const LABELS = { 'fleetchart.id': 'one', 'fleetchart.owner': 'containers', 'fleetchart.activity': '' };
const IMAGE = { Id: 'sha256:1', RepoTags: ['r.example/app:1'], RepoDigests: [], Size: 1 };

async function docker(t: TestContext, options: { pullMs?: number } = {}) {
  const socket = await DockerSocket.start(t);
  const clock = new ManualClock(1_700_000_000_000);
  const engine = new ApiEngine({ socketPath: socket.path, clock, ...options });
  return { socket, clock, engine };
}

/** One container of ours, and one that has our labels in no way. */
async function withContainer(t: TestContext, status = 'running') {
  const all = await docker(t);
  const { answers } = all.socket;
  const state = { Status: status, Pid: 5 };
  answers['GET /containers/json'] = {
    json: [
      { Id: 'c0ffee', Names: ['/app'], Labels: LABELS },
      { Id: 'stranger', Names: ['/stranger'], Labels: {} },
    ],
  };
  answers['GET /containers/c0ffee/json'] = () => ({
    json: { Id: 'c0ffee', Name: '/app', Config: { Image: 'i', Labels: LABELS }, State: state },
  });
  return { ...all, state };
}

const bodyOf = (request: SocketRequest | undefined): unknown => JSON.parse(request?.body ?? 'null');

describe('Docker, as its documentation says', () => {
  it('ENG-5 is told from podman by its first component', async (t) => {
    const { engine } = await docker(t);
    assert.deepEqual(await engine.info(never), {
      name: 'Docker Engine',
      version: '26.1.0',
      memoryBytes: 1_000,
      cpus: 4,
    });
  });

  it('ENG-5 what a container is made from goes in the body, not in the URL', async (t) => {
    const { engine, socket } = await docker(t);
    socket.answers['GET /containers/json'] = { json: [] };
    socket.answers['POST /containers/create'] = { status: 201, json: { Id: 'c0ffee' } };
    await engine.create(
      {
        ...{ id: 'one', owner: 'containers', activity: '', name: 'app', image: 'r/a:1', hostName: 'h', domainName: '' },
        ...{ env: ['SECRET=s3cret'], cmd: [], tty: false, openStdin: false, privileged: false, network: 'host' },
        ...{ mounts: [], devices: [], extraHosts: [], extraCapabilities: [], ports: [], limits: {} },
        log: { driver: 'none', maxFiles: 1, maxSize: '', rootDir: '', mode: 'blocking', maxBufferSize: '' },
      },
      never,
    );
    const [request] = socket.asked('POST /containers/create');
    assert.equal(request?.query.toString(), 'name=app');
    assert.deepEqual((bodyOf(request) as { Env: unknown }).Env, ['SECRET=s3cret']);
  });

  it('POD-4 changes limits by the call of Docker, at rest too', async (t) => {
    const { engine, socket } = await withContainer(t, 'exited');
    socket.answers['POST /containers/c0ffee/update'] = { json: { Warnings: [] } };
    await engine.updateLimits('one', { memory: 5 }, never);
    const [request] = socket.asked('POST /containers/c0ffee/update');
    assert.deepEqual(bodyOf(request), { Memory: 5, MemorySwap: 2 ** 51 });
  });

  it('POD-1 a pull is refused before its stream begins', async (t) => {
    const { engine, socket } = await docker(t);
    socket.answers['POST /images/create'] = {
      status: 404,
      json: { message: 'manifest for r.example/app:1 not found' },
    };
    const pull = () => engine.pull({ image: 'r.example/app:1' }, () => {}, never);
    await assert.rejects(pull(), { code: 'ENGINE_NOT_FOUND', message: 'manifest for r.example/app:1 not found' });
    const denied = 'pull access denied for app, repository does not exist or may require ‘docker login’';
    socket.answers['POST /images/create'] = { status: 404, json: { message: denied } };
    await assert.rejects(pull(), { code: 'ENGINE_UNAUTHORIZED', message: denied });
    socket.answers['POST /images/create'] = { status: 500, json: { message: 'Get "https://r.example": EOF' } };
    await assert.rejects(pull(), { code: 'ENGINE_REFUSED', retryable: true });
  });

  it('REG-2 a pull takes credentials in a header alone, and tells bytes', async (t) => {
    const { engine, socket } = await docker(t);
    const id = 'layer';
    socket.answers['GET /images/r.example/app:1/json'] = { json: IMAGE };
    socket.answers['POST /images/create'] = {
      lines: [
        { status: 'Pulling from app', id: '1' },
        { status: 'Pulling fs layer', id, progressDetail: {} },
        { status: 'Downloading', id, progressDetail: { current: 30, total: 100 } },
        { status: 'Pull complete', id, progressDetail: {} },
      ],
    };
    const percents: number[] = [];
    const credentials = { user: 'u', password: 'pässword?' };
    const image = await engine.pull({ image: 'r.example/app:1', credentials }, (each) => percents.push(each), never);
    assert.equal(image.id, 'sha256:1');
    assert.deepEqual(percents, [30, 99]);
    const [request] = socket.asked('POST /images/create');
    assert.deepEqual(
      [...(request?.query ?? [])],
      [
        ['fromImage', 'r.example/app'],
        ['tag', '1'],
      ],
    );
    assert.equal(request?.body, '');
    const header = String(request?.headers['x-registry-auth']);
    assert.match(header, /^[\w-]+={0,2}$/);
    assert.equal(header.length % 4, 0, 'padded, as engines want it');
    assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), {
      username: 'u',
      password: 'pässword?',
      serveraddress: 'r.example',
    });
  });

  it('REG-3 a registry without TLS is a matter of Docker’s own configuration, and the text says so', async (t) => {
    const { engine, socket } = await docker(t);
    socket.answers['GET /images/r.example/app:1/json'] = { json: IMAGE };
    socket.answers['POST /images/create'] = { lines: [] };
    const pull = () => engine.pull({ image: 'r.example/app:1', insecure: true }, () => {}, never);
    await assert.rejects(pull(), { code: 'ENGINE_REFUSED', message: /r\.example .*insecure-registries/ });
    assert.equal(socket.asked('POST /images/create').length, 0);
    socket.answers['GET /info'] = { json: { RegistryConfig: { IndexConfigs: { 'r.example': { Secure: false } } } } };
    assert.equal((await pull()).id, 'sha256:1');
  });

  it('POD-8 what is so already is fine', async (t) => {
    const { engine, socket } = await withContainer(t);
    socket.answers['POST /containers/c0ffee/start'] = { status: 304, text: '' };
    socket.answers['POST /containers/c0ffee/stop'] = { status: 304, text: '' };
    await engine.start('one', never);
    await engine.stop('one', 3, never);
    assert.equal(socket.asked('POST /containers/c0ffee/stop')[0]?.query.get('t'), '3');
  });

  it('ENG-1 a container without our labels is out of reach, by its id and by its name', async (t) => {
    const { engine, socket } = await withContainer(t);
    for (const id of ['stranger', '/stranger', 'c0ffee', 'app']) {
      await assert.rejects(engine.stop(id, 1, never), { code: 'ENGINE_NOT_FOUND' });
      await engine.remove(id, never);
      assert.equal(await engine.inspect(id, never), undefined);
    }
    assert.deepEqual(
      (await engine.list(undefined, never)).map(({ id }) => id),
      ['one'],
    );
    assert.ok(socket.requests.every(({ method }) => method === 'GET'));
  });

  it('ENG-1 an id that another owner has is no reason to take its container', async (t) => {
    const { engine } = await withContainer(t);
    const spec = { id: 'one', owner: 'others' } as Parameters<typeof engine.create>[0];
    await assert.rejects(engine.create(spec, never), { code: 'ENGINE_CONFLICT', message: /belongs to containers/ });
  });

  it('POD-28 the end of the events is a loss', async (t) => {
    const { engine, socket } = await docker(t);
    const attributes = { ...LABELS, exitCode: '3' };
    socket.answers['GET /events'] = { lines: [{ Action: 'die', Actor: { Attributes: attributes } }], ending: 'cut' };
    const events: EngineEvent[] = [];
    let isReady = false;
    const heard = engine.events(
      (event) => events.push(event),
      () => {
        isReady = true;
      },
      never,
    );
    await assert.rejects(heard, { code: 'ENGINE_UNAVAILABLE', retryable: true });
    assert.ok(isReady);
    assert.deepEqual(events, [{ owner: 'containers', id: 'one', change: 'died', exitCode: 3 }]);
    assert.equal(socket.asked('GET /events')[0]?.query.get('since'), '1699999998');
  });
});

describe('calls that are not answered', () => {
  it('ENG-4 each ends within 30 s', async (t) => {
    const { engine, socket, clock } = await withContainer(t);
    socket.answers['POST /containers/c0ffee/start'] = 'silence';
    const started = engine.start('one', never).catch((error: unknown) => error);
    await until(() => socket.asked('POST /containers/c0ffee/start').length > 0, 'the call');
    await clock.advance(29_999);
    assert.equal(clock.pending, 1);
    await clock.advance(1);
    const error = (await started) as { code: string; message: string };
    assert.equal(error.code, 'ENGINE_TIMEOUT');
    assert.match(error.message, /within 30 s/);
    assert.equal(clock.pending, 0);
  });

  it('ENG-4 a stop ends within its own time and 10 s', async (t) => {
    const { engine, socket, clock } = await withContainer(t);
    socket.answers['POST /containers/c0ffee/stop'] = 'silence';
    const stopped = engine.stop('one', 60, never).catch((error: unknown) => error);
    await until(() => socket.asked('POST /containers/c0ffee/stop').length > 0, 'the call');
    await clock.advance(69_999);
    assert.equal(clock.pending, 1);
    await clock.advance(1);
    assert.equal(((await stopped) as { code: string }).code, 'ENGINE_TIMEOUT');
  });

  it('ENG-4 a pull ends within the time that is set, however long the engine is silent', async (t) => {
    const { engine, socket, clock } = await docker(t, { pullMs: 600_000 });
    const lines = [{ status: 'Pulling fs layer', id: 'a' }];
    socket.answers['POST /images/create'] = { lines, ending: 'silence' };
    const pulled = engine.pull({ image: 'r.example/app:1' }, () => {}, never).catch((error: unknown) => error);
    await until(() => socket.asked('POST /images/create').length > 0, 'the call');
    await clock.advance(599_999);
    assert.ok(clock.pending > 0);
    await clock.advance(1);
    assert.equal(((await pulled) as { code: string }).code, 'ENGINE_TIMEOUT');
    await until(() => socket.closedByClient === 1, 'the end of the pull, which cancels it');
  });

  it('ENG-4 each ends with its signal', async (t) => {
    const { engine, socket, clock } = await withContainer(t);
    const calls = {
      start: (signal: AbortSignal) => engine.start('one', signal),
      pull: (signal: AbortSignal) => engine.pull({ image: 'r.example/app:1' }, () => {}, signal),
      images: (signal: AbortSignal) => engine.images(signal),
    };
    socket.answers['POST /containers/c0ffee/start'] = 'silence';
    socket.answers['POST /images/create'] = { lines: [], ending: 'silence' };
    socket.answers['GET /images/json'] = 'silence';
    for (const [name, call] of Object.entries(calls)) {
      const stop = new AbortController();
      const before = socket.requests.length;
      const answer = call(stop.signal).catch((error: unknown) => error);
      await until(() => socket.requests.at(-1)?.method !== undefined && socket.requests.length > before, name);
      stop.abort(new Error('the vehicle stops'));
      assert.equal(((await answer) as { code: string }).code, 'ENGINE_TIMEOUT', name);
      assert.equal(clock.pending, 0, name);
    }
  });

  it('ENG-4 an answer that ends in the middle is no success', async (t) => {
    const { engine, socket } = await docker(t);
    socket.answers['POST /images/create'] = { lines: [{ status: 'Pulling fs layer', id: 'a' }], ending: 'cut' };
    const pull = engine.pull({ image: 'r.example/app:1' }, () => {}, never);
    await assert.rejects(pull, { code: 'ENGINE_UNAVAILABLE', retryable: true });
  });

  it('ENG-3 where nobody listens, the text says so', async (t) => {
    const { socket, clock } = await docker(t);
    const engine = new ApiEngine({ socketPath: `${socket.path}.gone`, clock });
    const message = /does not answer: connect ENOENT/;
    await assert.rejects(engine.info(never), { code: 'ENGINE_UNAVAILABLE', message, retryable: true });
    await assert.rejects(
      engine.events(
        () => {},
        () => assert.fail(),
        never,
      ),
      { code: 'ENGINE_UNAVAILABLE' },
    );
  });

  it('ENG-5 an engine that the environment names is not the one that is asked', async (t) => {
    const before = process.env['DOCKER_HOST'];
    process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:9';
    t.after(() => {
      if (before === undefined) delete process.env['DOCKER_HOST'];
      else process.env['DOCKER_HOST'] = before;
    });
    const { engine } = await docker(t);
    assert.equal((await engine.info(never)).cpus, 4);
  });
});
