import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { Delivery, RecordFormats } from '../../../src/actors/dispatch/dispatcher.js';
import type { DispatchError } from '../../../src/actors/dispatch/errors.js';
import { createMqttDispatcher, type MqttDispatcherOptions } from '../../../src/actors/dispatch/mqtt/mqtt-dispatcher.js';
import { Pump } from '../../../src/actors/dispatch/pump.js';
import { encodeRecord } from '../../../src/actors/dispatch/record.js';
import { ManualClock, systemClock } from '../../../src/runtime/clock.js';
import { turn } from '../../fakes/held-calls.js';
import { eventually } from '../../fakes/ingest-hub.js';
import { FakeLogReader } from '../../fakes/log-reader.js';
import { FakeMqttBroker } from '../../fakes/mqtt-broker.js';
import { startBroker } from '../mqtt/broker-setup.js';
import { dispatcherSuite } from './abstract-suite.js';
import { numberOf, sampleFormats, sampleRecord, sampleRecords, UNPRINTABLE } from './sample-records.js';

const signal = new AbortController().signal;

async function setUp(t: TestContext, options: Partial<MqttDispatcherOptions> = {}) {
  const broker = new FakeMqttBroker();
  await broker.start();
  t.after(() => broker.stop());
  const dispatcher = createMqttDispatcher({
    broker: broker.address,
    topicBase: 'telemetry',
    qos: 1,
    formats: sampleFormats,
    clock: systemClock,
    ...options,
  });
  t.after(() => dispatcher.close(0));
  return { broker, dispatcher };
}

