import type { DispatcherView } from './actors/dispatch/index.js';
import type { AppendLog } from './runtime/append-log/append-log.js';
import { type ActorSystem, keyOf, type Metrics, type Tally } from './runtime/index.js';

/** States of a dispatcher that delivers. */
const CONNECTED: ReadonlySet<string> = new Set(['ready', 'saturated', 'recovering', 'draining']);

/** What waits for each destination and what became of the rest, read when somebody collects. */
export function measureDispatchers(
  metrics: Metrics,
  views: () => readonly DispatcherView[],
  spool: AppendLog,
  lostLetters: (dispatcher: string) => number,
): void {
  const labels = ['dispatcher'] as const;
  const gauge = (name: string, help: string, value: (view: DispatcherView) => number): void => {
    metrics.gauge({
      name,
      help,
      labels,
      collect: (metric) => {
        for (const view of views()) metric.set({ dispatcher: view.name }, value(view));
      },
    });
  };
  const counter = (name: string, help: string, value: (view: DispatcherView) => number): void => {
    metrics.counter({
      name,
      help,
      labels,
      collect: (tell) => {
        for (const view of views()) tell({ dispatcher: view.name }, value(view));
      },
    });
  };
  counter('dispatcher_delivered_total', 'Records that the destination confirmed.', (view) => view.delivered);
  counter(
    'dispatcher_delivered_bytes_total',
    'Bytes of those, as they stood in the spool.',
    (view) => view.deliveredBytes,
  );
  counter(
    'dispatcher_refused_total',
    'Records that the destination will never take: dead letters.',
    (view) => view.refused,
  );
  gauge('dispatcher_connected', 'Whether the destination takes records; 0 while it is opened or away.', ({ state }) =>
    CONNECTED.has(state) ? 1 : 0,
  );
  gauge('dispatcher_pending_records', 'Records that wait in the spool.', (view) => view.pendingItems);
  gauge('dispatcher_pending_bytes', 'Bytes of those; see the bound of the spool.', (view) => view.pendingBytes);
  gauge('dispatcher_oldest_seconds', 'Age of the oldest record that waits.', (view) => (view.oldestAgeMs ?? 0) / 1000);
  metrics.counter({
    name: 'dispatcher_dropped_total',
    help: 'Records dropped at a bound of the spool, by that bound, and refused ones whose dead letters went at theirs (dead-letters).',
    labels: ['dispatcher', 'reason'],
    collect: (tell) => {
      for (const { name, droppedBy } of spool.readers) {
        for (const [bound, count] of Object.entries(droppedBy)) tell({ dispatcher: name, reason: bound }, count);
      }
      for (const { name } of views()) tell({ dispatcher: name, reason: 'dead-letters' }, lostLetters(name));
    },
  });
}

/** Counts the refused records of each dispatcher whose dead letters were deleted at the bound of those. */
export function countLostLetters(
  deadLetters: Pick<ActorSystem['deadLetters'], 'onDropped'>,
): (dispatcher: string) => number {
  const lost = new Map<string, number>();
  deadLetters.onDropped(({ address }) => {
    if (!address.startsWith('dispatcher/')) return;
    const name = keyOf(address);
    lost.set(name, (lost.get(name) ?? 0) + 1);
  });
  return (dispatcher) => lost.get(dispatcher) ?? 0;
}

/** Tells of a destination that cannot be reached or is lost. */
export function countFailures(metrics: Metrics): (dispatcher: string) => void {
  const failures = metrics.counter({
    name: 'dispatcher_failures_total',
    help: 'Times that a destination was lost or could not be reached.',
    labels: ['dispatcher'],
  });
  return (dispatcher) => failures.inc({ dispatcher });
}

/** Counts by the type of a record; its series are bound at their first use, so that counting allocates nothing. */
export function countByType(metrics: Metrics, name: string, help: string): (type: string, amount?: number) => void {
  const tallies = metrics.tallies({ name, help, labels: ['record_type'] });
  const bound = new Map<string, Tally>();
  return (type, amount = 1) => {
    let tally = bound.get(type);
    if (!tally) {
      tally = tallies.with({ record_type: type });
      bound.set(type, tally);
    }
    tally.add(amount);
  };
}

/** Dispatchers that tell themselves of each record that failed. */
const COUNT_THEMSELVES: ReadonlySet<string> = new Set(['redis']);

