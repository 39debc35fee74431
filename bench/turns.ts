import { open } from 'lmdb';
import { createActor } from 'xstate';
import { ActorSystem, type ActorType, hotLogic } from '../src/runtime/index.js';
import { benchMachine } from './machine.js';
import { median, printRows, withFolder } from './report.js';

const ACTORS = 1_000;
const EVENTS = 100_000;
const ROUNDS = 5;
const PORTION = 2_000;
const TICK = { type: 'TICK' };

const perSecond = (count: number, startedAt: number): number => (count * 1000) / (performance.now() - startedAt);

function rawSend(): number {
  const actors = Array.from({ length: ACTORS }, () => createActor(benchMachine).start());
  const startedAt = performance.now();
  for (let index = 0; index < EVENTS; index++) actors[index % ACTORS]?.send(TICK as never);
  const rate = perSecond(EVENTS, startedAt);
  for (const actor of actors) actor.stop();
  return rate;
}

/** Flushed puts of a record's size, in batches as the runtime makes them. */
async function rawPuts(folder: string): Promise<number> {
  const database = open<Buffer, string>({ path: `${folder}/raw`, encoding: 'binary' });
  const value = Buffer.alloc(200, 1);
  const startedAt = performance.now();
  for (let index = 0; index < EVENTS; ) {
    const until = index + 500;
    void database.batch(() => {
      for (; index < until; index++) void database.put(`bench/${index % ACTORS}`, value);
    });
    await database.flushed;
  }
  const rate = perSecond(EVENTS, startedAt);
  await database.close();
  return rate;
}

async function runtime(folder: string, durability: ActorType['durability']): Promise<{ turns: number; hot: number }> {
  const system = new ActorSystem({ directory: `${folder}/${durability}` });
  system.register({
    name: 'bench',
    version: 1,
    machine: benchMachine,
    durability,
    startOnTell: true,
    idleAfterMs: 'never',
    mailbox: { capacity: EVENTS },
    hot: hotLogic<{ seen: number }, number>({
      initial: () => ({ seen: 0 }),
      on: (state) => {
        state.seen++;
        return undefined;
      },
    }),
  });
  await system.start();
  for (let index = 0; index < ACTORS; index++) system.tell(`bench/${index}`, TICK);
  await system.settled();
  const turnsFrom = performance.now();
  // In portions, so that slices take turns with flushes as they do under load.
  for (let index = 0; index < EVENTS; index++) {
    system.tell(`bench/${index % ACTORS}`, TICK);
    if (index % PORTION === PORTION - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  await system.settled();
  const turns = perSecond(EVENTS, turnsFrom);
  const hotFrom = performance.now();
  for (let index = 0; index < EVENTS; index++) system.hot(`bench/${index % ACTORS}`, index);
  await system.settled();
  const hot = perSecond(EVENTS, hotFrom);
  await system.stop();
  return { turns, hot };
}

const round = () =>
  withFolder(async (folder) => ({
    send: rawSend(),
    puts: await rawPuts(folder),
    none: await runtime(folder, 'none'),
    committed: await runtime(folder, 'committed'),
    durable: await runtime(folder, 'durable'),
  }));

// The first one warms up.
await round();
const rounds: Awaited<ReturnType<typeof round>>[] = [];
for (let count = 0; count < ROUNDS; count++) rounds.push(await round());
const send = median(rounds.map(({ send }) => send));
const puts = median(rounds.map(({ puts }) => puts));
const of = (durability: ActorType['durability']): number => median(rounds.map((figures) => figures[durability].turns));
printRows([
  { name: 'raw actor.send', value: send, unit: '/s' },
  { name: 'raw LMDB puts, flushed in batches of 500', value: puts, unit: '/s' },
  { name: 'turns, none, against send', value: of('none'), unit: '/s', against: send },
  { name: 'turns, committed, against send', value: of('committed'), unit: '/s', against: send },
  { name: 'turns, durable, against send', value: of('durable'), unit: '/s', against: send },
  { name: 'turns, durable, against raw puts', value: of('durable'), unit: '/s', against: puts },
  { name: 'hot messages, against send', value: median(rounds.map(({ none }) => none.hot)), unit: '/s', against: send },
]);
