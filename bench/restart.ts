import { createActor } from 'xstate';
import { ActorSystem } from '../src/runtime/index.js';
import { benchMachine } from './machine.js';
import { printRows, withFolder } from './report.js';

const ACTORS = 100_000;

async function open(folder: string, eager: boolean): Promise<{ system: ActorSystem; ms: number }> {
  const startedAt = performance.now();
  const system = new ActorSystem({ directory: folder });
  const type = { name: 'bench', version: 1, machine: benchMachine, startOnTell: true } as const;
  system.register({ ...type, durability: 'durable', idleAfterMs: 'never', eager });
  await system.start();
  return { system, ms: performance.now() - startedAt };
}

await withFolder(async (folder) => {
  const filling = await open(folder, false);
  for (let index = 0; index < ACTORS; index++) {
    filling.system.tell(`bench/${index}`, { type: 'TICK' });
    if (index % 5_000 === 0) await filling.system.settled();
  }
  await filling.system.settled();
  await filling.system.stop();

  const lazy = await open(folder, false);
  const askedAt = performance.now();
  lazy.system.tell('bench/77777', { type: 'TICK' });
  await lazy.system.settled();
  const answerMs = lazy.ms + performance.now() - askedAt;
  await lazy.system.stop();

  const eager = await open(folder, true);
  const live = eager.system.liveCount;
  const rss = process.memoryUsage().rss / 1e6;
  await eager.system.stop();
  if (live !== ACTORS) throw new Error(`${live} of ${ACTORS} actors were restored`);

  const startedAt = performance.now();
  for (let index = 0; index < ACTORS; index++) createActor(benchMachine).start().stop();
  const rawMs = performance.now() - startedAt;
  printRows([
    { name: 'raw XState: 100 000 made and stopped', value: rawMs, unit: 'ms' },
    { name: 'start, nothing restored', value: lazy.ms, unit: 'ms', against: rawMs },
    { name: 'start until the first message is served', value: answerMs, unit: 'ms', against: rawMs },
    { name: 'start with all 100 000 restored', value: eager.ms, unit: 'ms', against: rawMs },
    { name: 'memory then (RSS)', value: rss, unit: 'MB' },
  ]);
});
