import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import protobuf from 'protobufjs';
import type { Delivery } from '../../../src/actors/dispatch/dispatcher.js';
import {
  createHttpDispatcher,
  type HttpDispatcherOptions,
  httpBatching,
} from '../../../src/actors/dispatch/http/http-dispatcher.js';
import { Pump } from '../../../src/actors/dispatch/pump.js';
import { encodeRecord } from '../../../src/actors/dispatch/record.js';
import { createAuthority, issueServerCertificate } from '../../../src/actors/provisioning/index.js';
import { ManualClock, systemClock } from '../../../src/runtime/clock.js';
import { seededIds } from '../../../src/runtime/ids.js';
import { turn } from '../../fakes/held-calls.js';
import { HttpReceiver, linesOf, type ReceivedRequest } from '../../fakes/http-receiver.js';
import { FakeLogReader } from '../../fakes/log-reader.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { until } from '../../fakes/until.js';
import { dispatcherSuite } from './abstract-suite.js';
import { numberOf, sampleFormats, sampleRecord, sampleRecords } from './sample-records.js';

const signal = new AbortController().signal;
const NO_TLS = { caFile: '', certFile: '', keyFile: '', serverName: '' };

const optionsFor = (url: string, options: Partial<HttpDispatcherOptions> = {}): HttpDispatcherOptions => ({
  url,
  format: 'jsonl',
  gzip: false,
  maxBatchRecords: 100,
  maxBatchBytes: 100_000,
  maxBatchDelayMs: 0,
  maxInFlight: 4,
  timeoutMs: 60_000,
  holdStatuses: [401, 403, 404, 407],
  secret: '',
  tls: NO_TLS,
  formats: sampleFormats,
  clock: systemClock,
  ...options,
});

async function setUp(t: TestContext, options: Partial<HttpDispatcherOptions> = {}) {
  const receiver = await HttpReceiver.start(t);
  const dispatcher = createHttpDispatcher(optionsFor(receiver.url, options));
  t.after(() => dispatcher.close(0));
  return { receiver, dispatcher };
}

const numbersOf = (requests: readonly ReceivedRequest[]): number[] =>
  requests.flatMap(linesOf).map(({ txid }) => numberOf(txid));
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const fleet = (count: number, vehicles: number) =>
  range(0, count - 1).map((n) => sampleRecord(n, { vehicle: `VIN${n % vehicles}` }));

dispatcherSuite('http', async (t) => {
  const { receiver, dispatcher } = await setUp(t, { gzip: true });
  return {
    dispatcher,
    received: async () => numbersOf(receiver.taken),
    vanish: () => receiver.stop(),
    comeBack: () => receiver.start(),
  };
});

