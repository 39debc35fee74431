import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { HttpReceiver, linesOf } from '../fakes/http-receiver.js';
import { eventually, type IngestHub, startIngestHub } from '../fakes/ingest-hub.js';
import { RedisServer, RedisSubscriber, withoutRedis } from '../fakes/redis-server.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { speed, type Vehicle } from '../fakes/vehicle.js';

const config = (server: RedisServer, timeoutS = 30) => ({
  records: { V: ['redis', 'file'], alerts: ['file'] },
  reliable_ack_sources: { V: 'redis' },
  namespace: 'tesla',
  redis: {
    addrs: [`127.0.0.1:${server.port}`],
    username: 'default',
    password: 'in the file',
    publish_vin_topics: true,
    publish_timeout: timeoutS * 1e9,
    pool: { read_timeout: 60e9 },
  },
});
const environment = { REDIS_PASSWORD: 'topsecret' };
const options = { options: { requirepass: environment.REDIS_PASSWORD } };

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

function sendRange(car: Vehicle, from: number, to: number): string[] {
  return range(from, to).map((number) => car.send({ txid: `${car.vin}-${number}`, payload: speed(car.vin, number) }));
}

const stateOf = (hub: IngestHub): string => JSON.stringify(hub.hub.system.peek('dispatcher/redis')?.value);

describe('ingest with Redis as the reliable source', { skip: withoutRedis() }, () => {
  it('FT-ACK-2 FT-RED-1 acks a record when Redis has confirmed it, with the password of the environment', async (t) => {
    const server = await RedisServer.start(t, { ...options, password: environment.REDIS_PASSWORD });
    const subscriber = await RedisSubscriber.to(server);
    const hub = await startIngestHub(t, config(server), { environment });
    const car = await hub.vehicle('CAR');
    const sent = sendRange(car, 1, 100);
    await car.until(() => car.acked.length === 100, 'all acks');
    assert.deepEqual(car.acked, sent);
    await eventually(() => subscriber.messages.length >= 100, 'all publications');
    assert.deepEqual([...new Set(subscriber.channels)], ['tesla_V_{CAR}']);
    assert.ok(subscriber.messages.every(({ body }, index) => body.equals(Buffer.from(speed('CAR', index + 1)))));
    assert.equal(await hub.metric('reliable_ack', { record_type: 'V', dispatcher: 'redis' }), 100);
    assert.equal(await hub.metric('redis_publish_total', { record_type: 'V' }), 100);
    assert.ok(!JSON.stringify(hub.log).includes('topsecret'));
  });

  it('FT-RED-4 the hub starts with a wrong password, acks nothing, and shows the password nowhere', async (t) => {
    const server = await RedisServer.start(t, { ...options, password: environment.REDIS_PASSWORD });
    const wrong = { REDIS_PASSWORD: 'almostsecret' };
    const hub = await startIngestHub(t, config(server), { environment: wrong });
    const line = await hub.logged('dispatcher_failed', { dispatcher: 'redis' });
    assert.match(JSON.stringify(line['err']), /redis_connect_error .*refuses the user name or password/);
    const car = await hub.vehicle('CAR');
    car.send({ txid: 'CAR-1', payload: speed('CAR', 1) });
    await car.roundTrip();
    assert.deepEqual(car.acked, []);
    const shown = [hub.log, hub.hub.system.peek('dispatcher/redis')].map((each) => JSON.stringify(each)).join('');
    assert.ok(!shown.includes('almostsecret'));
  });

  it('FT-ACK-2 FT-RED-5 one that hangs or is killed acks nothing, others go on, and everything is acked when it is back', async (t) => {
    const server = await RedisServer.start(t, { ...options, password: environment.REDIS_PASSWORD });
    const hub = await startIngestHub(t, config(server, 1), { environment });
    const car = await hub.vehicle('CAR');
    await car.ask({ payload: speed('CAR', 1) });
    server.freeze();
    sendRange(car, 2, 50);
    assert.equal((await car.ask({ topic: 'alerts', txid: 'other topic', payload: new Uint8Array() })).kind, 'ack');
    await hub.recorded((all) => all.filter(({ type }) => type === 'V').length === 50, 'all of it at the other');
    await eventually(() => stateOf(hub).includes('broken'), 'the time-out');
    assert.equal(car.acked.length, 2);
    assert.match(JSON.stringify((await hub.logged('dispatcher_failed', { dispatcher: 'redis' }))['err']), /redis_err/);
    assert.ok((await hub.metric('redis_err', { record_type: 'V' })) > 0);
    await server.kill();
    await server.start();
    await car.until(() => new Set(car.acked).size === 51, 'the acks of all');
    assert.equal(car.end, undefined, 'the vehicle noticed nothing but silence');
  });
});

describe('ingest with an HTTP receiver as the reliable source', () => {
  it('FT-ACK-2 acks what the receiver took, holds what it did not, and signs with the secret of the file', async (t) => {
    const receiver = await HttpReceiver.start(t);
    receiver.answer = () => ({ status: 503 });
    const secretFile = join(temporaryFolder(t), 'secret');
    writeFileSync(secretFile, 'topsecret\n', { mode: 0o600 });
    const hub = await startIngestHub(t, {
      records: { V: ['http'] },
      reliable_ack_sources: { V: 'http' },
      fleetchart: { http: { url: receiver.url, secretFile, maxBatchDelayMs: 10, gzip: true } },
    });
    const car = await hub.vehicle('CAR');
    const sent = sendRange(car, 1, 30);
    await hub.logged('dispatcher_failed', { dispatcher: 'http' });
    assert.deepEqual(car.acked, []);
    receiver.answer = () => ({ status: 202 });
    await car.until(() => car.acked.length === 30, 'all acks');
    assert.deepEqual(car.acked, sent);
    assert.deepEqual(
      receiver.taken.flatMap(linesOf).map(({ txid }) => txid),
      sent,
    );
    assert.match(`${receiver.taken[0]?.headers['fleetchart-signature']}`, /^t=\d+,v1=[0-9a-f]{64}$/);
    assert.equal(await hub.metric('http_publish_total', { record_type: 'V' }), 30);
    assert.ok((await hub.metric('http_dispatch_requests_total', { status: '5xx' })) > 0);
    assert.ok(!JSON.stringify(hub.log).includes('topsecret'));
  });

  it('keeps a record that the receiver refuses as a dead letter and never acks it', async (t) => {
    const receiver = await HttpReceiver.start(t);
    receiver.answer = (request) =>
      linesOf(request).some(({ txid }) => txid === 'CAR-7') ? { status: 422, body: 'no' } : { status: 200 };
    const hub = await startIngestHub(t, {
      records: { V: ['http'] },
      reliable_ack_sources: { V: 'http' },
      fleetchart: { http: { url: receiver.url, maxBatchDelayMs: 10 } },
    });
    const car = await hub.vehicle('CAR');
    const sent = sendRange(car, 1, 20);
    await car.until(() => car.acked.length === 19, 'the acks');
    assert.deepEqual(
      car.acked,
      sent.filter((txid) => txid !== 'CAR-7'),
    );
    await eventually(() => hub.hub.system.deadLetters.total > 0, 'the dead letter');
    assert.equal(await hub.metric('dispatcher_refused_total', { dispatcher: 'http' }), 1);
  });
});
