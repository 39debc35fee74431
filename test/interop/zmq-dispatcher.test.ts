import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { curveKeyPair } from 'zeromq';
import { createZmqDispatcher, type ZmqDispatcherOptions } from '../../src/actors/dispatch/index.js';
import { systemClock } from '../../src/runtime/clock.js';
import { sampleFormats, sampleRecord, sampleRecords } from '../actors/dispatch/sample-records.js';
import { freePort } from '../fakes/mosquitto.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { until } from '../fakes/until.js';
import { withoutPythonZmq, ZmqSubscriber } from '../fakes/zmq-subscriber.js';

const signal = new AbortController().signal;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

interface SetUp {
  readonly options?: Partial<ZmqDispatcherOptions>;
}

async function setUp(t: TestContext, { options = {} }: SetUp = {}) {
  const address = `tcp://127.0.0.1:${await freePort()}`;
  const events: string[] = [];
  const denied: (string | undefined)[] = [];
  const dispatcher = createZmqDispatcher({
    address,
    serverKeyFile: '',
    allowedKeysFile: '',
    verbose: true,
    highWaterMark: 1_000,
    slowSubscriber: 'wait',
    nobodyListens: 'wait',
    joinMs: 0,
    formats: sampleFormats,
    clock: systemClock,
    onEvent: ({ type }) => events.push(type),
    onDenied: ({ publicKey }) => denied.push(publicKey),
    ...options,
  });
  t.after(() => dispatcher.close(0));
  return { address, dispatcher, events, denied };
}

/** Keys of a server in files, and of a client that may come in. */
function keysIn(t: TestContext, allowed: (publicKey: string) => readonly string[] = (key) => [key]) {
  const folder = temporaryFolder(t);
  const [server, client] = [curveKeyPair(), curveKeyPair()];
  const serverKeyFile = join(folder, 'server.json');
  const allowedKeysFile = join(folder, 'allowed.json');
  writeFileSync(serverKeyFile, JSON.stringify({ secret: server.secretKey, public: server.publicKey }), { mode: 0o600 });
  writeFileSync(allowedKeysFile, JSON.stringify(allowed(client.publicKey)));
  const curveOf = ({ publicKey, secretKey }: { publicKey: string; secretKey: string }) => ({
    server: server.publicKey,
    public: publicKey,
    secret: secretKey,
  });
  return { files: { serverKeyFile, allowedKeysFile }, curve: curveOf(client), curveOf };
}