describe('the bodies of the http dispatcher', () => {
  it('are JSON Lines with the id of each record, signed over the time and the bytes on the wire', async (t) => {
    const clock = new ManualClock(1_700_000_000_999, turn);
    const options = { secret: 'topsecret', gzip: true, clock };
    const { receiver, dispatcher } = await setUp(t, options);
    await dispatcher.connect(signal);
    assert.deepEqual(await dispatcher.deliver(sampleRecords(1, 3), signal), { delivered: 3, refused: [] });
    const [request] = receiver.requests;
    assert.ok(request);
    const { headers, raw } = request;
    assert.equal(headers['content-type'], 'application/x-ndjson');
    assert.equal(headers['content-encoding'], 'gzip');
    assert.equal(headers['fleetchart-records'], '3');
    const expected = createHmac('sha256', 'topsecret').update('1700000000.').update(raw).digest('hex');
    assert.equal(headers['fleetchart-signature'], `t=1700000000,v1=${expected}`);
    const ids = linesOf(request).map(({ id }) => id);
    assert.equal(new Set(ids).size, 3);
    assert.ok(ids.every((id) => /^[\w-]{22}$/.test(id)));
    assert.deepEqual(numbersOf([request]), [1, 2, 3]);
  });

  it('are delimited protobuf with metadata that a protobuf library reads', async (t) => {
    const { receiver, dispatcher } = await setUp(t, { format: 'protobuf' });
    await dispatcher.connect(signal);
    await dispatcher.deliver(sampleRecords(1, 2), signal);
    const [request] = receiver.requests;
    assert.ok(request);
    assert.equal(request.headers['content-type'], 'application/x-protobuf');
    assert.equal(request.headers['fleetchart-signature'], undefined);
    const type = (await protobuf.load('proto/fleetchart/record.proto')).lookupType('fleetchart.Record');
    const reader = protobuf.Reader.create(request.body);
    const read: { metadata: Record<string, string>; payload: Buffer }[] = [];
    while (reader.pos < reader.len) read.push(type.decodeDelimited(reader) as never);
    assert.deepEqual(
      read.map(({ metadata, payload }) => [metadata['txid'], Buffer.from(payload).toString()]),
      [
        ['tx-1', 'payload 1'],
        ['tx-2', 'payload 2'],
      ],
    );
    assert.match(read[0]?.metadata['record_id'] ?? '', /^[\w-]{22}$/);
  });

  it('carry the same ids when they are sent again', async (t) => {
    const { receiver, dispatcher } = await setUp(t);
    receiver.answer = () => ({ status: 503 });
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver(sampleRecords(1, 3), signal)).delivered, 0);
    receiver.answer = () => ({ status: 200 });
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver(sampleRecords(1, 3), signal)).delivered, 3);
    const [first, second] = receiver.requests;
    assert.deepEqual(first?.body, second?.body);
    assert.equal(first?.headers['idempotency-key'], second?.headers['idempotency-key']);
    await dispatcher.deliver(sampleRecords(2, 4), signal);
    assert.notEqual(receiver.requests[2]?.headers['idempotency-key'], first?.headers['idempotency-key']);
  });

  it('are bounded by count and by bytes; a larger record goes alone', async (t) => {
    const { receiver, dispatcher } = await setUp(t, { maxBatchRecords: 3, maxBatchBytes: 2_000, maxInFlight: 1 });
    await dispatcher.connect(signal);
    const sizes = [1, 1, 1, 1, 3_000, 600, 600, 600];
    const records = sizes.map((size, index) => sampleRecord(index, { payload: Buffer.alloc(size) }));
    assert.equal((await dispatcher.deliver(records, signal)).delivered, sizes.length);
    assert.deepEqual(
      receiver.requests.map((request) => numbersOf([request])),
      [[0, 1, 2], [3], [4], [5, 6], [7]],
    );
  });
});

