import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  createDispatch,
  createRedisDispatcher,
  encodeRecord,
  type FleetRecord,
  type RedisDispatcherOptions,
} from '../../src/actors/dispatch/index.js';
import { createAuthority, issueServerCertificate } from '../../src/actors/provisioning/index.js';
import { ManualClock, systemClock } from '../../src/runtime/clock.js';
import { ActorSystem } from '../../src/runtime/system.js';
import { dispatcherSuite } from '../actors/dispatch/abstract-suite.js';
import { numberOf, sampleFormats, sampleRecord, sampleRecords } from '../actors/dispatch/sample-records.js';
import { turn } from '../fakes/held-calls.js';
import { FakeLogReader } from '../fakes/log-reader.js';
import { RedisServer, RedisSubscriber, withoutRedis } from '../fakes/redis-server.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { TcpWay } from '../fakes/tcp-way.js';
import { until } from '../fakes/until.js';

const skip = withoutRedis();
const signal = new AbortController().signal;
const CHANNEL = 'fleet_V_{VIN0001}';
const SET = `wanted_${CHANNEL}`;

const optionsFor = (port: number, options: Partial<RedisDispatcherOptions> = {}): RedisDispatcherOptions => ({
  addresses: [{ host: '127.0.0.1', port }],
  isCluster: false,
  username: '',
  password: '',
  db: 0,
  tls: undefined,
  publishVinTopics: true,
  subscriberSetPrefix: '',
  publishTimeoutMs: 30_000,
  formats: sampleFormats,
  clock: systemClock,
  ...options,
});

