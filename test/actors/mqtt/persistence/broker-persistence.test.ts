import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { BrokerOptions } from '../../../../src/actors/mqtt/options.js';
import { ManualClock } from '../../../../src/runtime/clock.js';
import type { ActorSystem } from '../../../../src/runtime/system.js';
import { START, testSystem } from '../../../fakes/runtime.js';
import { until } from '../../../fakes/until.js';
import { type BrokerUnderTest, connectClient, startBroker } from '../broker-setup.js';

/** A store whose flushes are over when the test says so. */
class HeldStore {
  private waiting: Array<() => void> | undefined;

  constructor(private readonly system: ActorSystem) {}

  readonly table: ActorSystem['table'] = (options) => this.system.table(options);
  readonly commit = {
    flushed: async (): Promise<void> => {
      await this.system.commit.flushed();
      await new Promise<void>((resolve) => (this.waiting ? this.waiting.push(resolve) : resolve()));
    },
  };

  hold(): void {
    this.waiting = [];
  }

  get held(): number {
    return this.waiting?.length ?? 0;
  }

  release(): void {
    for (const resolve of this.waiting?.splice(0) ?? []) resolve();
    this.waiting = undefined;
  }
}

async function startHeld(t: TestContext): Promise<BrokerUnderTest & { readonly store: HeldStore }> {
  let store: HeldStore | undefined;
  t.after(() => store?.release());
  let broker: BrokerUnderTest | undefined;
  t.after(() => broker?.host.close(1_000));
  store = new HeldStore((await testSystem(t, [])).system);
  broker = await startBroker(t, { store });
  return { ...broker, store };
}

/** A session that subscribes to `filter` and stays away. */
async function away({ connect, host }: BrokerUnderTest, clientId: string, filter: string): Promise<void> {
  const { mqtt } = await connect({ clientId, clean: false });
  await mqtt.subscribeAsync(filter, { qos: 2 });
  const { connections } = host.stats();
  await mqtt.endAsync();
  await until(() => host.stats().connections < connections, 'the end of the connection');
}