describe('the requests of the http dispatcher', () => {
  it('are at most so many at once, and those of a vehicle follow each other', async (t) => {
    const { receiver, dispatcher } = await setUp(t, { maxBatchRecords: 10, maxInFlight: 3 });
    const open: ReceivedRequest[] = [];
    receiver.answer = (request) => {
      open.push(request);
      return undefined;
    };
    await dispatcher.connect(signal);
    const delivering = dispatcher.deliver(fleet(200, 7), signal);
    let answered = 0;
    let most = 0;
    while (answered < 200) {
      await until(() => open.length > 0, 'a request');
      most = Math.max(most, open.length);
      const inFlight = open.map((request) => new Set(linesOf(request).map(({ vehicle }) => vehicle)));
      const vehicles = inFlight.flatMap((set) => [...set]);
      assert.equal(new Set(vehicles).size, vehicles.length, 'a vehicle is in one request at a time');
      // The youngest first, so that nothing is in order by chance.
      const request = open.pop() as ReceivedRequest;
      answered += linesOf(request).length;
      receiver.reply(request, { status: 200 });
    }
    assert.deepEqual(await delivering, { delivered: 200, refused: [] });
    assert.ok(most <= 3);
    for (const vehicle of range(0, 6)) {
      const numbers = numbersOf(receiver.taken).filter((n) => n % 7 === vehicle);
      assert.deepEqual(
        numbers,
        [...numbers].sort((a, b) => a - b),
      );
    }
  });

  it('wait until records fill them, or for maxBatchDelayMs', async (t) => {
    const clock = new ManualClock(0, turn);
    const options = optionsFor('http://x', { maxBatchRecords: 5, maxBatchDelayMs: 400, clock });
    const receiver = await HttpReceiver.start(t);
    const dispatcher = createHttpDispatcher({ ...options, url: receiver.url });
    t.after(() => dispatcher.close(0));
    const spool = new FakeLogReader();
    const { batch = { items: 1, bytes: 1 }, gather, deliverTimeoutMs = 1 } = httpBatching(options);
    const watermarks = { highBytes: 1_000_000, lowBytes: 1_000 };
    const pump = new Pump({
      spool,
      dispatcher,
      clock,
      batch,
      watermarks,
      deliverTimeoutMs,
      ...(gather ? { gather } : {}),
    });
    await dispatcher.connect(signal);
    const stop = new AbortController();
    const running = pump.run(stop.signal, () => {});
    running.catch(() => {});
    const append = (from: number, to: number): void => {
      for (const record of sampleRecords(from, to)) spool.append(encodeRecord(record));
    };
    append(1, 4);
    await clock.advance(399);
    assert.equal(receiver.requests.length, 0);
    await clock.advance(1);
    await until(() => spool.pending().items === 0, 'what waited long enough');
    append(5, 9);
    await until(() => spool.pending().items === 0, 'what filled a request');
    assert.deepEqual(
      receiver.requests.map((request) => numbersOf([request])),
      [range(1, 4), range(5, 9)],
    );
    append(10, 10);
    stop.abort();
    assert.equal(clock.pending, 0);
  });

  it('lose nothing and keep the order of each vehicle over a receiver that fails at random', async (t) => {
    const ids = seededIds(7);
    const { receiver, dispatcher } = await setUp(t, { maxBatchRecords: 5, maxInFlight: 3 });
    receiver.answer = (request) => {
      const chance = ids.uniform();
      if (chance < 0.1) return void request.response.socket?.destroy();
      if (chance < 0.3) return { status: 503 };
      return numbersOf([request]).some((number) => number % 50 === 7) ? { status: 400 } : { status: 200 };
    };
    const spool = new FakeLogReader();
    for (const record of fleet(300, 6)) spool.append(encodeRecord(record));
    const refused: number[] = [];
    const confirmed: number[] = [];
    const watermarks = { highBytes: 1_000_000, lowBytes: 1_000 };
    const pump = new Pump({
      spool,
      dispatcher,
      clock: systemClock,
      batch: { items: 15, bytes: 1_000_000 },
      watermarks,
      deliverTimeoutMs: 60_000,
      onRefused: ({ seq }) => refused.push(seq - 1),
      onConfirmed: ({ metadata }) => confirmed.push(numberOf(metadata['txid'] as string)),
    });
    for (let runs = 0; runs < 2_000 && spool.pending().items > 0; runs++) {
      const stop = new AbortController();
      await dispatcher.connect(stop.signal);
      await Promise.race([pump.run(stop.signal, () => {}).catch(() => {}), pump.drained(stop.signal)]);
      stop.abort();
    }
    assert.equal(spool.pending().items, 0);
    assert.deepEqual(refused, [7, 57, 107, 157, 207, 257]);
    assert.deepEqual(
      confirmed,
      range(0, 299).filter((number) => number % 50 !== 7),
    );
    for (const vehicle of range(0, 5)) {
      const firsts = [...new Set(numbersOf(receiver.taken))].filter((number) => number % 6 === vehicle);
      assert.deepEqual(
        firsts,
        confirmed.filter((number) => number % 6 === vehicle),
      );
    }
  });

  it('are sent anew over a connection that the receiver closed while it was idle', async (t) => {
    const { receiver, dispatcher } = await setUp(t);
    await dispatcher.connect(signal);
    await dispatcher.deliver([sampleRecord(1)], signal);
    receiver.requests[0]?.response.socket?.destroy();
    assert.equal((await dispatcher.deliver([sampleRecord(2)], signal)).delivered, 1);
    assert.deepEqual(numbersOf(receiver.taken), [1, 2]);
  });

  it('end when the run does', async (t) => {
    const { receiver, dispatcher } = await setUp(t);
    receiver.answer = () => undefined;
    await dispatcher.connect(signal);
    const stop = new AbortController();
    const delivering = dispatcher.deliver([sampleRecord(1)], stop.signal);
    await until(() => receiver.requests.length === 1, 'the request');
    let isClosed = false;
    receiver.requests[0]?.response.once('close', () => {
      isClosed = true;
    });
    stop.abort();
    assert.equal((await delivering).failure?.code, 'DISPATCH_ABORTED');
    await until(() => isClosed, 'the end of the connection');
  });

  it('are given up after timeoutMs', async (t) => {
    const clock = new ManualClock(0, turn);
    const { receiver, dispatcher } = await setUp(t, { clock, timeoutMs: 700 });
    receiver.answer = () => undefined;
    await dispatcher.connect(signal);
    const delivering = dispatcher.deliver([sampleRecord(1)], signal);
    await until(() => receiver.requests.length === 1, 'the request');
    await clock.advance(700);
    const { delivered, failure } = await delivering;
    assert.deepEqual([delivered, failure?.code], [0, 'DISPATCH_HTTP_TIMEOUT']);
    assert.equal(clock.pending, 0);
  });
});

