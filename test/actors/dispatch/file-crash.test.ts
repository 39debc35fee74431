import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { numbersOf, readDelimited, setUpFiles } from './file-setup.js';
import { numberOf } from './sample-records.js';

const WRITER = fileURLToPath(new URL('./file-writer.js', import.meta.url));
const ROUNDS = 5;

/** Runs the writer, kills it some time after it confirmed `confirmations` times, and returns the last confirmed number. */
async function writeUntilKilled(args: readonly string[], confirmations: number): Promise<number> {
  const writer = spawn(process.execPath, [WRITER, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => writer.once('exit', resolve));
  let last = 0;
  let left = confirmations;
  for await (const line of createInterface({ input: writer.stdout })) {
    last = Number(line);
    if (--left === 0) writer.kill('SIGKILL');
  }
  await exited;
  return last;
}

describe('record files after kill -9', () => {
  for (const format of ['jsonl', 'protobuf'] as const) {
    it(`RF-1 RF-2 have every confirmed record whole, in order (${format})`, async (t) => {
      const files = setUpFiles(t, { format });
      let confirmed = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const last = await writeUntilKilled([files.dataDirectory, format, `${confirmed + 1}`], 3 + round * 7);
        assert.ok(last > confirmed);
        confirmed = last;
      }
      await files.dispatcher.connect(new AbortController().signal);
      const numbers =
        format === 'jsonl'
          ? numbersOf(files.lines())
          : (await readDelimited(files.bytes())).map(({ metadata }) => numberOf(metadata['txid'] as string));
      // What was written but not confirmed any more comes once more in the next round.
      const wanted = Array.from({ length: confirmed }, (_, index) => index + 1);
      assert.deepEqual([...new Set(numbers)].slice(0, confirmed), wanted);
      assert.ok(files.names().length > 1);
    });
  }
});
