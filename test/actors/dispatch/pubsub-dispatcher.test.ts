import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { status } from '@grpc/grpc-js';
import { TopicError } from '../../../src/actors/dispatch/errors.js';
import type { Library } from '../../../src/actors/dispatch/pubsub/connection.js';
import {
  createPubsubDispatcher,
  type PubsubDispatcherOptions,
} from '../../../src/actors/dispatch/pubsub/pubsub-dispatcher.js';
import { Pump } from '../../../src/actors/dispatch/pump.js';
import { encodeRecord } from '../../../src/actors/dispatch/record.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { FakeLogReader } from '../../fakes/log-reader.js';
import { freePort } from '../../fakes/mosquitto.js';
import { type PubsubAnswer, PubsubServer } from '../../fakes/pubsub-server.js';
import { until } from '../../fakes/until.js';
import { dispatcherSuite } from './abstract-suite.js';
import { numberOf, sampleFormats, sampleRecord, sampleRecords } from './sample-records.js';

const signal = new AbortController().signal;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const TOPIC = 'projects/project/topics/fleet_V';

const optionsFor = (host: string, options: Partial<PubsubDispatcherOptions> = {}): PubsubDispatcherOptions => ({
  projectId: 'project',
  topics: new Map([['V', 'fleet_V']]),
  emulatorHost: host,
  credentialsFile: '',
  formats: sampleFormats,
  ...options,
});

async function setUp(t: TestContext, options: Partial<PubsubDispatcherOptions> = {}) {
  const server = await PubsubServer.start(t);
  const dispatcher = createPubsubDispatcher(optionsFor(server.host, options));
  t.after(() => dispatcher.close(0));
  return { server, dispatcher };
}

const numbersOf = ({ published }: PubsubServer): number[] =>
  published.map(({ data }) => numberOf((JSON.parse(data.toString()) as { txid: string }).txid));

/** An answer to publications; everything else is taken. */
const onPublish =
  (answer: (request: { messages: readonly { data: Uint8Array }[] }) => PubsubAnswer): PubsubServer['answer'] =>
  (method, request) =>
    method === 'Publish' ? answer(request) : 'take';

dispatcherSuite('pubsub', async (t) => {
  const topics = new Map(['V', '__proto__'].map((type) => [type, 'fleet_V']));
  const { server, dispatcher } = await setUp(t, { topics });
  return {
    dispatcher,
    received: async () => numbersOf(server),
    vanish: () => server.stop(),
    comeBack: () => server.start(),
  };
});

