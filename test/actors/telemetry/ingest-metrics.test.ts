import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IngestBudget } from '../../../src/actors/telemetry/ingest-budget.js';
import { IngestMetrics, type IngestMetricsOptions } from '../../../src/actors/telemetry/ingest-metrics.js';
import type { LiveConnection } from '../../../src/actors/telemetry/live-connection.js';
import { encodeVehicleData, type Verdict } from '../../../src/protocols/fleet-telemetry/index.js';
import { type HotOutcome, ManualClock, Metrics, silentLogger } from '../../../src/runtime/index.js';
import { connectionInput, countedSettings } from './inputs.js';

function counting(changes: Partial<IngestMetricsOptions['settings']> = {}) {
  const metrics = new Metrics();
  const ingest = new IngestMetrics({
    metrics,
    logger: silentLogger(),
    clock: new ManualClock(1_000_000),
    settings: countedSettings(changes),
    budget: new IngestBudget(1),
    connections: () => 1,
    isDegraded: () => false,
  });
  const judged = (verdict: Partial<Verdict>, outcome: HotOutcome = 'stored', deviceId = 'VIN1'): void => {
    const input = connectionInput();
    const connection = { input: { ...input, identity: { ...input.identity, deviceId } } } as LiveConnection;
    ingest.judged(connection, { isOverLimit: false, ...verdict } as Verdict, outcome);
  };
  const lines = async (name: string): Promise<string[]> =>
    (await metrics.text())
      .split('\n')
      .filter((line) => new RegExp(`^${name}[ {]`).test(line))
      .sort();
  return { ingest, metrics, judged, lines };
}

/** Three signals, with bytes of their own. */
const payload = encodeVehicleData({
  data: [1, 2, 3].map((key) => ({ key, value: { stringValue: 'x' } })),
  createdAtMs: 0,
  vin: 'VIN1',
} as unknown as Parameters<typeof encodeVehicleData>[0]);

const record = (topic = 'V') => ({ kind: 'record', reason: 'record', topic, payload }) as const;

test('FT-RL-5 a vehicle cannot make up labels, whatever it calls its topics', async () => {
  const { judged, lines } = counting();
  for (const topic of ['V', 'made up', 'another', 'V']) {
    judged({ kind: 'acknowledge', reason: 'unmapped_topic', isOverLimit: true, topic, messageType: 4 }, 'done');
  }
  assert.deepEqual(await lines('rate_limit_exceeded_total'), [
    'rate_limit_exceeded_total{record_type="V"} 2',
    'rate_limit_exceeded_total{record_type="unmapped"} 2',
  ]);
  assert.deepEqual(await lines('record_total'), ['record_total{record_type="unmapped"} 4']);
});

test('FT-RL-5 by vehicle, as in the reference, a thousand have series of their own', async () => {
  const { judged, lines } = counting({ rateLimitLabels: 'reference' });
  for (let number = 0; number < 1_100; number++) {
    judged({ kind: 'drop', reason: 'rate_limited', isOverLimit: true, topic: 'V' }, 'done', `VIN${number}`);
  }
  judged({ kind: 'drop', reason: 'rate_limited', isOverLimit: true, topic: 'made up' }, 'done', 'VIN7');
  const found = await lines('rate_limit_exceeded_total');
  assert.equal(found.length, 1_002);
  assert.ok(found.includes('rate_limit_exceeded_total{device_id="VIN7",txtype="V"} 1'));
  assert.ok(found.includes('rate_limit_exceeded_total{device_id="VIN7",txtype="unmapped"} 1'));
  assert.ok(found.includes('rate_limit_exceeded_total{device_id="other",txtype="V"} 100'));
});

test('FT-MET-1 the signals of every accepted record count, and those of the tracked vehicles once more', async () => {
  const { judged, lines } = counting({ trackedVins: new Set(['VIN1', 'VIN9']) });
  judged(record());
  judged(record(), 'stored', 'VIN2');
  judged(record(), 'refused');
  judged(record(), 'duplicate');
  assert.deepEqual(await lines('signal_count'), ['signal_count{record_type="V"} 6']);
  assert.deepEqual(await lines('vin_signal_count'), ['vin_signal_count{record_type="V",vin="VIN1"} 3']);
});

test('FT-MET-1 as in the reference, only those over the rate limit', async () => {
  const { judged, lines } = counting({ signalCount: 'reference', trackedVins: new Set(['VIN1']) });
  judged(record());
  judged({ ...record(), isOverLimit: true });
  assert.deepEqual(await lines('signal_count'), ['signal_count{record_type="V"} 3']);
  assert.deepEqual(await lines('vin_signal_count'), ['vin_signal_count{record_type="V",vin="VIN1"} 3']);
});

test('FT-MET-2 what is answered with an error is no record, what is acknowledged is', async () => {
  const { judged, lines } = counting();
  const txid = new Uint8Array();
  judged(record());
  judged({ kind: 'refuse', reason: 'bad_payload', topic: 'V', txid, detail: 'x' }, 'done');
  judged({ kind: 'refuse', reason: 'too_big', topic: '', txid, detail: 'x' }, 'done');
  judged({ kind: 'acknowledge', reason: 'unmapped_topic', topic: 'x', txid, messageType: 4 }, 'done');
  judged({ kind: 'acknowledge', reason: 'unmapped_topic', topic: 'x', txid, messageType: 4 }, 'refused');
  judged({ kind: 'acknowledge', reason: 'unknown_type', topic: '', txid, messageType: 65 }, 'done');
  judged({ kind: 'acknowledge', reason: 'unknown_type', topic: '', txid, messageType: 65 }, 'refused');
  assert.deepEqual(await lines('record_total'), [
    'record_total{record_type=""} 2',
    'record_total{record_type="V"} 1',
    'record_total{record_type="unmapped"} 1',
  ]);
  assert.deepEqual(await lines('record_size_bytes_total'), [
    `record_size_bytes_total{record_type="V"} ${payload.length}`,
  ]);
  assert.deepEqual(await lines('record_too_big_total'), ['record_too_big_total 1']);
  assert.deepEqual(await lines('unknown_message_type_error_total'), [
    'unknown_message_type_error_total{msg_type="A"} 2',
  ]);
});

test('FT-ACK-3 confirmations of the reliable source count by dispatcher, and whether they found their connection', async () => {
  const { ingest, lines } = counting({
    records: new Map([
      ['V', ['mqtt', 'file', 'logger']],
      ['alerts', ['file']],
    ]),
    reliableAckSources: new Map([['V', 'mqtt']]),
  });
  ingest.confirmed('V', true);
  ingest.confirmed('V', false);
  ingest.confirmed('made up', true);
  assert.deepEqual(await lines('reliable_ack'), ['reliable_ack{record_type="V",dispatcher="mqtt"} 1']);
  assert.deepEqual(await lines('reliable_ack_miss'), ['reliable_ack_miss{record_type="V",dispatcher="mqtt"} 1']);
  assert.deepEqual(await lines('mqtt_reliable_ack_total'), ['mqtt_reliable_ack_total{record_type="V"} 2']);
});

test('spec 8.1 the names of all dispatchers are registered, but that of the logger', () => {
  const { metrics } = counting({ records: new Map([['V', ['mqtt', 'file', 'logger']]]) });
  const names = metrics.describe().flatMap(({ name }) => (name.endsWith('_reliable_ack_total') ? [name] : []));
  assert.deepEqual(names, ['file_reliable_ack_total', 'mqtt_reliable_ack_total']);
});
