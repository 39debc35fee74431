import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DispatchError, notConnected } from '../../../src/actors/dispatch/errors.js';
import { Pump } from '../../../src/actors/dispatch/pump.js';
import type { PumpOptions } from '../../../src/actors/dispatch/pump-run.js';
import { encodeRecord, type FleetRecord } from '../../../src/actors/dispatch/record.js';
import type { RefusedRecord } from '../../../src/actors/dispatch/spool.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { seededIds } from '../../../src/runtime/ids.js';
import { FakeDestination } from '../../fakes/fake-destination.js';
import { turn } from '../../fakes/held-calls.js';
import { FakeLogReader } from '../../fakes/log-reader.js';
import { numberOf, sampleRecord } from './sample-records.js';

function setUp(destination: FakeDestination, options: Partial<PumpOptions> = {}) {
  const clock = new ManualClock(0, turn);
  const spool = new FakeLogReader();
  const happened: string[] = [];
  const refused: RefusedRecord[] = [];
  const confirm = spool.confirm.bind(spool);
  spool.confirm = (seq) => {
    happened.push(`position ${seq}`);
    confirm(seq);
  };
  const pump = new Pump({
    spool,
    dispatcher: destination,
    clock,
    batch: { items: 3, bytes: 1_000_000 },
    watermarks: { highBytes: 1_000, lowBytes: 500 },
    deliverTimeoutMs: 5_000,
    onConfirmed: (record: FleetRecord) => happened.push(`confirmed ${record.metadata['txid']}`),
    onRefused: (each) => {
      happened.push(`refused ${each.seq}`);
      refused.push(each);
    },
    ...options,
  });
  const events: string[] = [];
  const start = () => {
    const stop = new AbortController();
    const run = { failure: undefined as Error | undefined, stop: () => stop.abort() };
    pump
      .run(stop.signal, ({ type }) => events.push(type))
      .catch((error: Error) => {
        run.failure = error;
      });
    return run;
  };
  const append = (from: number, to: number): void => {
    for (let number = from; number <= to; number++) spool.append(encodeRecord(sampleRecord(number)));
  };
  return { clock, spool, pump, start, append, happened, refused, events };
}

const lost = new DispatchError('TEST_LOST', 'lost');

