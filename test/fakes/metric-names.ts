import { type DispatcherName, dispatcherNames } from '../../src/protocols/fleet-telemetry/server-settings.js';

/** A metric of the reference (section 8.1): its name, its type and its labels. */
export type MetricRow = readonly [name: string, type: 'counter' | 'gauge', labels: readonly string[]];

const byType = ['record_type'] as const;
const counters = (names: readonly string[], labels: readonly string[]): MetricRow[] =>
  names.map((name) => [name, 'counter', labels]);
const gauges = (names: readonly string[], labels: readonly string[]): MetricRow[] =>
  names.map((name) => [name, 'gauge', labels]);

/** What is there whatever is configured; `num_goroutine` is left out, as nothing here is like it. */
export const SERVER_METRICS: readonly MetricRow[] = [
  ...counters(['record_total', 'record_size_bytes_total', 'dispatch_total'], byType),
  ...counters(
    ['record_too_big_total', 'unauthorized_sender_id_total', 'unexpected_record_err_total', 'socket_err_total'],
    [],
  ),
  ...counters(['unknown_message_type_error_total'], ['msg_type']),
  ...counters(['rate_limit_exceeded_total'], ['device_id', 'txtype']),
  ...gauges(['signal_count'], byType),
  ...gauges(['vin_signal_count'], ['record_type', 'vin']),
  ...counters(['reliable_ack', 'reliable_ack_miss'], ['record_type', 'dispatcher']),
  ...gauges(['uptime_sec', 'num_connections'], []),
  ...gauges(['memory_allocated_bytes', 'memory_heap', 'memory_stack'], []),
  ...gauges(['gc_total_pause', 'gc_pause_per_second', 'gc_per_second'], []),
];

const published = (name: string): MetricRow[] =>
  counters(
    ['err', 'publish_total', 'publish_total_bytes', 'reliable_ack_total'].map((end) => `${name}_${end}`),
    byType,
  );

const ofDispatchers: Readonly<Record<string, readonly MetricRow[]>> = {
  kafka: [
    ...counters(
      [
        'kafka_produce_total',
        'kafka_produce_total_bytes',
        'kafka_produce_ack_total',
        'kafka_produce_ack_total_bytes',
        'kafka_reliable_ack_total',
      ],
      byType,
    ),
    ...counters(['kafka_err'], []),
    ...gauges(['kafka_produce_queue_size'], ['type']),
  ],
  kinesis: published('kinesis'),
  pubsub: [...counters(['pubsub_not_connected_total'], byType), ...published('pubsub')],
  zmq: published('zmq'),
  mqtt: published('mqtt'),
  redis: published('redis'),
};

/** What a dispatcher of the reference adds; nothing for our own, and for those that are not there. */
export function metricsOf(dispatcher: string): readonly MetricRow[] {
  return (dispatcherNames as readonly string[]).includes(dispatcher) ? (ofDispatchers[dispatcher] ?? []) : [];
}

/** The reference's dispatchers that are there. */
export const REFERENCE_DISPATCHERS = dispatcherNames.filter((name) => name in ofDispatchers) as DispatcherName[];
