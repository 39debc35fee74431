import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Delivery, Dispatcher } from '../../../src/actors/dispatch/dispatcher.js';
import { DispatchError } from '../../../src/actors/dispatch/errors.js';
import { createDispatch, encodeRecord, type FleetRecord } from '../../../src/actors/dispatch/index.js';
import type { Clock } from '../../../src/runtime/clock.js';
import { turn } from '../../fakes/held-calls.js';
import { FakeLogReader } from '../../fakes/log-reader.js';
import { START, testSystem } from '../../fakes/runtime.js';
import { numberOf, sampleRecord } from './sample-records.js';

const HOUR_MS = 3_600_000;
const VEHICLES = 7;
const RECORDS = 2_000;

/** Away until a time, then slow; now and then it takes a part of a batch and fails, and some records it never takes. */
class FickleDestination implements Dispatcher {
  readonly kind = 'fickle';
  readonly confirmation = 'stored';
  readonly window = 1;
  readonly taken: FleetRecord[] = [];
  tries = 0;
  private calls = 0;

  constructor(
    private readonly clock: Clock,
    private readonly awayUntil: number,
  ) {}

  async connect(): Promise<void> {
    this.tries++;
    if (this.clock.now() < this.awayUntil) throw new DispatchError('TEST_AWAY', 'nobody is there');
  }

  async deliver(records: readonly FleetRecord[]): Promise<Delivery> {
    await new Promise<void>((resolve) => this.clock.setTimeout(resolve, 20_000));
    const fails = ++this.calls % 5 === 0;
    const delivered = fails ? Math.floor(records.length / 2) : records.length;
    const refused: { index: number; reason: string }[] = [];
    for (const [index, record] of records.entries()) {
      if (isRefused(record)) {
        if (index < delivered) refused.push({ index, reason: 'not that one' });
        // What it has beyond what it confirmed comes again.
      } else if (index < delivered || index % 2 === 0) this.taken.push(record);
    }
    return { delivered, refused, ...(fails ? { failure: new DispatchError('TEST_LOST', 'in the middle') } : {}) };
  }

  async close(): Promise<void> {}

  onLost(): () => void {
    return () => {};
  }
}

const numberIn = (record: FleetRecord): number => numberOf(record.metadata['txid'] as string);
const isRefused = (record: FleetRecord): boolean => numberIn(record) % 97 === 0;

async function setUp(t: TestContext) {
  const spool = new FakeLogReader();
  const refused: number[] = [];
  const confirmed: number[] = [];
  const { system, clock } = await testSystem(t, []);
  const destination = new FickleDestination(clock, clock.now() + HOUR_MS);
  const dispatch = createDispatch({
    clock,
    dispatchers: [
      {
        name: 'fickle',
        dispatcher: destination,
        spool,
        boundBytes: 10_000_000,
        onConfirmed: (record) => confirmed.push(numberIn(record)),
        onRefused: ({ record }) => refused.push(record ? numberIn(record) : 0),
      },
    ],
  });
  system.register(dispatch.type);
  for (const { address, input } of dispatch.actors) system.spawn(address, input);
  return { system, clock, destination, spool, refused, confirmed };
}

describe('a destination that is away for an hour, then slow and picky', () => {
  it('DUR-15 PUMP-1 FT-ACK-2 gets every record in the order of its vehicle, or it is a dead letter; none is lost', async (t) => {
    const { system, clock, destination, spool, refused, confirmed } = await setUp(t);
    const pass = async (ms: number): Promise<void> => {
      await clock.advance(ms);
      for (let i = 0; i < 4; i++) {
        await turn();
        await system.settled();
      }
    };
    for (let number = 1; number <= RECORDS; number++) {
      spool.append(encodeRecord(sampleRecord(number, { vehicle: `VIN${number % VEHICLES}` })), START);
      if (number % 20 === 0) await pass(HOUR_MS / 101);
    }
    assert.equal(destination.taken.length, 0);
    assert.equal(spool.pending().items, RECORDS);
    // The longest pause is 30 s ± 20 %.
    assert.ok(destination.tries > 90 && destination.tries < 160, `${destination.tries} tries`);
    for (let step = 0; step < 400 && spool.pending().items > 0; step++) await pass(10_000);

    assert.equal(spool.pending().items, 0);
    const all = Array.from({ length: RECORDS }, (_, index) => index + 1);
    assert.deepEqual(
      confirmed,
      all.filter((number) => number % 97 !== 0),
    );
    assert.deepEqual(
      refused,
      all.filter((number) => number % 97 === 0),
    );
    for (let vehicle = 0; vehicle < VEHICLES; vehicle++) {
      const own = destination.taken.filter((record) => record.vehicle === `VIN${vehicle}`).map(numberIn);
      const wanted = all.filter((number) => number % VEHICLES === vehicle && number % 97 !== 0);
      assert.deepEqual(
        [...new Set(own)].sort((a, b) => a - b),
        wanted,
      );
      assert.ok(own.length >= wanted.length);
    }
    t.diagnostic(`${destination.taken.length - confirmed.length} of ${confirmed.length} records arrived twice`);
  });
});
