import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogReader, WaitingLines } from '../../src/console/log-lines.js';

const line = (text: string, stream = 'stdout'): string => `${JSON.stringify({ stream, text })}\n`;

test('log lines are read from pieces, wherever these are cut', () => {
  const all = line('one') + line('two\n', 'stderr') + line('');
  for (let cut = 0; cut <= all.length; cut++) {
    const reader = new LogReader();
    assert.deepEqual(
      [...reader.read(all.slice(0, cut)), ...reader.read(all.slice(cut))],
      [
        { stream: 'stdout', text: 'one' },
        { stream: 'stderr', text: 'two' },
        { stream: 'stdout', text: '' },
      ],
    );
  }
});

test('what is no log line is passed over, and a long one is cut', () => {
  const reader = new LogReader();
  assert.deepEqual(reader.read('null\n{"text":5}\n<html>\n'), []);
  const [long] = reader.read(line('x'.repeat(100_000)));
  assert.equal(long?.text.length, 4_002);
  reader.read('x'.repeat(2_000_000));
  assert.deepEqual(reader.read(`\n${line('after')}`), [{ stream: 'stdout', text: 'after' }]);
});

test('of lines that wait the newest are kept, and the others counted', () => {
  const waiting = new WaitingLines(3);
  const of = (...texts: string[]) => texts.map((text) => ({ stream: 'stdout', text }) as const);
  waiting.add(of('1', '2'));
  waiting.add(of('3', '4', '5'));
  assert.equal(waiting.size, 3);
  assert.equal(waiting.lost, 2);
  assert.deepEqual(waiting.take(), of('3', '4', '5'));
  assert.equal(waiting.size + waiting.lost, 0);
});