describe('the answers to the http dispatcher', () => {
  it('that refuse a record make it a dead letter alone; the others arrive once and in order', async (t) => {
    const { receiver, dispatcher } = await setUp(t);
    const poison = new Set([7, 13, 14]);
    receiver.answer = (request) =>
      numbersOf([request]).some((number) => poison.has(number))
        ? { status: 422, body: 'no\r\n such <b>signal</b>' }
        : { status: 200 };
    await dispatcher.connect(signal);
    const progress: Delivery[] = [];
    const delivery = await dispatcher.deliver(sampleRecords(0, 19), signal, (each) => progress.push(each));
    const reason = 'DISPATCH_HTTP_REFUSED: the receiver answered 422: no such <b>signal</b>';
    assert.deepEqual(delivery, { delivered: 20, refused: [...poison].map((index) => ({ index, reason })) });
    assert.deepEqual(
      numbersOf(receiver.taken),
      range(0, 19).filter((number) => !poison.has(number)),
    );
    assert.ok(progress.length > 3);
  });

  for (const status of [400, 409, 410, 413, 415, 422]) {
    it(`${status} refuses a record`, async (t) => {
      const { receiver, dispatcher } = await setUp(t);
      receiver.answer = () => ({ status });
      await dispatcher.connect(signal);
      const { delivered, refused } = await dispatcher.deliver([sampleRecord(1)], signal);
      assert.equal(delivered, 1);
      assert.equal(refused?.[0]?.reason, `DISPATCH_HTTP_REFUSED: the receiver answered ${status}`);
    });
  }

  for (const status of [301, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504]) {
    it(`${status} makes records wait`, async (t) => {
      const { receiver, dispatcher } = await setUp(t);
      receiver.answer = () => ({ status, headers: { location: '/elsewhere' } });
      await dispatcher.connect(signal);
      const { delivered, failure } = await dispatcher.deliver(sampleRecords(1, 3), signal);
      assert.deepEqual([delivered, failure?.code], [0, 'DISPATCH_HTTP_STATUS']);
      assert.match(failure?.message ?? '', new RegExp(`^the receiver answered ${status}`));
      assert.equal(receiver.requests.length, 1);
      assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).failure?.code, 'DISPATCH_NOT_CONNECTED');
    });
  }

  it('401 refuses records where holdStatuses says so', async (t) => {
    const { receiver, dispatcher } = await setUp(t, { holdStatuses: [] });
    receiver.answer = () => ({ status: 401 });
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver(sampleRecords(1, 2), signal)).refused?.length, 2);
  });

  it('with Retry-After keep it away for so long', async (t) => {
    const clock = new ManualClock(1_700_000_000_000, turn);
    const { receiver, dispatcher } = await setUp(t, { clock });
    receiver.answer = () => ({ status: 429, headers: { 'retry-after': '45' } });
    await dispatcher.connect(signal);
    const { failure } = await dispatcher.deliver([sampleRecord(1)], signal);
    assert.equal(failure?.message, 'the receiver answered 429; it asks to be left alone for 45 s');
    await Promise.all([
      assert.rejects(dispatcher.connect(signal), { code: 'DISPATCH_HTTP_HELD_OFF', message: /for 15 s more$/ }),
      clock.advance(30_000),
    ]);
    const stop = new AbortController();
    const stopped = dispatcher.connect(stop.signal);
    stop.abort();
    await assert.rejects(stopped, { code: 'DISPATCH_ABORTED' });
    const connecting = dispatcher.connect(signal);
    await clock.advance(15_000);
    await connecting;
    receiver.answer = () => ({ status: 202 });
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);
  });

  it('with a date for Retry-After likewise', async (t) => {
    const clock = new ManualClock(Date.UTC(2026, 0, 1), turn);
    const { receiver, dispatcher } = await setUp(t, { clock });
    receiver.answer = () => ({ status: 503, headers: { 'retry-after': 'Thu, 01 Jan 2026 00:00:20 GMT' } });
    await dispatcher.connect(signal);
    const { failure } = await dispatcher.deliver([sampleRecord(1)], signal);
    assert.match(failure?.message ?? '', /left alone for 20 s$/);
  });

  it('count when they are successes, although the rest never ends or is cut off', async (t) => {
    const { receiver, dispatcher } = await setUp(t);
    receiver.answer = ({ response }) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('x', () => response.socket?.destroy());
      return undefined;
    };
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);
    receiver.answer = ({ response }) => {
      response.writeHead(200);
      response.write(Buffer.alloc(200_000));
      return undefined;
    };
    assert.equal((await dispatcher.deliver([sampleRecord(2)], signal)).delivered, 1);
  });

  it('are counted, and so are the records they confirm', async (t) => {
    const outcomes: string[] = [];
    const published: [string, number][] = [];
    const { receiver, dispatcher } = await setUp(t, {
      onRequest: (outcome) => outcomes.push(outcome),
      onPublished: (type, bytes) => published.push([type, bytes]),
    });
    await dispatcher.connect(signal);
    await dispatcher.deliver([sampleRecord(1)], signal);
    receiver.answer = () => ({ status: 500 });
    await dispatcher.deliver([sampleRecord(2)], signal);
    await dispatcher.connect(signal);
    receiver.answer = ({ response }) => void response.socket?.destroy();
    await dispatcher.deliver([sampleRecord(3)], signal);
    assert.deepEqual(outcomes, ['2xx', '5xx', 'none']);
    assert.deepEqual(published, [['V', receiver.taken[0]?.body.length]]);
  });
});