function dispatcherFor(t: TestContext, port: number, options: Partial<RedisDispatcherOptions> = {}) {
  const dispatcher = createRedisDispatcher(optionsFor(port, options));
  t.after(() => dispatcher.close(0));
  return dispatcher;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** One dispatcher as an actor, over a spool in memory. */
async function actorOver(t: TestContext, port: number, options: Partial<RedisDispatcherOptions> = {}) {
  const spool = new FakeLogReader();
  const confirmed = new Set<number>();
  const dispatch = createDispatch({
    clock: systemClock,
    dispatchers: [
      {
        name: 'redis',
        dispatcher: createRedisDispatcher(optionsFor(port, options)),
        spool,
        boundBytes: 10_000_000,
        batch: { items: 20, bytes: 1_000_000 },
        timing: { retryMs: 50, longestRetryMs: 200 },
        onConfirmed: (record: FleetRecord) => confirmed.add(numberOf(record.metadata['txid'] as string)),
      },
    ],
  });
  const system = new ActorSystem({ directory: temporaryFolder(t) });
  system.register(dispatch.type);
  await system.start();
  t.after(async () => {
    await system.stop(100);
    await dispatch.close(100);
  });
  for (const { address, input } of dispatch.actors) system.spawn(address, input);
  const append = (from: number, to: number): void => {
    for (const record of sampleRecords(from, to)) spool.append(encodeRecord(record));
  };
  const view = () => {
    const [first] = dispatch.views((address) => system.peek(address));
    assert.ok(first);
    return first;
  };
  return { spool, confirmed, append, view };
}

/** What came, with what is still under way: a publication of the test's own comes behind it. */
async function settled(server: RedisServer, subscriber: RedisSubscriber): Promise<number[]> {
  const before = subscriber.messages.length;
  const mark = JSON.stringify({ mark: before });
  await server.client().publish('mark', mark);
  await until(() => subscriber.messages.some(({ body }) => body.toString() === mark), 'the mark');
  return subscriber.numbers;
}

if (!skip) {
  dispatcherSuite('redis', async (t) => {
    const server = await RedisServer.start(t);
    const subscriber = await RedisSubscriber.to(server);
    const way = await TcpWay.to(t, server.port);
    return {
      dispatcher: dispatcherFor(t, way.port),
      received: () => settled(server, subscriber),
      vanish: async () => way.close(),
      comeBack: async () => way.open(),
    };
  });
}

describe('the redis dispatcher and a Redis server', { skip }, () => {
  it('FT-RED-1 FT-RED-3 publishes the payload on the channel of the vehicle, in order', async (t) => {
    const server = await RedisServer.start(t);
    const subscriber = await RedisSubscriber.to(server);
    const published: [string, number][] = [];
    const payload = Buffer.from([0, 0xff, 0x0a]);
    const formats = {
      ...sampleFormats,
      redis: ({ vehicle }: FleetRecord) =>
        ({ ok: true, value: { channel: `t_V_{${vehicle}}`, subscribers: '', body: payload } }) as const,
    };
    const onPublished = (type: string, bytes: number): unknown => published.push([type, bytes]);
    const dispatcher = dispatcherFor(t, server.port, { formats, onPublished });
    await dispatcher.connect(signal);
    const records = ['A', 'B', 'A'].map((vehicle, index) => sampleRecord(index, { vehicle }));
    assert.deepEqual(await dispatcher.deliver(records, signal), { delivered: 3, refused: [] });
    await until(() => subscriber.messages.length === 3, 'delivery');
    assert.deepEqual([...subscriber.channels].sort(), ['t_V_{A}', 't_V_{A}', 't_V_{B}']);
    assert.ok(subscriber.messages.every(({ body }) => body.equals(payload)));
    assert.deepEqual(
      published,
      range(1, 3).map(() => ['V', 3]),
    );
  });

  it('FT-RED-2 publishes to whoever has a lease, removes leases that are over, then to the vehicle', async (t) => {
    const server = await RedisServer.start(t);
    const subscriber = await RedisSubscriber.to(server);
    const clock = new ManualClock(1_700_000_000_999, turn);
    const client = server.client();
    await client.zadd(SET, 1_699_999_999, 'late', 1_700_000_000, 'just', 1_700_000_100, 'long', 1_700_000_050, 'short');
    const dispatcher = dispatcherFor(t, server.port, { clock, subscriberSetPrefix: 'wanted' });
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);
    await settled(server, subscriber);
    assert.deepEqual(subscriber.channels, ['just', 'short', 'long', CHANNEL, 'mark']);
    assert.deepEqual(await client.zrange(SET, '0', '-1'), ['just', 'short', 'long']);

    subscriber.messages.length = 0;
    await clock.advance(51_000);
    assert.equal((await dispatcher.deliver([sampleRecord(2)], signal)).delivered, 1);
    await settled(server, subscriber);
    assert.deepEqual(subscriber.channels, ['long', CHANNEL, 'mark']);
    assert.deepEqual(await client.zrange(SET, '0', '-1'), ['long']);
  });

  it('FT-RED-2 FT-RED-3 without vehicle channels nobody with a lease means nothing to publish, which is success', async (t) => {
    const server = await RedisServer.start(t);
    const subscriber = await RedisSubscriber.to(server);
    const dispatcher = dispatcherFor(t, server.port, { subscriberSetPrefix: 'wanted', publishVinTopics: false });
    await dispatcher.connect(signal);
    assert.deepEqual(await dispatcher.deliver(sampleRecords(1, 3), signal), { delivered: 3, refused: [] });
    await settled(server, subscriber);
    assert.deepEqual(subscriber.channels, ['mark']);
  });

  it('FT-RED-4 waits for a server that is down, says why, and publishes everything when it is there', async (t) => {
    const server = await RedisServer.prepare(t);
    const way = await TcpWay.to(t, server.port);
    const { append, view, spool } = await actorOver(t, way.port);
    append(1, 50);
    await until(() => view().state === 'broken', 'the failure');
    assert.match(view().lastError?.message ?? '', /^redis_connect_error 127\.0\.0\.1:\d+: /);
    assert.equal(view().pendingItems, 50);
    way.close();
    await server.start();
    const subscriber = await RedisSubscriber.to(server);
    way.open();
    append(51, 300);
    await until(() => spool.pending().items === 0, 'the drain');
    assert.deepEqual(await settled(server, subscriber), range(1, 300));
    await until(() => view().state === 'ready', 'recovery');
    assert.equal(view().delivered, 300);
    assert.equal(view().confirmation, 'relayed');
  });

  it('FT-RED-4 says that nobody listens', async (t) => {
    const server = await RedisServer.prepare(t);
    await assert.rejects(dispatcherFor(t, server.port).connect(signal), {
      code: 'DISPATCH_REDIS_UNREACHABLE',
      message: `redis_connect_error 127.0.0.1:${server.port}: nobody listens there; is Redis running?`,
    });
  });

  it('FT-RED-4 says that the password is wrong, or missing, without showing it', async (t) => {
    const server = await RedisServer.start(t, { options: { requirepass: 'topsecret' } });
    await assert.rejects(
      dispatcherFor(t, server.port, { password: 'almostsecret' }).connect(signal),
      ({ code, message }: Error & { code: string }) =>
        code === 'DISPATCH_REDIS_UNREACHABLE' &&
        /^redis_connect_error .*refuses the user name or password; see .*redisPasswordFile/.test(message) &&
        !/secret/.test(message),
    );
    await assert.rejects(dispatcherFor(t, server.port).connect(signal), {
      message: /^redis_connect_error .*asks for a password/,
    });
    const dispatcher = dispatcherFor(t, server.port, { password: 'topsecret' });
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);
  });

  it('FT-RED-4 gives up a server that accepts and does not answer, and when told to', async (t) => {
    const server = await RedisServer.start(t);
    server.freeze();
    const clock = new ManualClock(0, turn);
    const connecting = dispatcherFor(t, server.port, { clock }).connect(signal);
    await until(() => clock.pending > 0, 'the ping');
    await Promise.all([
      assert.rejects(connecting, { message: /^redis_connect_error .*no answer within 10000 ms$/ }),
      clock.advance(10_000),
    ]);
    const stop = new AbortController();
    const stopped = dispatcherFor(t, server.port).connect(stop.signal);
    stop.abort();
    await assert.rejects(stopped, { code: 'DISPATCH_ABORTED' });
  });

  it('FT-RED-5 loses nothing that was not confirmed when the server is killed under load', async (t) => {
    const server = await RedisServer.start(t);
    const way = await TcpWay.to(t, server.port);
    const { append, view, spool, confirmed } = await actorOver(t, way.port);
    await until(() => view().state === 'ready', 'the connection');
    append(1, 2_000);
    await until(() => confirmed.size >= 200, 'some confirmations');
    await server.kill();
    await until(() => view().state === 'broken', 'the loss');
    const before = new Set(confirmed);
    assert.ok(before.size < 2_000);

    way.close();
    await server.start();
    const subscriber = await RedisSubscriber.to(server);
    way.open();
    append(2_001, 2_100);
    await until(() => spool.pending().items === 0, 'the drain');
    const seen = await settled(server, subscriber);
    assert.deepEqual(seen, range(before.size + 1, 2_100));
    assert.equal(confirmed.size, 2_100);
  });

  it('FT-RED-5 the first publication that fails stops the rest, and is counted', async (t) => {
    const server = await RedisServer.start(t);
    const subscriber = await RedisSubscriber.to(server);
    const commands = ['-@all', '+ping', '+publish', '+zrange', '+zremrangebyscore'];
    await server.client().acl('SETUSER', 'hub', 'on', '>pw', '~*', 'resetchannels', '&a*', '&fleet*', ...commands);
    await server.client().zadd(SET, 9e9, 'a1', 9.1e9, 'forbidden', 9.2e9, 'a2');
    const errors: string[] = [];
    const dispatcher = dispatcherFor(t, server.port, {
      username: 'hub',
      password: 'pw',
      subscriberSetPrefix: 'wanted',
      onError: (type) => errors.push(type),
    });
    await dispatcher.connect(signal);
    const { delivered, failure } = await dispatcher.deliver(sampleRecords(1, 3), signal);
    assert.equal(delivered, 0);
    assert.equal(failure?.code, 'DISPATCH_REDIS_FAILED');
    assert.match(failure.message, /^redis_err NOPERM/);
    assert.deepEqual(errors, ['V']);
    await settled(server, subscriber);
    assert.deepEqual(subscriber.channels, ['a1', 'mark']);
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).failure?.code, 'DISPATCH_NOT_CONNECTED');
  });

  it('FT-RED-5 confirms nothing that a hanging server did not answer within publish_timeout', async (t) => {
    const server = await RedisServer.start(t);
    const clock = new ManualClock(0, turn);
    const dispatcher = dispatcherFor(t, server.port, { clock, publishTimeoutMs: 700 });
    await dispatcher.connect(signal);
    server.freeze();
    const delivering = dispatcher.deliver(sampleRecords(1, 3), signal);
    await turn();
    await clock.advance(700);
    const { delivered, failure } = await delivering;
    assert.equal(delivered, 0);
    assert.equal(failure?.code, 'DISPATCH_REDIS_TIMEOUT');
    assert.match(failure.message, /^redis_err PUBLISH was not answered within 700 ms \(publish_timeout\)$/);
    assert.equal(clock.pending, 0);
  });

  it('FT-RED-5 waits for a slow server, once for each publication', async (t) => {
    const server = await RedisServer.start(t);
    const subscriber = await RedisSubscriber.to(server);
    const dispatcher = dispatcherFor(t, server.port);
    await dispatcher.connect(signal);
    await server.client().client('PAUSE', 200, 'WRITE');
    assert.deepEqual(await dispatcher.deliver(sampleRecords(1, 30), signal), { delivered: 30, refused: [] });
    assert.deepEqual(await settled(server, subscriber), range(1, 30));
  });

  it('FT-RED-5 publishes nothing later behind the back of the spool', async (t) => {
    const server = await RedisServer.start(t);
    const subscriber = await RedisSubscriber.to(server);
    const way = await TcpWay.to(t, server.port);
    const dispatcher = dispatcherFor(t, way.port);
    await dispatcher.connect(signal);
    const delivering = dispatcher.deliver(sampleRecords(1, 40), signal);
    way.close();
    const { delivered } = await delivering;
    const first = await settled(server, subscriber);
    assert.ok(first.length >= delivered);
    way.open();
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver([sampleRecord(77)], signal)).delivered, 1);
    assert.deepEqual(await settled(server, subscriber), [...first, 77]);
  });

  it('FT-RED-2 a key that is no set costs the records of its vehicle alone', async (t) => {
    const server = await RedisServer.start(t);
    await server.client().set(SET, 'x');
    const dispatcher = dispatcherFor(t, server.port, { subscriberSetPrefix: 'wanted' });
    await dispatcher.connect(signal);
    const delivery = await dispatcher.deliver([sampleRecord(1), sampleRecord(2, { vehicle: 'VIN0002' })], signal);
    assert.deepEqual(delivery, {
      delivered: 2,
      refused: [{ index: 0, reason: 'DISPATCH_REDIS_REFUSED: the key of its subscribers is no sorted set' }],
    });
  });

  it('FT-RED-6 speaks to a cluster: sets are read where they are, order is kept', async (t) => {
    const servers = await cluster(t);
    const [first, second] = servers as [RedisServer, RedisServer];
    const subscriber = await RedisSubscriber.to(second);
    const vehicles = range(1, 20).map((number) => `VIN${number}`);
    const setter = first.client();
    const other = second.client();
    for (const vehicle of vehicles) {
      const args = [`wanted_fleet_V_{${vehicle}}`, 9e9, `lease-${vehicle}`] as const;
      await setter.zadd(...args).catch(() => other.zadd(...args));
    }
    const dispatcher = dispatcherFor(t, first.port, { isCluster: true, subscriberSetPrefix: 'wanted' });
    await dispatcher.connect(signal);
    const records = range(0, 199).map((n) => sampleRecord(n, { vehicle: vehicles[n % 20] as string }));
    assert.deepEqual(await dispatcher.deliver(records, signal), { delivered: 200, refused: [] });
    await until(() => subscriber.messages.length === 400, 'delivery over the bus of the cluster');
    for (const vehicle of vehicles) {
      for (const channel of [`lease-${vehicle}`, `fleet_V_{${vehicle}}`]) {
        const numbers = subscriber.messages
          .filter((message) => message.channel === channel)
          .map(({ body }) => numberOf((JSON.parse(body.toString()) as { txid: string }).txid));
        assert.equal(numbers.length, 10, channel);
        assert.deepEqual(
          numbers,
          [...numbers].sort((a, b) => a - b),
        );
      }
    }
  });

  it('FT-RED-6 says that a single node is no cluster', async (t) => {
    const server = await RedisServer.start(t);
    await assert.rejects(dispatcherFor(t, server.port, { isCluster: true }).connect(signal), {
      message: /^redis_connect_error .*that is no cluster; leave cluster_mode out/,
    });
  });

  it('FT-RED-6 speaks TLS with the named authority and a certificate of its own', async (t) => {
    const folder = temporaryFolder(t);
    const authority = await createAuthority({ commonName: 'Redis CA' });
    const { chainPem, keyPem } = await issueServerCertificate(authority, { names: ['localhost'] });
    const [caFile, certFile, keyFile] = ['ca.crt', 'redis.crt', 'redis.key'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(caFile, authority.certificatePem);
    writeFileSync(certFile, chainPem);
    writeFileSync(keyFile, keyPem);
    const port = (await RedisServer.prepare(t)).port;
    await RedisServer.start(t, {
      options: {
        'tls-port': `${port}`,
        'tls-cert-file': certFile,
        'tls-key-file': keyFile,
        'tls-ca-cert-file': caFile,
        'tls-auth-clients': 'optional',
      },
    });
    const tls = { caFile, certFile: '', keyFile: '', serverName: undefined };
    const addresses = [{ host: 'localhost', port }];
    const trusting = dispatcherFor(t, port, { addresses, tls });
    await trusting.connect(signal);
    assert.equal((await trusting.deliver(sampleRecords(1, 3), signal)).delivered, 3);
    const byName = dispatcherFor(t, port, { tls: { ...tls, serverName: 'localhost' } });
    await byName.connect(signal);
    await assert.rejects(dispatcherFor(t, port, { addresses, tls: { ...tls, serverName: 'other' } }).connect(signal), {
      message: /^redis_connect_error /,
    });
    await assert.rejects(dispatcherFor(t, port, { addresses, tls: { ...tls, caFile: '' } }).connect(signal), {
      message: /^redis_connect_error .*certificate/,
    });
    await assert.rejects(dispatcherFor(t, port, { tls: { ...tls, caFile: '/nowhere.crt' } }).connect(signal), {
      message: /^redis_connect_error .*nowhere\.crt/,
    });
  });

  it('tells of the loss of a connection that is idle', async (t) => {
    const server = await RedisServer.start(t);
    const dispatcher = dispatcherFor(t, server.port);
    await dispatcher.connect(signal);
    const lost = new Promise<string>((resolve) => dispatcher.onLost(({ code }) => resolve(code)));
    await server.kill();
    assert.equal(await lost, 'DISPATCH_REDIS_LOST');
  });
});

