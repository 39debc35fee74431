import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually, startIngestHub } from '../fakes/ingest-hub.js';
import { KinesisServer } from '../fakes/kinesis-server.js';
import { speed, type Vehicle } from '../fakes/vehicle.js';

process.env['AWS_ACCESS_KEY_ID'] = 'test';
process.env['AWS_SECRET_ACCESS_KEY'] = 'topsecret';
process.env['AWS_EC2_METADATA_DISABLED'] = 'true';

const environment = { AWS_DEFAULT_REGION: 'test', KINESIS_STREAM_V: 'by_environment' };
const config = (server: KinesisServer) => ({
  records: { V: ['kinesis'], alerts: ['file'] },
  reliable_ack_sources: { V: 'kinesis' },
  namespace: 'tesla',
  kinesis: { override_host: server.endpoint, max_retries: 0, streams: { V: 'by_file' } },
});

function sendRange(car: Vehicle, from: number, to: number): void {
  for (let number = from; number <= to; number++) {
    car.send({ txid: `${car.vin}-${number}`, payload: speed(car.vin, number) });
  }
}

describe('ingest with Kinesis as the reliable source', () => {
  it('spec 5.4 FT-ACK-2 acks a record when it is in the stream that the environment names', async (t) => {
    const server = await KinesisServer.start(t, ['by_environment']);
    const hub = await startIngestHub(t, config(server), { environment });
    const car = await hub.vehicle('CAR');
    sendRange(car, 1, 100);
    await car.until(() => car.acked.length === 100, 'all acks');
    const stored = await server.records('by_environment');
    assert.deepEqual([...new Set(stored.map(({ vehicle }) => vehicle))], ['CAR']);
    assert.ok(stored.every(({ body }, index) => body.equals(Buffer.from(speed('CAR', index + 1)))));
    assert.equal(await hub.metric('kinesis_publish_total', { record_type: 'V' }), 100);
    const bytes = stored.reduce((sum, { body }) => sum + body.length, 0);
    assert.equal(await hub.metric('kinesis_publish_total_bytes', { record_type: 'V' }), bytes);
    assert.ok(!JSON.stringify(hub.log).includes('topsecret'));
  });

  it('spec 5.4 the hub starts although the service is away, acks nothing, and everything once it is there', async (t) => {
    const server = await KinesisServer.start(t, ['by_environment']);
    await server.stop();
    const hub = await startIngestHub(t, config(server), { environment });
    const line = await hub.logged('dispatcher_failed', { dispatcher: 'kinesis' });
    assert.match(JSON.stringify(line['err']), /failed to list streams \(test connection\): .*nobody listens there/);
    const car = await hub.vehicle('CAR');
    sendRange(car, 1, 50);
    assert.equal((await car.ask({ topic: 'alerts', txid: 'other topic', payload: new Uint8Array() })).kind, 'ack');
    assert.deepEqual(car.acked, ['other topic']);
    await server.start();
    await car.until(() => car.acked.length === 51, 'all acks');
    assert.equal((await server.records('by_environment')).length, 50);
  });

  it('FT-ACK-2 keeps a record that the service refuses as a dead letter and never acks it', async (t) => {
    const server = await KinesisServer.start(t, ['by_environment']);
    const refused = Buffer.from(speed('CAR', 7)).toString('base64');
    server.meddle = (operation, body) =>
      operation === 'PutRecords' && JSON.stringify(body).includes(refused)
        ? { kind: 'error', status: 400, type: 'ValidationException' }
        : { kind: 'pass' };
    const hub = await startIngestHub(t, config(server), { environment });
    const car = await hub.vehicle('CAR');
    sendRange(car, 1, 20);
    await car.until(() => car.acked.length === 19, 'the acks');
    assert.ok(!car.acked.includes('CAR-7'));
    await eventually(() => hub.hub.system.deadLetters.total > 0, 'the dead letter');
    assert.equal(await hub.metric('dispatcher_refused_total', { dispatcher: 'kinesis' }), 1);
  });
});
