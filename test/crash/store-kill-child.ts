// Appends to a log for two producers until it is killed. Prints what it promises, before or after as a promise must:
// `ack PRODUCER NUMBER` once flushed, `read SEQ PRODUCER NUMBER` and `confirm SEQ` before the position moves.
import { writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { openLog } from '../../src/runtime/append-log/open-log.js';
import { systemClock } from '../../src/runtime/clock.js';
import { GroupCommit } from '../../src/runtime/store/group-commit.js';
import { BURST_ROWS, READERS } from './store-kill-setup.js';

const [directory = '', ...acked] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);

const commit = new GroupCommit({ directory, clock: systemClock });
const log = await openLog(commit, systemClock, { name: 'spool', readers: READERS, tailBytes: 20_000 });
const next = acked.map((number) => Number(number) + 1);
let unflushed = 0;

const steady = log.reader('steady');
steady.onAvailable(() => {
  const items = steady.read(60, 100_000);
  for (const item of items) say(`read ${item.seq} ${item.payload.toString().split(' ', 2).join(' ')}`);
  const seq = items[Math.floor(items.length * 0.8)]?.seq;
  if (seq === undefined) return;
  say(`confirm ${seq}`);
  steady.confirm(seq);
  steady.rewind();
});

for (let number = 1; ; number++) {
  const stamp = Buffer.from(String(number));
  commit.put('inbox', 'turn', stamp);
  for (let producer = 0; producer < next.length; producer++) {
    for (let count = 0; count <= number % 5; count++) {
      const sequence = next[producer] ?? 0;
      next[producer] = sequence + 1;
      const payload = Buffer.from(`${producer} ${sequence} ${'x'.repeat((sequence * 37) % 900)}`);
      const result = log.append(payload, ['steady', 'lossy'], { producer: `producer ${producer}`, sequence });
      if (!result.stored && result.reason !== 'duplicate') throw new Error(`refused: ${result.reason}`);
    }
  }
  if (number % 40 === 0) for (let row = 0; row < BURST_ROWS; row++) commit.put('outbox', `burst ${row}`, stamp);
  commit.put('snapshots', 'turn', stamp);
  const promised = next.map((sequence) => sequence - 1);
  unflushed++;
  commit.afterFlush(() => {
    unflushed--;
    for (const [producer, sequence] of promised.entries()) say(`ack ${producer} ${sequence}`);
  });
  do await turn();
  while (unflushed > 100);
}