/** Two masters that share the slots. */
async function cluster(t: TestContext): Promise<RedisServer[]> {
  const servers: RedisServer[] = [];
  for (const _ of [1, 2]) {
    const bus = await RedisServer.prepare(t);
    servers.push(await RedisServer.start(t, { options: { 'cluster-enabled': 'yes', 'cluster-port': `${bus.port}` } }));
  }
  const clients = servers.map((server) => server.client());
  const [a, b] = clients as [(typeof clients)[0], (typeof clients)[0]];
  await a.call('CLUSTER', 'ADDSLOTSRANGE', '0', '8191');
  await b.call('CLUSTER', 'ADDSLOTSRANGE', '8192', '16383');
  await b.call('CLUSTER', 'SET-CONFIG-EPOCH', '2');
  const port = servers[1]?.port ?? 0;
  const [, bus = ''] =
    /cluster-port\n(\d+)/.exec(((await b.config('GET', 'cluster-port')) as string[]).join('\n')) ?? [];
  await a.call('CLUSTER', 'MEET', '127.0.0.1', `${port}`, bus);
  for (const client of clients) {
    let info = '';
    let asked = false;
    await until(() => {
      if (asked) return false;
      if (/cluster_state:ok/.test(info) && /cluster_slots_assigned:16384/.test(info)) return true;
      asked = true;
      void client.call('CLUSTER', 'INFO').then((text) => {
        info = String(text);
        asked = false;
      });
      return false;
    }, 'the cluster');
  }
  return servers;
}
