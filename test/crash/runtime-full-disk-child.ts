// Runs actors on a small disk, fills it and frees it.
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { ManualClock } from '../../src/runtime/clock.js';
import type { ActorSystemOptions } from '../../src/runtime/system.js';
import { ActorSystem } from '../../src/runtime/system.js';
import { contextOf, noteOutput, script, scriptedType } from '../fakes/scripted.js';
import { directory, fillDisk, freeDisk, print, until } from './small-disk-child.js';

const notes: unknown[] = [];
async function open(): Promise<{ system: ActorSystem; clock: ManualClock }> {
  const clock: ManualClock = new ManualClock(Date.UTC(2026, 0, 1), () => turn());
  const log: NonNullable<ActorSystemOptions['log']> = {
    debug: () => {},
    info: (_fields, message) => print({ log: message }),
    warn: () => {},
    error: (_fields, message) => print({ log: message }),
  };
  const system = new ActorSystem({ directory: join(directory, 'store'), clock, log });
  const outputs = { note: (output: object): void => void notes.push((output as { value: unknown }).value) };
  system.register(scriptedType('durable', 'durable', { outputs }));
  system.register(scriptedType('committed', 'committed', { outputs }));
  system.onDegraded((error) => print({ degraded: error !== undefined }));
  await system.start();
  return { system, clock };
}

let { system, clock } = await open();
const acknowledged: number[] = [];
const tell = (type: string, n: number): boolean =>
  system.tell(`${type}/k`, script({ n, outputs: [noteOutput(`${type} ${n}`)] }), {
    acknowledged: () => acknowledged.push(n),
  });

print({ told: [tell('durable', 1), tell('committed', 101)] });
await until(() => acknowledged.length === 2 && notes.length === 2);
fillDisk();

// Taken, as nobody knows yet; it is not acknowledged and nothing of it leaves.
print({ told: tell('durable', 2) });
await until(() => system.commit.degraded !== undefined);
print({ acknowledged, notes });
print({ refused: [tell('durable', 3), system.spawn('durable/new'), system.hot('durable/k', 1)] });
print({
  stored: await system.tellStored('durable/k', script({ n: 4 })).then(
    () => 'stored',
    (error: Error) => (error as Error & { code: string }).code,
  ),
});
print({
  asked: await system.ask('durable/k', { type: 'DO' }, 1_000).then(
    () => 'answered',
    (error: Error) => (error as Error & { code: string }).code,
  ),
});
print({ told: tell('committed', 102) });
await until(() => notes.includes('committed 102'));
print({ committed: contextOf(system, 'committed/k').seen, notes });
await clock.advance(5_000);
await turn();
print({ stillDegraded: system.commit.degraded !== undefined });

freeDisk();
await clock.advance(5_000);
await until(() => system.commit.degraded === undefined && !system.commit.pending);
await until(() => notes.includes('durable 2'));
print({ acknowledged, notes });
print({ told: tell('durable', 5) });
await until(() => acknowledged.includes(5));
await system.settled();
await system.stop(0);

// The next one stops while the disk is full: that takes its time, and no more.
({ system, clock } = await open());
print({ durable: contextOf(system, 'durable/k').seen, committed: contextOf(system, 'committed/k').seen });
fillDisk();
acknowledged.length = 0;
// Larger than the pages that the store has left over.
const large = script({ n: 6, outputs: [noteOutput('x'.repeat(3_000_000))] });
system.tell('durable/k', large, { acknowledged: () => acknowledged.push(6) });
await until(() => system.commit.degraded !== undefined);
let isStopped = false;
void system.stop(1_000).then(() => {
  isStopped = true;
});
for (let step = 0; step < 100 && !isStopped; step++) await clock.advance(100);
await until(() => isStopped);
print({ stopped: isStopped, acknowledged });
freeDisk();
({ system, clock } = await open());
print({ durable: contextOf(system, 'durable/k').seen });
await system.stop(0);
