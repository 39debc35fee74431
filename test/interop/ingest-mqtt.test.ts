import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { eventually, type IngestHub, startIngestHub } from '../fakes/ingest-hub.js';
import { Mosquitto, MosquittoClient, withoutMosquitto } from '../fakes/mosquitto.js';
import { speed, type Vehicle } from '../fakes/vehicle.js';

const skip = withoutMosquitto();

const config = (broker: Mosquitto, changes: object = {}) => ({
  records: { V: ['mqtt', 'file'], alerts: ['file'] },
  reliable_ack_sources: { V: 'mqtt' },
  // Tries again soon, so that a test need not wait.
  mqtt: {
    broker: broker.address,
    client_id: 'fleetchart-test',
    topic_base: 'telemetry',
    qos: 1,
    connect_retry_interval_ms: 300,
    publish_timeout_ms: 1_000,
    ...changes,
  },
});

/** Reads what the broker has from now on; a subscription that is there is told by a retained mark. */
async function subscribe(t: TestContext, broker: Mosquitto): Promise<MosquittoClient> {
  const at = ['-h', '127.0.0.1', '-p', `${broker.port}`];
  const mark = new MosquittoClient(t, 'mosquitto_pub', [...at, '-t', 'telemetry/mark', '-m', 'x', '-r', '-q', '1']);
  assert.equal((await mark.done).code, 0);
  const client = new MosquittoClient(t, 'mosquitto_sub', [...at, '-t', 'telemetry/#', '-q', '1', '-F', '%t %p']);
  await eventually(() => client.output.includes('telemetry/mark'), 'the subscription');
  return client;
}

/** Values of VehicleSpeed in the order in which they came. */
const speeds = ({ lines }: MosquittoClient, vin: string): number[] =>
  lines.flatMap((line) => {
    const [topic, body] = line.split(' ');
    return topic === `telemetry/${vin}/v/VehicleSpeed` ? [Number(body)] : [];
  });

const firsts = (numbers: readonly number[]): number[] => [...new Set(numbers)];
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

function sendRange(car: Vehicle, from: number, to: number): string[] {
  return range(from, to).map((number) => car.send({ txid: `${car.vin}-${number}`, payload: speed(car.vin, number) }));
}

const mqttState = (hub: IngestHub): string => JSON.stringify(hub.hub.system.peek('dispatcher/mqtt')?.value);

describe('ingest with mosquitto as the reliable source', { skip }, () => {
  it('FT-ACK-2 acks a record when the broker has it, and other topics when they are stored', async (t) => {
    const broker = await Mosquitto.start(t);
    const reader = await subscribe(t, broker);
    const hub = await startIngestHub(t, config(broker));
    const car = await hub.vehicle('CAR');
    const sent = sendRange(car, 1, 200);
    await car.until(() => car.acked.length === 200, 'all acks');
    assert.deepEqual(car.acked, sent);
    await eventually(() => speeds(reader, 'CAR').length >= 200, 'all messages');
    assert.deepEqual(firsts(speeds(reader, 'CAR')), range(1, 200));
    assert.equal(await hub.metric('reliable_ack', { record_type: 'V', dispatcher: 'mqtt' }), 200);
    assert.ok((await hub.metric('mqtt_publish_total', { record_type: 'V' })) >= 200);
  });

  it('FT-FAIL-13 FT-FAIL-14 a broker that vanishes in the middle: no acks, the other dispatcher goes on, and it drains in order when it is back', async (t) => {
    const broker = await Mosquitto.start(t);
    const hub = await startIngestHub(t, config(broker));
    const car = await hub.vehicle('CAR');
    sendRange(car, 1, 300);
    await car.until(() => car.acked.length >= 50, 'the first acks');
    await broker.kill();
    await hub.logged('dispatcher_failed', { dispatcher: 'mqtt' });
    sendRange(car, 301, 400);
    assert.equal((await car.ask({ topic: 'alerts', txid: 'other topic', payload: new Uint8Array() })).kind, 'ack');
    await hub.recorded((all) => all.filter(({ type }) => type === 'V').length === 400, 'all of it at the other');
    assert.ok(car.acked.length < 400, 'what the broker does not have is not acked');
    assert.ok((await hub.metric('dispatcher_pending_records', { dispatcher: 'mqtt' })) > 0);
    assert.equal(await hub.metric('dispatcher_failures_total', { dispatcher: 'file' }), 0);

    await broker.start();
    const reader = await subscribe(t, broker);
    await car.until(() => new Set(car.acked).size === 401, 'the acks of all');
    // What was waiting may have gone out before the reader was there.
    sendRange(car, 401, 401);
    await eventually(() => speeds(reader, 'CAR').includes(401), 'the newest');
    const seen = firsts(speeds(reader, 'CAR'));
    assert.deepEqual(seen, range(seen[0] as number, 401), 'in order and without a hole');
    await car.until(() => new Set(car.acked).size === 402, 'its ack');
    assert.equal(await hub.metric('dispatcher_pending_records', { dispatcher: 'mqtt' }), 0);
    assert.equal(car.end, undefined, 'the vehicle noticed nothing but silence');
  });

  it('FT-MQ-2 BETTER: the hub starts without a broker, and says so', async (t) => {
    const broker = await Mosquitto.prepare(t);
    const hub = await startIngestHub(t, config(broker));
    const line = await hub.logged('dispatcher_failed', { dispatcher: 'mqtt' });
    assert.match(JSON.stringify(line['err']), /is the broker running\?/);
    const car = await hub.vehicle('CAR');
    const sent = sendRange(car, 1, 20);
    await car.roundTrip();
    assert.deepEqual(car.acked, []);
    await broker.start();
    await car.until(() => car.acked.length === 20, 'the acks');
    assert.deepEqual(car.acked, sent);
  });

  it('FT-MQ-10 FT-FAIL-15 a broker that hangs: acks come late, everything else goes on', async (t) => {
    const broker = await Mosquitto.start(t);
    const hub = await startIngestHub(t, config(broker));
    const car = await hub.vehicle('CAR');
    await car.ask({ payload: speed('CAR', 1) });
    broker.freeze();
    sendRange(car, 2, 50);
    assert.equal((await car.ask({ topic: 'alerts', txid: 'other topic', payload: new Uint8Array() })).kind, 'ack');
    await hub.recorded((all) => all.filter(({ type }) => type === 'V').length === 50, 'all of it at the other');
    await eventually(() => mqttState(hub).includes('broken'), 'the time-out');
    assert.equal(car.acked.length, 2);
    await broker.kill();
    await broker.start();
    await car.until(() => new Set(car.acked).size === 51, 'the acks of all');
  });

  it('an orderly stop delivers what is left to the broker, and a next hub has nothing to repeat', async (t) => {
    const broker = await Mosquitto.start(t);
    const reader = await subscribe(t, broker);
    const hub = await startIngestHub(t, { ...config(broker), reliable_ack_sources: {} });
    const car = await hub.vehicle('CAR');
    sendRange(car, 1, 500);
    await car.until(() => car.acked.length === 500, 'all acks');
    await hub.stop();
    await eventually(() => speeds(reader, 'CAR').length >= 500, 'all messages');
    const before = speeds(reader, 'CAR').length;
    const next = await startIngestHub(t, config(broker), { folder: hub.folder });
    await (await next.vehicle('NEXT')).ask();
    assert.deepEqual(speeds(reader, 'CAR').length, before);
  });
});
