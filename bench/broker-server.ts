// A broker as the child of its benchmark: aedes as it is, with its store in memory, or the embedded one.
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { createBroker } from '../src/actors/mqtt/index.js';
import { ActorSystem, systemClock } from '../src/runtime/index.js';

const [kind = '', folder = ''] = process.argv.slice(2);

async function startAedes(): Promise<number> {
  const aedes = await Aedes.createBroker({ queueLimit: 1_000 });
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

async function startStoring(): Promise<number> {
  const system = new ActorSystem({ directory: folder, clock: systemClock });
  const broker = createBroker({ port: 0, store: system, clock: systemClock });
  system.register(broker.type);
  await system.start();
  system.spawn(broker.actor.address, broker.actor.input);
  while (!broker.url()) await new Promise((resolve) => setImmediate(resolve));
  return Number(new URL(broker.url() ?? '').port);
}

process.send?.({ port: await (kind === 'memory' ? startAedes() : startStoring()) });
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
process.on('disconnect', () => process.exit(0));
