import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createDispatch, encodeRecord } from '../../../src/actors/dispatch/index.js';
import { openLog } from '../../../src/runtime/append-log/open-log.js';
import { systemClock } from '../../../src/runtime/clock.js';
import type { ActorSystem } from '../../../src/runtime/system.js';
import { ActorSystem as System } from '../../../src/runtime/system.js';
import { FakeDestination } from '../../fakes/fake-destination.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { until } from '../../fakes/until.js';
import { numbersOf, setUpFiles } from './file-setup.js';
import { sampleRecord } from './sample-records.js';

/** A process with a real spool, a file and a destination that never answers; `stop` ends it as a crash would. */
async function start(t: TestContext, directory: string, files: ReturnType<typeof setUpFiles>) {
  const system: ActorSystem = new System({ directory });
  const readers = ['file', 'away'].map((name) => ({ name, boundBytes: 100_000, overflow: 'reject' }) as const);
  const log = await openLog(system.commit, systemClock, { name: 'telemetry', readers });
  const away = new FakeDestination(1);
  const dispatch = createDispatch({
    clock: systemClock,
    dispatchers: [
      { name: 'file', dispatcher: files.restart(), spool: log.reader('file'), boundBytes: 100_000 },
      { name: 'away', dispatcher: away, spool: log.reader('away'), boundBytes: 100_000 },
    ],
  });
  system.register(dispatch.type);
  await system.start();
  for (const { address, input } of dispatch.actors) system.spawn(address, input);
  const view = (name: string) => {
    const found = dispatch.views((address) => system.peek(address)).find((each) => each.name === name);
    assert.ok(found);
    return found;
  };
  let running = true;
  const stop = async (): Promise<void> => {
    if (!running) return;
    running = false;
    await system.stop(0);
    await dispatch.close(100);
  };
  t.after(stop);
  return { log, away, view, stop };
}

describe('dispatchers over the real spool', () => {
  it('one position each survives a restart: nothing is lost, and nothing confirmed comes again', async (t) => {
    const directory = temporaryFolder(t);
    const files = setUpFiles(t);
    const first = await start(t, directory, files);
    for (let number = 1; number <= 300; number++) {
      assert.ok(first.log.append(encodeRecord(sampleRecord(number)), ['file', 'away']).stored);
    }
    await until(() => first.view('file').delivered === 300, 'delivery to the file');
    assert.deepEqual([first.view('file').pendingItems, first.view('away').pendingItems], [0, 300]);
    await first.stop();

    const second = await start(t, directory, files);
    assert.deepEqual([second.view('file').pendingItems, second.view('away').pendingItems], [0, 300]);
    second.log.append(encodeRecord(sampleRecord(301)), ['file', 'away']);
    await until(() => second.view('file').delivered === 1, 'delivery to the file');
    for (let batch = 0; second.view('away').pendingItems > 0; batch++) {
      await until(() => second.away.batches.length > batch, 'a batch');
      second.away.batches[batch]?.answer();
      await until(() => second.view('away').delivered >= Math.min(301, (batch + 1) * 128), 'its confirmation');
    }
    const wanted = Array.from({ length: 301 }, (_, index) => index + 1);
    assert.deepEqual(numbersOf(files.lines()), wanted);
    assert.deepEqual(
      second.away.batches.flatMap(({ txids }) => txids),
      wanted.map((number) => `tx-${number}`),
    );
  });

  it('refuses for the one that is full, and calls it saturated', async (t) => {
    const { log, view } = await start(t, temporaryFolder(t), setUpFiles(t));
    const record = encodeRecord(sampleRecord(1, { payload: Buffer.alloc(1_000) }));
    let stored = 0;
    while (log.append(record, ['away']).stored) stored++;
    assert.ok(stored > 50 && stored < 100);
    assert.ok(log.append(record, ['file']).stored);
    await until(() => view('away').state === 'saturated', 'saturation');
    await until(() => view('file').delivered === 1, 'delivery to the other');
  });
});
