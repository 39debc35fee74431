import {
  createFileDispatcher,
  createHttpDispatcher,
  createKafkaDispatcher,
  createKinesisDispatcher,
  createLoggerDispatcher,
  createMqttDispatcher,
  createPubsubDispatcher,
  createRedisDispatcher,
  createZmqDispatcher,
  type Dispatcher,
  type DispatcherOptions,
  FILE_DEFAULTS,
  httpBatching,
  kafkaBatching,
  kinesisPacing,
  PUBSUB_PACING,
} from './actors/dispatch/index.js';
import { telemetryFormats } from './actors/telemetry/index.js';
import type { DispatcherLog } from './dispatcher-log.js';
import {
  countByType,
  countHttpRequests,
  countKafkaRecords,
  countPublications,
  countRedisPublications,
  countTopicPublications,
} from './dispatcher-metrics.js';
import type { DispatcherName, TelemetrySettings } from './protocols/fleet-telemetry/server-settings.js';
import { type Clock, FleetchartError, type Ids, type Logger, type Metrics } from './runtime/index.js';

export interface DestinationDeps {
  readonly settings: TelemetrySettings;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  /** What is said of dispatchers. */
  readonly log: DispatcherLog;
  readonly metrics: Metrics;
  /** How many records wait for it in the spool. */
  readonly pendingItems: () => number;
}

/** A destination by the name it has in `records`. */
export function createDestination(name: DispatcherName, deps: DestinationDeps): Dispatcher {
  const { settings, dataDir, clock, logger } = deps;
  const formats = telemetryFormats(settings);
  const { dispatchers } = settings;
  switch (name) {
    case 'logger':
      return createLoggerDispatcher({
        formats,
        // What vehicles say is what this destination is for: a signal may be named as a secret is.
        write: ({ level, message, fields }) => logger.verbatim(level, fields, message),
      });
    case 'file':
      return createFileDispatcher({
        ...FILE_DEFAULTS,
        ...dispatchers.file,
        dataDirectory: dataDir,
        dispatcher: name,
        formats,
        clock,
      });
    case 'kafka': {
      if (!dispatchers.kafka) throw new FleetchartError('DISPATCH_UNCONFIGURED', 'expected Kafka to be configured');
      return createKafkaDispatcher({
        ...dispatchers.kafka,
        formats,
        clock,
        random: () => deps.ids.uniform(),
        log: (fields) => logger.debug(fields, 'kafka_client'),
        ...countKafkaRecords(deps.metrics, deps.pendingItems),
      });
    }
    case 'mqtt': {
      if (!dispatchers.mqtt) throw new FleetchartError('DISPATCH_UNCONFIGURED', 'expected MQTT to be configured');
      return createMqttDispatcher({
        ...dispatchers.mqtt,
        formats,
        clock,
        onPublished: countPublications(deps.metrics),
      });
    }
    case 'redis': {
      if (!dispatchers.redis) throw new FleetchartError('DISPATCH_UNCONFIGURED', 'expected Redis to be configured');
      return createRedisDispatcher({ ...dispatchers.redis, formats, clock, ...countRedisPublications(deps.metrics) });
    }
    case 'kinesis': {
      if (!dispatchers.kinesis) throw new FleetchartError('DISPATCH_UNCONFIGURED', 'expected Kinesis to be configured');
      return createKinesisDispatcher({
        ...dispatchers.kinesis,
        formats,
        clock,
        onPublished: countTopicPublications(deps.metrics, { dispatcher: 'kinesis', what: 'Records put into streams' }),
        onPlaced: (record, place) => deps.log.placed(name, record, place),
      });
    }
    case 'pubsub': {
      if (!dispatchers.pubsub) throw new FleetchartError('DISPATCH_UNCONFIGURED', 'expected Pubsub to be configured');
      return createPubsubDispatcher({
        ...dispatchers.pubsub,
        formats,
        onPublished: countTopicPublications(deps.metrics, { dispatcher: 'pubsub', what: 'Messages on Pub/Sub topics' }),
        onTopic: (type, topic, isMade) => deps.log.topicFound(name, type, topic, isMade),
        onNotConnected: countByType(
          deps.metrics,
          'pubsub_not_connected_total',
          'Times that a topic of Pub/Sub could not be had.',
        ),
      });
    }
    case 'zmq': {
      if (!dispatchers.zmq) throw new FleetchartError('DISPATCH_UNCONFIGURED', 'expected ZMQ to be configured');
      return createZmqDispatcher({
        ...dispatchers.zmq,
        formats,
        clock,
        onPublished: countTopicPublications(deps.metrics, { dispatcher: 'zmq', what: 'Messages on the ZeroMQ socket' }),
        onEvent: ({ type, address, error }) =>
          logger.debug({ event_type: type, addr: address, value: error }, 'zmq_socket_event'),
        onDenied: ({ address, publicKey }) => logger.warn({ addr: address, client: publicKey }, 'zmq_client_denied'),
      });
    }
    case 'http': {
      if (!dispatchers.http) throw new FleetchartError('DISPATCH_UNCONFIGURED', 'expected http to be configured');
      return createHttpDispatcher({ ...dispatchers.http, formats, clock, ...countHttpRequests(deps.metrics) });
    }
  }
}

/** How long a destination may take, and how records are gathered for it, where that differs from the others. */
export function pacing(
  name: DispatcherName,
  { dispatchers: { kafka, mqtt, redis, kinesis, http } }: TelemetrySettings,
): Pick<DispatcherOptions, 'batch' | 'gather' | 'deliverTimeoutMs' | 'timing'> {
  if (name === 'kafka' && kafka) return kafkaBatching(kafka);
  // Longer than they wait by themselves, whose own errors say more.
  if (name === 'mqtt' && mqtt) {
    return {
      timing: { longestRetryMs: mqtt.connectRetryIntervalMs },
      deliverTimeoutMs: mqtt.publishTimeoutMs + 30_000,
    };
  }
  if (name === 'kinesis' && kinesis) return kinesisPacing(kinesis);
  if (name === 'pubsub') return PUBSUB_PACING;
  // Binding costs nothing, and whoever subscribes after a while should not wait for it.
  if (name === 'zmq') return { timing: { longestRetryMs: 2_000 } };
  // A record may have as many publications as subscribers.
  if (name === 'redis' && redis) return { deliverTimeoutMs: redis.publishTimeoutMs * 10 + 30_000 };
  return name === 'http' && http ? httpBatching(http) : {};
}
