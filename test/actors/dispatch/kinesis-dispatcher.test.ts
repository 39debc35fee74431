import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Delivery } from '../../../src/actors/dispatch/dispatcher.js';
import { fitting } from '../../../src/actors/dispatch/fitting.js';
import { type Library, loadClient } from '../../../src/actors/dispatch/kinesis/connection.js';
import {
  createKinesisDispatcher,
  type KinesisDispatcherOptions,
} from '../../../src/actors/dispatch/kinesis/kinesis-dispatcher.js';
import {
  type Entry,
  entryOf,
  MOST_BYTES,
  type StreamPlace,
  sift,
} from '../../../src/actors/dispatch/kinesis/put-plan.js';
import { Pump } from '../../../src/actors/dispatch/pump.js';
import { encodeRecord } from '../../../src/actors/dispatch/record.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { KinesisServer, type PutEntry, type StoredRecord } from '../../fakes/kinesis-server.js';
import { FakeLogReader } from '../../fakes/log-reader.js';
import { turnsOfLoop } from '../../fakes/runtime.js';
import { until } from '../../fakes/until.js';
import { dispatcherSuite } from './abstract-suite.js';
import { numberOf, sampleFormats, sampleRecord, sampleRecords, UNPRINTABLE } from './sample-records.js';

// What the AWS tools would find; nothing of the machine is asked.
process.env['AWS_ACCESS_KEY_ID'] = 'test';
process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
process.env['AWS_EC2_METADATA_DISABLED'] = 'true';

const warnings: Error[] = [];
process.on('warning', (warning) => warnings.push(warning));

const signal = new AbortController().signal;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

const optionsFor = (endpoint: string, options: Partial<KinesisDispatcherOptions> = {}): KinesisDispatcherOptions => ({
  streams: new Map([['V', 'fleet_V']]),
  endpoint,
  region: 'test',
  maxRetries: 1,
  formats: sampleFormats,
  clock: systemClock,
  ...options,
});

async function setUp(
  t: TestContext,
  { shards = 2, ...options }: Partial<KinesisDispatcherOptions> & { shards?: number } = {},
) {
  const server = await KinesisServer.start(t, ['fleet_V'], shards);
  const dispatcher = createKinesisDispatcher(optionsFor(server.endpoint, options));
  t.after(() => dispatcher.close(0));
  return { server, dispatcher };
}

const numberIn = (body: Buffer): number => numberOf((JSON.parse(body.toString()) as { txid: string }).txid);
const numbersOf = (records: readonly StoredRecord[], vehicle?: string): number[] =>
  records.filter((record) => vehicle === undefined || record.vehicle === vehicle).map(({ body }) => numberIn(body));
const putNumber = ({ Data }: PutEntry): number => numberIn(Buffer.from(Data, 'base64'));
const fleet = (count: number, vehicles: number) =>
  range(1, count).map((number) => sampleRecord(number, { vehicle: `VIN${number % vehicles}` }));
/** In which order each number stands for the last time. */
const lastOnes = (numbers: readonly number[]): number[] =>
  numbers.filter((number, index) => numbers.lastIndexOf(number) === index);

dispatcherSuite('kinesis', async (t) => {
  // One shard, which keeps the order over vehicles, too.
  const streams = new Map(['V', '__proto__', UNPRINTABLE].map((type) => [type, 'fleet_V']));
  const { server, dispatcher } = await setUp(t, { shards: 1, streams });
  return {
    dispatcher,
    received: async () => numbersOf(await server.records('fleet_V')),
    vanish: () => server.stop(),
    comeBack: () => server.start(),
  };
});

