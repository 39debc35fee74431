import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  createDispatch,
  createMqttDispatcher,
  encodeRecord,
  type FleetRecord,
  type MqttDispatcherOptions,
} from '../../src/actors/dispatch/index.js';
import { systemClock } from '../../src/runtime/clock.js';
import { ActorSystem } from '../../src/runtime/system.js';
import { numberOf, sampleFormats, sampleRecord, sampleRecords } from '../actors/dispatch/sample-records.js';
import { FakeLogReader } from '../fakes/log-reader.js';
import { Mosquitto, MosquittoClient, withoutMosquitto } from '../fakes/mosquitto.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { until } from '../fakes/until.js';

const skip = withoutMosquitto();
const signal = new AbortController().signal;

const optionsFor = (broker: Mosquitto, options: Partial<MqttDispatcherOptions> = {}): MqttDispatcherOptions => ({
  broker: broker.address,
  topicBase: 'telemetry',
  qos: 1,
  formats: sampleFormats,
  clock: systemClock,
  ...options,
});

function dispatcherFor(t: TestContext, broker: Mosquitto, options: Partial<MqttDispatcherOptions> = {}) {
  const dispatcher = createMqttDispatcher(optionsFor(broker, options));
  t.after(() => dispatcher.close(0));
  return dispatcher;
}

/** A mosquitto_sub that has subscribed. */
async function subscriber(t: TestContext, broker: Mosquitto): Promise<MosquittoClient> {
  const at = ['-h', '127.0.0.1', '-p', `${broker.port}`];
  const mark = new MosquittoClient(t, 'mosquitto_pub', [...at, '-t', 'telemetry/mark', '-m', 'x', '-r', '-q', '1']);
  assert.equal((await mark.done).code, 0);
  const format = ['-F', '%q %r %t %p'];
  const client = new MosquittoClient(t, 'mosquitto_sub', [...at, '-t', 'telemetry/#', '-q', '2', ...format]);
  // It comes with the subscription.
  await until(() => client.output.includes('telemetry/mark'), 'the subscription');
  return client;
}

const messages = (client: MosquittoClient): string[] => client.lines.filter((line) => !line.includes('telemetry/mark'));

