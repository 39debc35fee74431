import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { directoryInside } from '../../../src/actors/dispatch/file/file-dispatcher.js';
import { dispatcherSuite } from './abstract-suite.js';
import { numbersOf, readDelimited, setUpFiles } from './file-setup.js';
import { numberOf, sampleFormats, sampleRecord, sampleRecords } from './sample-records.js';

const signal = new AbortController().signal;

dispatcherSuite('file, JSON lines', async (t) => {
  const { dispatcher, disk, lines, names } = setUpFiles(t);
  return {
    dispatcher,
    received: async () => {
      try {
        names();
      } catch {
        return [];
      }
      return numbersOf(lines());
    },
    vanish: async () => {
      disk.isFull = true;
    },
    comeBack: async () => {
      disk.isFull = false;
    },
  };
});

describe('the file dispatcher', () => {
  it('names files by dispatcher, start and number, and completes them by renaming', async (t) => {
    const { dispatcher, names } = setUpFiles(t, { rotateBytes: 1 });
    await dispatcher.connect(signal);
    assert.deepEqual(names(), []);
    await dispatcher.deliver([sampleRecord(1)], signal);
    assert.deepEqual(names(), ['file-20260102T030405Z-000001.jsonl.part']);
    await dispatcher.deliver([sampleRecord(2)], signal);
    assert.deepEqual(names(), ['file-20260102T030405Z-000001.jsonl', 'file-20260102T030405Z-000002.jsonl.part']);
  });

  it('rotates by size before a file grows past it', async (t) => {
    const { dispatcher, names, directory } = setUpFiles(t, { rotateBytes: 250 });
    await dispatcher.connect(signal);
    for (let number = 1; number <= 9; number++) await dispatcher.deliver([sampleRecord(number)], signal);
    assert.ok(names().length > 2);
    for (const name of names()) assert.ok(statSync(join(directory, name)).size <= 250, name);
  });

  it('rotates by age, also when nothing comes any more', async (t) => {
    const { dispatcher, names, clock } = setUpFiles(t, { rotateAgeMs: 60_000 });
    await dispatcher.connect(signal);
    await dispatcher.deliver([sampleRecord(1)], signal);
    await clock.advance(59_999);
    assert.deepEqual(names(), ['file-20260102T030405Z-000001.jsonl.part']);
    await clock.advance(1);
    await dispatcher.close(1_000);
    assert.deepEqual(names(), ['file-20260102T030405Z-000001.jsonl']);
  });

  it('rotates when the clock was set far back', async (t) => {
    const { dispatcher, names, clock } = setUpFiles(t, { rotateAgeMs: 60_000 });
    await dispatcher.connect(signal);
    await dispatcher.deliver([sampleRecord(1)], signal);
    clock.jump(0);
    await dispatcher.deliver([sampleRecord(2)], signal);
    assert.deepEqual(names(), ['file-19700101T000000Z-000002.jsonl.part', 'file-20260102T030405Z-000001.jsonl']);
  });

  it('keeps the newest files and leaves those of others alone', async (t) => {
    const { dispatcher, names, directory } = setUpFiles(t, { rotateBytes: 1, keepFiles: 2 });
    await dispatcher.connect(signal);
    writeFileSync(join(directory, 'other-20260102T030405Z-000001.jsonl'), '');
    writeFileSync(join(directory, 'file-notes.jsonl'), '');
    for (let number = 1; number <= 5; number++) await dispatcher.deliver([sampleRecord(number)], signal);
    assert.deepEqual(names(), [
      'file-20260102T030405Z-000003.jsonl',
      'file-20260102T030405Z-000004.jsonl',
      'file-20260102T030405Z-000005.jsonl.part',
      'file-notes.jsonl',
      'other-20260102T030405Z-000001.jsonl',
    ]);
  });

  it('goes on with the unfinished file after a restart', async (t) => {
    const { dispatcher, restart, names, lines } = setUpFiles(t);
    await dispatcher.connect(signal);
    await dispatcher.deliver(sampleRecords(1, 2), signal);
    await dispatcher.close(1_000);
    const again = restart();
    await again.connect(signal);
    await again.deliver(sampleRecords(3, 4), signal);
    assert.deepEqual(names(), ['file-20260102T030405Z-000001.jsonl.part']);
    assert.deepEqual(numbersOf(lines()), [1, 2, 3, 4]);
  });

  for (const [name, tail] of Object.entries({
    'half a line': '{"vehicle":"VIN0001","tx',
    'bytes that were never synced and read as zeros': `${'\0'.repeat(5_000)}{"txid":"tx-77"}\n{"txid":"tx-78"}\n{"tx`,
    'a line with a hole in it': '{"vehicle":"VIN\0\0\0\0\0\0\0\0","txid":"tx-9"}\n',
  })) {
    it(`RF-2 cuts ${name} off after a crash`, async (t) => {
      const { dispatcher, restart, names, directory, text, lines } = setUpFiles(t);
      await dispatcher.connect(signal);
      await dispatcher.deliver(sampleRecords(1, 3), signal);
      const whole = text();
      appendFileSync(join(directory, names()[0] as string), tail);
      const again = restart();
      await again.connect(signal);
      assert.equal(text(), whole);
      await again.deliver([sampleRecord(4)], signal);
      assert.deepEqual(numbersOf(lines()), [1, 2, 3, 4]);
      await again.close(1_000);
      await dispatcher.close(1_000);
    });
  }

  it('RF-2 finds the last whole line of a file that is larger than what it reads at once', async (t) => {
    const { dispatcher, restart, names, directory, text } = setUpFiles(t, { rotateBytes: 100_000_000 });
    await dispatcher.connect(signal);
    const payload = Buffer.alloc(400_000, 1);
    for (let number = 1; number <= 5; number++) await dispatcher.deliver([sampleRecord(number, { payload })], signal);
    const whole = text();
    const path = join(directory, names()[0] as string);
    appendFileSync(path, whole.slice(0, 400_000));
    const again = restart();
    await again.connect(signal);
    assert.equal(statSync(path).size, whole.length);
  });

  it('RF-4 deletes an unfinished file without a whole record, and completes all but the newest', async (t) => {
    const { dispatcher, restart, names, directory } = setUpFiles(t, { rotateBytes: 1 });
    await dispatcher.connect(signal);
    for (let number = 1; number <= 3; number++) await dispatcher.deliver([sampleRecord(number)], signal);
    await dispatcher.close(1_000);
    const first = join(directory, names()[0] as string);
    renameSync(first, `${first}.part`);
    writeFileSync(join(directory, 'file-20260102T030405Z-000007.jsonl.part'), '{"torn');
    const again = restart();
    await again.connect(signal);
    assert.deepEqual(names(), [
      'file-20260102T030405Z-000001.jsonl',
      'file-20260102T030405Z-000002.jsonl',
      'file-20260102T030405Z-000003.jsonl',
    ]);
    await again.deliver([sampleRecord(4)], signal);
    assert.equal(names().at(-1), 'file-20260102T030405Z-000008.jsonl.part');
  });

  it('RF-3 does not trust what a failed sync left behind', async (t) => {
    const { dispatcher, disk, text, lines } = setUpFiles(t);
    await dispatcher.connect(signal);
    await dispatcher.deliver(sampleRecords(1, 2), signal);
    const synced = text();
    disk.failSyncs = 1;
    const failed = await dispatcher.deliver(sampleRecords(3, 4), signal);
    assert.equal(failed.delivered, 0);
    assert.equal(failed.failure?.code, 'DISPATCH_FILE_WRITE_FAILED');
    assert.notEqual(text(), synced);
    await dispatcher.connect(signal);
    assert.equal(text(), synced);
    await dispatcher.deliver(sampleRecords(3, 4), signal);
    assert.deepEqual(numbersOf(lines()), [1, 2, 3, 4]);
  });

  it('RF-4 leaves no file open whose name cannot be synced', async (t) => {
    const { dispatcher, disk, lines, names } = setUpFiles(t);
    await dispatcher.connect(signal);
    disk.failDirectorySyncs = 1;
    const failed = await dispatcher.deliver([sampleRecord(1)], signal);
    assert.equal(failed.failure?.code, 'DISPATCH_FILE_WRITE_FAILED');
    assert.equal(disk.opened, 0);
    await dispatcher.connect(signal);
    assert.deepEqual(names(), []);
    await dispatcher.deliver([sampleRecord(1)], signal);
    assert.deepEqual(numbersOf(lines()), [1]);
    await dispatcher.close(1_000);
    assert.equal(disk.opened, 0);
  });

  it('FILE-1 syncs batches that wait together once', async (t) => {
    const { dispatcher, disk } = setUpFiles(t);
    await dispatcher.connect(signal);
    await dispatcher.deliver([sampleRecord(1)], signal);
    const before = disk.syncs;
    await Promise.all([2, 3, 4, 5].map((number) => dispatcher.deliver([sampleRecord(number)], signal)));
    assert.ok(disk.syncs - before <= 2, `${disk.syncs - before} syncs`);
  });

  it('confirms nothing that goes into a file that somebody has deleted', async (t) => {
    const { dispatcher, directory, lines } = setUpFiles(t);
    await dispatcher.connect(signal);
    await dispatcher.deliver([sampleRecord(1)], signal);
    rmSync(directory, { recursive: true });
    const failed = await dispatcher.deliver([sampleRecord(2)], signal);
    assert.equal(failed.failure?.code, 'DISPATCH_FILE_GONE');
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver([sampleRecord(2)], signal)).delivered, 1);
    assert.deepEqual(numbersOf(lines()), [2]);
  });

  it('tells that it is lost when a file cannot be completed for its age', async (t) => {
    const { dispatcher, directory, clock } = setUpFiles(t, { rotateAgeMs: 60_000 });
    await dispatcher.connect(signal);
    await dispatcher.deliver([sampleRecord(1)], signal);
    const codes: string[] = [];
    dispatcher.onLost(({ code }) => codes.push(code));
    rmSync(directory, { recursive: true });
    await clock.advance(60_000);
    await dispatcher.close(1_000);
    assert.deepEqual(codes, ['DISPATCH_FILE_WRITE_FAILED']);
  });

  it('says why files cannot be opened', async (t) => {
    const { dispatcher, directory } = setUpFiles(t);
    writeFileSync(directory, 'a file in the way');
    await assert.rejects(dispatcher.connect(signal), { code: 'DISPATCH_FILE_UNUSABLE' });
  });

  it('does not leave the data directory', () => {
    assert.equal(directoryInside('/data/hub', 'records/telemetry'), '/data/hub/records/telemetry');
    assert.equal(directoryInside('/data/hub', '..records'), '/data/hub/..records');
    for (const directory of ['..', '../x', 'a/../../x', '/tmp', '.', '']) {
      assert.throws(() => directoryInside('/data/hub', directory), { code: 'DISPATCH_FILE_OUTSIDE' });
    }
  });

  it('refuses a JSON form of more than one line', async (t) => {
    const formats = { ...sampleFormats, json: () => ({ ok: true, value: '{\n}' }) as const };
    const { dispatcher, names } = setUpFiles(t, { formats });
    await dispatcher.connect(signal);
    const delivery = await dispatcher.deliver([sampleRecord(1)], signal);
    assert.match(delivery.refused?.[0]?.reason ?? '', /^DISPATCH_NOT_ONE_LINE/);
    assert.deepEqual(names(), []);
  });
});

