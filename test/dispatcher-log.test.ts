import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DispatchError, TopicError } from '../src/actors/dispatch/index.js';
import { DispatcherLog } from '../src/dispatcher-log.js';
import type { LogLines } from '../src/protocols/fleet-telemetry/server-settings.js';
import { createLogger, ManualClock } from '../src/runtime/index.js';
import { sampleRecord } from './actors/dispatch/sample-records.js';

function setUp(lines: LogLines, level: 'debug' | 'info' = 'debug') {
  const clock = new ManualClock();
  const written: Record<string, unknown>[] = [];
  const reports: { readonly message: string; readonly params: object }[] = [];
  const logger = createLogger({ level, clock, destination: { write: (line) => written.push(JSON.parse(line)) } });
  const errors = { report: (report: (typeof reports)[number]) => void reports.push(report), close: async () => {} };
  const log = new DispatcherLog({ logger, clock, lines, errors, namespace: 'fleet' });
  return { clock, log, reports, told: () => written.splice(0).map(({ time: _, ...line }) => line) };
}

const missing = new TopicError('DISPATCH_PUBSUB_UNREACHABLE', 'no right', 'fleet_V', 'V', new Error('denied'));
const place = { shardId: 'shard', sequenceNumber: '49' };

describe('lines about dispatchers', () => {
  it('8.3 a topic that cannot be made has a line of its own, once a minute, and a report of the same name', async () => {
    const { clock, log, reports, told } = setUp('reference');
    for (let time = 0; time < 3; time++) log.failed('pubsub', missing);
    const [line, ...others] = told().map(({ err, ...rest }) => ({ ...rest, error: (err as Error).message }));
    assert.deepEqual(line, {
      level: 'error',
      dispatcher: 'pubsub',
      topic_name: 'fleet_V',
      txType: 'V',
      error: 'no right',
      msg: 'pubsub_topic_creation_error',
    });
    assert.deepEqual(others, []);
    const [{ message, params } = { message: '', params: {} }] = reports;
    assert.equal(message, 'pubsub_topic_creation_error');
    assert.deepEqual(params, {
      dispatcher: 'pubsub',
      topic_name: 'fleet_V',
      txType: 'V',
      code: 'DISPATCH_PUBSUB_UNREACHABLE',
      log_type: 'error',
      error: 'no right',
    });
    log.failed('pubsub', new DispatchError('DISPATCH_PUBSUB_FAILED', 'away'));
    await clock.advance(60_000);
    log.failed('pubsub', missing);
    assert.deepEqual(
      told().map(({ msg, repeated }) => [msg, repeated]),
      [
        ['pubsub_err', undefined],
        ['pubsub_topic_creation_error', 2],
      ],
    );
  });

  it('8.3 a topic that is made over and over has one line a minute', async () => {
    const { clock, log, told } = setUp('reference');
    for (let time = 0; time < 3; time++) log.topicFound('pubsub', 'V', 'fleet_V', true);
    await clock.advance(60_000);
    log.topicFound('pubsub', 'V', 'fleet_V', true);
    const line = { level: 'info', topic_name: 'fleet_V', txType: 'V', msg: 'pubsub_topic_created' };
    assert.deepEqual(told(), [line, line]);
  });

  it('under our names a topic has a line if it was made, and a record in a stream none', () => {
    const { log, told } = setUp('own');
    log.topicFound('pubsub', 'V', 'fleet_V', false);
    log.topicFound('pubsub', 'alerts', 'fleet_alerts', true);
    log.placed('kinesis', sampleRecord(1), place);
    log.failed('pubsub', missing);
    assert.deepEqual(
      told().map(({ msg, topic, topic_name }) => [msg, topic ?? topic_name]),
      [
        ['dispatcher_topic_made', 'fleet_alerts'],
        ['dispatcher_failed', 'fleet_V'],
      ],
    );
  });

  it('8.3 a record in a stream has its place, with a transaction id that is cut, and is read only for debug', () => {
    const { log, told } = setUp('reference');
    log.placed('kinesis', sampleRecord(1, { metadata: { txid: 'x'.repeat(200) } }), place);
    assert.deepEqual(told(), [
      {
        level: 'debug',
        record_type: 'V',
        txid: 'x'.repeat(128),
        vin: 'VIN0001',
        shard_id: 'shard',
        sequence_number: '49',
        msg: 'kinesis_message_dispatched',
      },
    ]);
    const info = setUp('reference', 'info');
    const unread = {
      ...sampleRecord(1),
      get metadata(): never {
        throw new Error('read');
      },
    };
    info.log.placed('kinesis', unread, place);
    assert.deepEqual(info.told(), []);
  });

  it('8.3 a record whose type has no stream has the name of the reference', () => {
    const { log, reports, told } = setUp('reference');
    const reason = 'DISPATCH_KINESIS_STREAM_UNNAMED: no stream';
    log.refused('kinesis', { seq: 1, reason, bytes: new Uint8Array(), record: sampleRecord(1, { type: 'alerts' }) });
    const [line] = told();
    assert.deepEqual([line?.['msg'], line?.['record_type']], ['kinesis_produce_stream_not_configured', 'alerts']);
    assert.deepEqual(
      reports.map(({ message }) => message),
      ['kinesis_produce_stream_not_configured'],
    );
    log.refused('pubsub', { seq: 2, reason, bytes: new Uint8Array(), record: sampleRecord(2) });
    assert.equal(told()[0]?.['msg'], 'pubsub_err');
  });

  it('8.3 a record that is refused has the topic that it was for, where the destination has topics', () => {
    const { log, reports, told } = setUp('reference');
    const record = sampleRecord(1, { metadata: { txid: 't1' } });
    for (const name of ['kafka', 'mqtt'])
      log.refused(name, { seq: 1, reason: 'X: no', bytes: new Uint8Array(), record });
    const facts = { record_type: 'V', txid: 't1', vin: 'VIN0001', error: 'X: no' };
    assert.deepEqual(told(), [
      { level: 'error', dispatcher: 'kafka', topic_name: 'fleet_V', ...facts, msg: 'kafka_err' },
      { level: 'error', dispatcher: 'mqtt', ...facts, msg: 'mqtt_process_payload_error' },
    ]);
    assert.deepEqual(
      reports.map(({ params }) => 'topic_name' in params && params.topic_name),
      ['fleet_V', false],
    );
  });

  it('under our names a refused record has a line, once a minute for each kind of reason', async () => {
    const { clock, log, told } = setUp('own');
    const refuse = (number: number, reason: string) => {
      const record = sampleRecord(number, { metadata: { txid: `t${number}` } });
      log.refused('kafka', { seq: number, reason, bytes: new Uint8Array(), record });
    };
    for (let number = 1; number <= 100; number++) refuse(number, `TOO_LARGE: ${number} bytes`);
    refuse(101, 'NO_ACCESS: not yours');
    log.refused('logger', { seq: 1, reason: 'it tells itself', bytes: new Uint8Array() });
    await clock.advance(60_000);
    refuse(102, 'TOO_LARGE: 102 bytes');
    log.refused('kafka', { seq: 103, reason: 'UNREADABLE: no record', bytes: new Uint8Array() });
    const line = (number: number, reason: string) => ({
      level: 'warn',
      dispatcher: 'kafka',
      record_type: 'V',
      txid: `t${number}`,
      vin: 'VIN0001',
      reason,
      msg: 'dispatcher_refused',
    });
    assert.deepEqual(told(), [
      line(1, 'TOO_LARGE: 1 bytes'),
      line(101, 'NO_ACCESS: not yours'),
      { ...line(102, 'TOO_LARGE: 102 bytes'), repeated: 99 },
      { level: 'warn', dispatcher: 'kafka', reason: 'UNREADABLE: no record', msg: 'dispatcher_refused' },
    ]);
  });
});
