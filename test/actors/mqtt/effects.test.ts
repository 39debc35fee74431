import assert from 'node:assert/strict';
import { connect as connectSocket, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { byPassword, type MqttIdentity } from '../../../src/actors/mqtt/access.js';
import { until } from '../../fakes/until.js';
import { brokerHost, connectClient, startBroker, subscribe } from './broker-setup.js';

const signal = new AbortController().signal;

describe('the embedded broker', () => {
  it('MQT-1 carries messages of QoS 0, 1 and 2 and retains', async (t) => {
    const { connect } = await startBroker(t);
    const subscriber = await connect();
    await subscriber.mqtt.subscribeAsync('vehicle/#', { qos: 2 });
    const { mqtt: publisher } = await connect();
    for (const qos of [0, 1, 2] as const)
      await publisher.publishAsync('vehicle/a', `qos ${qos}`, { qos, retain: true });
    await until(() => subscriber.publications.length === 3, 'delivery');
    assert.deepEqual(subscriber.payloads(), ['qos 0', 'qos 1', 'qos 2']);
    const late = await connect();
    await late.mqtt.subscribeAsync('vehicle/+', { qos: 1 });
    await until(() => late.publications.length === 1, 'the retained message');
    assert.deepEqual(late.payloads(), ['qos 2']);
  });

  it('MQT-1 refuses MQTT 5 with return code 1, so that clients come back with 3.1.1', async (t) => {
    const { connect } = await startBroker(t);
    await assert.rejects(connect({ protocolVersion: 5 }), { code: 1 });
  });

  it('MQT-2 disconnects a client that publishes below $SYS/', async (t) => {
    const { connect, refusals } = await startBroker(t);
    const client = await connect({ clientId: 'liar' });
    client.mqtt.publish('$SYS/broker/load', 'x');
    await client.closed;
    assert.deepEqual(refusals, [
      { reason: 'system_topic', clientId: 'liar', remoteAddress: '127.0.0.1', detail: '$SYS/broker/load' },
    ]);
  });

  it('MQT-2 does not publish a will below $SYS/', async (t) => {
    const { connect, refusals } = await startBroker(t);
    const will = { topic: '$SYS/x', payload: Buffer.from('x'), qos: 0, retain: false } as const;
    const client = await connect({ will });
    client.mqtt.stream.destroy();
    await until(() => refusals.length > 0, 'the refusal');
    assert.equal(refusals[0]?.reason, 'system_topic');
  });

  it('MQT-2 refuses a shared subscription and grants the others of the same SUBSCRIBE', async (t) => {
    const { connect, refusals } = await startBroker(t);
    assert.deepEqual(await subscribe(await connect(), ['$share/group/t', 'plain']), [128, 1]);
    assert.equal(refusals[0]?.reason, 'shared_subscription');
  });

  it('MQT-3 a connection has a thousand filters; more are refused, and it has room again when it leaves some', async (t) => {
    for (const session of [{ clean: true }, { clean: false, clientId: 'kept' }]) {
      const { connect, refusals, host } = await startBroker(t);
      const client = await connect(session);
      const filters = Array.from({ length: 1_200 }, (_, number) => `filter/${number}`);
      const granted = await subscribe(client, filters);
      assert.deepEqual([granted.filter((qos) => qos === 1).length, granted.lastIndexOf(1)], [1_000, 999]);
      assert.equal(refusals[0]?.reason, 'subscription_limit');
      assert.deepEqual(await subscribe(client, ['one more', 'filter/7']), [128, 1]);
      await client.mqtt.unsubscribeAsync('filter/7');
      assert.deepEqual(await subscribe(client, ['one more']), [1]);
      const long = 'x'.repeat(60_000);
      const other = await connect();
      assert.deepEqual(
        await subscribe(
          other,
          [1, 2, 3, 4, 5].map((number) => `${number}${long}`),
        ),
        [1, 1, 1, 1, 128],
      );
      assert.equal(host.stats().sessions, session.clean ? 0 : 1);
      if (session.clean) continue;
      await client.mqtt.endAsync(true);
      const again = await connect(session);
      assert.deepEqual([again.present, await subscribe(again, ['filter/8', 'too many'])], [true, [1, 128]]);
    }
  });

  it('MQT-3 disconnects whoever goes on subscribing', async (t) => {
    const { connect, host } = await startBroker(t);
    const client = await connect({ clean: false, clientId: 'flood' });
    client.mqtt.subscribe(Array.from({ length: 50_000 }, (_, number) => `${number}`));
    await client.closed;
    assert.ok((host.stats().refused.subscription_limit ?? 0) <= 1_000);
    await (await connect()).mqtt.subscribeAsync('#', { qos: 1 });
  });

  it('MQT-3 refuses client ids beyond all measure', async (t) => {
    const { connect } = await startBroker(t);
    await connect({ clientId: 'x'.repeat(1_024) });
    await assert.rejects(connect({ clientId: 'x'.repeat(1_025) }), { code: 2 });
  });

  it('MQT-3 disconnects a client that begins a packet over the limit, not one that sends one at it', async (t) => {
    const { connect, host, refusals } = await startBroker(t, { maxPacketBytes: 10_000 });
    const subscriber = await connect();
    await subscriber.mqtt.subscribeAsync('t', { qos: 1 });
    const publisher = await connect({ clientId: 'large' });
    // Fixed header 3, topic 2 + 1, packet id 2.
    await publisher.mqtt.publishAsync('t', 'x'.repeat(10_000 - 8), { qos: 1 });
    await until(() => subscriber.publications.length === 1, 'delivery');
    publisher.mqtt.publish('t', 'x'.repeat(10_000 - 7), { qos: 1 });
    await publisher.closed;
    assert.deepEqual([refusals[0]?.reason, refusals[0]?.clientId], ['packet_too_large', 'large']);
    assert.equal(subscriber.publications.length, 1);
    assert.equal(host.stats().refused.packet_too_large, 1);
  });

  it('MQT-3 does not gather a packet that only announces its length', async (t) => {
    const { address, refusals } = await startBroker(t);
    const socket = connectSocket(address.port, '127.0.0.1');
    socket.on('error', () => {});
    const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    // CONNECT of 256 MiB.
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f, 0, 4]));
    await ended;
    assert.deepEqual([refusals[0]?.reason, refusals[0]?.clientId], ['packet_too_large', null]);
  });

  it('MQT-3 keeps the newest messages for a client that is away, in order, and counts the others', async (t) => {
    const { connect, host } = await startBroker(t, { offlineMessages: 3 });
    const before = await connect({ clientId: 'away', clean: false });
    await before.mqtt.subscribeAsync('t', { qos: 1 });
    await before.mqtt.endAsync(true);
    const { mqtt: publisher } = await connect();
    for (let number = 1; number <= 5; number++) await publisher.publishAsync('t', `${number}`, { qos: 1 });
    await until(() => host.stats().droppedMessages === 2, 'the drop');
    assert.equal(host.stats().queuedMessages, 3);
    const after = await connect({ clientId: 'away', clean: false });
    await until(() => host.stats().queuedMessages === 0, 'delivery of the queue');
    assert.deepEqual(after.payloads(), ['3', '4', '5']);
    assert.equal(host.stats().queuedBytes, 0);
  });

  it('MQT-3 bounds the bytes for a client that is away', async (t) => {
    const { connect, host } = await startBroker(t, { offlineBytes: 5_000 });
    const before = await connect({ clientId: 'away', clean: false });
    await before.mqtt.subscribeAsync('t', { qos: 1 });
    await before.mqtt.endAsync(true);
    const { mqtt: publisher } = await connect();
    for (let number = 1; number <= 10; number++) await publisher.publishAsync('t', 'x'.repeat(1_000), { qos: 1 });
    await until(() => host.stats().droppedMessages === 6, 'the drop');
    assert.ok(host.stats().queuedBytes <= 5_000);
  });

  it('MQT-3 bounds what waits for a client that is here and acknowledges nothing, and repeats it with dup', async (t) => {
    const { connect, host } = await startBroker(t, { offlineMessages: 2 });
    const silent = await connect({ clientId: 'silent', clean: false, silent: true });
    await silent.mqtt.subscribeAsync('t', { qos: 1 });
    const { mqtt: publisher } = await connect();
    for (let number = 1; number <= 4; number++) await publisher.publishAsync('t', `${number}`, { qos: 1 });
    await until(() => host.stats().droppedMessages === 2, 'the drop');
    await until(() => silent.publications.length > 0, 'delivery');
    silent.mqtt.stream.destroy();
    await silent.closed;
    const after = await connect({ clientId: 'silent', clean: false });
    await until(() => after.publications.length === 2, 'the repetition');
    assert.deepEqual(
      after.publications.map(({ payload, dup }) => [payload.toString(), dup]),
      [
        ['3', true],
        ['4', true],
      ],
    );
  });

  it('MQT-3 forgets a session that begins anew', async (t) => {
    const { connect, host } = await startBroker(t);
    const before = await connect({ clientId: 'away', clean: false });
    await before.mqtt.subscribeAsync('t', { qos: 1 });
    await before.mqtt.endAsync(true);
    const { mqtt: publisher } = await connect();
    await publisher.publishAsync('t', '1', { qos: 1 });
    await until(() => host.stats().queuedMessages === 1, 'queueing');
    const after = await connect({ clientId: 'away', clean: true });
    assert.equal(host.stats().queuedMessages, 0);
    assert.deepEqual(after.publications, []);
  });

  it('MQT-3 disconnects a client that does not read, and serves the others meanwhile', async (t) => {
    const { connect, address, refusals } = await startBroker(t, { drainTimeoutMs: 1_000 });
    const frozen = connectSocket(address.port, '127.0.0.1');
    frozen.on('error', () => {});
    const ended = new Promise<void>((resolve) => frozen.on('close', () => resolve()));
    t.after(() => frozen.destroy());
    const connectPacket = Buffer.from([0x10, 13, 0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 0, 0, 1, 0x66]);
    const subscribePacket = Buffer.from([0x82, 6, 0, 1, 0, 1, 0x74, 0]);
    frozen.write(Buffer.concat([connectPacket, subscribePacket]));
    await new Promise((resolve) => frozen.once('data', resolve));
    frozen.pause();
    const reader = await connect();
    await reader.mqtt.subscribeAsync('t', { qos: 0 });
    const publisher = await connect();
    // How much the sockets' buffers take is the machine's choice.
    let sent = 0;
    for (; refusals.length === 0 && sent < 300; sent++) await publisher.mqtt.publishAsync('t', Buffer.alloc(1_000_000));
    assert.equal(refusals[0]?.detail, 'drain timeout');
    await until(() => reader.publications.length === sent, 'delivery to the one that reads');
    frozen.resume();
    await ended;
  });

  it('bounds retained messages: what goes past is delivered, not retained, and counted', async (t) => {
    const { connect, host } = await startBroker(t, { retainedBytes: 1_000 });
    const subscriber = await connect();
    await subscriber.mqtt.subscribeAsync('#', { qos: 1 });
    const { mqtt: publisher } = await connect();
    await publisher.publishAsync('a', 'x'.repeat(600), { qos: 1, retain: true });
    await publisher.publishAsync('b', 'x'.repeat(600), { qos: 1, retain: true });
    await until(() => subscriber.publications.length === 2, 'delivery');
    assert.equal(host.stats().retainedRefused, 1);
    await publisher.publishAsync('a', '', { qos: 1, retain: true });
    await publisher.publishAsync('b', 'x'.repeat(600), { qos: 1, retain: true });
    await until(() => subscriber.publications.length === 4, 'delivery');
    const late = await connect();
    await late.mqtt.subscribeAsync('#', { qos: 1 });
    await until(() => late.publications.length === 1, 'the retained message');
    assert.equal(late.publications[0]?.topic, 'b');
  });

  it('MQT-5 takes a thousand packets behind a CONNECT', async (t) => {
    const { connect, address } = await startBroker(t);
    const subscriber = await connect();
    await subscriber.mqtt.subscribeAsync('t', { qos: 0 });
    const socket = connectSocket(address.port, '127.0.0.1');
    t.after(() => socket.destroy());
    const connectPacket = Buffer.from([0x10, 13, 0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 60, 0, 1, 0x70]);
    const publish = Buffer.from([0x30, 4, 0, 1, 0x74, 0x78]);
    socket.write(Buffer.concat([connectPacket, ...Array.from({ length: 1_000 }, () => publish)]));
    await until(() => subscriber.publications.length === 1_000, 'delivery of all');
  });

  it('closes connections over the limit and counts them', async (t) => {
    const { connect, refusals } = await startBroker(t, { maxConnections: 2 });
    await connect();
    await connect();
    await assert.rejects(connect());
    assert.equal(refusals[0]?.reason, 'connection_limit');
  });

  it('lets in who gives the password', async (t) => {
    const authenticate = byPassword([
      { name: 'hub', password: 'secret' },
      { name: 'car', password: 'other' },
    ]);
    const { connect, refusals } = await startBroker(t, { authenticate });
    await connect({ username: 'hub', password: 'secret' });
    for (const login of [
      {},
      { username: 'hub' },
      { username: 'hub', password: 'other' },
      { username: 'nobody', password: 'secret' },
    ]) {
      await assert.rejects(connect(login), { code: 5 });
    }
    assert.deepEqual(
      refusals.map(({ reason, detail }) => [reason, detail]),
      ['no user name', 'hub', 'hub', 'nobody'].map((name) => ['login', `${name} is not authorised`]),
    );
  });

  it('answers with "unavailable" when it cannot tell who somebody is', async (t) => {
    const { connect, refusals } = await startBroker(t, { authenticate: () => Promise.reject(new Error('down')) });
    await assert.rejects(connect(), { code: 3 });
    assert.equal(refusals[0]?.detail, 'down');
  });

  it('lets an identity publish and subscribe where it may only', async (t) => {
    const identityOf = (name: string): MqttIdentity => ({
      name,
      permissions: {
        mayPublish: (topic) => topic.startsWith(`${name}/`),
        maySubscribe: (filter) => filter.startsWith(`${name}/`),
      },
    });
    const { connect, refusals, host } = await startBroker(t, {
      authenticate: ({ username }) => (username === 'hub' ? { name: 'hub' } : identityOf(username ?? 'nobody')),
    });
    const session = { clientId: 'car-1', clean: false, username: 'car' };
    const car = await connect(session);
    assert.deepEqual(await subscribe(car, ['car/#', 'secret/#']), [1, 128]);
    await car.mqtt.endAsync(true);

    const { mqtt: hub } = await connect({ username: 'hub' });
    await hub.publishAsync('secret/x', 'for others', { qos: 1 });
    await hub.publishAsync('car/x', 'for the car', { qos: 1 });
    await until(() => host.stats().queuedMessages === 1, 'queueing');

    // The client id of another identity is not that one's session.
    const thief = await connect({ ...session, username: 'thief' });
    assert.equal(thief.present, false);
    assert.equal(host.stats().queuedMessages, 1);
    thief.mqtt.publish('car/x', 'forged');
    await thief.closed;
    assert.equal(refusals.at(-1)?.reason, 'not_permitted');

    const again = await connect(session);
    assert.equal(again.present, true);
    await until(() => again.publications.length === 1, 'its message');
    assert.deepEqual(again.payloads(), ['for the car']);
  });

  it('counts what is no MQTT', async (t) => {
    const { address, refusals } = await startBroker(t);
    const socket = connectSocket(address.port, '127.0.0.1');
    socket.on('error', () => {});
    const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await ended;
    await until(() => refusals.length > 0, 'the refusal');
    assert.equal(refusals[0]?.reason, 'connection_fault');
  });

  it('BH-2 leaves nothing of a broker whose certificate cannot be read', async (t) => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const files = { certificate: '/nowhere.crt', key: '/nowhere.key' };
    const host = await brokerHost(t, { tls: files });
    const before = timers();
    for (let tries = 0; tries < 3; tries++) await assert.rejects(host.listen(signal), { code: 'BROKER_TLS' });
    assert.equal(timers(), before);
    assert.equal(await host.reload(), false);
  });

  it('BH-1 does not listen for others without authentication', async (t) => {
    const host = await brokerHost(t, { host: '0.0.0.0' });
    await assert.rejects(host.listen(signal), { code: 'BROKER_UNPROTECTED', message: /configure users, or listen on/ });
  });

  it('says that a port is in use, and what to do', async (t) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    t.after(() => other.close());
    const { port } = other.address() as { port: number };
    const host = await brokerHost(t, { port });
    await assert.rejects(host.listen(signal), {
      code: 'BROKER_PORT_IN_USE',
      message: `127.0.0.1:${port} is in use by another process: stop it, or set mqtt.embedded.port to another (0 takes a free one)`,
    });
  });

  it('says that an address is not this machine’s', async (t) => {
    const host = await brokerHost(t, { host: '203.0.113.7', authenticate: () => undefined });
    await assert.rejects(host.listen(signal), { code: 'BROKER_ADDRESS_UNKNOWN' });
  });

  it('BH-2 opens again on its port, and ends what was open', async (t) => {
    const { host, address, connect } = await startBroker(t);
    const client = await connect();
    const again = await brokerHost(t, { port: address.port });
    await host.close(1_000);
    await client.closed;
    await again.listen(signal);
    assert.deepEqual(await again.listen(signal), address);
    await connectClient(t, address.url);
  });

  it('BH-3 disconnects clients and those that have not said who they are, and can be closed twice', async (t) => {
    const { host, address, connect } = await startBroker(t);
    const client = await connect();
    const mute = connectSocket(address.port, '127.0.0.1');
    const ended = new Promise<void>((resolve) => mute.on('close', () => resolve()));
    await new Promise<void>((resolve) => mute.on('connect', resolve));
    await host.close(1_000);
    await host.close(1_000);
    await client.closed;
    await ended;
    assert.equal(host.stats().connections, 0);
    await assert.rejects(host.serve(), { code: 'BROKER_CLOSED' });
  });

  it('gives up listening when told to meanwhile', async (t) => {
    const host = await brokerHost(t);
    const stop = new AbortController();
    const listening = host.listen(stop.signal);
    stop.abort();
    await assert.rejects(listening, { code: 'BROKER_ABORTED' });
  });
});
