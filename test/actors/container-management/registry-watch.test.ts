import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { watchRegistries } from '../../../src/actors/container-management/registry-watch.js';
import type { Registries } from '../../../src/actors/engines/index.js';
import { createLogger, ManualClock } from '../../../src/runtime/index.js';
import { eventually, temporaryFolder } from '../../fakes/runtime.js';

const TEXT = (host: string): string => JSON.stringify({ entries: { [host]: {} }, insecure: [] });

async function watching(t: TestContext) {
  const file = join(temporaryFolder(t), 'registries.json');
  const clock = new ManualClock();
  const applied: string[][] = [];
  const lines: string[] = [];
  const child = watchRegistries({
    files: [file],
    read: () => JSON.parse(readFileSync(file, 'utf8')) as Registries,
    apply: ({ entries }) => applied.push(Object.keys(entries)),
    clock,
    logger: createLogger({ destination: { write: (line) => lines.push(line) } }),
  });
  t.after(() => child.stop(1_000));
  /** Looks until something has come of it. */
  const until = (isSo: () => boolean, what: string) =>
    eventually(
      () => {
        clock.advance(1_000);
        return isSo();
      },
      what,
      30_000,
    );
  return { file, child, applied, lines, until };
}

test('REG-5 registries are applied at the start, and again when their file changes', async (t) => {
  const { file, child, applied, until } = await watching(t);
  writeFileSync(file, TEXT('a'));
  await child.start(() => {});
  assert.deepEqual(applied, [['a']]);
  writeFileSync(file, TEXT('bcd'));
  await until(() => applied.length === 2, 'the change is applied');
  assert.deepEqual(applied[1], ['bcd']);
});

test('REG-5 a file with a mistake changes nothing, says so, and counts again when it is corrected', async (t) => {
  const { file, child, applied, lines, until } = await watching(t);
  writeFileSync(file, TEXT('a'));
  await child.start(() => {});
  writeFileSync(file, '{"entries":');
  await until(() => lines.some((line) => line.includes('registries_kept')), 'the mistake is logged');
  assert.equal(applied.length, 1);
  writeFileSync(file, TEXT('b'));
  await until(() => applied.length === 2, 'the corrected file is applied');
});
