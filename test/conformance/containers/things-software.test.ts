import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../../fakes/runtime.js';
import {
  configOf,
  DescriptorServer,
  type ThingsUnderTest as Things,
  ThingsUnderTest,
  UPDATABLE,
} from '../../fakes/things.js';

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const DESCRIPTOR = { image: { name: 'reg/map:1' }, container_name: 'map' };
const TEXT = JSON.stringify(DESCRIPTOR);

const modules = (...all: readonly object[]) => ({
  correlationId: 'install-1',
  weight: 1,
  forced: false,
  softwareModules: all,
});
const module = (name: string, ...artifacts: readonly object[]) => ({
  softwareModule: { name, version: '1' },
  artifacts,
});

async function prepared(t: TestContext): Promise<{ things: Things; server: DescriptorServer }> {
  return { server: await DescriptorServer.start(t), things: await ThingsUnderTest.known(t) };
}

/** Asks, is told 204, and waits for the end; the steps that were published. */
async function steps(things: Things, operation: 'install' | 'remove', value: object): Promise<string[]> {
  await things.ask('SoftwareUpdatable', operation, value);
  await things.reaches(UPDATABLE, 'idle');
  const wire = things.taken();
  const said = wire.flatMap((each) => {
    if (typeof each === 'string') return [];
    if (each.topic.includes('/res/')) return [each.topic.split('/').at(-1) ?? ''];
    const { path, value: status } = JSON.parse(each.payload) as { path: string; value: Record<string, unknown> | null };
    const [name = ''] = /last\w+$/.exec(path) ?? [];
    if (name === '') return [];
    const about = status?.['softwareModule'] ?? status?.['software'];
    const who = Array.isArray(about) ? about.map((each) => each.name).join('+') : (about as { name: string }).name;
    const { message = '' } = status as { message?: string };
    return [
      `${name === 'lastFailedOperation' ? 'failed ' : ''}${status?.['status']} ${who}${message && `: ${message}`}`,
    ];
  });
  return said;
}

const GOOD = (name: string): string[] =>
  ['STARTED', 'DOWNLOADING', 'DOWNLOADED', 'INSTALLING', 'INSTALLED', 'FINISHED_SUCCESS'].map(
    (status) => `${status} ${name}`,
  );

