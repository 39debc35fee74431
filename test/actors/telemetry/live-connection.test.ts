import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import type { WebSocket } from 'ws';
import type { IngestReply } from '../../../src/actors/telemetry/connection-hot.js';
import { IngestBudget } from '../../../src/actors/telemetry/ingest-budget.js';
import { IngestMetrics } from '../../../src/actors/telemetry/ingest-metrics.js';
import { LiveConnection } from '../../../src/actors/telemetry/live-connection.js';
import { decodeReply, encodeAck, encodeError, type Verdict } from '../../../src/protocols/fleet-telemetry/index.js';
import { type HotOutcome, ManualClock, Metrics, silentLogger } from '../../../src/runtime/index.js';
import { payloadsOf } from './frames.js';
import { connectionInput, countedSettings } from './inputs.js';

const MiB = 1024 * 1024;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A socket whose peer reads when the test says so. */
class SlowSocket extends Duplex {
  readonly written: Buffer[] = [];
  private readonly pending: (() => void)[] = [];
  constructor(private readsAtOnce = true) {
    super({ highWaterMark: 16 });
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(chunk);
    if (this.readsAtOnce) done();
    else this.pending.push(done);
  }
  override _read(): void {}
  stopReading(): void {
    this.readsAtOnce = false;
  }
  /** The peer takes one more write. */
  takeOne(): void {
    this.pending.shift()?.();
  }
}

/** As much of `ws` as a connection uses. */
class FakeWebSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  isPaused = false;
  pings = 0;
  /** What was done to it, in order. */
  readonly done: string[] = [];
  constructor(private readonly socket: SlowSocket) {
    super();
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  ping(): void {
    this.pings++;
  }
  close(code: number): void {
    this.done.push(`close ${code} after ${this.socket.written.length} writes`);
    this.readyState = 2;
  }
  terminate(): void {
    this.done.push('terminate');
    this.ended(1006);
  }
  /** The socket is gone. */
  ended(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.emit('close', code);
  }
  receive(text: string | Buffer, isBinary = true): void {
    this.emit('message', Buffer.from(text), isBinary);
  }
}

function connect({
  room = Number.POSITIVE_INFINITY,
  budget = new IngestBudget(100 * MiB),
  ackWhen = 'spooled',
}: {
  room?: number;
  budget?: IngestBudget;
  ackWhen?: 'received' | 'spooled';
} = {}) {
  const clock = new ManualClock(1_000_000);
  const socket = new SlowSocket();
  const ws = new FakeWebSocket(socket);
  const taken: Buffer[] = [];
  const ends: (readonly [number, boolean])[] = [];
  const held: boolean[] = [];
  const actor = { room };
  const metrics = new IngestMetrics({
    metrics: new Metrics(),
    logger: silentLogger(),
    clock,
    settings: countedSettings(),
    connections: () => 1,
    budget,
    isDegraded: () => false,
  });
  const request = { info: () => {}, end: () => {} };
  const connection = new LiveConnection(connectionInput({ ackWhen }), ws as unknown as WebSocket, socket, request, {
    take: (_connection, message) => {
      if (actor.room <= 0) return false;
      actor.room--;
      taken.push(message as Buffer);
      return true;
    },
    ended: (_connection, code, isAbandoned) => ends.push([code, isAbandoned]),
    held: (_connection, isHeld) => actor.room > 0 && held.push(isHeld) > 0,
    budget,
    metrics,
    clock,
  });
  /** The actor has dealt with its oldest message. */
  const answer = (verdict: Verdict, outcome: HotOutcome = 'stored', size = 1): void => {
    actor.room++;
    connection.release({ verdict, size, socketId: 'socket-1' } satisfies IngestReply, outcome);
  };
  /** A message comes and is dealt with. */
  const pass = (verdict: Verdict, outcome?: HotOutcome): void => {
    ws.receive('m');
    answer(verdict, outcome);
  };
  const replies = () =>
    payloadsOf(Buffer.concat(socket.written)).map((payload) => {
      const reply = decodeReply(payload);
      assert.ok(reply.ok);
      return reply.value;
    });
  return { clock, socket, ws, taken, ends, held, actor, metrics, connection, answer, pass, replies };
}