describe('what the broker keeps', () => {
  for (const qos of [1, 2] as const) {
    it(`MQT-4 acknowledges a message of QoS ${qos} once it is on disk, and delivers it then`, async (t) => {
      const broker = await startHeld(t);
      await away(broker, 'away', 't');
      const { mqtt } = await broker.connect();
      const reader = await broker.connect();
      await reader.mqtt.subscribeAsync('t', { qos });
      const received: string[] = [];
      mqtt.on('packetreceive', ({ cmd }) => received.push(cmd));
      broker.store.hold();
      const published = mqtt.publishAsync('t', 'x', { qos });
      await until(() => broker.store.held > 0, 'the flush');
      await mqtt.publishAsync('other', 'nobody', { qos: 0 });
      mqtt.sendPing();
      await until(() => received.includes('pingresp'), 'the answer to a later packet');
      assert.deepEqual(received, ['pingresp']);
      assert.deepEqual(reader.payloads(), []);
      broker.store.release();
      await published;
      await until(() => reader.publications.length === 1, 'delivery');
    });
  }

  it('MQT-4 loses no message that one of QoS 0 has overtaken on its way to the disk', async (t) => {
    const broker = await startHeld(t);
    await away(broker, 'away', 'slow');
    const reader = await broker.connect();
    await reader.mqtt.subscribeAsync(['slow', 'fast'], { qos: 1 });
    const { mqtt } = await broker.connect();
    broker.store.hold();
    const published = mqtt.publishAsync('slow', 'slow', { qos: 1 });
    await until(() => broker.store.held > 0, 'the flush');
    mqtt.publish('fast', 'fast');
    await until(() => reader.publications.length === 1, 'the one that overtakes');
    broker.store.release();
    await published;
    await until(() => reader.publications.length === 2, 'the other');
    assert.deepEqual(reader.payloads(), ['fast', 'slow']);
  });

  it('MQT-4 keeps a message once for a session whose subscriptions overlap', async (t) => {
    const broker = await startBroker(t);
    const reader = await broker.connect({ clientId: 'reader', clean: false });
    await reader.mqtt.subscribeAsync({ 't/#': { qos: 1 }, 't/+': { qos: 2 }, 't/a': { qos: 0 } });
    const { mqtt } = await broker.connect();
    for (let number = 0; number < 20; number++) mqtt.publish('t/a', `${number}`, { qos: 1 });
    await until(() => reader.publications.length === 20, 'delivery');
    await until(() => broker.host.stats().queuedMessages === 0, 'acknowledgement');
    assert.equal(broker.host.stats().queuedBytes, 0);
  });

  it('MQTT-3.3.1-3 does not pass on that a message was a repetition for the broker', async (t) => {
    const broker = await startBroker(t);
    const reader = await broker.connect();
    await reader.mqtt.subscribeAsync('t', { qos: 1 });
    const { mqtt } = await broker.connect();
    await mqtt.publishAsync('t', 'x', { qos: 1, dup: true });
    await until(() => reader.publications.length === 1, 'delivery');
    assert.equal(reader.publications[0]?.dup, false);
  });

  it('MQT-4 goes on with what a broker before has left: sessions, queues within their bound, retained messages', async (t) => {
    const options: Partial<BrokerOptions> = { offlineMessages: 3 };
    const first = await startBroker(t, options);
    await away(first, 'away', 't/#');
    const { mqtt } = await first.connect();
    for (const text of ['1', '2', '3']) await mqtt.publishAsync(`t/${text}`, text, { qos: 1, retain: true });
    const { url } = await first.host.listen(new AbortController().signal);
    const again = await connectClient(t, url);
    await again.mqtt.publishAsync('t/4', '4', { qos: 2 });
    assert.deepEqual([first.host.stats().droppedMessages, first.host.stats().sessions], [1, 1]);
    const back = await connectClient(t, url, { clientId: 'away', clean: false });
    await until(() => back.publications.length === 3, 'the queue');
    assert.deepEqual(
      back.publications.map(({ payload, qos, retain }) => [payload.toString(), qos, retain]),
      [
        ['2', 1, false],
        ['3', 1, false],
        ['4', 2, false],
      ],
    );
    await again.mqtt.subscribeAsync('t/+', { qos: 1 });
    await until(() => again.publications.length === 3, 'the retained messages');
    assert.deepEqual(again.payloads().sort(), ['1', '2', '3']);
  });

  it('MQT-4 ends the session of a client that has been away for too long, with all that it holds', async (t) => {
    const clock = new ManualClock(START);
    const broker = await startBroker(t, { clock, sessionExpiryMs: 60_000 });
    await away(broker, 'a', 't');
    await clock.advance(30_000);
    await away(broker, 'b', 't');
    const { mqtt } = await broker.connect();
    await mqtt.publishAsync('t', '1', { qos: 1 });
    assert.deepEqual([broker.host.stats().sessions, broker.host.stats().queuedMessages], [2, 2]);
    await clock.advance(30_000);
    await mqtt.publishAsync('t', '2', { qos: 1 });
    const { sessions, sessionsExpired, queuedMessages } = broker.host.stats();
    assert.deepEqual([sessions, sessionsExpired, queuedMessages], [1, 1, 2]);
    const back = await broker.connect({ clientId: 'b', clean: false });
    await until(() => back.publications.length === 2, 'the queue of the other');
  });

  it('TIM-4 the clock of a board that starts in 1970 is set, and no session ends for it', async (t) => {
    const clock = new ManualClock(5_000);
    const broker = await startBroker(t, { clock, sessionExpiryMs: 60_000 });
    await away(broker, 'a', 't');
    clock.jump(START);
    await away(broker, 'b', 't');
    assert.deepEqual([broker.host.stats().sessions, broker.host.stats().sessionsExpired], [2, 0]);
    clock.jump(START - 3_600_000);
    await clock.advance(60_000);
    await broker.connect({ clientId: 'c', clean: false });
    assert.equal(broker.host.stats().sessionsExpired, 2);
  });

  it('TIM-4 over a restart a session ages by a wall clock that knows the date, and by no other', async (t) => {
    for (const [leftAt, backAt, kept] of [
      [START, START + 59_999, 1],
      [START, START + 60_000, 0],
      [5_000, START, 1],
      [START, 5_000, 1],
      [START, START - 60_000, 1],
    ] as const) {
      const clock = new ManualClock(leftAt);
      const broker = await startBroker(t, { clock, sessionExpiryMs: 60_000 });
      await away(broker, 'a', 't');
      clock.jump(backAt);
      await broker.host.listen(new AbortController().signal);
      assert.equal(broker.host.stats().sessions, kept, `${leftAt} to ${backAt}`);
    }
  });

  it('MQT-4 a new session takes the place of the one away the longest; where all are here it is refused', async (t) => {
    const broker = await startBroker(t, { sessions: 2 });
    await away(broker, 'a', 't');
    await away(broker, 'b', 't');
    const here = await broker.connect({ clientId: 'b', clean: false });
    await away(broker, 'c', 't');
    assert.deepEqual([broker.host.stats().sessions, broker.host.stats().sessionsExpired], [2, 1]);
    const back = await broker.connect({ clientId: 'c', clean: false });
    const late = await broker.connect({ clientId: 'd', clean: false });
    late.mqtt.subscribe('t', { qos: 1 });
    await late.closed;
    assert.match(broker.refusals.at(-1)?.detail ?? '', /no room for the session of d/);
    const { mqtt } = await broker.connect();
    await mqtt.publishAsync('t', '1', { qos: 1 });
    await until(() => here.publications.length === 1 && back.publications.length === 1, 'delivery');
  });

  it('MQT-4 a client that leaves with nothing to keep has no session', async (t) => {
    const broker = await startBroker(t);
    const client = await broker.connect({ clientId: 'a', clean: false });
    await client.mqtt.subscribeAsync('t', { qos: 1 });
    await client.mqtt.publishAsync('x', 'x', { qos: 2 });
    await client.mqtt.unsubscribeAsync('t');
    await client.mqtt.endAsync();
    await until(() => broker.host.stats().connections === 0 && broker.host.stats().sessions === 0, 'the end');
  });

  it('MQT-4 bounds the number of retained messages', async (t) => {
    const broker = await startBroker(t, { retainedMessages: 1 });
    const { mqtt } = await broker.connect();
    for (const topic of ['a', 'b']) await mqtt.publishAsync(topic, 'x', { qos: 1, retain: true });
    await mqtt.publishAsync('a', 'y', { qos: 1, retain: true });
    assert.deepEqual([broker.host.stats().retainedMessages, broker.host.stats().retainedRefused], [1, 1]);
  });
});
