import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { SubscribeOutput } from '../../../src/actors/mqtt-link/index.js';
import { eventually } from '../../fakes/runtime.js';
import { startBroker } from '../mqtt/broker-setup.js';
import { startLink } from './link-setup.js';
import { SCRIBE, scribeOptions } from './scribe.js';

const onDemand = {
  filter: 'orders/+',
  qos: 1,
  onDemand: true,
  read: ({ topic }: { topic: string }) => [{ to: SCRIBE, event: { type: 'HEARD', text: topic } }],
} as const;
const listen = (type: SubscribeOutput['type'], filter: string) =>
  ({ type: 'LISTEN', output: { type, filter } }) as const;

it('THG-6 what a role asks for is subscribed then, given up then, and ends with the connection', async (t) => {
  const broker = await startBroker(t);
  const link = await startLink(t, broker.address.url, { subscriptions: [...scribeOptions.subscriptions, onDemand] });
  await link.reaches('online');
  const client = await broker.connect();
  await client.mqtt.subscribeAsync('said', { qos: 1 });
  const order = async (name: string): Promise<void> => {
    await client.mqtt.publishAsync(`orders/${name}`, '', { qos: 1 });
  };
  /** What the role says now is with the broker after what it asked for before. */
  const said = async (text: string): Promise<void> => {
    link.tell({ type: 'SAY', text });
    await eventually(() => client.payloads().includes(text), `${text} is published`, 30_000);
  };
  await order('a');
  link.tell(listen('mqtt.subscribe', 'orders/a'));
  await said('listens');
  await order('a');
  await order('b');
  await link.hears('orders/a');
  link.tell(listen('mqtt.unsubscribe', 'orders/a'));
  link.tell(listen('mqtt.subscribe', 'orders/b'));
  await said('listens to another');
  await order('a');
  await order('b');
  await link.hears('orders/b');
  assert.deepEqual(link.heard(), ['UP', 'orders/a', 'orders/b']);
});
