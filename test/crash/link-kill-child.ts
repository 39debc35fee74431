/** A scribe with a link, which ends itself at a fault point: `link-kill-child.js DIRECTORY URL POINT AFTER`. */
import { LinkConnection } from '../../src/actors/mqtt-link/connection.js';
import { createMqttLinks } from '../../src/actors/mqtt-link/index.js';
import { ActorSystem, Metrics, silentLogger, systemClock } from '../../src/runtime/index.js';
import { SCRIBE, type ScribeContext, scribeOptions, scribeType } from '../actors/mqtt-link/scribe.js';

const [directory = '', url = '', point = '', after = '0'] = process.argv.slice(2);
let left = Number(after);

function passes(here: string): void {
  if (here === point && left-- === 0) process.kill(process.pid, 'SIGKILL');
}

const system = new ActorSystem({ directory });
const tellStored = system.tellStored.bind(system);
system.tellStored = async (to, event) => {
  const stored = tellStored(to, event);
  if (event.type === 'HEARD') passes('told');
  await stored;
  // It is on disk; its acknowledgement comes next.
  if (event.type === 'HEARD') passes('stored');
};
const publish = LinkConnection.prototype.publish;
LinkConnection.prototype.publish = async function (this: LinkConnection, output) {
  const published = publish.call(this, output);
  // It is on its way; whether the broker has it is open.
  setImmediate(() => passes('sent'));
  await published;
  // The broker has it; the outbox does not know.
  passes('published');
};

const links = createMqttLinks({ system, clock: systemClock, logger: silentLogger(), metrics: new Metrics() });
system.register(links.type);
system.register(scribeType(links.publisher('scribe')));
const child = links.add({ ...scribeOptions, url });
await system.start();
await child.start(() => {});
let told = 0;
setInterval(() => {
  const { heard } = (system.peek(SCRIBE)?.context as ScribeContext | undefined) ?? { heard: [] };
  if (heard.length !== told || system.outboxSize === 0) process.stdout.write(`${JSON.stringify(heard)}\n`);
  told = heard.length;
}, 20);
