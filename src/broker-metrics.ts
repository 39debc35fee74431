import type { BrokerRefusal, BrokerStats } from './actors/mqtt/index.js';
import { type Clock, type Logger, type Metrics, Refusals } from './runtime/index.js';

/** What the embedded broker carries and what it had to drop, read when somebody collects. */
export function measureBroker(metrics: Metrics, stats: () => BrokerStats): void {
  const gauge = (name: string, help: string, value: (stats: BrokerStats) => number): void => {
    metrics.gauge({ name, help, collect: (metric) => metric.set(value(stats())) });
  };
  gauge('mqtt_broker_connections', 'Clients of the embedded broker.', ({ connections }) => connections);
  gauge(
    'mqtt_broker_queued_messages',
    'Messages kept for clients that are away.',
    ({ queuedMessages }) => queuedMessages,
  );
  gauge('mqtt_broker_queued_bytes', 'Bytes of those.', ({ queuedBytes }) => queuedBytes);
  gauge('mqtt_broker_sessions', 'Persistent sessions.', ({ sessions }) => sessions);
  gauge('mqtt_broker_retained_messages', 'Retained messages.', ({ retainedMessages }) => retainedMessages);
  gauge(
    'mqtt_broker_sessions_expired_total',
    'Sessions that ended because of their age or of newer ones.',
    ({ sessionsExpired }) => sessionsExpired,
  );
  gauge(
    'mqtt_broker_dropped_total',
    "Messages lost at the bound of a client's queue.",
    ({ droppedMessages }) => droppedMessages,
  );
  gauge(
    'mqtt_broker_shed_total',
    'Publications of clients at QoS 0 that were dropped under overload.',
    ({ shedMessages }) => shedMessages,
  );
}

/** Counts what the embedded broker refuses, and logs it once per peer and reason a minute. */
export function brokerRefusals(deps: {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'monotonic'>;
}): (refusal: BrokerRefusal) => void {
  const refusals = new Refusals({ boundary: 'mqtt', ...deps });
  // A client names itself as it likes, so it is known by its address alone.
  return ({ reason, remoteAddress, clientId, detail }) =>
    refusals.refuse(remoteAddress ?? 'unknown', reason, { clientId: cut(clientId), detail: cut(detail) });
}

/** Topics and client ids may have 65,535 bytes. */
const LONGEST_TEXT = 256;

const cut = (text: string | null): string | null => text?.slice(0, LONGEST_TEXT) ?? null;
