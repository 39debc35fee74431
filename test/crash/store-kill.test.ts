import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { LogItem, LogReader } from '../../src/runtime/append-log/log-reader.js';
import { openLog } from '../../src/runtime/append-log/open-log.js';
import { systemClock } from '../../src/runtime/clock.js';
import { GroupCommit } from '../../src/runtime/store/group-commit.js';
import { temporaryDirectory } from '../runtime/store/group-commit-harness.js';
import { BURST_ROWS, LOSSY_BYTES, READERS } from './store-kill-setup.js';

const CHILD = fileURLToPath(new URL('store-kill-child.js', import.meta.url));
const KILLS = 22;
const PRODUCERS = 2;

/** What the children have promised so far. */
interface Promised {
  readonly acked: number[];
  /** `PRODUCER NUMBER` of each entry read, by its number in the log. */
  readonly read: Map<number, string>;
  confirmed: number;
}

/** Runs a child until it has promised so many acknowledgements, kills it and takes up what it said. */
async function killAfter(directory: string, acks: number, promised: Promised): Promise<void> {
  const child = spawn(process.execPath, [CHILD, directory, ...promised.acked.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, first, ...rest] = line.split(' ');
    if (what === 'ack') promised.acked[Number(first)] = Number(rest[0]);
    else if (what === 'confirm') promised.confirmed = Math.max(promised.confirmed, Number(first));
    else if (what === 'read') {
      const known = promised.read.get(Number(first));
      assert.ok(
        known === undefined || known === rest.join(' '),
        `entry ${first} was ${known} and is ${rest.join(' ')}`,
      );
      promised.read.set(Number(first), rest.join(' '));
    }
    if (what === 'ack' && ++seen === acks) child.kill('SIGKILL');
  }
  assert.ok(seen >= acks, 'the child ended by itself');
}

function readAll(reader: LogReader): LogItem[] {
  const all: LogItem[] = [];
  for (let some = reader.read(1_000, 1e9); some.length > 0; some = reader.read(1_000, 1e9)) all.push(...some);
  return all;
}

const label = (item: LogItem): string => item.payload.toString().split(' ', 2).join(' ');

async function verify(directory: string, promised: Promised): Promise<void> {
  const commit = new GroupCommit({ directory, clock: systemClock });
  const log = await openLog(commit, systemClock, { name: 'spool', readers: READERS });
  const steady = log.reader('steady');
  assert.ok(steady.position <= promised.confirmed, `position ${steady.position}, confirmed ${promised.confirmed}`);
  const left = readAll(steady);
  left.forEach((item, index) => {
    assert.equal(item.seq, steady.position + 1 + index, 'no hole in the log');
    assert.equal(promised.read.get(item.seq) ?? label(item), label(item));
  });
  for (let producer = 0; producer < PRODUCERS; producer++) {
    const numbers = [...promised.read]
      .filter(([seq, text]) => seq <= steady.position && text.startsWith(`${producer} `))
      .map(([, text]) => Number(text.split(' ')[1]));
    const passed = Math.max(0, ...numbers);
    const waiting = left.map(label).filter((text) => text.startsWith(`${producer} `));
    waiting.forEach((text, index) => {
      assert.equal(text, `${producer} ${passed + 1 + index}`, 'neither hole nor repeat');
    });
    const acked = promised.acked[producer] ?? 0;
    assert.ok(passed + waiting.length >= acked, `producer ${producer}: ${acked} acknowledged`);
  }

  const lossy = log.reader('lossy');
  assert.ok(lossy.pending().bytes <= LOSSY_BYTES);
  const newest = readAll(lossy);
  newest.forEach((item, index) => {
    assert.equal(item.seq, log.lastSeq - newest.length + 1 + index);
  });

  assert.deepEqual(commit.get('inbox', 'turn'), commit.get('snapshots', 'turn'), 'a turn is stored whole');
  const burst = [...commit.range('outbox', 'burst ', 'burst!')].map(([, value]) => value.toString());
  assert.ok(burst.length === 0 || burst.length === BURST_ROWS);
  assert.ok(new Set(burst).size <= 1, 'a large turn is stored whole');
  log.close();
  await commit.close();
}

test(`DUR-8 DUR-15 killed ${KILLS} times, the log keeps what was acknowledged, in order, and no position runs ahead`, async (t) => {
  const directory = temporaryDirectory(t);
  const promised: Promised = { acked: Array(PRODUCERS).fill(0), read: new Map(), confirmed: 0 };
  let random = 12_345;
  for (let kill = 0; kill < KILLS; kill++) {
    random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
    await killAfter(directory, 1 + (random % 150), promised);
    await verify(directory, promised);
  }
  t.diagnostic(`acknowledged ${promised.acked.join(' and ')}, confirmed ${promised.confirmed}`);
});
