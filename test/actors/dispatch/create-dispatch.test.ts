import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { DispatchError } from '../../../src/actors/dispatch/errors.js';
import { createDispatch, type DispatcherCommand, encodeRecord } from '../../../src/actors/dispatch/index.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { FakeDestination } from '../../fakes/fake-destination.js';
import { turn } from '../../fakes/held-calls.js';
import { FakeLogReader } from '../../fakes/log-reader.js';
import { START, testSystem } from '../../fakes/runtime.js';
import { sampleRecord } from './sample-records.js';

async function setUp(t: TestContext) {
  const destinations = { file: new FakeDestination(2, (batch) => batch.answer()), mqtt: new FakeDestination(1) };
  const spools = { file: new FakeLogReader(), mqtt: new FakeLogReader() };
  const clock = new ManualClock(START);
  const failures: string[] = [];
  const dispatch = createDispatch({
    clock,
    dispatchers: (['file', 'mqtt'] as const).map((name) => ({
      name,
      dispatcher: destinations[name],
      spool: spools[name],
      boundBytes: 1_000,
      onFailed: (error: Error) => failures.push(`${name}: ${error.message}`),
    })),
  });
  const { system, clock: systemClock } = await testSystem(t, [dispatch.type]);
  for (const { address, input } of dispatch.actors) system.spawn(address, input);
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) {
      await turn();
      await system.settled();
    }
  };
  await settle();
  const view = (name: string) => {
    const waits = (address: string) => system.view(address)?.waits ?? [];
    const found = dispatch.views((address) => system.peek(address), waits).find((each) => each.name === name);
    assert.ok(found);
    return found;
  };
  const stop = (): void => {
    const command: DispatcherCommand = { type: 'dispatcher.stop', deadlineMs: 5_000 };
    for (const { address } of dispatch.actors) system.tell(address, command);
  };
  return { stop, dispatch, system, clock: systemClock, destinations, spools, settle, view, failures };
}

describe('dispatchers as actors', () => {
  it('one that is down loses nothing and stops nobody else; when it is back its spool drains in order', async (t) => {
    const { system, clock, destinations, spools, settle, view, failures } = await setUp(t);
    assert.deepEqual([view('file').state, view('mqtt').state], ['ready', 'ready']);
    destinations.mqtt.lose(new DispatchError('TEST_LOST', 'the cable'));
    await settle();
    for (let number = 1; number <= 10; number++) {
      for (const spool of [spools.file, spools.mqtt]) spool.append(encodeRecord(sampleRecord(number)), START);
    }
    await settle();
    assert.equal(view('file').delivered, 10);
    const down = view('mqtt');
    assert.deepEqual([down.state, down.pendingItems, down.delivered], ['broken', 10, 0]);
    assert.deepEqual(failures, ['mqtt: the cable']);
    assert.deepEqual(down.lastError, { code: 'TEST_LOST', message: 'the cable', at: START });
    const [wait] = system.view('dispatcher/mqtt')?.waits ?? [];
    assert.equal(wait?.waitsFor, 'the next try to reach the destination');
    assert.equal(wait.since, START);
    assert.ok(wait.until !== 'never' && wait.until.at > START && wait.until.at < START + 1_000);
    assert.deepEqual([down.nextTryAt, view('file').nextTryAt], [wait.until.at, null]);

    await clock.advance(1_000);
    await settle();
    assert.equal(view('mqtt').state, 'recovering');
    destinations.mqtt.batches[0]?.answer();
    await settle();
    assert.deepEqual(destinations.mqtt.batches[0]?.txids, sampleTxids(1, 10));
    assert.deepEqual([view('mqtt').state, view('mqtt').pendingItems], ['ready', 0]);
  });

  it('one that refuses says why in its last error, until it takes a record again', async (t) => {
    const { destinations, spools, settle, view } = await setUp(t);
    const deliver = async (refused: readonly string[]) => {
      for (const _ of refused) spools.mqtt.append(encodeRecord(sampleRecord(1)), START);
      const reasons = [...refused];
      while (reasons.length > 0) {
        await settle();
        const batch = destinations.mqtt.batches.at(-1);
        assert.ok(batch);
        const each = reasons.splice(0, batch.records.length);
        const answers = each.flatMap((reason, index) => (reason === '' ? [] : [{ index, reason }]));
        batch.answer({ delivered: each.length, refused: answers });
      }
      await settle();
      const { state, lastError, lastRefusal, refused: count } = view('mqtt');
      return [state, lastError, lastRefusal?.message, count];
    };
    assert.deepEqual([view('mqtt').lastError, view('mqtt').lastRefusal], [null, null]);
    const tooLarge = { code: 'TEST_LARGE', message: 'too large: 2 MiB', at: START };
    const all = ['TEST_OTHER: no', 'TEST_LARGE: too large: 2 MiB'];
    assert.deepEqual(await deliver(all), ['ready', tooLarge, 'too large: 2 MiB', 2]);
    assert.deepEqual(await deliver(['']), ['ready', null, 'too large: 2 MiB', 2]);
    assert.deepEqual(await deliver(['no code', '']), ['ready', null, 'no code', 3], 'it takes others');
    const words = { code: null, message: 'never', at: START };
    assert.deepEqual(await deliver(['never']), ['ready', words, 'never', 4]);
  });

  it('shows a backlog above 80 % of its bound as saturated, until it is below half', async (t) => {
    const { destinations, spools, settle, view } = await setUp(t);
    const size = encodeRecord(sampleRecord(1)).length;
    for (let number = 1; number * size < 900; number++) spools.mqtt.append(encodeRecord(sampleRecord(number)), START);
    await settle();
    assert.equal(view('mqtt').state, 'saturated');
    for (let batch = 0; batch < destinations.mqtt.batches.length; batch++) {
      destinations.mqtt.batches[batch]?.answer();
      await settle();
    }
    assert.equal(view('mqtt').state, 'ready');
  });

  it('stops after delivering what is left', async (t) => {
    const { stop, dispatch, destinations, spools, settle, view } = await setUp(t);
    spools.mqtt.append(encodeRecord(sampleRecord(1)), START);
    await settle();
    stop();
    await settle();
    assert.deepEqual([view('file').state, view('mqtt').state], ['stopped', 'draining']);
    destinations.mqtt.batches.at(-1)?.answer();
    await settle();
    assert.equal(spools.mqtt.pending().items, 0);
    assert.deepEqual(destinations.mqtt.closes, [2_000]);
    assert.equal(view('mqtt').state, 'stopped');
    await dispatch.close(100);
    assert.deepEqual(destinations.file.closes, [2_000, 100]);
  });

  it('stops at the deadline although a destination confirms nothing, and keeps the rest in the spool', async (t) => {
    const { stop, clock, spools, settle, view } = await setUp(t);
    spools.mqtt.append(encodeRecord(sampleRecord(1)), START);
    await settle();
    stop();
    await settle();
    await clock.advance(5_000);
    await settle();
    assert.equal(view('mqtt').state, 'stopped');
    assert.equal(spools.mqtt.pending().items, 1);
  });

  it('refuses two of one name', () => {
    const one = { name: 'file', dispatcher: new FakeDestination(), spool: new FakeLogReader(), boundBytes: 1 };
    assert.throws(() => createDispatch({ clock: new ManualClock(), dispatchers: [one, one] }), {
      code: 'DISPATCH_NAME_TAKEN',
    });
  });
});

const sampleTxids = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `tx-${from + index}`);
