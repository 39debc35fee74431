import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { connectClient } from '../actors/mqtt/broker-setup.js';
import { BrokerProcess } from '../fakes/broker-process.js';
import { MosquittoClient, withoutMosquitto } from '../fakes/mosquitto.js';
import { until } from '../fakes/until.js';

const KILLS = 6;
const DEADLINE_MS = 60_000;

/** A client with a session that connects again by itself. */
function steadyClient(t: TestContext, url: string, options: IClientOptions): MqttClient {
  const client = connect(url, { protocolVersion: 4, clean: false, reconnectPeriod: 50, ...options });
  client.on('error', () => {});
  t.after(() => client.end(true));
  return client;
}

/** Publishes numbers, some at a time, until it is told to stop. */
class Publisher {
  readonly acknowledged: string[] = [];
  private isStopped = false;
  private number = 0;

  constructor(
    private readonly client: MqttClient,
    private readonly topic: string,
    private readonly qos: 1 | 2,
  ) {
    for (let lane = 0; lane < 8; lane++) this.next();
  }

  stop(): void {
    this.isStopped = true;
  }

  private next(): void {
    if (this.isStopped) return;
    const text = `${++this.number}`;
    this.client.publish(this.topic, text, { qos: this.qos }, (error) => {
      if (error) return;
      this.acknowledged.push(text);
      this.next();
    });
  }
}

/** A session that subscribes and stays away from then on. */
async function sessionThatIsAway(t: TestContext, url: string, clientId: string, filter: string): Promise<void> {
  const { mqtt } = await connectClient(t, url, { clientId, clean: false });
  await mqtt.subscribeAsync(filter, { qos: 1 });
  await mqtt.endAsync();
}