describe('the file dispatcher with protobuf', () => {
  it('writes delimited messages that a protobuf library reads', async (t) => {
    const { dispatcher, directory, names } = setUpFiles(t, { format: 'protobuf' });
    await dispatcher.connect(signal);
    const records = [
      ...sampleRecords(1, 3),
      sampleRecord(4, { vehicle: 'größe', at: 12.7, payload: Buffer.alloc(300, 0) }),
      sampleRecord(5, { type: '', vehicle: '', metadata: {}, payload: new Uint8Array() }),
    ];
    assert.deepEqual(await dispatcher.deliver(records, signal), { delivered: 5, refused: [] });
    assert.deepEqual(names(), ['file-20260102T030405Z-000001.pb.part']);
    const stored = await readDelimited(readFileSync(join(directory, names()[0] as string)));
    assert.equal(stored.length, 5);
    records.forEach((record, index) => {
      assert.equal(stored[index]?.type, record.type);
      assert.equal(stored[index]?.vehicle, record.vehicle);
      assert.equal(stored[index]?.receivedAt, record.receivedAt);
      assert.deepEqual({ ...stored[index]?.metadata }, record.metadata);
      assert.deepEqual(Buffer.from(stored[index]?.payload ?? []), Buffer.from(record.payload));
    });
  });

  it('RF-2 cuts a file torn at any byte back to its last whole message', async (t) => {
    const { dispatcher, restart, directory, names } = setUpFiles(t, { format: 'protobuf' });
    await dispatcher.connect(signal);
    await dispatcher.deliver(sampleRecords(1, 2), signal);
    const path = join(directory, names()[0] as string);
    const two = statSync(path).size;
    await dispatcher.deliver([sampleRecord(3, { payload: Buffer.alloc(150, 10) })], signal);
    await dispatcher.close(1_000);
    const three = readFileSync(path);
    for (let size = two; size < three.length; size++) {
      writeFileSync(path, three);
      truncateSync(path, size);
      const again = restart();
      await again.connect(signal);
      assert.equal(statSync(path).size, two, `torn at ${size}`);
      await again.close(1_000);
    }
    writeFileSync(path, Buffer.concat([three, Buffer.alloc(4_096)]));
    await restart().connect(signal);
    assert.equal(statSync(path).size, three.length);
    const stored = await readDelimited(readFileSync(path));
    assert.deepEqual(
      stored.map(({ metadata }) => numberOf(metadata['txid'] as string)),
      [1, 2, 3],
    );
  });
});
