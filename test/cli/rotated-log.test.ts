import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { kantoLog } from '../../src/cli/kanto-log.js';
import { RotatedLog } from '../../src/cli/rotated-log.js';
import { ManualClock } from '../../src/runtime/clock.js';
import { eventually, temporaryFolder } from '../fakes/runtime.js';

const DAY_MS = 86_400_000;

function rotated(t: TestContext, options: { count?: number; maxAgeDays?: number } = {}) {
  const folder = temporaryFolder(t);
  const file = join(folder, 'a.log');
  const now = Date.UTC(2026, 0, 31);
  const clock = new ManualClock(now);
  const log = new RotatedLog({ file, count: 2, maxAgeDays: 0, clock, ...options });
  const fill = async (text: string): Promise<void> => {
    writeFileSync(file, text, { mode: 0o640 });
    log.putAside();
    await log.idle();
  };
  /** What is in each file. */
  const content = (): Record<string, string> =>
    Object.fromEntries(
      readdirSync(folder)
        .sort()
        .map((name) => {
          const bytes = readFileSync(join(folder, name));
          return [name, String(name.endsWith('.gz') ? gunzipSync(bytes) : bytes)];
        }),
    );
  return { folder, file, log, fill, content, now };
}

describe('log files that are put aside', () => {
  it('are kept compressed, the youngest first, and no more than wanted', async (t) => {
    const { file, fill, content } = rotated(t);
    for (const text of ['one', 'two', 'three']) await fill(text);
    assert.deepEqual(content(), { 'a.log.1.gz': 'three', 'a.log.2.gz': 'two' });
    assert.equal(statSync(`${file}.1.gz`).mode & 0o777, 0o640);
  });

  it('none at all if so wanted', async (t) => {
    const { fill, content } = rotated(t, { count: 0 });
    await fill('one');
    assert.deepEqual(content(), {});
  });

  it('what a process left plain is compressed the next time', async (t) => {
    const { file, fill, content } = rotated(t);
    writeFileSync(`${file}.1`, 'left behind');
    writeFileSync(`${file}.gz.part`, 'half of it');
    await fill('next');
    assert.deepEqual(content(), { 'a.log.1.gz': 'next', 'a.log.2.gz': 'left behind' });
  });

  it('the age is that of what is in it', async (t) => {
    const { file, fill, content, now } = rotated(t, { maxAgeDays: 3, count: 3 });
    writeFileSync(`${file}.1`, 'old');
    utimesSync(`${file}.1`, now / 1_000, (now - 4 * DAY_MS) / 1_000);
    writeFileSync(`${file}.2.gz`, '');
    utimesSync(`${file}.2.gz`, now / 1_000, (now - 5 * DAY_MS) / 1_000);
    await fill('young');
    assert.deepEqual(content(), { 'a.log.1.gz': 'young' });
  });

  it('a log goes on in a file of its own', async (t) => {
    const folder = temporaryFolder(t);
    const logFile = join(folder, 'a.log');
    const log = kantoLog(
      'update-manager',
      { logFile, logFileSize: 0.0002, logFileCount: 5, logFileMaxAge: 28 },
      { err: assert.fail },
    );
    const line = (msg: string) => log.write(JSON.stringify({ level: 'info', time: '2026-01-31T10:00:00.123Z', msg }));
    line('one'.repeat(40));
    line('two'.repeat(40));
    await eventually(() => readdirSync(folder).join() === 'a.log,a.log.1.gz', 'it is compressed', 30_000);
    assert.match(readFileSync(logFile, 'utf8'), /INFO {4}(?:two){40}\n$/);
    assert.match(String(gunzipSync(readFileSync(`${logFile}.1.gz`))), /INFO {4}(?:one){40}\n$/);
  });
});