describe('the connections of the http dispatcher', () => {
  it('are checked at the start: says that nobody listens, without the query', async (t) => {
    const { receiver } = await setUp(t);
    await receiver.stop();
    const dispatcher = createHttpDispatcher(optionsFor(`${receiver.url}?key=topsecret`));
    await assert.rejects(dispatcher.connect(signal), {
      code: 'DISPATCH_HTTP_UNREACHABLE',
      message: `cannot reach ${receiver.url}: nobody listens there; is the receiver running?`,
    });
  });

  it('are given up when told to', async (t) => {
    const server = createServer((socket) => void socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { port } = server.address() as { port: number };
    const dispatcher = createHttpDispatcher(optionsFor(`https://127.0.0.1:${port}/`));
    const stop = new AbortController();
    const connecting = dispatcher.connect(stop.signal);
    stop.abort();
    await assert.rejects(connecting, { code: 'DISPATCH_ABORTED' });
  });

  it('trust the named authority, show a certificate if there is one, and nobody else', async (t) => {
    const folder = temporaryFolder(t);
    const authority = await createAuthority({ commonName: 'Receiver CA' });
    const { chainPem, keyPem } = await issueServerCertificate(authority, { names: ['localhost'] });
    const caFile = join(folder, 'ca.crt');
    writeFileSync(caFile, authority.certificatePem);
    const receiver = await HttpReceiver.start(t, { cert: chainPem, key: keyPem });
    const trusting = createHttpDispatcher(optionsFor(receiver.url, { tls: { ...NO_TLS, caFile } }));
    t.after(() => trusting.close(0));
    await trusting.connect(signal);
    assert.equal((await trusting.deliver(sampleRecords(1, 3), signal)).delivered, 3);
    await assert.rejects(createHttpDispatcher(optionsFor(receiver.url)).connect(signal), {
      code: 'DISPATCH_HTTP_UNREACHABLE',
      message: /certificate/,
    });
    const other = createHttpDispatcher(optionsFor(receiver.url, { tls: { ...NO_TLS, caFile, serverName: 'other' } }));
    await assert.rejects(other.connect(signal), { code: 'DISPATCH_HTTP_UNREACHABLE' });
    const missing = createHttpDispatcher(optionsFor(receiver.url, { tls: { ...NO_TLS, caFile: '/nowhere.crt' } }));
    await assert.rejects(missing.connect(signal), { message: /nowhere\.crt/ });
  });
});
