import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { eventually, startIngestHub } from '../fakes/ingest-hub.js';
import { PubsubServer } from '../fakes/pubsub-server.js';
import { speed } from '../fakes/vehicle.js';

describe('ingest with Pub/Sub as the reliable source', () => {
  it('spec 5.4 FT-ACK-2 acks a record when it has an id, over a service that is away, refuses and fails', async (t) => {
    const server = await PubsubServer.start(t);
    await server.stop();
    const bad = Buffer.from(speed('CAR', 7));
    let publications = 0;
    server.answer = (method, { messages }) => {
      if (method !== 'Publish') return 'take';
      if (++publications === 2) return { code: status.RESOURCE_EXHAUSTED, details: 'slower' };
      return messages.some(({ data }) => bad.equals(data)) ? { code: status.INVALID_ARGUMENT, details: 'no' } : 'take';
    };
    const hub = await startIngestHub(
      t,
      {
        records: { V: ['pubsub'], alerts: ['file'] },
        reliable_ack_sources: { V: 'pubsub' },
        namespace: 'tesla',
        pubsub: { gcp_project_id: 'project' },
      },
      { environment: { PUBSUB_EMULATOR_HOST: server.host } },
    );
    const line = await hub.logged('dispatcher_failed', { dispatcher: 'pubsub' });
    assert.match(JSON.stringify(line['err']), /pubsub_topic_creation_error tesla_V: .*nobody listens there/);
    assert.ok((await hub.metric('pubsub_not_connected_total', { record_type: 'V' })) > 0);
    const car = await hub.vehicle('CAR');
    for (let number = 1; number <= 50; number++) car.send({ txid: `CAR-${number}`, payload: speed('CAR', number) });
    assert.equal((await car.ask({ topic: 'alerts', txid: 'other topic', payload: new Uint8Array() })).kind, 'ack');
    assert.deepEqual(car.acked, ['other topic']);
    await server.start();
    await car.until(() => car.acked.length === 50, 'the acks');
    assert.ok(!car.acked.includes('CAR-7'));
    await eventually(() => hub.hub.system.deadLetters.total > 0, 'the dead letter');
    const attributes = new Map(server.published.map((message) => [message.attributes['txid'], message]));
    assert.equal(attributes.size, 49);
    const first = attributes.get('CAR-1');
    assert.equal(first?.topic, 'projects/project/topics/tesla_V');
    assert.ok(first?.data.equals(Buffer.from(speed('CAR', 1))));
    assert.deepEqual([first?.attributes['vin'], first?.attributes['txtype']], ['CAR', 'V']);
    assert.equal(await hub.metric('pubsub_publish_total', { record_type: 'V' }), server.published.length);
    const bytes = server.published.reduce((sum, { data }) => sum + data.length, 0);
    assert.equal(await hub.metric('pubsub_publish_total_bytes', { record_type: 'V' }), bytes);
  });
});