describe('the embedded broker, killed', () => {
  it(`MQT-4 killed ${KILLS} times under traffic, it loses no acknowledged message and doubles none of QoS 2`, async (t) => {
    const broker = await BrokerProcess.start(t);
    const received: Record<string, string[]> = { once: [], least: [] };
    const subscriber = steadyClient(t, broker.url, { clientId: 'subscriber', resubscribe: false });
    const present: boolean[] = [];
    subscriber.on('connect', ({ sessionPresent }) => present.push(sessionPresent));
    subscriber.on('message', (topic, payload) => received[topic]?.push(payload.toString()));
    await subscriber.subscribeAsync({ once: { qos: 2 }, least: { qos: 1 } });
    const mosquitto =
      withoutMosquitto() === false
        ? new MosquittoClient(t, 'mosquitto_sub', [
            ...['-h', '127.0.0.1', '-p', `${broker.port}`, '-c', '-i', 'mosquitto'],
            ...['-q', '1', '-t', 'least', '-t', 'mark'],
          ])
        : undefined;
    const marker = steadyClient(t, broker.url, { clientId: 'marker' });
    await marker.publishAsync('mark', 'mark', { qos: 1, retain: true });
    if (mosquitto) await until(() => mosquitto.output.includes('mark'), 'the subscription', DEADLINE_MS);

    const once = new Publisher(steadyClient(t, broker.url, { clientId: 'once' }), 'once', 2);
    const least = new Publisher(steadyClient(t, broker.url, { clientId: 'least' }), 'least', 1);
    let random = 4_321;
    for (let kill = 0; kill < KILLS; kill++) {
      random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
      const goal = [once, least].map(({ acknowledged }) => acknowledged.length + 20 + (random % 200));
      const isReached = (): boolean =>
        once.acknowledged.length >= (goal[0] ?? 0) && least.acknowledged.length >= (goal[1] ?? 0);
      await until(isReached, 'traffic', DEADLINE_MS);
      await broker.restart();
    }
    once.stop();
    least.stop();
    const missing = (publisher: Publisher, texts: readonly string[] = []): string[] => {
      const seen = new Set(texts);
      return publisher.acknowledged.filter((text) => !seen.has(text));
    };
    const isAllThere = (): boolean =>
      missing(once, received['once']).length === 0 &&
      missing(least, received['least']).length === 0 &&
      (!mosquitto || missing(least, mosquitto.lines).length === 0);
    await until(isAllThere, 'delivery of all that was acknowledged', DEADLINE_MS);
    assert.equal(new Set(received['once']).size, received['once']?.length, 'none of QoS 2 is doubled');
    assert.deepEqual([...new Set(present.slice(1))], [true], 'the session was there each time');
    t.diagnostic(`acknowledged ${once.acknowledged.length} of QoS 2 and ${least.acknowledged.length} of QoS 1`);
  });

  it('MQT-4 retained messages, what was queued and subscriptions are there after a kill', async (t) => {
    const broker = await BrokerProcess.start(t);
    await sessionThatIsAway(t, broker.url, 'away', 'queue/+');
    const { mqtt } = await connectClient(t, broker.url);
    await mqtt.publishAsync('kept/a', 'retained', { qos: 1, retain: true });
    await mqtt.publishAsync('queue/a', 'before', { qos: 1 });
    await broker.restart();
    const publisher = await connectClient(t, broker.url);
    await publisher.mqtt.publishAsync('queue/b', 'after', { qos: 1 });
    const back = await connectClient(t, broker.url, { clientId: 'away', clean: false });
    await until(() => back.publications.length === 2, 'the queue', DEADLINE_MS);
    assert.deepEqual(
      back.publications.map(({ topic, payload, dup }) => [topic, payload.toString(), dup]),
      [
        ['queue/a', 'before', false],
        ['queue/b', 'after', false],
      ],
    );
    await publisher.mqtt.subscribeAsync('kept/#', { qos: 1 });
    await until(() => publisher.publications.length === 1, 'the retained message', DEADLINE_MS);
    assert.deepEqual([publisher.publications[0]?.retain, publisher.payloads()], [true, ['retained']]);
  });

  it('MQT-4 what was sent and not acknowledged is sent again with dup=1 and its packet id after a kill', async (t) => {
    const broker = await BrokerProcess.start(t);
    const silent = await connectClient(t, broker.url, { clientId: 'silent', clean: false, silent: true });
    await silent.mqtt.subscribeAsync('t', { qos: 2 });
    const { mqtt } = await connectClient(t, broker.url);
    mqtt.publish('t', 'of QoS 2', { qos: 2 });
    await until(() => silent.publications.length === 1, 'delivery', DEADLINE_MS);
    const [before] = silent.publications;
    await broker.restart();
    const back = await connectClient(t, broker.url, { clientId: 'silent', clean: false });
    await until(() => back.publications.length === 1, 'the repetition', DEADLINE_MS);
    const [after] = back.publications;
    assert.deepEqual([before?.dup, after?.dup], [false, true]);
    assert.deepEqual([after?.messageId, after?.payload.toString()], [before?.messageId, 'of QoS 2']);
  });

  it('MQT-4 publishes the wills of clients that a kill has disconnected, once, and of no other', async (t) => {
    const broker = await BrokerProcess.start(t);
    await sessionThatIsAway(t, broker.url, 'watcher', 'wills/#');
    const will = (name: string) =>
      ({ topic: `wills/${name}`, payload: Buffer.from('gone'), qos: 1, retain: true }) as const;
    await connectClient(t, broker.url, { clientId: 'lost', will: will('lost') });
    const orderly = await connectClient(t, broker.url, { clientId: 'orderly', will: will('orderly') });
    await orderly.mqtt.endAsync();
    const { mqtt } = await connectClient(t, broker.url);
    // What the DISCONNECT removed goes to disk before this is acknowledged.
    await mqtt.publishAsync('wills/mark', 'mark', { qos: 1 });
    await broker.restart();
    await broker.restart();
    const watcher = await connectClient(t, broker.url, { clientId: 'watcher', clean: false });
    const late = await connectClient(t, broker.url);
    await late.mqtt.subscribeAsync('wills/+', { qos: 1 });
    await until(() => watcher.publications.length >= 2 && late.publications.length >= 1, 'the will', DEADLINE_MS);
    assert.deepEqual(
      watcher.publications.map(({ topic }) => topic),
      ['wills/mark', 'wills/lost'],
    );
    assert.deepEqual(
      late.publications.map(({ topic }) => topic),
      ['wills/lost'],
    );
  });
});