describe('the kinesis dispatcher', () => {
  it('spec 5.4 puts payloads into the stream of their type, with the VIN as the key, in as few requests as hold them', async (t) => {
    const published: [string, number][] = [];
    const { server, dispatcher } = await setUp(t, {
      streams: new Map([
        ['V', 'fleet_V'],
        ['alerts', 'other'],
      ]),
      onPublished: (type, bytes) => published.push([type, bytes]),
    });
    await server.create('other');
    await dispatcher.connect(signal);
    const records = range(1, 500).map((number) =>
      sampleRecord(number, { vehicle: `VIN${number % 7}`, type: number % 5 === 0 ? 'alerts' : 'V' }),
    );
    assert.deepEqual(await dispatcher.deliver(records, signal), { delivered: 500, refused: [] });
    assert.deepEqual(server.puts.map(({ stream, entries }) => [stream, entries.length]).sort(), [
      ['fleet_V', 400],
      ['other', 100],
    ]);
    const stored = await server.records('fleet_V');
    assert.equal(stored.length, 400);
    for (const vehicle of range(0, 6).map((n) => `VIN${n}`)) {
      const sent = records.filter((record) => record.vehicle === vehicle && record.type === 'V');
      assert.deepEqual(
        numbersOf(stored, vehicle),
        sent.map(({ metadata }) => numberOf(metadata['txid'] as string)),
      );
    }
    assert.equal(published.length, 500);
    assert.equal(dispatcher.confirmation, 'stored');
  });

  it('spec 5.4 says where each record is, once it is there', async (t) => {
    const placed: [number, StreamPlace][] = [];
    const { server, dispatcher } = await setUp(t, {
      shards: 1,
      onPlaced: ({ metadata }, place) => placed.push([numberOf(metadata['txid'] as string), place]),
    });
    await dispatcher.connect(signal);
    let requests = 0;
    server.meddle = (operation) =>
      operation === 'PutRecords' && requests++ === 0
        ? { kind: 'fail', isFailing: (entry) => putNumber(entry) === 2 }
        : { kind: 'pass' };
    assert.equal((await dispatcher.deliver(fleet(4, 4), signal)).delivered, 4);
    assert.deepEqual(
      placed.map(([number]) => number),
      [1, 3, 4, 2],
    );
    const stored = await server.sequenceNumbers('fleet_V');
    for (const [number, { shardId, sequenceNumber }] of placed) {
      assert.equal(shardId, 'shardId-000000000000');
      assert.equal(stored.get(sequenceNumber), `VIN${number % 4}`);
    }
  });

  it('spec 5.4 refuses records of a type that has no stream any more, and takes their neighbours', async (t) => {
    const { server, dispatcher } = await setUp(t);
    await dispatcher.connect(signal);
    const records = [sampleRecord(1), sampleRecord(2, { type: 'alerts' }), sampleRecord(3)];
    assert.deepEqual(await dispatcher.deliver(records, signal), {
      delivered: 3,
      refused: [
        {
          index: 1,
          reason:
            'DISPATCH_KINESIS_STREAM_UNNAMED: no stream is configured for alerts, which records does not send to kinesis any more',
        },
      ],
    });
    assert.deepEqual(numbersOf(await server.records('fleet_V')), [1, 3]);
  });

  it('KID-1 KID-2 puts again what failed and what its vehicles have behind it, so that their last copies are in order', async (t) => {
    const { server, dispatcher } = await setUp(t);
    await dispatcher.connect(signal);
    let requests = 0;
    // In the first request numbers 13 and 14 are throttled: of vehicles 3 and 4.
    server.meddle = (operation) =>
      operation === 'PutRecords' && requests++ === 0
        ? { kind: 'fail', isFailing: (entry) => [13, 14].includes(putNumber(entry)) }
        : { kind: 'pass' };
    assert.deepEqual(await dispatcher.deliver(fleet(50, 10), signal), { delivered: 50, refused: [] });
    assert.deepEqual(
      server.puts.map(({ entries }) => entries.map(putNumber)),
      [range(1, 50), [13, 14, 23, 24, 33, 34, 43, 44]],
    );
    const stored = await server.records('fleet_V');
    for (const vehicle of range(0, 9)) {
      const numbers = lastOnes(numbersOf(stored, `VIN${vehicle}`));
      assert.deepEqual(
        numbers,
        range(1, 50).filter((number) => number % 10 === vehicle),
      );
    }
  });

  it('KID-3 goes on as long as a throttled stream takes something, whatever max_retries says', async (t) => {
    const { server, dispatcher } = await setUp(t, { maxRetries: 0 });
    await dispatcher.connect(signal);
    server.meddle = (operation) =>
      operation === 'PutRecords' ? { kind: 'fail', isFailing: (_, index) => index >= 10 } : { kind: 'pass' };
    const told: number[] = [];
    const delivery = await dispatcher.deliver(fleet(50, 50), signal, ({ delivered }) => told.push(delivered));
    assert.deepEqual(delivery, { delivered: 50, refused: [] });
    assert.equal(server.puts.length, 5);
    assert.ok(told.includes(20));
    assert.deepEqual(
      numbersOf(await server.records('fleet_V')).sort((a, b) => a - b),
      range(1, 50),
    );
  });

  it('KID-3 gives up after max_retries requests that brought nothing in, and says why', async (t) => {
    const { server, dispatcher } = await setUp(t, { maxRetries: 1 });
    await dispatcher.connect(signal);
    server.meddle = (operation) =>
      operation === 'PutRecords' ? { kind: 'fail', isFailing: () => true } : { kind: 'pass' };
    const { delivered, failure } = await dispatcher.deliver(fleet(10, 3), signal);
    assert.equal(delivered, 0);
    assert.equal(failure?.code, 'DISPATCH_KINESIS_FAILED');
    assert.equal(
      failure?.message,
      'kinesis_err fleet_V: ProvisionedThroughputExceededException: Rate exceeded for shard',
    );
    assert.equal(server.puts.length, 2);
  });

  it('KID-3 tries a request that is throttled as a whole, or fails at the service, as often as max_retries says', async (t) => {
    const { server, dispatcher } = await setUp(t, { maxRetries: 2 });
    await dispatcher.connect(signal);
    let requests = 0;
    for (const error of [
      { kind: 'error', status: 400, type: 'ProvisionedThroughputExceededException' },
      { kind: 'error', status: 500, type: 'InternalFailure' },
    ] as const) {
      requests = 0;
      server.meddle = (operation) =>
        operation === 'PutRecords' && requests++ < 2 ? error : ({ kind: 'pass' } as const);
      assert.equal((await dispatcher.deliver(fleet(5, 5), signal)).delivered, 5);
      assert.equal(requests, 3);
    }
  });

  it('refuses a record that is too large, or has no partition key, and takes its neighbours', async (t) => {
    const { dispatcher, server } = await setUp(t);
    await dispatcher.connect(signal);
    const large = sampleRecord(2, { payload: Buffer.alloc(900_000) });
    const records = [sampleRecord(1), large, sampleRecord(3, { vehicle: '' }), sampleRecord(4)];
    const { delivered, refused = [] } = await dispatcher.deliver(records, signal);
    assert.equal(delivered, 4);
    assert.deepEqual(
      refused.map(({ index }) => index),
      [1, 2],
    );
    assert.match(refused[0]?.reason ?? '', /^DISPATCH_KINESIS_TOO_LARGE: 12\d{5} bytes .* at most 1048576$/);
    assert.match(refused[1]?.reason ?? '', /^DISPATCH_KINESIS_REFUSED: .*no partition key/);
    assert.deepEqual(numbersOf(await server.records('fleet_V')), [1, 4]);
  });

  it('KID-4 finds the record over which the service refuses a request, and refuses it alone', async (t) => {
    const { server, dispatcher } = await setUp(t, { shards: 1 });
    await dispatcher.connect(signal);
    server.meddle = (operation, body) =>
      operation === 'PutRecords' && (body['Records'] as PutEntry[]).some((entry) => putNumber(entry) === 17)
        ? { kind: 'error', status: 400, type: 'ValidationException', message: 'no' }
        : { kind: 'pass' };
    const { delivered, refused } = await dispatcher.deliver(fleet(40, 7), signal);
    assert.equal(delivered, 40);
    assert.deepEqual(refused, [{ index: 16, reason: 'DISPATCH_KINESIS_REFUSED: ValidationException: no' }]);
    assert.deepEqual(
      numbersOf(await server.records('fleet_V')),
      range(1, 40).filter((number) => number !== 17),
    );
  });

  it('says which stream is missing and how to make it, and goes on once it is there', async (t) => {
    const { server, dispatcher } = await setUp(t, { streams: new Map([['alerts', 'missing']]) });
    await assert.rejects(dispatcher.connect(signal), {
      code: 'DISPATCH_KINESIS_STREAM_MISSING',
      message:
        'the stream missing, for alerts, does not exist: create it (aws kinesis create-stream --stream-name missing), or name another in kinesis.streams or KINESIS_STREAM_ALERTS',
    });
    await server.create('missing');
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver([sampleRecord(1, { type: 'alerts' })], signal)).delivered, 1);
    server.meddle = () => ({ kind: 'error', status: 400, type: 'ResourceNotFoundException' });
    const gone = await dispatcher.deliver([sampleRecord(1, { type: 'alerts' })], signal);
    assert.equal(gone.failure?.code, 'DISPATCH_KINESIS_STREAM_MISSING');
  });

  it('needs no right but to put records', async (t) => {
    const { server, dispatcher } = await setUp(t);
    server.meddle = (operation) =>
      operation === 'PutRecords' ? { kind: 'pass' } : { kind: 'error', status: 400, type: 'AccessDeniedException' };
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);
  });

  it('spec 5.4 says in the words of the reference that the connection could not be tested, and what to do', async (t) => {
    const { server, dispatcher } = await setUp(t, { maxRetries: 0 });
    server.meddle = () => ({
      kind: 'error',
      status: 400,
      type: 'UnrecognizedClientException',
      message: 'invalid token',
    });
    const failed = 'failed to list streams (test connection): ';
    await assert.rejects(dispatcher.connect(signal), {
      code: 'DISPATCH_KINESIS_UNREACHABLE',
      message: `${failed}AWS refuses the credentials: UnrecognizedClientException: invalid token`,
    });
    await server.stop();
    await assert.rejects(dispatcher.connect(signal), {
      message: `${failed}${server.endpoint}: nobody listens there; see kinesis.override_host`,
    });
    const { AWS_SECRET_ACCESS_KEY: secret } = process.env;
    delete process.env['AWS_SECRET_ACCESS_KEY'];
    try {
      await assert.rejects(createKinesisDispatcher(optionsFor(server.endpoint)).connect(signal), {
        message: /test connection\): no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/,
      });
      process.env['AWS_SECRET_ACCESS_KEY'] = secret;
      await assert.rejects(createKinesisDispatcher(optionsFor(server.endpoint, { region: '' })).connect(signal), {
        message: /test connection\): no AWS region: set AWS_REGION/,
      });
    } finally {
      process.env['AWS_SECRET_ACCESS_KEY'] = secret;
    }
  });

  it('gives up a request that is not answered when told to', async (t) => {
    const { server, dispatcher } = await setUp(t);
    await dispatcher.connect(signal);
    server.meddle = () => ({ kind: 'silence' });
    const stop = new AbortController();
    const delivering: Promise<Delivery> = dispatcher.deliver(sampleRecords(1, 3), stop.signal);
    await until(() => server.puts.length === 1, 'the request');
    stop.abort();
    const { delivered, failure } = await delivering;
    assert.deepEqual([delivered, failure?.code], [0, 'DISPATCH_ABORTED']);
    const connecting = new AbortController();
    const opened = dispatcher.connect(connecting.signal);
    connecting.abort();
    await assert.rejects(opened, { code: 'DISPATCH_ABORTED' });
  });

  it('KID-2 loses nothing of a backlog over throttling and a restart, and keeps the order of each vehicle', async (t) => {
    const { server, dispatcher } = await setUp(t, { maxRetries: 1 });
    const spool = new FakeLogReader();
    for (const record of fleet(3_000, 20)) spool.append(encodeRecord(record));
    const pump = new Pump({
      spool,
      dispatcher,
      clock: systemClock,
      batch: { items: 500, bytes: 4_000_000 },
      watermarks: { highBytes: 1e9, lowBytes: 1e8 },
      deliverTimeoutMs: 60_000,
    });
    let puts = 0;
    // Every third request loses some entries; the tenth meets a service that goes away.
    server.meddle = (operation) => {
      if (operation !== 'PutRecords') return { kind: 'pass' };
      puts++;
      if (puts === 10) void server.stop();
      return puts % 3 === 0 ? { kind: 'fail', isFailing: (_, index) => index % 11 === 5 } : { kind: 'pass' };
    };
    const stop = new AbortController();
    t.after(() => stop.abort());
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
    await until(() => spool.pending().items === 0, 'the drain');
    stop.abort();
    await Promise.race([rounds, until(() => true, 'the end')]);
    const stored = await server.records('fleet_V');
    for (const vehicle of range(0, 19)) {
      assert.deepEqual(
        lastOnes(numbersOf(stored, `VIN${vehicle}`)),
        range(1, 3_000).filter((number) => number % 20 === vehicle),
      );
    }
    assert.equal(pump.counts.delivered, 3_000);
  });

  it('DISPATCH_PACKAGE_MISSING names the package, and nothing is loaded before', async () => {
    let loads = 0;
    const load = async (): Promise<Library> => {
      loads++;
      throw new Error("Cannot find package '@aws-sdk/client-kinesis'");
    };
    const dispatcher = createKinesisDispatcher(optionsFor('http://127.0.0.1:1', { load }));
    assert.equal(loads, 0);
    await assert.rejects(dispatcher.connect(signal), {
      code: 'DISPATCH_PACKAGE_MISSING',
      message:
        'the kinesis dispatcher needs the package @aws-sdk/client-kinesis, which is not installed: npm install @aws-sdk/client-kinesis@3, then restart',
    });
  });
});

