import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DispatchError } from '../src/actors/dispatch/index.js';
import { DispatcherLog } from '../src/dispatcher-log.js';
import { countErrors, countLostLetters, countPublications } from '../src/dispatcher-metrics.js';
import { type ActorSystem, createLogger, ManualClock, Metrics } from '../src/runtime/index.js';

it('publications and their bytes are counted by the type of the record', async () => {
  const metrics = new Metrics();
  const published = countPublications(metrics);
  published('V', 10);
  published('V', 5);
  published('alerts', 7);
  const text = await metrics.text();
  assert.match(text, /^mqtt_publish_total\{record_type="V"\} 2$/m);
  assert.match(text, /^mqtt_publish_total_bytes\{record_type="V"\} 15$/m);
  assert.match(text, /^mqtt_publish_total_bytes\{record_type="alerts"\} 7$/m);
});

it('errors are counted by the type of the record, but for Kafka, whose have no label in the reference', async () => {
  const metrics = new Metrics();
  const mqtt = countErrors(metrics, 'mqtt');
  mqtt('V');
  mqtt('V');
  countErrors(metrics, 'kafka')('V');
  countErrors(metrics, 'redis')('V');
  const text = await metrics.text();
  assert.match(text, /^mqtt_err\{record_type="V"\} 2$/m);
  assert.match(text, /^kafka_err 1$/m);
  assert.doesNotMatch(text, /redis_err/, 'it tells itself');
});

it('SUP-7 refused records whose dead letters went at the bound are counted by their dispatcher', () => {
  const listeners: Parameters<ActorSystem['deadLetters']['onDropped']>[0][] = [];
  const lost = countLostLetters({ onDropped: (listener) => void listeners.push(listener) });
  for (const address of ['dispatcher/kafka', 'dispatcher/kafka', 'vehicle/kafka', 'dispatcher/mqtt']) {
    const letter = { id: '1', address, message: {}, error: { name: 'Error', message: 'why' }, attempts: 1, at: 0 };
    for (const listener of listeners) listener(letter);
  }
  assert.deepEqual([lost('kafka'), lost('mqtt'), lost('redis')], [2, 1, 0]);
});

it('a destination that recovers has one line, for each failure that was told', () => {
  const clock = new ManualClock();
  const lines: string[] = [];
  const logger = createLogger({ destination: { write: (line) => lines.push(line) } });
  const log = new DispatcherLog({ logger, clock, lines: 'own', errors: { report: () => {}, close: async () => {} } });
  const lost = new DispatchError('DISPATCH_REDIS_LOST', 'gone');
  log.confirmed('redis');
  log.failed('redis', lost);
  log.confirmed('mqtt');
  log.confirmed('redis');
  log.confirmed('redis');
  log.failed('redis', lost);
  log.confirmed('redis');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
    ['dispatcher_failed', 'dispatcher_recovered'],
    'a failure that is told by the count alone has no line at its end',
  );
});
