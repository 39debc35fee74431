import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Delivery, Dispatcher } from '../../../src/actors/dispatch/dispatcher.js';
import type { FleetRecord } from '../../../src/actors/dispatch/record.js';
import { sampleRecord, sampleRecords, UNPRINTABLE } from './sample-records.js';

/** A destination with what a test needs to see of it and to do to it. */
export interface DestinationUnderTest {
  readonly dispatcher: Dispatcher;
  /** The numbers of the sample records that the destination has for good, in order of arrival, with repetitions. */
  received(): Promise<number[]>;
  /** From now on the destination takes nothing: its machine is off, its disk full. */
  vanish(): Promise<void>;
  comeBack(): Promise<void>;
}

/** Vehicles, types and payloads that a careless destination would stumble over. */
const HOSTILE: readonly Partial<FleetRecord>[] = [
  { vehicle: '../../etc/passwd' },
  { vehicle: 'a/b/+/#' },
  { vehicle: '$SYS/broker' },
  { vehicle: '' },
  { vehicle: 'line\nbreak\r\0zero\u007f\u0085\ufffe' },
  { vehicle: 'lone \ud800 surrogate' },
  { vehicle: 'x'.repeat(70_000) },
  { type: '__proto__', metadata: JSON.parse('{"__proto__":"x","txid":"tx-0"}') as Record<string, string> },
  { payload: Buffer.from([0, 0xff, 0x0a, 0x0d, 0xc3, 0x28]) },
  { payload: new Uint8Array() },
  { payload: Buffer.alloc(900_000, '{"') },
  { at: Number.MAX_VALUE, receivedAt: -1 },
];

const never = (): AbortSignal => new AbortController().signal;

