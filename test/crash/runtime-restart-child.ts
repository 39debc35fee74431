// Restarts a store of many sleeping actors, each with a timer, and prints figures, one JSON line each.
// `DIRECTORY COUNT fill | lazy | wake`: `fill` writes them, `lazy` starts before the timers are due and serves one
// message, `wake` starts when all of them are.
import { setTimeout as pause } from 'node:timers/promises';
import { type AnyStateMachine, assign, setup } from 'xstate';
import type { ActorRecord } from '../../src/runtime/cell/actor-record.js';
import { type Clock, systemClock } from '../../src/runtime/clock.js';
import { openStorage } from '../../src/runtime/store/storage.js';
import { SEPARATOR } from '../../src/runtime/store/store-keys.js';
import { ActorSystem } from '../../src/runtime/system.js';

const [directory = '', countText = '', phase = ''] = process.argv.slice(2);
const count = Number(countText);
const HOUR = 3_600_000;
const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const rssMb = (): number => Math.round(process.memoryUsage().rss / 1e6);

const machine = setup({ types: { context: {} as { fired: number; got: number } } }).createMachine({
  id: 'sleeper',
  context: { fired: 0, got: 0 },
  initial: 'waiting',
  on: { HELLO: { actions: assign({ got: ({ context }) => context.got + 1 }) } },
  states: {
    waiting: { after: { [HOUR]: 'late' } },
    late: { entry: assign({ fired: ({ context }) => context.fired + 1 }) },
  },
}) as unknown as AnyStateMachine;

function open(clock: Clock): ActorSystem {
  const system = new ActorSystem({ directory, clock });
  system.register({
    name: 'sleeper',
    version: 1,
    machine,
    durability: 'durable',
    startOnTell: true,
    summary: ({ context }) => ({ fired: (context as { fired: number }).fired }),
  });
  return system;
}

async function fill(): Promise<void> {
  const system = open(systemClock);
  await system.start();
  system.spawn('sleeper/0');
  await system.settled();
  await system.stop();
  // All others as the first one left its record.
  const { commit, codec } = openStorage({
    directory,
    clock: systemClock,
    onDegraded: () => {},
    onUnreadable: () => {},
  });
  const [row] = commit.range('snapshots', 'sleeper/0', 'sleeper/1', 1);
  const [wake] = commit.range('timers', '', '\uffff', 1);
  if (!row || !wake) throw new Error('there is no record to copy');
  const record = codec.decode(row[1]) as ActorRecord;
  const [at = ''] = wake[0].split(SEPARATOR);
  for (let key = 1; key < count; key++) {
    commit.put('snapshots', `sleeper/${key}${SEPARATOR}0`, codec.encode(record));
    commit.put('timers', `${at}${SEPARATOR}sleeper/${key}`, Buffer.alloc(0));
    if (key % 5_000 === 0) await commit.flushed();
  }
  await commit.close();
  print({ stored: count, storeMb: Math.round(commit.sizeBytes() / 1e6) });
}

async function lazy(): Promise<void> {
  const begun = performance.now();
  const system = open(systemClock);
  await system.start();
  const startMs = Math.round(performance.now() - begun);
  const live = system.liveCount;
  const told = performance.now();
  await new Promise<void>((acknowledged) => system.tell(`sleeper/${count - 1}`, { type: 'HELLO' }, { acknowledged }));
  const firstMessageMs = Math.round(performance.now() - told);
  print({ startMs, firstMessageMs, live, served: system.peek(`sleeper/${count - 1}`)?.context, rssMb: rssMb() });
  await system.stop();
}

async function wake(): Promise<void> {
  const late: Clock = { ...systemClock, now: () => Date.now() + 2 * HOUR };
  const system = open(late);
  let mostLive = 0;
  let mostMb = 0;
  let woken = 0;
  system.onLifecycle((_address, change) => {
    if (change === 'left') return;
    mostLive = Math.max(mostLive, system.liveCount);
    if (++woken % 1_000 === 0) mostMb = Math.max(mostMb, rssMb());
  });
  const begun = performance.now();
  await system.start();
  const end = performance.now() + 120_000;
  const isDue = (): boolean => [...system.commit.range('timers', '', '\uffff', 1)].length > 0;
  while ((woken < count || isDue()) && performance.now() < end) await pause(50);
  await system.settled();
  const wakeMs = Math.round(performance.now() - begun);
  const fired = new Map<unknown, number>();
  for (const { row } of system.summaries.of('sleeper')) fired.set(row['fired'], (fired.get(row['fired']) ?? 0) + 1);
  print({
    wakeMs,
    woken,
    firedOnce: fired.get(1) ?? 0,
    firedOtherwise: [...fired.keys()].length - 1,
    mostLive,
    liveAtEnd: system.liveCount,
    rssMb: mostMb,
  });
  await system.stop();
}

await { fill, lazy, wake }[phase as 'fill' | 'lazy' | 'wake']();