const record = (
  txid: string,
  acknowledge: Extract<Verdict, { kind: 'record' }>['acknowledge'] = 'spooled',
): Verdict => ({
  kind: 'record',
  reason: 'record',
  isOverLimit: false,
  topic: 'V',
  txid: Buffer.from(txid),
  reply: encodeAck(Buffer.from(txid), Buffer.from('V')),
  payload: Buffer.alloc(10),
  createdAtMs: 0,
  acknowledge,
});

const refusal: Verdict = {
  kind: 'refuse',
  reason: 'unreadable',
  isOverLimit: false,
  topic: '',
  txid: new Uint8Array(),
  reply: encodeError(new Uint8Array()),
  detail: '',
};

describe('what a live connection answers', () => {
  it('FT-ACK-1 FT-ACK-2 acks what is stored or received, and nothing else', async () => {
    const { connection, pass, replies, metrics } = connect();
    pass(record('stored'), 'stored');
    pass(record('refused'), 'refused');
    pass(record('received', 'received'), 'refused');
    pass(record('reliable', { confirmedBy: 'mqtt' }), 'stored');
    await turn();
    assert.deepEqual(
      replies().map(({ txid }) => txid),
      ['stored', 'received'],
    );
    connection.confirm(encodeAck(Buffer.from('reliable'), Buffer.from('V')), connection.since);
    await turn();
    assert.deepEqual(
      replies().map(({ txid }) => txid),
      ['stored', 'received', 'reliable'],
    );
    assert.deepEqual([connection.acks, metrics.acksTotal], [3, 3]);
  });

  it('FT-ACK-3 acks what is stored already, unless that waits for its dispatcher, and counts it once', async () => {
    const { connection, pass, replies } = connect();
    pass(record('spooled'), 'duplicate');
    pass(record('confirmed', { confirmedBy: 'mqtt' }), 'duplicate');
    pass(record('awaited', { confirmedBy: 'mqtt' }), 'awaited');
    pass(record('received', 'received'), 'duplicate');
    await turn();
    assert.deepEqual(
      replies().map(({ txid }) => txid),
      ['spooled', 'confirmed', 'received'],
    );
    connection.confirmResent('key', encodeAck(Buffer.from('awaited'), Buffer.from('V')));
    await turn();
    assert.equal(replies().at(-1)?.txid, 'awaited');
    assert.deepEqual([connection.records, connection.acks], [0, 4]);
  });

  it('errors at once, and acks of unknown types as often as the verdict says', async () => {
    const { pass, replies } = connect();
    pass(refusal, 'done');
    const acknowledge = { ...record('t'), kind: 'acknowledge', reason: 'unknown_type', copies: 2, messageType: 5 };
    pass(acknowledge as Verdict, 'done');
    pass({ kind: 'drop', reason: 'rate_limited', isOverLimit: true, topic: 'V' }, 'done');
    await turn();
    assert.deepEqual(
      replies().map(({ kind, txid }) => `${kind} ${txid}`),
      ['error ', 'ack t', 'ack t'],
    );
  });

  it('FT-AUTH-3 what is no record likewise, once the spool has taken note of it', async () => {
    const acknowledge = (txid: string) =>
      ({ ...record(txid), kind: 'acknowledge', reason: 'unmapped_topic', copies: 1, messageType: 4 }) as Verdict;
    for (const [ackWhen, acked] of [
      ['spooled', ['stored']],
      ['received', ['stored', 'refused']],
    ] as const) {
      const { pass, replies } = connect({ ackWhen });
      pass(acknowledge('stored'), 'stored');
      pass(acknowledge('refused'), 'refused');
      await turn();
      assert.deepEqual(
        replies().map(({ txid }) => txid),
        acked,
      );
    }
  });

  it('FT-ACK-6 a message of a type that nobody knows is acknowledged whatever the spool can take', async () => {
    const { pass, replies } = connect({ ackWhen: 'spooled' });
    const unknown = {
      ...record('t'),
      kind: 'acknowledge',
      reason: 'unknown_type',
      copies: 2,
      messageType: 5,
    } as Verdict;
    pass(unknown, 'refused');
    await turn();
    assert.deepEqual(
      replies().map(({ txid }) => txid),
      ['t', 't'],
    );
  });

  it('counts the records that were taken', () => {
    const { connection, pass, clock } = connect();
    pass(record('a'));
    pass(record('b'), 'refused');
    const { records, bytes, lastRecordAt, bytesByType } = connection;
    assert.deepEqual([records, bytes, lastRecordAt, bytesByType.get('V')], [1, 10, clock.now(), 10]);
  });
});