/** What every {@link Dispatcher} has to do; each implementation's test calls this with its own destination. */
export function dispatcherSuite(name: string, make: (t: TestContext) => Promise<DestinationUnderTest>): void {
  const open = async (t: TestContext): Promise<DestinationUnderTest> => {
    const destination = await make(t);
    await destination.dispatcher.connect(never());
    t.after(() => destination.dispatcher.close(1_000));
    return destination;
  };
  const deliver = (dispatcher: Dispatcher, records: readonly FleetRecord[]): Promise<Delivery> =>
    dispatcher.deliver(records, never());

  describe(`${name}: what every dispatcher does`, () => {
    it('delivers nothing before it is connected', async (t) => {
      const { dispatcher, received } = await make(t);
      const delivery = await deliver(dispatcher, [sampleRecord(1)]);
      assert.equal(delivery.delivered, 0);
      assert.equal(delivery.failure?.code, 'DISPATCH_NOT_CONNECTED');
      assert.deepEqual(await received(), []);
      await dispatcher.close(1_000);
    });

    it('has confirmed records for good, in order', async (t) => {
      const { dispatcher, received } = await open(t);
      assert.deepEqual(await deliver(dispatcher, sampleRecords(1, 20)), { delivered: 20, refused: [] });
      assert.deepEqual(
        await received(),
        sampleRecords(1, 20).map((_, index) => index + 1),
      );
      assert.equal((await deliver(dispatcher, sampleRecords(21, 25))).delivered, 5);
      assert.equal((await received()).length, 25);
    });

    it('keeps the order over as many calls at once as it takes', async (t) => {
      const { dispatcher, received } = await open(t);
      const calls = Array.from({ length: dispatcher.window }, (_, call) =>
        deliver(dispatcher, sampleRecords(call * 50 + 1, call * 50 + 50)),
      );
      for (const delivery of await Promise.all(calls)) assert.equal(delivery.delivered, 50);
      assert.deepEqual(
        await received(),
        Array.from({ length: dispatcher.window * 50 }, (_, index) => index + 1),
      );
    });

    it('refuses a record that has no form and delivers the others', async (t) => {
      const { dispatcher, received } = await open(t);
      const records = [sampleRecord(1), sampleRecord(2, { type: UNPRINTABLE }), sampleRecord(3)];
      const delivery = await deliver(dispatcher, records);
      assert.equal(delivery.delivered, 3);
      assert.equal(delivery.failure, undefined);
      assert.deepEqual(
        delivery.refused?.map(({ index }) => index),
        [1],
      );
      assert.match(delivery.refused?.[0]?.reason ?? '', /SAMPLE_UNPRINTABLE: this record has no form/);
      assert.deepEqual(await received(), [1, 3]);
    });

    it('refuses a whole batch without failing', async (t) => {
      const { dispatcher } = await open(t);
      const delivery = await deliver(
        dispatcher,
        [1, 2].map((number) => sampleRecord(number, { type: UNPRINTABLE })),
      );
      assert.equal(delivery.delivered, 2);
      assert.equal(delivery.refused?.length, 2);
      assert.equal((await deliver(dispatcher, [sampleRecord(3)])).delivered, 1);
    });

    it('confirms nothing that did not arrive when it vanishes in a batch, and has all after it came back', async (t) => {
      const { dispatcher, received, vanish, comeBack } = await open(t);
      assert.equal((await deliver(dispatcher, sampleRecords(1, 10))).delivered, 10);
      const records = sampleRecords(11, 60);
      const [delivery] = await Promise.all([deliver(dispatcher, records), vanish()]);
      const failed = await deliver(dispatcher, sampleRecords(61, 70));
      assert.ok(failed.failure, 'a destination that has vanished delivers nothing');
      assert.equal(failed.delivered, 0);

      await comeBack();
      await dispatcher.connect(never());
      const rest = [...records.slice(delivery.delivered), ...sampleRecords(61, 70)];
      assert.equal((await deliver(dispatcher, rest)).delivered, rest.length);
      const numbers = await received();
      assert.deepEqual(
        [...new Set(numbers)],
        Array.from({ length: 70 }, (_, index) => index + 1),
      );
    });

    it('says why it cannot be connected while it is away', async (t) => {
      const { dispatcher, vanish, comeBack } = await open(t);
      await vanish();
      const lost = await deliver(dispatcher, [sampleRecord(1)]);
      assert.ok(lost.failure?.message);
      await dispatcher.connect(never()).catch((error: Error) => assert.match(error.message, /\w/));
      await comeBack();
      await dispatcher.connect(never());
      assert.equal((await deliver(dispatcher, [sampleRecord(1)])).delivered, 1);
    });

    it('takes or refuses what is hostile, and goes on', async (t) => {
      const { dispatcher, received } = await open(t);
      for (const changes of HOSTILE) {
        const record = sampleRecord(0, changes);
        const delivery = await deliver(dispatcher, [record]);
        assert.equal(delivery.failure, undefined, JSON.stringify(changes).slice(0, 80));
        assert.equal(delivery.delivered, 1);
      }
      assert.equal((await deliver(dispatcher, [sampleRecord(1)])).delivered, 1);
      assert.equal((await received()).at(-1), 1);
    });

    it('closes within its deadline, more than once, and can be connected again', async (t) => {
      const { dispatcher, received } = await open(t);
      await deliver(dispatcher, [sampleRecord(1)]);
      await dispatcher.close(1_000);
      await dispatcher.close(1_000);
      assert.equal((await deliver(dispatcher, [sampleRecord(2)])).delivered, 0);
      await dispatcher.connect(never());
      assert.equal((await deliver(dispatcher, [sampleRecord(3)])).delivered, 1);
      assert.deepEqual(await received(), [1, 3]);
    });

    it('connects again over an open connection', async (t) => {
      const { dispatcher, received } = await open(t);
      await deliver(dispatcher, [sampleRecord(1)]);
      await dispatcher.connect(never());
      assert.equal((await deliver(dispatcher, [sampleRecord(2)])).delivered, 1);
      assert.deepEqual(await received(), [1, 2]);
    });

    it('tells nobody that has stopped listening', async (t) => {
      const { dispatcher, vanish } = await open(t);
      const stop = dispatcher.onLost(() => assert.fail('told although nobody listens'));
      stop();
      await vanish();
      await deliver(dispatcher, [sampleRecord(1)]);
    });
  });
}