describe('software of a vehicle', () => {
  it('THG-16 what is installed, by group, id and version, split at the first colon', async (t) => {
    const things = await ThingsUnderTest.known(t);
    const { containers } = things;
    const dependencies = async (id: string, image: string): Promise<unknown> => {
      containers.put(id, configOf(id, image), 'Created');
      containers.to(id, 'created', 'Created');
      await things.settled();
      return things.twin().find(([path]) => path.endsWith('/installedDependencies'))?.[1];
    };
    const first = {
      'reg.example.com%2Fveh%2Fmap.c-1:2.1': { group: 'reg.example.com/veh/map', name: 'c-1', version: '2.1' },
    };
    assert.deepEqual(await dependencies('c-1', 'reg.example.com/veh/map:2.1'), first);
    assert.deepEqual(await dependencies('c-2', '127.0.0.1:5000/a:1'), {
      ...first,
      '127.0.0.1.c-2:5000%2Fa:1': { group: '127.0.0.1', name: 'c-2', version: '5000/a:1' },
    });
    containers.change('c-2', 'removed');
    await things.settled();
    assert.deepEqual(things.twin().at(-1)?.[1], first);
    containers.change('c-1', 'removed');
    await things.settled();
    assert.deepEqual(things.twin().at(-1), ['SoftwareUpdatable/properties/status/installedDependencies', null]);
  });

  it('THG-16 the feature with what is known when the thing is registered', async (t) => {
    const { things, server } = await prepared(t);
    await steps(things, 'install', modules(module('map', server.artifact('/d', TEXT, { MD5: md5('other') }))));
    things.containers.put('c-9', configOf('x', 'img:9'));
    await things.up();
    things.taken();
    await things.named();
    const feature = things.twin().find(([path]) => path === 'SoftwareUpdatable')?.[1];
    const last = {
      correlationId: 'install-1',
      status: 'FINISHED_REJECTED',
      softwareModule: { name: 'map', version: '1' },
      message: `the MD5 checksum is ${md5(TEXT)} instead of ${md5('other')}`,
    };
    assert.deepEqual(feature, {
      definition: ['org.eclipse.hawkbit.swupdatable:SoftwareUpdatable:2.0.0'],
      properties: {
        status: {
          softwareModuleType: 'oci:container',
          lastOperation: last,
          lastFailedOperation: last,
          installedDependencies: { 'img.c-9:9': { group: 'img', name: 'c-9', version: '9' } },
        },
      },
    });
  });

  it('THG-17 other operations are unknown, and values without contents refused', async (t) => {
    const things = await ThingsUnderTest.known(t);
    for (const operation of ['download', 'cancel', 'cancelRemove']) {
      await things.ask('SoftwareUpdatable', operation, {});
      const answer = things.answer();
      assert.equal(answer?.to, 'r1/404');
      assert.equal(
        (answer.read.value as { message: string }).message,
        `unsupported operation called [operationId = ${operation}]`,
      );
    }
    for (const value of [
      undefined,
      {},
      modules(),
      modules(module('a')),
      modules({ softwareModule: { name: 'a' } }),
      { softwareModules: 'all' },
      modules(...Array.from({ length: 101 }, () => module('a', { filename: 'x' }))),
    ]) {
      await things.ask('SoftwareUpdatable', 'install', value);
      assert.equal(things.answer()?.to, 'r1/400', JSON.stringify(value)?.slice(0, 80));
    }
    assert.equal(things.state(UPDATABLE), 'idle');
  });

  it('THG-17 is answered at once, and carries out one action at a time', async (t) => {
    const { things, server } = await prepared(t);
    const artifact = server.artifact('/d', TEXT);
    things.containers.hold('create');
    await things.ask('SoftwareUpdatable', 'install', modules(module('a', artifact)));
    assert.equal(things.answer()?.to, 'r1/204');
    await things.reaches(UPDATABLE, 'installing.creating');
    await things.ask('SoftwareUpdatable', 'install', modules(module('b', artifact)));
    assert.equal(things.answer()?.to, 'r1/204');
    assert.deepEqual(server.requests, ['/d']);
    things.containers.release('create');
    await things.reaches(UPDATABLE, 'idle');
    assert.deepEqual(server.requests, ['/d', '/d']);
    assert.equal(things.containers.facts.size, 2);
  });

  it('THG-17 more actions than can wait are refused', async (t) => {
    const { things, server } = await prepared(t);
    things.containers.hold('create');
    const install = modules(module('a', server.artifact('/d', TEXT)));
    for (let count = 0; count < 33; count++) {
      await things.ask('SoftwareUpdatable', 'install', install);
      assert.equal(things.answer()?.to, 'r1/204', String(count));
    }
    await things.ask('SoftwareUpdatable', 'install', install);
    assert.equal(things.answer()?.to, 'r1/500');
  });

  it('THG-18 HTTP is preferred to HTTPS, and the first checksum counts', async (t) => {
    const { things, server } = await prepared(t);
    server.artifact('/d', TEXT);
    const both = { HTTPS: { url: 'https://127.0.0.1:1/never' }, HTTP: { url: `${server.url}/d` } };
    const good = { MD5: md5(TEXT).toUpperCase(), SHA256: sha256('other') };
    const artifact = { filename: 'd', download: both, checksums: good };
    assert.equal((await steps(things, 'install', modules(module('a', artifact)))).at(-1), 'FINISHED_SUCCESS a');
    const wrong = { ...artifact, checksums: { SHA1: '', SHA256: sha256('other') } };
    assert.deepEqual((await steps(things, 'install', modules(module('a', wrong)))).slice(-2), [
      `failed FINISHED_REJECTED a: the SHA256 checksum is ${sha256(TEXT)} instead of ${sha256('other')}`,
      `FINISHED_REJECTED a: the SHA256 checksum is ${sha256(TEXT)} instead of ${sha256('other')}`,
    ]);
  });

  it('THG-18 what is not a descriptor is rejected', async (t) => {
    const { things, server } = await prepared(t);
    for (const [path, body] of [
      ['/no-json', 'not json'],
      ['/no-image', {}],
      ['/no-object', '[]'],
      ['/bad', { ...DESCRIPTOR, host_config: { network_mode: 'moon' } }],
    ] as const) {
      const said = await steps(things, 'install', modules(module('a', server.artifact(path, body))));
      assert.match(said.at(-1) ?? '', /^FINISHED_REJECTED a: invalid descriptor: /);
    }
    assert.deepEqual(things.containers.calls, []);
  });

  it('THG-18 a transfer is bounded in size, redirects and time, and must be answered with 2xx', async (t) => {
    const server = await DescriptorServer.start(t);
    const things = await ThingsUnderTest.known(t, { descriptors: { maxBytes: 1_000, timeoutMs: 5_000 } });
    const failed = async (artifact: object): Promise<string> =>
      (await steps(things, 'install', modules(module('a', artifact)))).at(-1) ?? '';
    assert.match(await failed(server.link('/absent')), /^FINISHED_ERROR a: HTTP 404$/);
    assert.match(await failed(server.artifact('/large', 'x'.repeat(1_001))), /larger than 1000 bytes/);
    assert.match(await failed({ filename: 'x' }), /there is no link/);
    assert.match(
      await failed({ filename: 'x', download: { HTTP: { url: 'file:///etc/passwd' } } }),
      /not an HTTP link/,
    );
    assert.match(await failed({ download: { HTTP: { url: 'http://127.0.0.1:1/' } } }), /cannot fetch/);
    server.answers.set('/other', ({ socket }) => {
      socket?.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n');
    });
    assert.match(await failed(server.link('/other')), /cannot fetch the descriptor: the server ended the connection/);
    server.answers.set('/round', (response) => response.writeHead(302, { location: '/round' }).end());
    assert.match(await failed(server.link('/round')), /more than 5 redirects/);
    server.answers.set('/to', (response) => response.writeHead(307, { location: '/d' }).end());
    server.artifact('/d', TEXT);
    assert.equal(await failed(server.link('/to')), 'FINISHED_SUCCESS a');

    let isAsked = false;
    server.answers.set('/slow', (response) => {
      isAsked = true;
      response.write('{');
    });
    await things.ask('SoftwareUpdatable', 'install', modules(module('a', server.link('/slow'))));
    await eventually(() => isAsked, 'the descriptor is asked for', 30_000);
    await things.advance(5_000);
    await things.reaches(UPDATABLE, 'idle');
    const context = things.system.peek(UPDATABLE)?.context as { lastOperation: { message: string } };
    assert.equal(context.lastOperation.message, 'no answer within 5000 ms');
  });

  it('THG-19 the steps of a module, with the containers made after INSTALLING and started after INSTALLED', async (t) => {
    const { things, server } = await prepared(t);
    const artifacts = [server.artifact('/a', TEXT), server.artifact('/b', { image: { name: 'reg/b:2' } })];
    const install = modules(module('a', ...artifacts));
    await things.ask('SoftwareUpdatable', 'install', install);
    await things.reaches(UPDATABLE, 'idle');
    await things.settled();
    const said = things.twin();
    const valuesOf = (end: string) =>
      said.filter(([path]) => path.endsWith(end)).map(([, value]) => (value as { status?: string }).status);
    assert.deepEqual(valuesOf('lastOperation'), [
      ...['STARTED', 'DOWNLOADING', 'DOWNLOADED', 'INSTALLING', 'INSTALLED', 'FINISHED_SUCCESS'],
    ]);
    // Of another actor: nothing says which of both is the first to speak.
    assert.deepEqual(valuesOf('status/state'), ['CREATED', 'CREATED', 'RUNNING', 'RUNNING']);
    assert.deepEqual(things.containers.calls, [
      'create reg/map:1',
      'create reg/b:2',
      'c1 {"type":"START","ensure":true}',
      'c2 {"type":"START","ensure":true}',
    ]);
  });

  it('THG-19 the form of a status', async (t) => {
    const { things, server } = await prepared(t);
    await things.ask('SoftwareUpdatable', 'install', modules(module('a', server.artifact('/a', TEXT))));
    const [path, value] = things.twin()[0] ?? [];
    assert.equal(path, 'SoftwareUpdatable/properties/status/lastOperation');
    assert.deepEqual(value, {
      correlationId: 'install-1',
      status: 'STARTED',
      softwareModule: { name: 'a', version: '1' },
    });
    await things.reaches(UPDATABLE, 'idle');
  });

  it('THG-19 a failure is said twice, later modules still run, and nothing is rolled back', async (t) => {
    const { things, server } = await prepared(t);
    const artifact = server.artifact('/a', TEXT);
    things.containers.failures.set('START', 'no such device');
    const said = await steps(
      things,
      'install',
      modules(module('a', artifact), module('b', server.link('/no')), module('c', artifact)),
    );
    assert.deepEqual(said, [
      '204',
      ...GOOD('a').slice(0, 5),
      'failed FINISHED_ERROR a: no such device',
      'FINISHED_ERROR a: no such device',
      ...GOOD('b').slice(0, 2),
      'failed FINISHED_ERROR b: HTTP 404',
      'FINISHED_ERROR b: HTTP 404',
      ...GOOD('c').slice(0, 5),
      'failed FINISHED_ERROR c: no such device',
      'FINISHED_ERROR c: no such device',
    ]);
    assert.equal(things.containers.facts.size, 2);
    things.containers.failures.set('create', 'manifest unknown');
    assert.equal(
      (await steps(things, 'install', modules(module('d', artifact)))).at(-1),
      'FINISHED_ERROR d: manifest unknown',
    );
  });

  it('THG-19 an install that the end of the process cut off goes on, and makes nothing twice', async (t) => {
    const { things, server } = await prepared(t);
    things.containers.hold('START');
    await things.ask('SoftwareUpdatable', 'install', modules(module('a', server.artifact('/a', TEXT))));
    await things.reaches(UPDATABLE, 'installing.starting');
    const again = await things.again(t);
    await again.reaches(UPDATABLE, 'idle');
    assert.deepEqual(again.containers.calls, ['c1 {"type":"START","ensure":true}']);
    assert.deepEqual(again.containers.steps, things.containers.steps, 'as the same step asks for it');
    assert.equal(again.containers.steps.length, 1);
    const context = again.system.peek(UPDATABLE)?.context as { lastOperation: { status: string } };
    assert.equal(context.lastOperation.status, 'FINISHED_SUCCESS');
  });

  it('THG-19 a descriptor may name its container, and one of that id is not made twice', async (t) => {
    const { things, server } = await prepared(t);
    const named = module('a', server.artifact('/a', { ...DESCRIPTOR, container_id: 'map-1' }));
    assert.equal((await steps(things, 'install', modules(named))).at(-1), 'FINISHED_SUCCESS a');
    assert.ok(things.containers.find('map-1'));
    assert.equal(
      (await steps(things, 'install', modules(named))).at(-1),
      'FINISHED_ERROR a: container with id = map-1 already exists',
    );
  });

  it('THG-19 one that was being made when the process ended goes on being made', async (t) => {
    const { things, server } = await prepared(t);
    things.containers.hold('create');
    await things.ask('SoftwareUpdatable', 'install', modules(module('a', server.artifact('/a', TEXT))));
    await things.reaches(UPDATABLE, 'installing.creating');
    const { activity, key } = things.containers.asked;
    things.containers.put(key, configOf('map', 'reg/map:1'), 'Creating', activity);
    const again = await things.again(t);
    await again.reaches(UPDATABLE, 'idle');
    assert.deepEqual(again.containers.calls, ['c1 {"type":"CREATE"}', 'c1 {"type":"START","ensure":true}']);
  });

  const removal = (forced: boolean, ...names: readonly string[]) => ({
    correlationId: 'remove-1',
    forced,
    software: names.map((name) => ({ group: 'g', name, version: '1' })),
  });

  it('THG-20 each is said to be removed, and then all of them', async (t) => {
    const { things } = await prepared(t);
    for (const id of ['a', 'b']) things.containers.put(id, configOf(id, 'img:1'));
    assert.deepEqual(await steps(things, 'remove', removal(false, 'a', 'b')), [
      '204',
      'REMOVING a',
      'REMOVED a',
      'REMOVING b',
      'REMOVED b',
      'FINISHED_SUCCESS a+b',
    ]);
    assert.equal(things.containers.facts.size, 0);
    assert.deepEqual(things.containers.calls, ['a {"type":"REMOVE","force":true}', 'b {"type":"REMOVE","force":true}']);
  });

  it('THG-20 after the first failure the rest is rejected, unless it is forced', async (t) => {
    const { things } = await prepared(t);
    for (const id of ['a', 'c']) things.containers.put(id, configOf(id, 'img:1'));
    const unknown = 'container with ID = b does not exist';
    const rejected = 'FINISHED_REJECTED c: not removed, as another one could not be';
    assert.deepEqual(await steps(things, 'remove', removal(false, 'a', 'b', 'c')), [
      ...['204', 'REMOVING a', 'REMOVED a', 'REMOVING b'],
      ...[`failed ${rejected}`, rejected],
      ...[`failed FINISHED_ERROR b: ${unknown}`, `FINISHED_ERROR b: ${unknown}`],
      'FINISHED_SUCCESS a',
    ]);
    things.containers.failures.set('REMOVE', 'it is in use');
    assert.deepEqual(await steps(things, 'remove', removal(true, 'b', 'c')), [
      ...['204', 'REMOVING b', 'REMOVING c'],
      ...[`failed FINISHED_ERROR b+c: ${unknown}, it is in use`, `FINISHED_ERROR b+c: ${unknown}, it is in use`],
    ]);
  });

  it('THG-20 an empty list is 400', async (t) => {
    const things = await ThingsUnderTest.known(t);
    for (const value of [undefined, {}, { software: [] }, { software: {} }]) {
      await things.ask('SoftwareUpdatable', 'remove', value);
      assert.equal(things.answer()?.to, 'r1/400');
    }
  });

  it('THG-20 a removal that the end of the process cut off counts as done where nothing is left', async (t) => {
    const { things } = await prepared(t);
    things.containers.put('a', configOf('a', 'img:1'));
    things.containers.hold('REMOVE');
    await things.ask('SoftwareUpdatable', 'remove', removal(false, 'a'));
    await things.reaches(UPDATABLE, 'removing.one');
    things.containers.facts.delete('a');
    const again = await things.again(t);
    await again.reaches(UPDATABLE, 'idle');
    const context = again.system.peek(UPDATABLE)?.context as { lastOperation: { status: string } };
    assert.equal(context.lastOperation.status, 'FINISHED_SUCCESS');
  });
});