describe('LC-1 back-pressure', () => {
  it('keeps what was read while the actor has no room, reads no more, and hands it over in order', () => {
    const { ws, actor, taken, answer } = connect({ room: 2 });
    for (const text of ['1', '2', '3', '4', '5']) ws.receive(text);
    assert.deepEqual(taken.map(String), ['1', '2']);
    assert.equal(ws.isPaused, true);
    answer(record('1'));
    assert.deepEqual(taken.map(String), ['1', '2', '3']);
    assert.equal(ws.isPaused, true, 'there are more');
    ws.receive('6');
    actor.room = 10;
    answer(record('2'));
    assert.deepEqual(taken.map(String), ['1', '2', '3', '4', '5', '6']);
    assert.equal(ws.isPaused, false);
  });

  it('MBX-4 stops reading at 4 MiB unanswered, and reads on at 1 MiB', () => {
    const { ws, answer } = connect();
    for (let message = 0; message < 4; message++) ws.receive(Buffer.alloc(MiB));
    assert.equal(ws.isPaused, false);
    ws.receive('x');
    assert.equal(ws.isPaused, true);
    for (const isPaused of [true, true, true, false]) {
      answer(record('r'), 'stored', MiB);
      assert.equal(ws.isPaused, isPaused);
    }
  });
});

describe('LC-4 the bytes of all connections together', () => {
  it('MBX-4 past the bound who sends more is not read, until half of it is answered', () => {
    const budget = new IngestBudget(2 * MiB);
    const [first, second, third] = [connect({ budget }), connect({ budget }), connect({ budget })];
    const paused = () => [first, second, third].map(({ ws }) => ws.isPaused);
    first.ws.receive(Buffer.alloc(MiB));
    second.ws.receive(Buffer.alloc(MiB));
    assert.deepEqual(paused(), [false, false, false]);
    first.ws.receive('x');
    second.ws.receive('y');
    assert.deepEqual(paused(), [true, true, false], 'who sends nothing is left alone');
    assert.deepEqual([budget.inFlightBytes, budget.heldConnections], [2 * MiB + 2, 2]);
    first.answer(record('1'), 'stored', 1);
    assert.deepEqual(paused(), [true, true, false]);
    second.answer(record('2'), 'stored', MiB);
    assert.deepEqual(paused(), [true, true, false]);
    second.answer(record('3'), 'stored', 1);
    assert.deepEqual(paused(), [false, false, false]);
    assert.deepEqual([budget.inFlightBytes, budget.heldConnections], [MiB, 0]);
    assert.equal(third.taken.length + first.taken.length + second.taken.length, 4, 'what was read is dealt with');
  });

  it('a connection that ends gives back what is not answered any more', () => {
    const budget = new IngestBudget(10);
    const gone = connect({ budget });
    gone.ws.receive(Buffer.alloc(20));
    gone.connection.abandon();
    assert.deepEqual([budget.inFlightBytes, budget.heldConnections], [0, 0]);
  });

  it('an answer to what was never taken gives nothing back, and what is taken later counts', () => {
    const budget = new IngestBudget(100);
    const { ws, answer, ends } = connect({ budget });
    answer(record('replayed'), 'stored', 30);
    assert.equal(budget.inFlightBytes, 0);
    ws.receive(Buffer.alloc(20));
    ws.ended(1001);
    assert.deepEqual([budget.inFlightBytes, ends.length], [20, 0], 'the end waits for its answer');
    answer(record('taken'), 'stored', 20);
    assert.deepEqual([budget.inFlightBytes, ends.length], [0, 1]);
  });

  it('the answer that ends a drain goes out before the close frame although it makes room', async () => {
    const budget = new IngestBudget(10);
    const { ws, connection, answer, replies } = connect({ budget });
    ws.receive(Buffer.alloc(20));
    connection.close(1001, 'stops', 3_000);
    answer(record('last'), 'stored', 20);
    assert.deepEqual(ws.done, ['close 1001 after 1 writes']);
    await turn();
    assert.equal(replies().length, 1);
  });

  it('MBX-4 the chart hears of a socket that is not read for a while, and that it is again', async () => {
    const { ws, clock, connection, held, actor, answer } = connect({ budget: new IngestBudget(10) });
    const tend = () => connection.tend(clock.monotonic(), 30_000);
    ws.receive(Buffer.alloc(20));
    await clock.advance(999);
    tend();
    assert.deepEqual(held, []);
    await clock.advance(1);
    tend();
    tend();
    assert.deepEqual(held, [true]);
    await clock.advance(300_000);
    assert.equal(tend(), 'well', 'silence of a socket that is not read says nothing');
    assert.equal(ws.pings, 0);
    answer(record('r'), 'stored', 20);
    actor.room = 0;
    tend();
    assert.deepEqual(held, [true]);
    actor.room = 1;
    tend();
    assert.deepEqual(held, [true, false], 'as soon as the actor has room');
  });
});