/**
 * Tells of a record that a dispatcher refused, or over which a delivery failed, for `<dispatcher>_err`: it is offered
 * again then, so one record may count more than once.
 */
export function countErrors(metrics: Metrics, dispatcher: string): (type: string) => void {
  if (COUNT_THEMSELVES.has(dispatcher)) return () => {};
  const name = `${dispatcher}_err`;
  const help = `Records that ${dispatcher} refused, and deliveries that failed, by the record over which they did.`;
  // The reference's has no label.
  if (dispatcher === 'kafka') {
    const errors = metrics.tallies({ name, help }).with({});
    return () => errors.inc();
  }
  return countByType(metrics, name, help);
}

/** Tells of what a destination confirmed, by the type of the record. */
function countPublished(metrics: Metrics, counted: { name: string; help: string; bytesHelp: string }) {
  const publications = countByType(metrics, counted.name, counted.help);
  const bytesPublished = countByType(metrics, `${counted.name}_bytes`, counted.bytesHelp);
  return (type: string, bytes: number): void => {
    publications(type);
    bytesPublished(type, bytes);
  };
}

/** Tells of a publication that the broker confirmed, by the type of its record. */
export function countPublications(metrics: Metrics): (type: string, bytes: number) => void {
  const help = 'Values that were published over MQTT.';
  return countPublished(metrics, { name: 'mqtt_publish_total', help, bytesHelp: 'Bytes of JSON of those.' });
}

/** Tells of publications that Redis confirmed, and of records that it did not take, by the type of the record. */
export function countRedisPublications(metrics: Metrics) {
  const help = 'Publications on channels of Redis.';
  return {
    onPublished: countPublished(metrics, { name: 'redis_publish_total', help, bytesHelp: 'Bytes of those.' }),
    onError: countByType(metrics, 'redis_err', 'Records that could not be published on Redis.'),
  };
}

/** Tells of the requests of the `http` dispatcher and of the records in those that were taken. */
export function countHttpRequests(metrics: Metrics) {
  const requests = metrics.counter({
    name: 'http_dispatch_requests_total',
    help: 'Requests of the http dispatcher by the hundreds of their status; none: without an answer.',
    labels: ['status'],
  });
  const bytesSent = metrics.counter({
    name: 'http_dispatch_sent_bytes_total',
    help: 'Bytes of the bodies that were answered, as they went over the wire.',
  });
  const help = 'Records in requests that were taken.';
  return {
    onRequest: (status: string, bytes: number): void => {
      requests.inc({ status });
      bytesSent.inc({}, bytes);
    },
    onPublished: countPublished(metrics, {
      name: 'http_publish_total',
      help,
      bytesHelp: 'Bytes of those before compression.',
    }),
  };
}

/** Tells of records that a dispatcher published, by their type: `NAME_publish_total` and its bytes. */
export function countTopicPublications(
  metrics: Metrics,
  { dispatcher, what }: { readonly dispatcher: string; readonly what: string },
): (type: string, bytes: number) => void {
  const name = `${dispatcher}_publish_total`;
  return countPublished(metrics, { name, help: `${what}.`, bytesHelp: 'Bytes of those.' });
}

/** Tells of the records that were handed to Kafka's client and those that were confirmed (FT-KAF-5). */
export function countKafkaRecords(metrics: Metrics, pendingItems: () => number) {
  const bytesHelp = 'Bytes of their payloads.';
  const help = 'Records that were sent to Kafka, repetitions included.';
  let underWay = 0;
  metrics.gauge({
    name: 'kafka_produce_queue_size',
    help: 'Records that Kafka has not confirmed: total, those of them that were sent (buffer), and confirmations not yet looked at (events), which do not wait here.',
    labels: ['type'],
    collect: (metric) => {
      metric.set({ type: 'total' }, pendingItems());
      metric.set({ type: 'buffer' }, underWay);
      metric.set({ type: 'events' }, 0);
    },
  });
  return {
    onProduced: countPublished(metrics, { name: 'kafka_produce_total', help, bytesHelp }),
    onAcked: countPublished(metrics, {
      name: 'kafka_produce_ack_total',
      help: 'Records that Kafka confirmed.',
      bytesHelp,
    }),
    onUnderWay: (change: number): void => {
      underWay += change;
    },
  };
}