describe('the pump', () => {
  it('gathers records until a batch is worth while or the first has waited long enough', async () => {
    const destination = new FakeDestination(1, (batch) => batch.answer());
    const gather = { items: 3, bytes: 1_000_000, ms: 400 };
    const { start, append, spool, clock } = setUp(destination, { gather, batch: { items: 6, bytes: 1_000_000 } });
    const run = start();
    append(1, 2);
    await clock.advance(399);
    assert.equal(destination.batches.length, 0);
    await clock.advance(1);
    await turn();
    append(3, 4);
    await clock.advance(399);
    append(5, 7);
    await turn();
    assert.deepEqual(
      destination.batches.map(({ txids }) => txids.length),
      [2, 3],
    );
    await clock.advance(400);
    assert.equal(spool.pending().items, 0);
    append(8, 8);
    run.stop();
    assert.equal(clock.pending, 0);
  });

  it('PUMP-1 delivers what was spooled before and what comes, in order and batches', async () => {
    const destination = new FakeDestination(1, (batch) => batch.answer());
    const { start, append, spool } = setUp(destination);
    append(1, 4);
    start();
    await turn();
    await turn();
    append(5, 5);
    await turn();
    await turn();
    assert.deepEqual(
      destination.batches.map(({ txids }) => txids),
      [['tx-1', 'tx-2', 'tx-3'], ['tx-4'], ['tx-5']],
    );
    assert.deepEqual(spool.confirmations, [3, 4, 5]);
  });

  it('PUMP-2 moves the position before it tells of a confirmation', async () => {
    const { start, append, happened, pump } = setUp(new FakeDestination(1, (batch) => batch.answer()));
    append(1, 2);
    start();
    await turn();
    assert.deepEqual(happened, ['position 2', 'confirmed tx-1', 'confirmed tx-2']);
    assert.deepEqual({ ...pump.counts, deliveredBytes: 0 }, { delivered: 2, deliveredBytes: 0, refused: 0 });
  });

  it('PUMP-2 hands over a refused record first and goes on with the rest', async () => {
    const destination = new FakeDestination(1, (batch) =>
      batch.answer({ delivered: 3, refused: [{ index: 1, reason: 'no form' }] }),
    );
    const { start, append, happened, refused } = setUp(destination);
    append(1, 3);
    start();
    await turn();
    assert.deepEqual(happened, ['refused 2', 'position 3', 'confirmed tx-1', 'confirmed tx-3']);
    assert.equal(refused[0]?.reason, 'no form');
    assert.equal(refused[0]?.record?.metadata['txid'], 'tx-2');
  });

  it('PUMP-2 refuses what it cannot read without asking the destination', async () => {
    const destination = new FakeDestination(1, (batch) => batch.answer());
    const { start, append, spool, refused, happened } = setUp(destination);
    append(1, 1);
    spool.append(Buffer.from('garbage'));
    append(2, 2);
    for (let i = 0; i < 3; i++) spool.append(Buffer.alloc(0));
    start();
    for (let i = 0; i < 4; i++) await turn();
    assert.deepEqual(
      destination.batches.map(({ txids }) => txids),
      [['tx-1', 'tx-2']],
    );
    assert.deepEqual(
      refused.map(({ seq, reason, record }) => [seq, reason.split(':')[0], record]),
      [
        [2, 'RECORD_VERSION_UNKNOWN', undefined],
        [4, 'RECORD_UNREADABLE', undefined],
        [5, 'RECORD_UNREADABLE', undefined],
        [6, 'RECORD_UNREADABLE', undefined],
      ],
    );
    assert.equal(happened.at(-1), 'position 6');
  });

  it('PUMP-3 has as many batches in flight as the destination takes, and confirms them in order', async () => {
    const destination = new FakeDestination(2);
    const { start, append, happened } = setUp(destination);
    append(1, 9);
    start();
    for (let i = 0; i < 4; i++) await turn();
    assert.equal(destination.batches.length, 2);
    destination.batches[1]?.answer();
    await turn();
    assert.equal(happened.length, 0);
    assert.equal(destination.batches.length, 2);
    destination.batches[0]?.answer();
    await turn();
    assert.deepEqual(
      happened.filter((each) => each.startsWith('position')),
      ['position 3', 'position 6'],
    );
    assert.equal(destination.batches.length, 3);
  });

  it('PUMP-3 reads no more bytes at once than a batch may have', async () => {
    const bytes = encodeRecord(sampleRecord(1)).length;
    const destination = new FakeDestination(1, (batch) => batch.answer());
    const { start, append } = setUp(destination, { batch: { items: 100, bytes: bytes * 2 } });
    append(1, 5);
    start();
    for (let i = 0; i < 4; i++) await turn();
    assert.deepEqual(
      destination.batches.map(({ txids }) => txids.length),
      [2, 2, 1],
    );
  });

  it('PUMP-1 confirms the prefix that was delivered, fails, and delivers the rest again', async () => {
    const destination = new FakeDestination(2);
    const { start, append, happened } = setUp(destination);
    append(1, 6);
    const first = start();
    for (let i = 0; i < 3; i++) await turn();
    destination.batches[1]?.answer();
    destination.batches[0]?.answer({ delivered: 1, failure: lost });
    await turn();
    assert.equal(first.failure, lost);
    assert.deepEqual(happened, ['position 1', 'confirmed tx-1']);
    start();
    await turn();
    assert.deepEqual(destination.batches[2]?.txids, ['tx-2', 'tx-3', 'tx-4']);
  });

  it('tells over which record a delivery failed, and of none where nothing was in flight', async () => {
    const failed: (string | undefined)[] = [];
    const destination = new FakeDestination(2);
    const onUndelivered = ({ metadata }: FleetRecord) => failed.push(metadata['txid']);
    const { start, append } = setUp(destination, { onUndelivered });
    append(1, 6);
    start();
    for (let i = 0; i < 3; i++) await turn();
    destination.batches[0]?.progress({ delivered: 2 });
    destination.batches[0]?.answer({ delivered: 2, failure: lost });
    await turn();
    assert.deepEqual(failed, ['tx-3']);
    start();
    await turn();
    destination.batches[2]?.progress({ delivered: 1 });
    destination.batches[2]?.fail(lost);
    await turn();
    assert.deepEqual(failed, ['tx-3', 'tx-4']);
    setUp(destination, { onUndelivered }).start();
    destination.lose(lost);
    await turn();
    assert.equal(failed.length, 2);
  });

  it('PUMP-1 counts a refusal only up to where the batch was delivered', async () => {
    const destination = new FakeDestination(1);
    const { start, append, happened } = setUp(destination);
    append(1, 3);
    start();
    await turn();
    destination.batches[0]?.answer({
      delivered: 1,
      refused: [
        { index: 0, reason: 'no' },
        { index: 2, reason: 'not yet' },
        { index: 77, reason: 'nobody' },
      ],
    });
    await turn();
    assert.deepEqual(happened, ['refused 1', 'position 1']);
  });

  it('fails when the destination is lost, though nothing is in flight', async () => {
    const destination = new FakeDestination(1);
    const { start } = setUp(destination);
    const run = start();
    destination.lose(lost);
    await turn();
    assert.equal(run.failure, lost);
    assert.equal(destination.listening, 0);
  });

  it('PUMP-1 confirms what was delivered before the loss, then fails with its reason', async () => {
    const destination = new FakeDestination(2);
    const { start, append, happened } = setUp(destination);
    append(1, 9);
    const run = start();
    for (let i = 0; i < 3; i++) await turn();
    destination.lose(lost);
    assert.equal(run.failure, undefined);
    destination.batches[0]?.answer();
    await turn();
    assert.equal(destination.batches.length, 2);
    destination.batches[1]?.answer({ delivered: 1, failure: lost });
    await turn();
    assert.equal(run.failure, lost);
    assert.deepEqual(
      happened.filter((each) => each.startsWith('position')),
      ['position 3', 'position 4'],
    );
  });

  it('fails with the reason of the loss when all that was in flight has arrived', async () => {
    const destination = new FakeDestination(1);
    const { start, append, spool } = setUp(destination);
    append(1, 4);
    const run = start();
    await turn();
    destination.lose(lost);
    destination.batches[0]?.answer();
    await turn();
    assert.equal(run.failure, lost);
    assert.deepEqual(spool.confirmations, [3]);
    assert.equal(destination.batches.length, 1);
  });

  it('fails when the destination throws', async () => {
    const destination = new FakeDestination(1, (batch) => batch.fail(new TypeError('bug')));
    const { start, append, spool } = setUp(destination);
    append(1, 1);
    const run = start();
    await turn();
    assert.equal((run.failure as DispatchError).code, 'DISPATCH_FAILED');
    assert.deepEqual(spool.confirmations, []);
  });

  it('fails and aborts when a batch is not confirmed in time; a late answer changes nothing', async () => {
    const destination = new FakeDestination(1);
    const { start, append, clock, happened } = setUp(destination);
    append(1, 1);
    const run = start();
    await turn();
    await clock.advance(5_000);
    assert.equal((run.failure as DispatchError).code, 'DISPATCH_TIMEOUT');
    assert.ok(destination.batches[0]?.signal.aborted);
    destination.batches[0]?.answer();
    await turn();
    assert.deepEqual(happened, []);
  });

  it('PUMP-1 confirms what a batch has come to when the rest is not confirmed in time', async () => {
    const destination = new FakeDestination(2);
    const { start, append, clock, happened, spool } = setUp(destination);
    append(1, 6);
    const run = start();
    for (let i = 0; i < 3; i++) await turn();
    await clock.advance(4_000);
    destination.batches[0]?.progress({ delivered: 1 });
    await clock.advance(4_000);
    assert.ok(run.failure === undefined, 'it goes on');
    destination.batches[0]?.progress({ delivered: 2, refused: [{ index: 1, reason: 'no form' }] });
    destination.batches[1]?.progress({ delivered: 1 });
    await clock.advance(4_999);
    assert.deepEqual(happened, []);
    await clock.advance(1);
    assert.match(String(run.failure), /no confirmation within 5000 ms/);
    assert.deepEqual(happened, ['refused 2', 'position 2', 'confirmed tx-1']);
    start();
    await turn();
    assert.deepEqual(destination.batches[2]?.txids, ['tx-3', 'tx-4', 'tx-5'], 'the rest comes again');
    assert.deepEqual(spool.confirmations, [2]);
  });

  it('PUMP-1 PUMP-5 confirms what a batch has come to when it is told to end, and nothing after that', async () => {
    const destination = new FakeDestination(1);
    const { start, append, clock, spool } = setUp(destination);
    append(1, 3);
    const run = start();
    await turn();
    destination.batches[0]?.progress({ delivered: 2 });
    run.stop();
    destination.batches[0]?.progress({ delivered: 3 });
    destination.batches[0]?.answer();
    await turn();
    assert.deepEqual(spool.confirmations, [2]);
    assert.equal(clock.pending, 0);
  });

  it('PUMP-4 offers records one by one after a failure at the first, until one is settled', async () => {
    const destination = new FakeDestination(2);
    const { start, append } = setUp(destination);
    append(1, 6);
    start();
    await turn();
    destination.batches[0]?.fail(lost);
    await turn();
    destination.batches.length = 0;
    start();
    for (let i = 0; i < 3; i++) await turn();
    assert.deepEqual(
      destination.batches.map(({ txids }) => txids),
      [['tx-1']],
    );
    destination.batches[0]?.answer({ delivered: 1, refused: [{ index: 0, reason: 'it is the one' }] });
    for (let i = 0; i < 3; i++) await turn();
    assert.deepEqual(
      destination.batches.map(({ txids }) => txids),
      [['tx-1'], ['tx-2', 'tx-3', 'tx-4'], ['tx-5', 'tx-6']],
    );
  });

  /** Runs again after each failure, as the chart does, until nothing failed; returns how many runs there were. */
  async function runUntilQuiet(start: () => { failure: Error | undefined }, most = 20): Promise<number> {
    for (let runs = 1; runs <= most; runs++) {
      const run = start();
      for (let turns = 0; turns < 6; turns++) await turn();
      if (!run.failure) return runs;
    }
    return most + 1;
  }

  const dropsAt = (txid: string) =>
    new FakeDestination(1, (batch) =>
      batch.txids.includes(txid)
        ? batch.answer({ delivered: batch.txids.indexOf(txid), failure: lost })
        : batch.answer(),
    );

  it('PUMP-4 refuses a record that failed five times in a row by itself, and goes on', async () => {
    const destination = Object.assign(dropsAt('tx-2'), { blamable: true });
    const { start, append, refused, happened, spool } = setUp(destination);
    append(1, 5);
    await runUntilQuiet(start);
    assert.deepEqual(
      refused.map(({ seq, record }) => [seq, record?.metadata['txid']]),
      [[2, 'tx-2']],
    );
    assert.match(refused[0]?.reason ?? '', /^DISPATCH_GIVEN_UP: .* 5 times .*: lost$/);
    assert.equal(destination.batches.filter(({ txids }) => txids.length === 1 && txids[0] === 'tx-2').length, 5);
    assert.equal(spool.pending().items, 0);
    assert.deepEqual(
      happened.filter((each) => each.startsWith('confirmed')),
      ['confirmed tx-1', 'confirmed tx-3', 'confirmed tx-4', 'confirmed tx-5'],
    );
  });

  it('PUMP-4 offers without end where a failure is never the record’s own', async () => {
    const { start, append, refused } = setUp(dropsAt('tx-2'));
    append(1, 5);
    assert.equal(await runUntilQuiet(start), 21);
    assert.deepEqual(refused, []);
  });

  it('PUMP-4 does not blame a record for a destination that was not open', async () => {
    const destination = new FakeDestination(1, (batch) => batch.answer(notConnected()));
    destination.blamable = true;
    const { start, append, refused } = setUp(destination);
    append(1, 1);
    assert.equal(await runUntilQuiet(start), 21);
    assert.deepEqual(refused, []);
  });

  for (const code of ['DISPATCH_TIMEOUT', 'DISPATCH_MQTT_TIMEOUT']) {
    it(`PUMP-4 does not blame a record for a destination that only keeps silent (${code})`, async () => {
      const silent = new DispatchError(code, 'not confirmed in time', { retryable: true });
      const destination = new FakeDestination(1, (batch) => batch.answer({ delivered: 0, failure: silent }));
      destination.blamable = true;
      const { start, append, refused, spool } = setUp(destination);
      append(1, 2);
      assert.equal(await runUntilQuiet(start), 21);
      assert.deepEqual(refused, []);
      assert.equal(spool.pending().items, 2);
    });
  }

  it('PUMP-4 forgets the failures of a record that was settled', async () => {
    let offers = 0;
    const destination = new FakeDestination(1, (batch) =>
      offers++ % 5 < 4 ? batch.answer({ delivered: 0, failure: lost }) : batch.answer(),
    );
    destination.blamable = true;
    const { start, append, refused, spool } = setUp(destination, { batch: { items: 1, bytes: 1_000_000 } });
    append(1, 3);
    await runUntilQuiet(start);
    assert.equal(spool.pending().items, 0);
    assert.deepEqual(refused, []);
  });

  it('PUMP-5 ends with its signal, without a failure and without leaving listeners', async () => {
    const destination = new FakeDestination(1);
    const { start, append, happened, spool } = setUp(destination);
    append(1, 1);
    const run = start();
    await turn();
    run.stop();
    destination.batches[0]?.answer();
    append(2, 2);
    await turn();
    assert.equal(run.failure, undefined);
    assert.deepEqual(happened, []);
    assert.equal(destination.batches.length, 1);
    assert.equal(spool.listening + destination.listening, 0);
  });

  it('tells the level of the backlog at the start and when it changes, with hysteresis', async () => {
    const destination = new FakeDestination(1);
    const { start, append, spool, events } = setUp(destination, { batch: { items: 1, bytes: 1_000_000 } });
    const bytes = encodeRecord(sampleRecord(1)).length;
    start();
    assert.deepEqual(events, ['BACKLOG_LOW']);
    const toHigh = Math.ceil(1_000 / bytes);
    append(1, toHigh);
    assert.deepEqual(events, ['BACKLOG_LOW', 'BACKLOG_HIGH']);
    while (spool.pending().bytes > 500) {
      assert.deepEqual(events, ['BACKLOG_LOW', 'BACKLOG_HIGH']);
      destination.batches.at(-1)?.answer();
      await turn();
      await turn();
    }
    assert.deepEqual(events, ['BACKLOG_LOW', 'BACKLOG_HIGH', 'BACKLOG_LOW']);
  });

  it('tells when nothing is left to deliver', async () => {
    const destination = new FakeDestination(1);
    const { start, append, pump } = setUp(destination);
    await pump.drained(new AbortController().signal);
    append(1, 1);
    start();
    await turn();
    let drained = false;
    void pump.drained(new AbortController().signal).then(() => {
      drained = true;
    });
    await turn();
    assert.equal(drained, false);
    destination.batches[0]?.answer();
    await turn();
    assert.equal(drained, true);
  });

  it('fails rather than throws when the spool cannot be read', async () => {
    const { start, spool } = setUp(new FakeDestination(1));
    spool.read = () => {
      throw new Error('disk');
    };
    const run = start();
    await turn();
    assert.equal((run.failure as DispatchError).code, 'DISPATCH_SPOOL_FAILED');
  });

  for (const window of [1, 3]) {
    it(`PUMP-1 loses nothing and keeps the order over a destination that fails at random (window ${window})`, async () => {
      const { uniform } = seededIds(`pump ${window}`);
      const arrived: number[] = [];
      const destination = new FakeDestination(window, (batch) => {
        const whole = uniform() < 0.7;
        const delivered = whole ? batch.records.length : Math.floor(uniform() * batch.records.length);
        // What arrives may be more than what is confirmed, never less.
        const reached = whole ? delivered : delivered + Math.floor(uniform() * (batch.records.length - delivered + 1));
        for (const txid of batch.txids.slice(0, reached)) arrived.push(numberOf(txid as string));
        batch.answer({ delivered });
      });
      const { start, append, spool, happened } = setUp(destination, { batch: { items: 7, bytes: 1_000_000 } });
      let appended = 0;
      let run = start();
      for (let rounds = 0; rounds < 20_000 && (appended < 500 || spool.pending().items > 0); rounds++) {
        if (appended < 500 && uniform() < 0.5) append(++appended, appended);
        await turn();
        if (run.failure) run = start();
      }
      assert.equal(spool.pending().items, 0);
      const firsts = [...new Set(arrived)];
      assert.deepEqual(
        firsts,
        Array.from({ length: 500 }, (_, index) => index + 1),
      );
      const confirmed = happened.filter((each) => each.startsWith('confirmed'));
      assert.equal(confirmed.length, 500);
      assert.deepEqual(
        spool.confirmations,
        [...spool.confirmations].sort((a, b) => a - b),
      );
    });
  }
});