describe('what goes into a PutRecords request', () => {
  const entryFor = (vehicle: string, bytes: number, index = 0): Entry | string =>
    entryOf(index, sampleRecord(index, { vehicle }), new Uint8Array(bytes));
  const entry = (index: number, bytes: number, vehicle = 'V'): Entry =>
    entryFor(vehicle, bytes - vehicle.length, index) as Entry;
  const MIB = 1024 * 1024;

  it('at most 500 records and 5 MiB, each up to 1 MiB with its key', () => {
    const small = range(0, 600).map((index) => entry(index, 10));
    assert.equal(fitting(small, 500, MOST_BYTES), 500);
    const large = range(0, 9).map((index) => entry(index, MIB));
    assert.equal(fitting(large, 500, MOST_BYTES), 5);
    assert.equal(fitting([entry(0, MIB - 1), ...large], 500, MOST_BYTES), 5);
    assert.equal(fitting([], 500, MOST_BYTES), 0);
    assert.equal(typeof entryFor('V', MIB - 1), 'object');
    assert.match(String(entryFor('V', MIB)), /TOO_LARGE/);
    assert.match(String(entryFor('x'.repeat(257), 0)), /no partition key/);
    assert.equal(typeof entryFor('\u{1f600}'.repeat(256), 0), 'object');
    assert.match(String(entryFor('lone \ud800', 0)), /no partition key/);
  });

  it('KID-1 an entry without a result failed', () => {
    const entries = [entry(0, 10, 'A'), entry(1, 10, 'B'), entry(2, 10, 'A')];
    const { taken, again, failure } = sift(entries, [{ ShardId: 's', SequenceNumber: '1' }]);
    assert.deepEqual(taken, [{ entry: entries[0], place: { shardId: 's', sequenceNumber: '1' } }]);
    assert.deepEqual(again, entries.slice(1));
    assert.equal(failure?.code, 'NoResult');
  });
});

it('the client library says nothing beside the log', async () => {
  const { KinesisClient } = await loadClient();
  new KinesisClient({ region: 'test' }).destroy();
  await turnsOfLoop(2);
  assert.deepEqual(warnings, []);
});