describe('the pubsub dispatcher', () => {
  it('spec 5.4 makes topics that are missing, and publishes the payload with the metadata as attributes', async (t) => {
    const published: [string, number][] = [];
    const { server, dispatcher } = await setUp(t, {
      topics: new Map([
        ['V', 'fleet_V'],
        ['alerts', 'fleet_alerts'],
      ]),
      onPublished: (type, bytes) => published.push([type, bytes]),
    });
    server.topics.add(TOPIC);
    await dispatcher.connect(signal);
    assert.deepEqual(server.calls, ['GetTopic', 'GetTopic', 'CreateTopic']);
    assert.deepEqual([...server.topics], [TOPIC, 'projects/project/topics/fleet_alerts']);
    const records = range(1, 300).map((number) => sampleRecord(number, { type: number % 3 === 0 ? 'alerts' : 'V' }));
    assert.deepEqual(await dispatcher.deliver(records, signal), { delivered: 300, refused: [] });
    assert.deepEqual(server.calls.slice(3).sort(), ['Publish 100', 'Publish 200']);
    const first = server.published.find(({ topic }) => topic === TOPIC);
    assert.deepEqual(first?.attributes, { vin: 'VIN0001', txid: 'tx-1' });
    assert.equal((JSON.parse(`${first?.data}`) as { txid: string }).txid, 'tx-1');
    assert.equal(published.length, 300);
    assert.equal(dispatcher.confirmation, 'stored');
  });

  it('spec 5.4 says why a topic cannot be made, counts it, and makes it later', async (t) => {
    const missing: string[] = [];
    const { server, dispatcher } = await setUp(t, { onNotConnected: (type) => missing.push(type) });
    const refused = { code: status.PERMISSION_DENIED, details: 'not yours' } as const;
    server.answer = (method) => (method === 'CreateTopic' ? refused : 'take');
    await assert.rejects(dispatcher.connect(signal), {
      code: 'DISPATCH_PUBSUB_UNREACHABLE',
      message:
        'pubsub_topic_creation_error fleet_V: Google refuses it: the account needs pubsub.topics.publish, and pubsub.topics.create for a topic that is missing (not yours)',
    });
    assert.deepEqual(missing, ['V']);
    server.answer = (method) => {
      // Somebody else was quicker.
      if (method === 'CreateTopic') server.topics.add(TOPIC);
      return 'take';
    };
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);
  });

  it('spec 8.3 tells of each topic once, whether it was there or is made, and again when it is made again', async (t) => {
    const told: [string, string, boolean][] = [];
    const { server, dispatcher } = await setUp(t, {
      topics: new Map([
        ['V', 'fleet_V'],
        ['alerts', 'fleet_alerts'],
      ]),
      onTopic: (...topic) => told.push(topic),
    });
    server.topics.add(TOPIC);
    await dispatcher.connect(signal);
    await dispatcher.connect(signal);
    assert.deepEqual(told.splice(0), [
      ['V', 'fleet_V', false],
      ['alerts', 'fleet_alerts', true],
    ]);
    server.topics.delete(TOPIC);
    await dispatcher.connect(signal);
    assert.deepEqual(told, [['V', 'fleet_V', true]]);
  });

  it('PSD-4 makes the topic of a type that only waiting records have before their first publication, once', async (t) => {
    const told: [string, string, boolean][] = [];
    const { server, dispatcher } = await setUp(t, { onTopic: (...topic) => told.push(topic) });
    server.topics.add(TOPIC);
    await dispatcher.connect(signal);
    const records = (from: number) => range(from, from + 9).map((number) => sampleRecord(number, { type: 'alerts' }));
    for (const from of [1, 11]) assert.equal((await dispatcher.deliver(records(from), signal)).delivered, 10);
    assert.deepEqual(server.calls, ['GetTopic', 'GetTopic', 'CreateTopic', 'Publish 10', 'Publish 10']);
    assert.deepEqual(told.at(-1), ['alerts', 'fleet_alerts', true]);
  });

  it('PSD-4 makes records wait for a topic that cannot be made, and tries again with the next connection', async (t) => {
    const missing: string[] = [];
    const { server, dispatcher } = await setUp(t, { onNotConnected: (type) => missing.push(type) });
    await dispatcher.connect(signal);
    server.answer = (method) =>
      method === 'CreateTopic' ? { code: status.RESOURCE_EXHAUSTED, details: 'a quota' } : 'take';
    const records = [sampleRecord(1, { type: 'alerts' }), sampleRecord(2)];
    const { delivered, failure } = await dispatcher.deliver(records, signal);
    assert.deepEqual(
      [delivered, failure?.message],
      [0, 'pubsub_topic_creation_error fleet_alerts: the quota of the project is used up: a quota'],
    );
    assert.ok(failure instanceof TopicError);
    assert.deepEqual([failure.topic, failure.recordType, missing], ['fleet_alerts', 'alerts', ['alerts']]);
    server.answer = () => 'take';
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver(records, signal)).delivered, 2);
  });

  it('needs no right but to publish where topics are there, and says which right a missing one needs', async (t) => {
    const { server, dispatcher } = await setUp(t, { onTopic: () => assert.fail('nobody knows') });
    server.topics.add(TOPIC);
    server.answer = (method) =>
      method === 'Publish' ? 'take' : { code: status.PERMISSION_DENIED, details: 'not yours' };
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);
    server.topics.clear();
    const { failure } = await dispatcher.deliver([sampleRecord(2)], signal);
    assert.equal(
      failure?.message,
      'pubsub_err the topic fleet_V does not exist, and the account may not look for it: create it (gcloud pubsub topics create fleet_V), or give the account pubsub.topics.get and pubsub.topics.create',
    );
  });

  it('PSD-3 makes records wait, and says why, when the service is away, busy or at its quota', async (t) => {
    const { server, dispatcher } = await setUp(t);
    const { host } = server;
    for (const [code, details, message] of [
      [status.UNAVAILABLE, 'try again', `pubsub_err fleet_V: ${host} cannot be reached: try again`],
      [status.RESOURCE_EXHAUSTED, 'a quota', 'pubsub_err fleet_V: the quota of the project is used up: a quota'],
      [status.INTERNAL, 'oh', 'pubsub_err fleet_V: oh'],
    ] as const) {
      await dispatcher.connect(signal);
      server.answer = onPublish(() => ({ code, details }));
      const { delivered, failure } = await dispatcher.deliver(sampleRecords(1, 5), signal);
      assert.deepEqual([delivered, failure?.code, failure?.message], [0, 'DISPATCH_PUBSUB_FAILED', message]);
    }
    assert.deepEqual(server.published, []);
    server.answer = () => 'take';
    assert.equal((await dispatcher.deliver(sampleRecords(1, 5), signal)).delivered, 5);
    await server.stop();
    await assert.rejects(dispatcher.connect(signal), {
      message: `pubsub_topic_creation_error fleet_V: ${host}: nobody listens there; see PUBSUB_EMULATOR_HOST`,
    });
  });

  it('PSD-1 confirms nothing of a publication that came back without an id for each message', async (t) => {
    const { server, dispatcher } = await setUp(t);
    await dispatcher.connect(signal);
    server.answer = onPublish(() => 'unnumbered');
    const { delivered, failure } = await dispatcher.deliver(sampleRecords(1, 5), signal);
    assert.deepEqual([delivered, failure?.message], [0, 'pubsub_err fleet_V: 4 ids for 5 messages']);
    server.answer = () => 'take';
    assert.equal((await dispatcher.deliver(sampleRecords(1, 5), signal)).delivered, 5);
  });

  it('makes a topic again that was deleted meanwhile', async (t) => {
    const { server, dispatcher } = await setUp(t);
    await dispatcher.connect(signal);
    server.topics.clear();
    const { failure } = await dispatcher.deliver([sampleRecord(1)], signal);
    assert.equal(failure?.code, 'DISPATCH_PUBSUB_TOPIC_MISSING');
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);
  });

  it('PSD-3 finds the record over which the service refuses a publication, and refuses it alone', async (t) => {
    const { server, dispatcher } = await setUp(t);
    await dispatcher.connect(signal);
    server.answer = onPublish(({ messages }) =>
      messages.some(({ data }) => Buffer.from(data).includes('"tx-17"'))
        ? { code: status.INVALID_ARGUMENT, details: 'no' }
        : 'take',
    );
    const { delivered, refused } = await dispatcher.deliver(sampleRecords(1, 40), signal);
    assert.equal(delivered, 40);
    assert.deepEqual(refused, [{ index: 16, reason: 'DISPATCH_PUBSUB_REFUSED: 3 INVALID_ARGUMENT: no' }]);
    assert.deepEqual(
      numbersOf(server),
      range(1, 40).filter((number) => number !== 17),
    );
  });

  it('refuses a record with an attribute that is too long, and takes its neighbours', async (t) => {
    const { server, dispatcher } = await setUp(t);
    await dispatcher.connect(signal);
    const records = [
      sampleRecord(1),
      sampleRecord(2, { metadata: { txid: 'x'.repeat(1_025) } }),
      sampleRecord(3, { metadata: { txid: `tx-3${' '.repeat(1_020)}` } }),
    ];
    const { delivered, refused } = await dispatcher.deliver(records, signal);
    assert.equal(delivered, 3);
    assert.deepEqual(refused, [
      { index: 1, reason: 'DISPATCH_PUBSUB_REFUSED: the attribute txid has 1025 bytes, of 1024 at most' },
    ]);
    assert.deepEqual(server.calls.slice(-1), ['Publish 2']);
  });

  it('gives up a publication that is not answered when told to', async (t) => {
    const { server, dispatcher } = await setUp(t);
    await dispatcher.connect(signal);
    server.answer = () => 'silence';
    const stop = new AbortController();
    const delivering = dispatcher.deliver(sampleRecords(1, 3), stop.signal);
    await until(() => server.calls.includes('Publish 3'), 'the publication');
    stop.abort();
    const { delivered, failure } = await delivering;
    assert.deepEqual([delivered, failure?.code], [0, 'DISPATCH_ABORTED']);
    const connecting = new AbortController();
    const opened = dispatcher.connect(connecting.signal);
    connecting.abort();
    await assert.rejects(opened, { code: 'DISPATCH_ABORTED' });
  });

  it('PSD-2 loses nothing of a backlog over a service that fails and restarts', async (t) => {
    const { server, dispatcher } = await setUp(t);
    const spool = new FakeLogReader();
    for (const record of sampleRecords(1, 3_000)) spool.append(encodeRecord(record));
    const pump = new Pump({
      spool,
      dispatcher,
      clock: systemClock,
      batch: { items: 200, bytes: 4_000_000 },
      watermarks: { highBytes: 1e9, lowBytes: 1e8 },
      deliverTimeoutMs: 60_000,
    });
    let publications = 0;
    server.answer = onPublish(() => {
      publications++;
      if (publications === 8) void server.stop();
      return publications % 5 === 0 ? { code: status.RESOURCE_EXHAUSTED, details: 'slower' } : 'take';
    });
    const stop = new AbortController();
    const rounds = (async () => {
      while (!stop.signal.aborted) {
        try {
          await dispatcher.connect(stop.signal);
          await pump.run(stop.signal, () => {});
        } catch {
          await server.stop();
          await server.start();
        }
      }
    })();
    t.after(() => stop.abort());
    await until(() => spool.pending().items === 0, 'the drain');
    stop.abort();
    void rounds;
    const numbers = numbersOf(server);
    assert.deepEqual(
      numbers.filter((number, index) => numbers.lastIndexOf(number) === index),
      range(1, 3_000),
    );
  });

  it('spec 5.4 says what is wrong with the key file of Google', async (t) => {
    const options = optionsFor('', { credentialsFile: '/nowhere/key.json' });
    const dispatcher = createPubsubDispatcher(options);
    t.after(() => dispatcher.close(0));
    await assert.rejects(dispatcher.connect(signal), {
      code: 'DISPATCH_PUBSUB_UNREACHABLE',
      message: /^pubsub_connect_error .*nowhere\/key\.json/,
    });
  });

  it('DISPATCH_PACKAGE_MISSING names the package, and nothing is loaded before', async () => {
    let loads = 0;
    const load = async (): Promise<Library> => {
      loads++;
      throw new Error("Cannot find package '@google-cloud/pubsub'");
    };
    const dispatcher = createPubsubDispatcher(optionsFor(`127.0.0.1:${await freePort()}`, { load }));
    assert.equal(loads, 0);
    await assert.rejects(dispatcher.connect(signal), {
      code: 'DISPATCH_PACKAGE_MISSING',
      message:
        'the pubsub dispatcher needs the package @google-cloud/pubsub, which is not installed: npm install @google-cloud/pubsub@5, then restart',
    });
  });
});