describe('the zmq dispatcher and a subscriber of Debian', { skip: withoutPythonZmq() }, () => {
  it('ZMD-1 spec 5.4 publishes two frames, topic and payload, in order, to those who subscribed to the topic', async (t) => {
    const { address, dispatcher, events } = await setUp(t);
    const all = await ZmqSubscriber.start(t, { address });
    const alerts = await ZmqSubscriber.start(t, { address, topics: ['fleet_alerts'] });
    await until(() => dispatcher.connect(signal).then(() => true), 'the first subscription');
    // Who came later is there when a message for it arrives.
    let probes = 0;
    await until(async () => {
      await dispatcher.deliver([sampleRecord(++probes, { type: 'alerts' })], signal);
      return alerts.messages.length > 0 && all.messages.length > 0;
    }, 'both subscriptions');
    assert.equal((await dispatcher.deliver(sampleRecords(10_001, 10_200), signal)).delivered, 200);
    await until(() => all.numbers.includes(10_200), 'delivery');
    const received = all.messages.filter(({ topic }) => topic === 'fleet_V');
    assert.ok(received.every(({ frames }) => frames === 2));
    assert.deepEqual(
      all.numbers.filter((number) => number > 10_000),
      range(10_001, 10_200),
    );
    assert.ok(alerts.messages.every(({ topic }) => topic === 'fleet_alerts'));
    assert.ok(events.includes('bind') && events.includes('accept'));
  });

  it('ZAP-1 spec 5.4 CURVE lets in who is listed, and nobody else', async (t) => {
    const { files, curve, curveOf } = keysIn(t);
    const { address, dispatcher, denied } = await setUp(t, { options: files });
    await dispatcher.close(0);
    const connecting = dispatcher.connect(signal);
    const stranger = curveKeyPair();
    const outsiders = await Promise.all([
      ZmqSubscriber.start(t, { address, curve: curveOf(stranger) }),
      ZmqSubscriber.start(t, { address }),
      ZmqSubscriber.start(t, { address, curve: { ...curve, server: stranger.publicKey } }),
    ]);
    await outsiders[0]?.had('HANDSHAKE_FAILED_AUTH');
    assert.deepEqual(denied, [stranger.publicKey]);
    const friend = await ZmqSubscriber.start(t, { address, curve });
    await connecting;
    await friend.had('HANDSHAKE_SUCCEEDED');
    assert.equal((await dispatcher.deliver(sampleRecords(1, 50), signal)).delivered, 50);
    await until(() => friend.messages.length === 50, 'delivery');
    assert.deepEqual(friend.numbers, range(1, 50));
    for (const outsider of outsiders) {
      assert.deepEqual(outsider.messages, []);
      assert.ok(!outsider.events.includes('HANDSHAKE_SUCCEEDED'));
    }
  });

  it('ZAP-1 spec 5.4 without a list, or with an empty one, nobody gets in; "*" lets in everybody', async (t) => {
    for (const [allowed, withFile] of [
      [[], true],
      [[], false],
    ] as const) {
      const { files, curve } = keysIn(t, () => allowed);
      const options = { ...files, ...(withFile ? {} : { allowedKeysFile: '' }), nobodyListens: 'drop' } as const;
      const { address, dispatcher, denied } = await setUp(t, { options });
      await dispatcher.connect(signal);
      const client = await ZmqSubscriber.start(t, { address, curve });
      await client.had('HANDSHAKE_FAILED_AUTH');
      assert.deepEqual(denied, [curve.public]);
    }
    const { files, curve } = keysIn(t, () => ['*']);
    const { address, dispatcher } = await setUp(t, { options: files });
    const connecting = dispatcher.connect(signal);
    const client = await ZmqSubscriber.start(t, { address, curve });
    await connecting;
    await client.had('HANDSHAKE_SUCCEEDED');
  });

  it('ZMP-1 ZMD-3 goes on over subscribers that are killed and come back, and what comes meanwhile waits', async (t) => {
    const { address, dispatcher } = await setUp(t);
    const first = await ZmqSubscriber.start(t, { address });
    await dispatcher.connect(signal);
    await dispatcher.deliver(sampleRecords(1, 50), signal);
    await until(() => first.messages.length === 50, 'delivery');
    const lost = new Promise<string>((resolve) => dispatcher.onLost(({ code }) => resolve(code)));
    await first.kill();
    assert.equal(await lost, 'DISPATCH_ZMQ_NOBODY');
    const { delivered, failure } = await dispatcher.deliver(sampleRecords(51, 60), signal);
    assert.deepEqual([delivered, failure?.code], [0, 'DISPATCH_ZMQ_NOBODY']);
    const connecting = dispatcher.connect(signal);
    const second = await ZmqSubscriber.start(t, { address });
    await connecting;
    assert.equal((await dispatcher.deliver(sampleRecords(51, 60), signal)).delivered, 10);
    await until(() => second.messages.length === 10, 'delivery');
    assert.deepEqual(second.numbers, range(51, 60));
  });

  it('ZMD-2 waits for a slow subscriber, which gets everything in the end', async (t) => {
    const { address, dispatcher } = await setUp(t, { options: { highWaterMark: 5, patienceMs: 60_000 } });
    const slow = await ZmqSubscriber.start(t, {
      address,
      receiveHighWaterMark: 5,
      receiveBuffer: 4_096,
      reading: false,
    });
    await dispatcher.connect(signal);
    const payload = Buffer.alloc(100_000);
    const records = range(1, 200).map((number) => sampleRecord(number, { payload }));
    let settled = 0;
    const delivering = dispatcher.deliver(records, signal, ({ delivered }) => {
      settled = delivered;
    });
    await until(() => settled > 0, 'the first records');
    await slow.command('hold');
    assert.ok(settled < 200, 'its queue is full');
    await slow.command('read');
    assert.equal((await delivering).delivered, 200);
    await until(() => slow.messages.length === 200, 'delivery', 120_000);
    assert.deepEqual(slow.numbers, range(1, 200));
  });
});