/** A broker that accepts every client and then answers nothing. */
async function silentBroker(t: TestContext): Promise<{ address: string; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('data', () => socket.write(Buffer.from([0x20, 2, 0, 0])));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as { port: number }).port}`, sockets };
}

for (const qos of [1, 2] as const) {
  dispatcherSuite(`mqtt, QoS ${qos}`, async (t) => {
    const { broker, dispatcher } = await setUp(t, { qos });
    return {
      dispatcher,
      received: async () =>
        broker.publications
          .filter(({ topic }) => topic.endsWith('/b'))
          .map(({ body }) => numberOf((JSON.parse(body) as { txid: string }).txid)),
      vanish: () => broker.stop(),
      comeBack: () => broker.start(),
    };
  });
}

describe('the mqtt dispatcher', () => {
  it('FT-MQ-1 connects with the configured client id, user, password and keep-alive', async (t) => {
    const broker = new FakeMqttBroker();
    await broker.start({ password: 'secret' });
    t.after(() => broker.stop());
    const options = { broker: broker.address, topicBase: 't', formats: sampleFormats, clock: systemClock };
    const dispatcher = createMqttDispatcher({
      ...options,
      clientId: 'hub-1',
      username: 'hub',
      password: 'secret',
      keepAliveS: 7,
    });
    t.after(() => dispatcher.close(0));
    await dispatcher.connect(signal);
    const { clientId, username, keepalive } = broker.connects[0] ?? {};
    assert.deepEqual({ clientId, username, keepalive }, { clientId: 'hub-1', username: 'hub', keepalive: 7 });

    await assert.rejects(createMqttDispatcher({ ...options, password: 'wrong', username: 'hub' }).connect(signal), {
      code: 'DISPATCH_MQTT_UNREACHABLE',
      message: /the broker does not authorise this client/,
    });
  });

  it('FT-MQ-1 refuses an address that is none', () => {
    const options = { topicBase: 't', formats: sampleFormats, clock: systemClock };
    assert.throws(
      () => createMqttDispatcher({ ...options, broker: 'foo://user:topsecret@h:1' }),
      ({ code, message }: DispatchError) => code === 'DISPATCH_BROKER_INVALID' && !/topsecret|user/.test(message),
    );
  });

  it('a batch of refusals costs no more for each record than for the one before', async (t) => {
    const { dispatcher } = await setUp(t);
    await dispatcher.connect(signal);
    const count = 30_000;
    const records = Array.from({ length: count }, (_, number) => sampleRecord(number, { type: UNPRINTABLE }));
    // All that is told is kept: a list of refusals with each of them would be gigabytes.
    const told: Delivery[] = [];
    const { delivered, refused } = await dispatcher.deliver(records, signal, (progress) => told.push(progress));
    assert.deepEqual([delivered, refused?.length, told.length], [count, count, count - 1]);
    assert.deepEqual([told[99]?.delivered, told[99]?.refused?.at(-1)?.index], [100, 99]);
  });

  it('FT-MQ-2 says that nobody listens, and connects when somebody does', async (t) => {
    const { broker, dispatcher } = await setUp(t);
    await broker.stop();
    await assert.rejects(dispatcher.connect(signal), {
      code: 'DISPATCH_MQTT_UNREACHABLE',
      message: `cannot connect to mqtt://${broker.address}: nobody listens there; is the broker running?`,
    });
    await broker.start();
    await dispatcher.connect(signal);
  });

  it('gives up connecting when told to', async (t) => {
    const server = createServer((socket) => void socket.resume());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { port } = server.address() as { port: number };
    const { dispatcher } = await setUp(t, { broker: `:${port}` });
    const stop = new AbortController();
    const connecting = dispatcher.connect(stop.signal);
    stop.abort();
    await assert.rejects(connecting, { code: 'DISPATCH_ABORTED' });
    await assert.rejects(dispatcher.connect(stop.signal), { code: 'DISPATCH_ABORTED' });
  });

  for (const [qos, retained] of [
    [0, false],
    [1, true],
    [2, false],
  ] as const) {
    it(`FT-MQ-3 publishes with QoS ${qos}, retained ${retained}, in order`, async (t) => {
      const { broker, dispatcher } = await setUp(t, { qos, retained });
      await dispatcher.connect(signal);
      await dispatcher.deliver(sampleRecords(1, 2), signal);
      await dispatcher.close(1_000);
      assert.deepEqual(
        broker.publications.map(({ topic, body, ...rest }) => ({
          topic,
          txid: (JSON.parse(body) as { txid: string }).txid,
          ...rest,
        })),
        ['tx-1', 'tx-2'].flatMap((txid) =>
          ['telemetry/VIN0001/a', 'telemetry/VIN0001/b'].map((topic) => ({ topic, txid, qos, retain: retained })),
        ),
      );
    });
  }

  it('FT-MQ-8 FT-MQ-9 refuses a record whose topic a broker would not take, and one without a form', async (t) => {
    const formats: RecordFormats = {
      ...sampleFormats,
      mqtt: ({ vehicle }) => ({ ok: true, value: [{ topic: `${vehicle}/v`, body: '1' }] }),
    };
    const { broker, dispatcher } = await setUp(t, { formats });
    await dispatcher.connect(signal);
    const vehicles = ['VIN0001', 'a/+/b', 'a\0b', 'VIN0002'];
    const delivery = await dispatcher.deliver(
      vehicles.map((vehicle, index) => sampleRecord(index, { vehicle })),
      signal,
    );
    assert.deepEqual(delivery, {
      delivered: 4,
      refused: [
        { index: 1, reason: 'DISPATCH_TOPIC_INVALID: the topic has a wildcard' },
        { index: 2, reason: 'DISPATCH_TOPIC_INVALID: the topic has a control character or a noncharacter' },
      ],
    });
    assert.deepEqual(
      broker.publications.map(({ topic }) => topic),
      ['telemetry/VIN0001/v', 'telemetry/VIN0002/v'],
    );
  });

  it('confirms a record without publications, and refuses one that is too large', async (t) => {
    const formats: RecordFormats = {
      ...sampleFormats,
      mqtt: ({ payload }) => ({
        ok: true,
        value: payload.length === 0 ? [] : [{ topic: 'x', body: 'y'.repeat(payload.length) }],
      }),
    };
    const { dispatcher } = await setUp(t, { formats, maxMessageBytes: 1_000 });
    await dispatcher.connect(signal);
    const records = [0, 2_000, 5].map((size, index) => sampleRecord(index, { payload: Buffer.alloc(size) }));
    assert.deepEqual(await dispatcher.deliver(records, signal), {
      delivered: 3,
      refused: [{ index: 1, reason: 'DISPATCH_MESSAGE_TOO_LARGE: 2018 bytes' }],
    });
  });

  const asLargeAsPayload: RecordFormats = {
    ...sampleFormats,
    mqtt: ({ payload }) => ({ ok: true, value: [{ topic: 'x', body: 'y'.repeat(payload.length) }] }),
  };

  it('MQT-3 bounds the whole packet, as the embedded broker does', async (t) => {
    const { address, refusals } = await startBroker(t);
    const { dispatcher } = await setUp(t, { broker: address.url, formats: asLargeAsPayload });
    await dispatcher.connect(signal);
    // Type, three bytes of length, length of the topic, topic, packet id.
    const around = 1 + 3 + 2 + 'telemetry/x'.length + 2;
    const records = [0, 1].map((more) => sampleRecord(more, { payload: Buffer.alloc(1_048_576 - around + more) }));
    assert.deepEqual(await dispatcher.deliver(records, signal), {
      delivered: 2,
      refused: [{ index: 1, reason: 'DISPATCH_MESSAGE_TOO_LARGE: 1048577 bytes' }],
    });
    assert.deepEqual(refusals, []);
  });

  it('PUMP-4 gives up a record on which the broker ends the connection, and delivers the next', async (t) => {
    const { address, refusals } = await startBroker(t, { maxPacketBytes: 1_000 });
    const { dispatcher } = await setUp(t, { broker: address.url, formats: asLargeAsPayload });
    const spool = new FakeLogReader();
    for (const [index, size] of [10, 2_000, 20].entries()) {
      spool.append(encodeRecord(sampleRecord(index, { payload: Buffer.alloc(size) })));
    }
    const refused: string[] = [];
    const pump = new Pump({
      spool,
      dispatcher,
      clock: systemClock,
      batch: { items: 10, bytes: 1_000_000 },
      watermarks: { highBytes: 1_000_000, lowBytes: 1_000 },
      deliverTimeoutMs: 10_000,
      onRefused: ({ seq, reason }) => refused.push(`${seq} ${reason.split(':')[0]}`),
    });
    for (let runs = 0; runs < 12 && spool.pending().items > 0; runs++) {
      const stop = new AbortController();
      await dispatcher.connect(stop.signal);
      const lost = pump.run(stop.signal, () => {}).catch(() => {});
      await Promise.race([lost, pump.drained(stop.signal)]);
      stop.abort();
    }
    assert.equal(spool.pending().items, 0);
    assert.deepEqual(refused, ['2 DISPATCH_GIVEN_UP']);
    assert.equal(pump.counts.delivered, 2);
    assert.ok(refusals.every(({ reason }) => reason === 'packet_too_large'));
  });

  it('FT-MQ-10 gives all publications of a record the publish timeout, and says what was not confirmed', async (t) => {
    const { address } = await silentBroker(t);
    const clock = new ManualClock(0, turn);
    const { dispatcher } = await setUp(t, { broker: address, clock, publishTimeoutMs: 700 });
    await dispatcher.connect(signal);
    const delivering = dispatcher.deliver([sampleRecord(1)], signal);
    await turn();
    await clock.advance(700);
    const { delivered, failure } = await delivering;
    assert.equal(delivered, 0);
    assert.equal(failure?.code, 'DISPATCH_MQTT_TIMEOUT');
    assert.match(failure?.message ?? '', /^2 of 2 publications .* not confirmed within 700 ms \(publish_timeout_ms\)$/);
    assert.equal(clock.pending, 0);
  });

  it('FT-MQ-10 over a slow link each record has the publish timeout from where the one before was confirmed', async (t) => {
    const clock = new ManualClock(0, turn);
    const { dispatcher, broker } = await setUp(t, { clock, publishTimeoutMs: 700 });
    const held: (() => void)[] = [];
    broker.onPublished = (acknowledge) => held.push(acknowledge);
    await dispatcher.connect(signal);
    const told: number[] = [];
    const delivering = [sampleRecords(1, 3), sampleRecords(4, 6)].map((records) =>
      dispatcher.deliver(records, signal, ({ delivered }) => told.push(delivered)),
    );
    const confirmNext = async (): Promise<void> => {
      await clock.advance(600);
      for (let publication = 0; publication < 2; publication++) {
        await eventually(() => held.length > 0, 'a publication');
        held.shift()?.();
      }
    };
    for (const record of [1, 2]) {
      await confirmNext();
      await eventually(() => told.length === record, 'its confirmation');
    }
    await confirmNext();
    assert.deepEqual(await delivering[0], { delivered: 3, refused: [] });
    await confirmNext();
    await eventually(() => told.length === 3, 'the confirmation of the first of the next');
    assert.deepEqual(told, [1, 2, 1]);
    await clock.advance(700);
    const { delivered, failure } = (await delivering[1]) as Delivery;
    assert.deepEqual([delivered, failure?.code], [1, 'DISPATCH_MQTT_TIMEOUT'], 'what was confirmed counts');
    assert.equal(clock.pending, 0);
  });

  it('FT-MQ-11 confirms nothing that was not confirmed over a connection that is up', async (t) => {
    const { address, sockets } = await silentBroker(t);
    const { dispatcher } = await setUp(t, { broker: address });
    await dispatcher.connect(signal);
    const delivering = dispatcher.deliver(sampleRecords(1, 3), signal);
    await turn();
    for (const socket of sockets) socket.destroy();
    const { delivered, failure } = await delivering;
    assert.equal(delivered, 0);
    assert.equal(failure?.code, 'DISPATCH_MQTT_LOST');
  });

  it('FT-MQ-11 QoS 0 is no reliable source, and is not confirmed without a connection', async (t) => {
    const { broker, dispatcher } = await setUp(t, { qos: 0 });
    assert.equal(dispatcher.confirmation, 'sent');
    assert.equal((await setUp(t, { qos: 1 })).dispatcher.confirmation, 'stored');
    await dispatcher.connect(signal);
    const lost = new Promise<string>((resolve) => dispatcher.onLost(({ code }) => resolve(code)));
    await broker.stop();
    assert.equal(await lost, 'DISPATCH_MQTT_LOST');
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 0);
  });

  it('FT-MQ-11 sends nothing later behind the back of the spool', async (t) => {
    const { broker, dispatcher } = await setUp(t);
    await dispatcher.connect(signal);
    await Promise.all([dispatcher.deliver(sampleRecords(1, 40), signal), broker.stop()]);
    broker.publications.length = 0;
    await broker.start();
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver([sampleRecord(77)], signal)).delivered, 1);
    assert.deepEqual(
      [...new Set(broker.publications.map(({ body }) => (JSON.parse(body) as { txid: string }).txid))],
      ['tx-77'],
    );
  });

  it('closes within its deadline although a broker confirms nothing', async (t) => {
    const { address, sockets } = await silentBroker(t);
    const clock = new ManualClock(0, turn);
    const { dispatcher } = await setUp(t, { broker: address, clock, disconnectTimeoutMs: 250 });
    await dispatcher.connect(signal);
    const delivering = dispatcher.deliver([sampleRecord(1)], signal);
    await turn();
    const ended = new Promise<void>((resolve) => sockets[0]?.on('close', () => resolve()));
    const closing = dispatcher.close(10_000);
    await clock.advance(250);
    await closing;
    await ended;
    assert.equal((await delivering).delivered, 0);
    assert.equal(clock.pending, 0);
  });

  it('tells of each confirmed publication', async (t) => {
    const published: [string, number][] = [];
    const { dispatcher, broker } = await setUp(t, { onPublished: (type, bytes) => published.push([type, bytes]) });
    await dispatcher.connect(signal);
    await dispatcher.deliver([sampleRecord(1)], signal);
    assert.deepEqual(
      published,
      broker.publications.map(({ body }) => ['V', body.length]),
    );
  });
});
