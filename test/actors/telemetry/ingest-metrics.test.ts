import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IngestBudget } from '../../../src/actors/telemetry/ingest-budget.js';
import { IngestMetrics } from '../../../src/actors/telemetry/ingest-metrics.js';
import type { LiveConnection } from '../../../src/actors/telemetry/live-connection.js';
import type { Verdict } from '../../../src/protocols/fleet-telemetry/index.js';
import { ManualClock, Metrics, silentLogger } from '../../../src/runtime/index.js';
import { connectionInput } from './inputs.js';

test('FT-RL-5 a vehicle cannot make up labels, whatever it calls its topics', async () => {
  const metrics = new Metrics();
  const settings = { signalCount: 'every', records: new Map([['V', ['file' as const]]]) } as const;
  const ingest = new IngestMetrics({
    metrics,
    logger: silentLogger(),
    clock: new ManualClock(1_000_000),
    settings,
    budget: new IngestBudget(1),
    connections: () => 1,
    isDegraded: () => false,
  });
  const connection = { input: connectionInput() } as LiveConnection;
  for (const topic of ['V', 'made up', 'another', 'V']) {
    const verdict = { kind: 'acknowledge', reason: 'unmapped_topic', isOverLimit: true, topic, messageType: 4 };
    ingest.judged(connection, verdict as Verdict, 'done');
  }
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('rate_limit_exceeded_total'));
  assert.deepEqual(lines.sort(), [
    'rate_limit_exceeded_total{record_type="V"} 2',
    'rate_limit_exceeded_total{record_type="unmapped"} 2',
  ]);
});