describe('LC-2 the end', () => {
  it('is told once all that came is answered', () => {
    const { ws, answer, ends, actor, taken } = connect({ room: 1 });
    ws.receive('1');
    ws.receive('2');
    ws.ended(1001);
    assert.deepEqual(ends, []);
    actor.room = 0;
    answer(record('1'));
    assert.deepEqual(taken.map(String), ['1', '2']);
    assert.deepEqual(ends, []);
    answer(record('2'));
    assert.deepEqual(ends, [[1001, false]]);
  });

  it('is told at once when nothing is under way, and only once', () => {
    const { ws, ends, connection } = connect();
    ws.ended(1000);
    connection.abandon();
    assert.deepEqual(ends, [[1000, false]]);
  });

  it('of a chart that ended by itself is not waited for', () => {
    const { ws, ends, connection } = connect();
    ws.receive('lost with its actor');
    connection.abandon();
    assert.deepEqual(ends, [[1006, true]]);
    const gone = connect();
    gone.ws.receive('lost with its actor');
    gone.ws.ended(1006);
    gone.connection.abandon();
    assert.deepEqual(gone.ends, [[1006, true]], 'whichever comes first');
  });

  it('an abandoned connection hands over nothing more, and takes no room', () => {
    const budget = new IngestBudget(100);
    const { ws, connection, actor, taken } = connect({ room: 1, budget });
    for (const text of ['1', '2', '3']) ws.receive(text);
    actor.room = 10;
    connection.abandon();
    ws.receive('read before the socket was gone');
    assert.deepEqual([taken.map(String), budget.inFlightBytes], [['1'], 0]);
  });
});

describe('LC-3 closing', () => {
  it('waits for the answers of what was read, and writes them before the close frame', async () => {
    const { ws, connection, answer, replies } = connect();
    ws.receive('1');
    ws.receive('2');
    connection.close(1001, 'stops', 3_000);
    assert.equal(ws.isPaused, true);
    answer(record('1'));
    assert.deepEqual(ws.done, []);
    answer(record('2'));
    assert.deepEqual(ws.done, ['close 1001 after 1 writes']);
    assert.equal(ws.isPaused, false, 'the answer to the close frame has to be read');
    await turn();
    assert.equal(replies().length, 2, 'both acks, in one write');
  });

  it('waits for confirmations, too, but no longer than the grace', async () => {
    const { ws, connection, pass, clock } = connect();
    pass(record('1', { confirmedBy: 'mqtt' }));
    connection.close(1001, 'stops', 3_000);
    await clock.advance(2_999);
    assert.deepEqual(ws.done, []);
    await clock.advance(1);
    assert.deepEqual(ws.done, ['close 1001 after 0 writes']);
    const confirmed = connect();
    confirmed.pass(record('1', { confirmedBy: 'mqtt' }));
    confirmed.connection.close(1001, 'stops', 3_000);
    confirmed.connection.confirm(encodeAck(Buffer.from('1'), Buffer.from('V')), confirmed.connection.since);
    assert.deepEqual(confirmed.ws.done, ['close 1001 after 1 writes']);
    assert.equal(confirmed.clock.pending, 0);
  });

  it('waits for what came again, not for what is refused, and not less for what an earlier connection is told', () => {
    const { ws, connection, pass } = connect();
    const ack = encodeAck(Buffer.from('1'), Buffer.from('V'));
    pass(record('confirmed', { confirmedBy: 'mqtt' }));
    pass(record('refused', { confirmedBy: 'mqtt' }));
    connection.awaitResent('confirmed');
    connection.awaitResent('forgotten');
    connection.close(1001, 'stops', 3_000);
    connection.confirm(ack, connection.since - 1);
    connection.refuse(connection.since - 1);
    connection.confirm(ack, connection.since);
    connection.refuse(connection.since);
    assert.deepEqual(ws.done, []);
    connection.confirmResent('confirmed', ack);
    assert.deepEqual(ws.done, []);
    connection.forgetResent('forgotten');
    assert.deepEqual(ws.done, ['close 1001 after 1 writes']);
  });

  it('answers and takes nothing more behind the close frame', async () => {
    const { ws, connection, answer, taken, socket } = connect();
    ws.receive('before');
    connection.close(1001, 'stops', 0);
    answer(record('before'));
    ws.receive('behind');
    answer(record('late'));
    await turn();
    assert.deepEqual(taken.map(String), ['before']);
    assert.equal(socket.written.length, 1);
  });

  it('FT-WS-4 a text message closes with 1003 at once', () => {
    const { ws, taken } = connect();
    ws.receive('text', false);
    ws.receive('behind');
    assert.deepEqual(ws.done, ['close 1003 after 0 writes']);
    assert.deepEqual(taken, []);
  });
});