const numbers = (client: MosquittoClient): number[] =>
  messages(client)
    .filter((line) => line.includes('/b '))
    .map((line) => numberOf((JSON.parse(line.slice(line.indexOf('{'))) as { txid: string }).txid));

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** One dispatcher as an actor, over a spool in memory. */
async function actorOver(t: TestContext, broker: Mosquitto) {
  const spool = new FakeLogReader();
  const confirmed = new Set<number>();
  const dispatch = createDispatch({
    clock: systemClock,
    dispatchers: [
      {
        name: 'mqtt',
        dispatcher: createMqttDispatcher(optionsFor(broker)),
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

describe('the mqtt dispatcher and mosquitto', { skip }, () => {
  for (const [qos, retained] of [
    [0, false],
    [1, true],
    [2, false],
  ] as const) {
    it(`FT-MQ-3 delivers in order with QoS ${qos}, retained ${retained}`, async (t) => {
      const broker = await Mosquitto.start(t);
      const reader = await subscriber(t, broker);
      const dispatcher = dispatcherFor(t, broker, { qos, retained });
      await dispatcher.connect(signal);
      const deliveries = await Promise.all([
        dispatcher.deliver(sampleRecords(1, 100), signal),
        dispatcher.deliver(sampleRecords(101, 200), signal),
      ]);
      assert.deepEqual(
        deliveries.map(({ delivered }) => delivered),
        [100, 100],
      );
      await until(() => numbers(reader).length === 200, 'delivery');
      assert.deepEqual(numbers(reader), range(1, 200));
      assert.ok(messages(reader).every((line) => line.startsWith(`${qos} `)));
      if (retained) {
        const late = await subscriber(t, broker);
        await until(() => messages(late).length === 2, 'the retained messages');
        assert.ok(messages(late).every((line) => line.startsWith('1 1 telemetry/VIN0001/')));
      }
    });
  }

  it('FT-MQ-2 starts although the broker is down, and drains the spool in order when it is there', async (t) => {
    const broker = await Mosquitto.prepare(t);
    const { append, view, spool } = await actorOver(t, broker);
    append(1, 50);
    await until(() => view().state === 'broken', 'the failure');
    assert.match(view().lastError?.message ?? '', /nobody listens there; is the broker running\?$/);
    assert.equal(view().pendingItems, 50);
    await broker.start();
    const reader = await subscriber(t, broker);
    append(51, 300);
    await until(() => spool.pending().items === 0, 'the drain');
    await until(() => numbers(reader).at(-1) === 300, 'delivery');
    const seen = numbers(reader);
    assert.deepEqual(seen, range(seen[0] as number, 300));
    assert.equal(view().state, 'ready');
    assert.equal(view().delivered, 300);
  });

  it('FT-MQ-11 loses nothing when the broker is killed under load', async (t) => {
    const broker = await Mosquitto.start(t);
    const { append, view, spool, confirmed } = await actorOver(t, broker);
    await until(() => view().state === 'ready', 'the connection');
    append(1, 2_000);
    await until(() => confirmed.size >= 200, 'some confirmations');
    await broker.kill();
    const before = new Set(confirmed);
    assert.ok(before.size < 2_000);
    await until(() => view().state === 'broken', 'the loss');
    assert.equal(confirmed.size, before.size);

    await broker.start();
    const reader = await subscriber(t, broker);
    append(2_001, 2_100);
    await until(() => spool.pending().items === 0, 'the drain');
    await until(() => numbers(reader).at(-1) === 2_100, 'delivery');
    assert.deepEqual(
      [...confirmed].sort((a, b) => a - b),
      range(1, 2_100),
    );
  });

  it('FT-MQ-10 confirms nothing when the broker falls silent', async (t) => {
    const broker = await Mosquitto.start(t);
    const dispatcher = dispatcherFor(t, broker, { publishTimeoutMs: 300 });
    await dispatcher.connect(signal);
    broker.freeze();
    const { delivered, failure } = await dispatcher.deliver(sampleRecords(1, 3), signal);
    assert.equal(delivered, 0);
    assert.equal(failure?.code, 'DISPATCH_MQTT_TIMEOUT');
  });

  it('FT-MQ-9 keeps its connection over topics that mosquitto would end it for', async (t) => {
    const broker = await Mosquitto.start(t);
    const reader = await subscriber(t, broker);
    const formats = {
      ...sampleFormats,
      mqtt: ({ vehicle }: FleetRecord) =>
        ({ ok: true, value: [{ topic: `${vehicle}/b`, body: '{"txid":"tx-1"}' }] }) as const,
    };
    const dispatcher = dispatcherFor(t, broker, { formats });
    await dispatcher.connect(signal);
    const vehicles = [
      'a\u0001',
      'a\u007f',
      'a\u0085',
      'a\ufffe',
      'a\u{1ffff}',
      'a\ufdd0',
      'a\0',
      '+',
      '#',
      'größe %2F',
    ];
    const records = vehicles.map((vehicle, index) => sampleRecord(index, { vehicle }));
    const { delivered, refused, failure } = await dispatcher.deliver(records, signal);
    assert.equal(failure, undefined);
    assert.equal(delivered, vehicles.length);
    assert.equal(refused?.length, vehicles.length - 1);
    await until(() => messages(reader).length === 1, 'delivery');
    assert.match(messages(reader)[0] ?? '', /^1 0 telemetry\/größe %2F\/b /);
  });

  it('says that the broker does not let it in', async (t) => {
    const broker = await Mosquitto.start(t, 'allow_anonymous false');
    await assert.rejects(dispatcherFor(t, broker, { username: 'hub', password: 'wrong' }).connect(signal), {
      code: 'DISPATCH_MQTT_UNREACHABLE',
      message: /check user name, password and the access list$/,
    });
  });
});
