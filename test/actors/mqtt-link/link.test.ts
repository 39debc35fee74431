import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PublishOutput } from '../../../src/actors/mqtt-link/index.js';
import { createLogger } from '../../../src/runtime/index.js';
import { eventually } from '../../fakes/runtime.js';
import { type BrokerUnderTest, connectClient, startBroker } from '../mqtt/broker-setup.js';
import { EagerClock } from './eager-clock.js';
import { startLink } from './link-setup.js';
import { SCRIBE } from './scribe.js';

function logged() {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const logger = createLogger({ destination: { write: (line: string) => void lines.push(JSON.parse(line)) } });
  return { logger, lines };
}

/** What was published to `said` since now. */
async function listener(broker: BrokerUnderTest) {
  const client = await broker.connect();
  await client.mqtt.subscribeAsync('said', { qos: 1 });
  return client;
}

describe('an MQTT link with the embedded broker', () => {
  it('SUA-2 says that the broker is there after the subscriptions, and hands over what comes', async (t) => {
    const broker = await startBroker(t);
    const link = await startLink(t, broker.address.url);
    await link.reaches('online');
    const client = await broker.connect();
    for (const text of ['a', 'b', 'c']) await client.mqtt.publishAsync('heard', text, { qos: 1 });
    await client.mqtt.publishAsync('heard', 'd', { qos: 0 });
    await link.hears('d');
    assert.deepEqual(link.heard(), ['UP', 'a', 'b', 'c', 'd']);
    assert.equal(await link.metric('mqtt_link_received_total'), 4);
    assert.equal(await link.metric('mqtt_link_connected'), 1);
  });

  it('SUA-3 what the session kept comes behind BROKER.UP', async (t) => {
    const broker = await startBroker(t);
    const first = await startLink(t, broker.address.url);
    await first.reaches('online');
    await first.stop();
    const client = await broker.connect();
    for (const text of ['a', 'b', 'c']) await client.mqtt.publishAsync('heard', text, { qos: 1 });
    const { directory } = first;
    const second = await startLink(t, broker.address.url, { directory });
    await second.hears('c');
    assert.deepEqual(second.heard(), ['UP', 'UP', 'a', 'b', 'c']);
  });

  it('UM-RES-2 publications wait for a broker that is not there, and keep their order', async (t) => {
    const broker = await startBroker(t);
    const { port, url } = broker.address;
    const link = await startLink(t, url);
    await link.reaches('online');
    await broker.host.close(1_000);
    await eventually(() => link.state()?.startsWith('offline') === true, 'the loss is noticed', 30_000);
    for (const text of ['1', '2', '3']) link.tell({ type: 'SAY', text });
    await eventually(() => link.system.outboxSize === 3, 'they are in the outbox', 30_000);
    const again = await startBroker(t, { port });
    const heard = await listener(again);
    await eventually(() => heard.payloads().length === 3, 'they arrive', 30_000);
    assert.deepEqual(heard.payloads(), ['1', '2', '3']);
    await link.hears('DOWN');
    assert.deepEqual(link.heard(), ['UP', 'DOWN', 'UP']);
    assert.equal(await link.metric('mqtt_link_published_total'), 3);
  });

  for (const [what, text, topic] of [
    ['is larger than the broker takes', 'x'.repeat(1_200_000), 'said'],
    ['goes where the role may not publish', 'never', 'forbidden'],
  ] as const) {
    it(`LO-3 what ${what} is a dead letter after a few connections, and what is behind it leaves`, async (t) => {
      const permissions = { mayPublish: (name: string) => name !== 'forbidden', maySubscribe: () => true };
      const broker = await startBroker(t, { authenticate: () => ({ name: 'u', permissions }) });
      const heard = await listener(broker);
      const clock = new EagerClock();
      const { logger, lines } = logged();
      const link = await startLink(t, broker.address.url, {
        clock,
        logger,
        backoff: { firstMs: 1, longestMs: 2 },
        acknowledgeTimeoutMs: 1e9,
      });
      await link.reaches('online');
      link.tell({ type: 'SAY', text, topic });
      link.tell({ type: 'SAY', text: 'behind it' });
      await eventually(() => heard.payloads().includes('behind it'), 'the next one arrives', 60_000);
      assert.deepEqual(heard.payloads(), ['behind it']);
      const holds = [1_000, 2_000, 4_000, 8_000, 16_000].flatMap((ms) => Array(8).fill(ms));
      assert.deepEqual(clock.waits, holds, 'the broker takes nothing else meanwhile');
      assert.match(await link.metrics.text(), /mqtt_link_rejected_total\{reason="given_up"\} 1/);
      const [letter, ...others] = link.system.deadLetters.list();
      assert.deepEqual([letter?.address, letter?.error.code, others.length], ['mqtt-link/scribe', 'MQTT_GIVEN_UP', 0]);
      assert.equal((letter?.message as PublishOutput | undefined)?.from, SCRIBE);
      const told = lines.filter(({ msg }) => msg === 'input refused');
      assert.deepEqual(
        told.map(({ reason, topic: about }) => [reason, about]),
        [['given_up', topic]],
      );
    });
  }

  it('what no packet can hold as a topic is dropped at once, and what is behind it leaves', async (t) => {
    const broker = await startBroker(t);
    const heard = await listener(broker);
    const link = await startLink(t, broker.address.url);
    await link.reaches('online');
    // The id of a request, which is as long as a topic may be, is a part of that of the answer.
    for (const topic of [`res/${'x'.repeat(65_535)}/204`, 'res/+/204', '']) {
      link.tell({ type: 'SAY', text: 'never', topic });
    }
    link.tell({ type: 'SAY', text: 'behind it' });
    await eventually(() => heard.payloads().includes('behind it'), 'the next one arrives', 30_000);
    assert.deepEqual(link.heard(), ['UP'], 'over the same connection');
    assert.equal(await link.metric('mqtt_link_rejected_total'), 3);
  });

  it('UM-CON-3 starts without a broker and says what it waits for', async (t) => {
    const gone = await startBroker(t);
    await gone.host.close(1_000);
    const link = await startLink(t, gone.address.url);
    await link.reaches('offline.pausing');
    const view = link.system.view('mqtt-link/scribe');
    assert.match(JSON.stringify(view), /the next try to reach the broker/);
    assert.match(JSON.stringify(view), /"because":"cannot connect to mqtt:[^"]*: nobody listens there/);
    assert.match(link.lastError()?.message ?? '', /nobody listens there/);
    await startBroker(t, { port: gone.address.port });
    await link.reaches('online');
  });

  it('what nobody wants, or is too large, is acknowledged and counted', async (t) => {
    const broker = await startBroker(t);
    const link = await startLink(t, broker.address.url, { maxPayloadBytes: 10 });
    await link.reaches('online');
    const client = await broker.connect();
    await client.mqtt.publishAsync('quiet/x', 'y', { qos: 1 });
    await client.mqtt.publishAsync('heard', 'x'.repeat(11), { qos: 1 });
    await client.mqtt.publishAsync('heard', 'end', { qos: 1 });
    await link.hears('end');
    assert.deepEqual(link.heard(), ['UP', 'end']);
    const text = await link.metrics.text();
    assert.match(text, /mqtt_link_rejected_total\{reason="unwanted"\} 1/);
    assert.match(text, /mqtt_link_rejected_total\{reason="too_large"\} 1/);
  });

  it('SUA-5 a full inbox leaves the broker until half of it is taken; the session keeps the rest', async (t) => {
    const broker = await startBroker(t);
    const link = await startLink(t, broker.address.url, { inboxBound: 10 });
    await link.reaches('online');
    link.tell({ type: 'HOLD' });
    const client = await broker.connect();
    const texts = Array.from({ length: 40 }, (_, index) => `m${index}`);
    for (const text of texts) await client.mqtt.publishAsync('heard', text, { qos: 1 });
    await link.reaches('offline.full');
    assert.ok((await link.metric('mqtt_link_inbox_messages')) >= 10);
    link.tell({ type: 'GO' });
    await link.hears('m39');
    assert.deepEqual(
      link.heard().filter((text) => text.startsWith('m')),
      texts,
    );
  });

  it('MBX-4 a flood does not end the connection by its keep-alive', async (t) => {
    const broker = await startBroker(t, { offlineMessages: 100_000 });
    const keepAliveS = 3;
    const link = await startLink(t, broker.address.url, { keepAliveS, inboxBound: 100_000 });
    await link.reaches('online');
    const client = await broker.connect();
    const end = performance.now() + 2 * keepAliveS * 1_000;
    let sent = 0;
    for (; performance.now() < end && sent < 60_000; sent += 500) {
      const first = sent;
      const batch = Array.from({ length: 500 }, (_, index) =>
        client.mqtt.publishAsync('heard', `#${first + index}`, { qos: index % 3 === 0 ? 0 : 1 }),
      );
      await Promise.all(batch);
    }
    await eventually(() => link.counted() === sent, 'all are taken', 120_000);
    assert.deepEqual(link.heard(), ['UP'], 'one connection');
  });

  it('a wrong password is said in words', async (t) => {
    const broker = await startBroker(t, {
      authenticate: ({ username }) => (username === 'u' ? { name: 'u' } : undefined),
    });
    const link = await startLink(t, broker.address.url, { username: 'x', password: 'y' });
    await link.reaches('offline.pausing');
    assert.match(link.lastError()?.message ?? '', /does not authorise this client/);
    const other = await connectClient(t, broker.address.url, { username: 'u' });
    assert.ok(other.mqtt.connected);
  });
});
