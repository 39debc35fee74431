import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { LinkConnection } from '../../../src/actors/mqtt-link/connection.js';
import type { LinkError } from '../../../src/actors/mqtt-link/errors.js';
import type { PublishOutput } from '../../../src/actors/mqtt-link/index.js';
import { ManualClock } from '../../../src/runtime/index.js';
import { FakeMqttBroker } from '../../fakes/mqtt-broker.js';
import { eventually } from '../../fakes/runtime.js';
import { startLink } from './link-setup.js';

const publication = (payload: string, qos: 0 | 1 = 1): PublishOutput => ({
  type: 'mqtt.publish',
  topic: 'said',
  payload,
  qos,
  retain: false,
});

/** A broker that acknowledges what it is told to. */
async function startReluctant(t: TestContext) {
  const broker = new FakeMqttBroker();
  const held: Array<() => void> = [];
  broker.onPublished = (acknowledge) => void held.push(acknowledge);
  await broker.start();
  t.after(() => broker.stop());
  return { broker, held, url: `mqtt://${broker.address}` };
}

/** A connection to it under a clock that stands still. */
async function connect(t: TestContext) {
  const reluctant = await startReluctant(t);
  const clock = new ManualClock();
  const connection = await LinkConnection.open(
    {
      url: new URL(reluctant.url),
      client: { reconnectPeriod: 0, protocolVersion: 4 },
      subscriptions: [],
      accepted: () => {},
      take: async () => {},
      clock,
      acknowledgeTimeoutMs: 60_000,
    },
    AbortSignal.timeout(30_000),
  );
  let lost: LinkError | undefined;
  connection.onLost((error) => {
    lost = error;
  });
  t.after(() => connection.end(0));
  return { ...reluctant, clock, connection, lost: () => lost };
}

const codeOf = (promise: Promise<void>) =>
  promise.then(
    () => 'acknowledged',
    (error: { code?: string }) => error.code,
  );

describe('a broker that acknowledges no publication', () => {
  it('UM-RES-2 is left after the time that it has', async (t) => {
    const { broker, connection, clock, lost } = await connect(t);
    const said = codeOf(connection.publish(publication('a')));
    await eventually(() => broker.publications.length === 1, 'the broker has it', 30_000);
    await clock.advance(59_999);
    assert.ok(connection.isUp);
    await clock.advance(1);
    assert.equal(await said, 'MQTT_UNACKNOWLEDGED');
    assert.equal(lost()?.code, 'MQTT_UNACKNOWLEDGED');
    assert.match(lost()?.message ?? '', /did not acknowledge a publication within 60000 ms/);
    assert.ok(!connection.isUp);
    assert.equal(clock.pending, 0);
  });

  it('one that is acknowledged in time leaves no timer behind', async (t) => {
    const { broker, connection, clock, held } = await connect(t);
    const said = codeOf(connection.publish(publication('a')));
    await eventually(() => broker.publications.length === 1, 'the broker has it', 30_000);
    held.shift()?.();
    assert.equal(await said, 'acknowledged');
    assert.equal(clock.pending, 0);
    await connection.publish(publication('b', 0));
    assert.equal(clock.pending, 0);
  });

  it('what it passes over while it takes what is behind is told from what waits along', async (t) => {
    const { broker, connection, clock, held } = await connect(t);
    const [first, second, third] = ['a', 'b', 'c'].map((text) => codeOf(connection.publish(publication(text))));
    await eventually(() => broker.publications.length === 3, 'the broker has them', 30_000);
    held[1]?.();
    assert.equal(await second, 'acknowledged');
    await clock.advance(60_000);
    assert.equal(await first, 'MQTT_PASSED_OVER');
    assert.equal(await third, 'MQTT_UNACKNOWLEDGED');
  });

  it('UM-RES-2 drops not even a large publication, says what happens and sends it when it is heard', async (t) => {
    const { broker, url, held } = await startReluctant(t);
    const link = await startLink(t, url, { acknowledgeTimeoutMs: 100, backoff: { firstMs: 1, longestMs: 2 } });
    await link.reaches('online');
    link.tell({ type: 'SAY', text: 'x'.repeat(100_000) });
    await eventually(() => broker.publications.length > 7, 'it is sent again and again', 60_000);
    assert.ok((await link.metric('mqtt_link_unacknowledged_total')) >= 6);
    broker.onPublished = (acknowledge) => acknowledge();
    for (const acknowledge of held) acknowledge();
    await eventually(() => link.system.outboxSize === 0, 'it is acknowledged', 60_000);
    assert.equal(await link.metric('mqtt_link_published_total'), 1);
    assert.equal(await link.metric('mqtt_link_rejected_total'), 0);
  });
});
