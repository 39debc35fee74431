import { createActor } from 'xstate';
import { ActorSystem } from '../src/runtime/index.js';
import { benchMachine } from './machine.js';
import { printRows, withFolder } from './report.js';

const ACTORS = 20_000;

function heap(): number {
  for (let pass = 0; pass < 3; pass++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

await withFolder(async (folder) => {
  const empty = heap();
  const raw = Array.from({ length: ACTORS }, () => createActor(benchMachine).start());
  const rawBytes = (heap() - empty) / ACTORS;
  for (const actor of raw.splice(0)) actor.stop();

  const system = new ActorSystem({ directory: folder });
  const type = { name: 'bench', version: 1, machine: benchMachine, startOnTell: true } as const;
  system.register({ ...type, durability: 'durable', idleAfterMs: 1_000 });
  await system.start();
  const before = heap();
  for (let index = 0; index < ACTORS; index += 500) {
    for (let next = index; next < index + 500; next++) system.tell(`bench/${next}`, { type: 'TICK' });
    await system.settled();
  }
  const live = system.liveCount;
  const residentBytes = (heap() - before) / live;
  while (system.liveCount > 0) await new Promise((resolve) => setTimeout(resolve, 200));
  await system.settled();
  const sleepingBytes = (heap() - before) / ACTORS;
  const diskBytes = system.commit.sizeBytes() / ACTORS;
  await system.stop();
  printRows([
    { name: 'raw XState actor', value: rawBytes, unit: 'bytes of heap' },
    { name: 'resident, durable', value: residentBytes, unit: 'bytes of heap', against: rawBytes },
    { name: 'sleeping', value: sleepingBytes, unit: 'bytes of heap', against: rawBytes },
    { name: 'on disk', value: diskBytes, unit: 'bytes' },
  ]);
});
