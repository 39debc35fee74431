// The embedded broker over a store, on a given port, until it is killed. Prints its port once it listens.
import { createBroker } from '../../src/actors/mqtt/index.js';
import { ActorSystem, systemClock } from '../../src/runtime/index.js';

const [directory = '', port = '0'] = process.argv.slice(2);
const system = new ActorSystem({ directory, clock: systemClock });
const broker = createBroker({ port: Number(port), store: system, clock: systemClock, timing: { retryMs: 100 } });
system.register(broker.type);
await system.start();
system.spawn(broker.actor.address, broker.actor.input);
while (!broker.url()) await new Promise((resolve) => setImmediate(resolve));
process.stdout.write(`${new URL(broker.url() ?? '').port}\n`);