describe('LC-4 a vehicle that does not read', () => {
  const long = (txid: string) => record(txid.padEnd(100_000, '.'));

  it('FT-ACK-7 is cut off at 1 MiB of replies', async () => {
    const { ws, socket, pass, ends } = connect();
    socket.stopReading();
    for (let reply = 0; reply < 10; reply++) {
      pass(long('r'));
      await turn();
    }
    assert.deepEqual(ws.done, []);
    pass(long('r'));
    await turn();
    pass(long('r'));
    assert.deepEqual(ws.done, ['terminate']);
    assert.deepEqual(ends, [[1006, false]]);
  });

  it('FT-WS-7 is told stalled after 10 seconds without progress', async () => {
    const { socket, pass, connection, clock } = connect();
    const tend = () => connection.tend(clock.monotonic(), undefined);
    socket.stopReading();
    pass(long('1'));
    await turn();
    pass(long('2'));
    await turn();
    assert.equal(tend(), 'well');
    await clock.advance(9_999);
    assert.equal(tend(), 'well');
    socket.takeOne();
    await turn();
    assert.equal(tend(), 'well', 'a slow one is not stalled');
    await clock.advance(9_999);
    assert.equal(tend(), 'well');
    await clock.advance(1);
    assert.equal(tend(), 'stalled');
  });

  it('is well again when it has read all', async () => {
    const { socket, pass, connection, clock } = connect();
    socket.stopReading();
    pass(long('1'));
    await turn();
    connection.tend(clock.monotonic(), undefined);
    socket.takeOne();
    await turn();
    await clock.advance(20_000);
    assert.equal(connection.tend(clock.monotonic(), undefined), 'well');
    assert.equal(connection.tend(clock.monotonic() + 20_000, undefined), 'well');
  });
});

describe('FT-WS-6 a vehicle that says nothing', () => {
  it('is pinged at the interval, and silent after two that were not answered', async () => {
    const { ws, connection, clock } = connect();
    const seen: string[] = [];
    for (let look = 0; look < 12; look++) {
      await clock.advance(10_000);
      seen.push(`${connection.tend(clock.monotonic(), 30_000)} ${ws.pings}`);
    }
    assert.deepEqual(seen.slice(1, 9), [
      'well 0',
      'well 1',
      'well 1',
      'well 1',
      'well 2',
      'well 2',
      'well 2',
      'silent 2',
    ]);
  });

  it('is well with every pong and with every message', async () => {
    const { ws, connection, clock } = connect();
    for (let look = 0; look < 20; look++) {
      await clock.advance(30_000);
      assert.equal(connection.tend(clock.monotonic(), 30_000), 'well');
      if (look % 2 === 0) ws.emit('pong');
      else ws.receive('a message');
    }
  });

  it('is not pinged where that is off', async () => {
    const { ws, connection, clock } = connect();
    await clock.advance(3_600_000);
    assert.equal(connection.tend(clock.monotonic(), undefined), 'well');
    assert.equal(ws.pings, 0);
  });
});
