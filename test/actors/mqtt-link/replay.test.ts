import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createMqttLinks, type PublishOutput } from '../../../src/actors/mqtt-link/index.js';
import { ActorSystem, Metrics, silentLogger } from '../../../src/runtime/index.js';
import { eventually, temporaryFolder } from '../../fakes/runtime.js';
import { startBroker } from '../mqtt/broker-setup.js';
import { EagerClock } from './eager-clock.js';
import { startLink } from './link-setup.js';
import { SCRIBE, scribeOptions, scribeType } from './scribe.js';

const publication = (payload: string): PublishOutput => ({
  type: 'mqtt.publish',
  topic: 'said',
  payload,
  qos: 1,
  retain: false,
});

it('SUP-7 LO-3 a publication that a link gave up goes out again over that link, and over no other of its role', async (t) => {
  let mayPublish = false;
  const permissions = { mayPublish: () => mayPublish, maySubscribe: () => true };
  const here = await startBroker(t);
  const there = await startBroker(t, {
    authenticate: ({ username }) => (username === 'link' ? { name: 'u', permissions } : { name: 'listener' }),
  });
  const listeners = [await here.connect(), await there.connect()] as const;
  for (const { mqtt } of listeners) await mqtt.subscribeAsync('said', { qos: 1 });

  const system = new ActorSystem({ directory: temporaryFolder(t) });
  const links = createMqttLinks({ system, clock: new EagerClock(), logger: silentLogger(), metrics: new Metrics() });
  system.register(links.type);
  system.register(scribeType(links.publisher('here')));
  const common = { ...scribeOptions, acknowledgeTimeoutMs: 1e9, backoff: { firstMs: 1, longestMs: 2 } };
  const children = [
    links.add({ ...common, name: 'here', url: here.address.url }),
    links.add({ ...common, name: 'there', url: there.address.url, username: 'link', password: 'x' }),
  ];
  t.after(async () => {
    for (const child of children) await child.stop(1_000);
    await links.close(0);
    await system.stop(1_000);
  });
  await system.start();
  for (const child of children) await child.start(() => {});

  const { signal } = new AbortController();
  await links.publisher('there')(publication('refused'), { address: SCRIBE, id: '1', signal });
  const [letter] = system.deadLetters.list();
  assert.equal(letter?.address, 'mqtt-link/there');
  mayPublish = true;
  await system.replay.one(letter?.id ?? '');
  const [atHome, abroad] = listeners;
  await eventually(() => abroad.payloads().length > 0, 'it arrives', 60_000);
  system.tell(SCRIBE, { type: 'SAY', text: 'own' } as never);
  await eventually(() => atHome.payloads().includes('own'), 'so does what the role says itself', 60_000);
  assert.deepEqual([atHome.payloads(), abroad.payloads()], [['own'], ['refused']]);
  assert.deepEqual(system.deadLetters.list(), []);

  system.deadLetters.add('mqtt-link/removed', publication('x'), 'why');
  const removed = system.deadLetters.list()[0]?.id ?? '';
  await assert.rejects(system.replay.one(removed), { code: 'DEAD_LETTER_GONE', message: /no link removed/ });
});

it('SUP-7 a publication that is replayed while the broker is away waits for it, over a restart too', async (t) => {
  const gone = await startBroker(t);
  await gone.host.close(1_000);
  const { port, url } = gone.address;
  const first = await startLink(t, url);
  first.system.deadLetters.add('mqtt-link/scribe', publication('late'), 'why', { isWhole: true });
  await first.system.replay.one(first.system.deadLetters.list()[0]?.id ?? '');
  assert.equal(first.system.outboxSize, 1);
  await first.stop();

  const second = await startLink(t, url, { directory: first.directory });
  const broker = await startBroker(t, { port });
  const listener = await broker.connect();
  await listener.mqtt.subscribeAsync('said', { qos: 1 });
  await eventually(() => listener.payloads().includes('late'), 'it arrives', 60_000);
  await eventually(() => second.system.outboxSize === 0, 'it is over', 60_000);
  assert.deepEqual(second.system.deadLetters.list(), []);
});
