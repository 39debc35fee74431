import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { eventually, startIngestHub, VIN } from '../../fakes/ingest-hub.js';
import { KinesisServer } from '../../fakes/kinesis-server.js';
import { PubsubServer } from '../../fakes/pubsub-server.js';
import { temporaryFolder } from '../../fakes/runtime.js';

// What the AWS tools would find; nothing of the machine is asked.
process.env['AWS_ACCESS_KEY_ID'] = 'test';
process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
process.env['AWS_EC2_METADATA_DISABLED'] = 'true';

const REFERENCE = { fleetchart: { logLines: 'reference' }, namespace: 'tesla' };

describe('8.3 the lines of the reference about Pub/Sub and Kinesis', () => {
  const pubsub = {
    ...REFERENCE,
    records: { V: ['pubsub'], alerts: ['pubsub'] },
    pubsub: { gcp_project_id: 'project' },
  };

  it('8.3 pubsub_topic_created for each topic, whether it was there or is made', async (t) => {
    const server = await PubsubServer.start(t);
    server.topics.add('projects/project/topics/tesla_V');
    const hub = await startIngestHub(t, pubsub, { environment: { PUBSUB_EMULATOR_HOST: server.host } });
    await hub.logged('pubsub_registered', { project: 'project', namespace: 'tesla' });
    await hub.logged('pubsub_topic_created', { level: 'info', topic_name: 'tesla_V', txType: 'V' });
    await hub.logged('pubsub_topic_created', { level: 'info', topic_name: 'tesla_alerts', txType: 'alerts' });
    assert.equal(hub.log.filter(({ msg }) => msg === 'pubsub_topic_created').length, 2);
  });

  it('8.3 pubsub_topic_creation_error with the topic and its type, and no pubsub_err; records wait', async (t) => {
    const server = await PubsubServer.start(t);
    const denied = { code: status.PERMISSION_DENIED, details: 'not yours' } as const;
    server.answer = (method) => (method === 'CreateTopic' ? denied : 'take');
    const hub = await startIngestHub(t, pubsub, { environment: { PUBSUB_EMULATOR_HOST: server.host } });
    const fields = { level: 'error', topic_name: 'tesla_V', txType: 'V' };
    const { err } = await hub.logged('pubsub_topic_creation_error', fields);
    assert.match((err as Error).message, /tesla_V: .*pubsub\.topics\.create for a topic that is missing \(not yours\)/);
    const car = await hub.vehicle();
    assert.equal((await car.ask()).kind, 'ack');
    assert.ok(hub.log.every(({ msg }) => msg !== 'pubsub_err' && msg !== 'pubsub_topic_created'));
    assert.ok((await hub.metric('pubsub_not_connected_total', { record_type: 'V' })) > 0);
    server.answer = () => 'take';
    await hub.logged('pubsub_topic_created', { topic_name: 'tesla_V' });
    await eventually(() => server.published.length === 1, 'the record');
  });

  const kinesis = (server: KinesisServer, records: object) => ({
    ...REFERENCE,
    records,
    kinesis: { override_host: server.endpoint },
  });
  const environment = { AWS_REGION: 'test' };

  it('8.3 kinesis_message_dispatched at debug for each record, with its place in the stream', async (t) => {
    const server = await KinesisServer.start(t, ['tesla_V'], 1);
    const hub = await startIngestHub(t, kinesis(server, { V: ['kinesis'] }), { environment });
    const car = await hub.vehicle();
    for (const txid of ['t1', 't2']) await car.ask({ txid });
    const fields = { level: 'debug', vin: VIN, record_type: 'V', shard_id: 'shardId-000000000000' };
    const lines = [];
    for (const txid of ['t1', 't2']) lines.push(await hub.logged('kinesis_message_dispatched', { ...fields, txid }));
    const stored = await server.sequenceNumbers('tesla_V');
    assert.deepEqual(new Set(lines.map((line) => line['sequence_number'])), new Set(stored.keys()));
  });

  it('8.3 kinesis_message_dispatched is not written at info', async (t) => {
    const server = await KinesisServer.start(t, ['tesla_V'], 1);
    const config = { ...kinesis(server, { V: ['kinesis'] }), log_level: 'info' };
    const hub = await startIngestHub(t, config, { environment });
    await (await hub.vehicle()).ask();
    const published = () => hub.metric('kinesis_publish_total', { record_type: 'V' });
    await eventually(async () => (await published()) === 1, 'the record');
    assert.ok(hub.log.every(({ msg }) => msg !== 'kinesis_message_dispatched'));
  });

  it('8.3 kinesis_produce_stream_not_configured for a record whose type has lost its stream; it is a dead letter', async (t) => {
    const server = await KinesisServer.start(t, ['tesla_V'], 1);
    await server.stop();
    const folder = temporaryFolder(t);
    const before = kinesis(server, { V: ['kinesis'], alerts: ['kinesis'] });
    const first = await startIngestHub(t, before, { environment, folder });
    const car = await first.vehicle();
    assert.equal((await car.ask({ topic: 'alerts', payload: new Uint8Array() })).kind, 'ack');
    assert.equal((await car.ask()).kind, 'ack');
    car.socket.close();
    await car.closed;
    await first.stop(1_000);
    await server.start();
    const after = kinesis(server, { V: ['kinesis'], alerts: ['file'] });
    const second = await startIngestHub(t, after, { environment, folder });
    await second.logged('kinesis_produce_stream_not_configured', { level: 'error', record_type: 'alerts', vin: VIN });
    await eventually(async () => (await server.records('tesla_V')).length === 1, 'the record behind it');
    assert.equal(second.hub.system.deadLetters.total, 1);
  });
});
