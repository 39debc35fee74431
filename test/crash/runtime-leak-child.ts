// Puts actors through their lives many times and prints what is left of them, one JSON line for each kind of life:
// heap before and after (collected), and counts. Run with --expose-gc.
import { setMaxListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type AnyStateMachine, emit, setup } from 'xstate';
import { ManualClock } from '../../src/runtime/clock.js';
import { subscription } from '../../src/runtime/effect.js';
import { Inspection } from '../../src/runtime/inspection/inspection.js';
import { ActorSystem } from '../../src/runtime/system.js';

const ACTORS = Number(process.argv[2] ?? 10_000);
const directory = mkdtempSync(join(tmpdir(), 'fleetchart-leak-'));

let open = 0;
/** A chart with what leaks most easily: timers, an invoked callback, outputs, a private machine. */
const machine = setup({
  actors: {
    socket: subscription(() => {
      open++;
      return () => void open--;
    }),
    child: setup({}).createMachine({ initial: 'a', states: { a: { after: { 60000: 'b' } }, b: {} } }),
  },
}).createMachine({
  id: 'connection',
  context: { n: 0 },
  initial: 'open',
  states: {
    open: {
      invoke: [
        { src: 'socket', onError: {} },
        { src: 'child', onError: {} },
      ],
      after: { 3600000: 'closed' },
      on: {
        CLOSE: 'closed',
        REST: 'resting',
        FAIL: {
          actions: () => {
            throw new Error('no');
          },
        },
      },
    },
    resting: { on: { GO: { actions: emit({ type: 'note' }) } } },
    closed: { type: 'final' },
  },
}) as unknown as AnyStateMachine;

const clock: ManualClock = new ManualClock(Date.UTC(2026, 0, 1), () => system.settled());
const system = new ActorSystem({ directory, clock });
for (const durability of ['none', 'committed', 'durable'] as const) {
  const outputs = { note: () => {} };
  system.register({
    name: durability,
    version: 1,
    machine,
    durability,
    idleAfterMs: 1_000,
    outputs,
    restart: 'temporary',
  });
}
await system.start();
const inspection = new Inspection(system, clock);

async function collected(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await turn();
    global.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

async function measure(name: string, actors: number, live: (actors: number) => Promise<void>): Promise<void> {
  // What is made only once is made before.
  await live(actors / 10);
  const before = { heap: await collected(), timers: clock.pending };
  await live(actors);
  const after = { heap: await collected(), timers: clock.pending };
  const left = {
    heapKb: Math.round((after.heap - before.heap) / 1024),
    timers: after.timers - before.timers,
    live: system.liveCount,
    cells: system.mailboxes().size,
    open,
    observed: inspection.observed,
    inbox: [...system.commit.range('inbox', '', '\uffff')].length,
    records: [...system.commit.range('snapshots', '', '\uffff')].length,
    wakes: [...system.commit.range('timers', '', '\uffff')].length,
  };
  process.stdout.write(`${JSON.stringify({ name, ...left })}\n`);
}

const each = async (actors: number, act: (key: number) => void): Promise<void> => {
  for (let key = 0; key < actors; key++) {
    act(key);
    if (key % 500 === 499) await system.settled();
  }
  await system.settled();
};

for (const type of ['none', 'committed', 'durable']) {
  await measure(`${type}, started and stopped`, ACTORS, async (actors) => {
    await each(actors, (key) => {
      system.spawn(`${type}/${key}`);
      const end = system.watermark(`${type}/${key}`, { high: () => {}, low: () => {} });
      system.tell(`${type}/${key}`, { type: 'HELLO' });
      system.tell(`${type}/${key}`, { type: 'CLOSE' });
      end();
    });
  });
}
await measure('durable, failed and abandoned', ACTORS / 5, (actors) =>
  each(actors, (key) => {
    system.spawn(`durable/${key}`);
    system.tell(`durable/${key}`, { type: 'FAIL' });
  }).then(() => clearLetters()),
);
await measure('committed, passivated and woken', ACTORS / 5, async (actors) => {
  await each(actors, (key) => {
    system.spawn(`committed/${key}`);
    system.tell(`committed/${key}`, { type: 'REST' });
  });
  for (let cycle = 0; cycle < 2; cycle++) {
    // One advance for all: the clock looks at each of its timers for each that fires.
    await clock.advance(10_000);
    if (system.liveCount > 0) throw new Error(`${system.liveCount} are still live`);
    await each(actors, (key) => void system.tell(`committed/${key}`, { type: 'GO' }));
  }
  for (let key = 0; key < actors; key++) void system.remove(`committed/${key}`);
  await system.settled();
});
await measure('none, looked at and not any more', ACTORS / 5, async (actors) => {
  const viewer = inspection.open(() => true);
  viewer.watch('none/*');
  await each(actors, (key) => {
    system.spawn(`none/${key}`);
    system.tell(`none/${key}`, { type: 'CLOSE' });
    if (key % 100 === 0) {
      const other = inspection.open(() => true);
      other.watch(`none/${key}`);
      other.close();
    }
  });
  await clock.advance(200);
  viewer.close();
});
await measure('none, asked and not answered', ACTORS / 5, async (actors) => {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  for (let key = 0; key < actors; key++) {
    system.ask('none/asked', { type: 'HELLO' }, 1_000, signal).catch(() => {});
    if (key % 500 === 499) await clock.advance(1_000);
  }
  await clock.advance(1_000);
  await clearLetters();
});

async function clearLetters(): Promise<void> {
  for (const { id } of [...system.deadLetters.list(Number.MAX_SAFE_INTEGER)].reverse()) system.deadLetters.remove(id);
  await system.settled();
}

await system.stop(0);
rmSync(directory, { recursive: true });
