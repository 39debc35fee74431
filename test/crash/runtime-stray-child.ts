// Runs actors whose effects leave errors uncaught, each in another way, and then leaves one that is nobody's.
// Argument: the folder of the store. Prints a line for each failure of an actor, and one when it stops.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type AnyActorLogic, type AnyStateMachine, setup } from 'xstate';
import { systemClock } from '../../src/runtime/clock.js';
import { effect, subscription } from '../../src/runtime/effect.js';
import { createLogger } from '../../src/runtime/logging/log.js';
import { Metrics } from '../../src/runtime/metrics.js';
import { runUntilSignal } from '../../src/runtime/shutdown.js';
import { ActorSystem } from '../../src/runtime/system.js';

const [directory = ''] = process.argv.slice(2);
const strayed = new Set<string>();
/** Only the first run of an effect does it. */
const leave = (name: string, how: () => void): void => {
  if (!strayed.has(name)) how();
  strayed.add(name);
};
const fail = (name: string) => (): never => {
  throw new Error(`left by ${name}`);
};

const effects: Readonly<Record<string, AnyActorLogic>> = {
  rejection: effect(async () => leave('rejection', () => void Promise.reject(new Error('left by rejection')))),
  timer: effect(async () => leave('timer', () => void setTimeout(fail('timer'), 1))),
  socket: subscription(() => {
    const server = createServer(fail('socket')).listen(0, '127.0.0.1');
    leave('socket', () => {
      void once(server, 'listening').then(() =>
        fetch(`http://127.0.0.1:${(server.address() as { port: number }).port}`).catch(() => {}),
      );
    });
    return () => server.close();
  }),
};

const print = (line: string): void => void process.stdout.write(`${line}\n`);
let failures = 0;
const nothing = (): void => {};
const log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: (fields: object, message: string): void => {
    const { actor, err } = fields as { actor?: string; err?: { message: string } };
    print(`${message} ${actor} ${err?.message}`);
    if (message === 'actor_failed' && ++failures === Object.keys(effects).length) setTimeout(fail('nobody'), 1);
  },
};
const system = new ActorSystem({ directory, log });
for (const [name, work] of Object.entries(effects)) {
  const machine = setup({ actors: { work } }).createMachine({ invoke: { src: 'work', onError: {} } });
  system.register({ name, version: 1, machine: machine as unknown as AnyStateMachine, durability: 'durable' });
}
await runUntilSignal({
  start: async () => {
    await system.start();
    for (const name of Object.keys(effects)) system.spawn(`${name}/k`);
  },
  stop: async (deadlineMs) => {
    print(`stopped with ${system.liveCount} live`);
    await system.stop(deadlineMs);
  },
  logger: createLogger(),
  metrics: new Metrics(),
  clock: systemClock,
  deadlineMs: 20_000,
});
