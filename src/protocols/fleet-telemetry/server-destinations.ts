import { topicName } from './redis-channels.js';
import { streamOf } from './server-kinesis.js';
import { type ServerConfig, serverDefaults } from './server-settings.js';

type Environment = Readonly<Record<string, string | undefined>>;
type Where = (topic: string, config: ServerConfig, environment: Environment) => string;

const NO_SECTION = 'not configured';

const topicIn = ({ namespace = '' }: ServerConfig, topic: string): string => topicName(namespace, topic);

const DESTINATIONS: Readonly<Record<string, Where>> = {
  logger: () => 'lines record_payload of the log',
  file: (_topic, { fleetchart }) => {
    const { directory, format } = { ...serverDefaults.file, ...fleetchart?.file };
    return `files of ${format} in ${directory} below the data directory`;
  },
  mqtt: (topic, { mqtt }) =>
    mqtt
      ? `${mqtt.topic_base ?? ''}/VIN/${topic === 'V' ? 'v/FIELD' : topic} at ${withoutUser(mqtt.broker)}, QoS ${mqtt.qos ?? 0}`
      : NO_SECTION,
  redis: (topic, config) => {
    const { redis } = config;
    if (!redis) return NO_SECTION;
    const channel = `${topicIn(config, topic)}_{VIN}`;
    const ways = [
      ...(redis.publish_vin_topics ? [`channel ${channel}`] : []),
      ...(redis.subscriber_set_prefix ? [`the channels in ${redis.subscriber_set_prefix}_${channel}`] : []),
    ];
    return `${ways.join(' and ') || 'nowhere'} at ${(redis.addrs ?? []).map(withoutUser).join(', ')}`;
  },
  http: (_topic, { fleetchart }) =>
    fleetchart?.http?.url ? `posted to ${withoutUser(fleetchart.http.url)}` : NO_SECTION,
  kafka: (topic, config) => `topic ${topicIn(config, topic)}, key VIN`,
  pubsub: (topic, config) => `topic ${topicIn(config, topic)}`,
  zmq: (topic, config) => `frame ${topicIn(config, topic)}`,
  kinesis: (topic, config, environment) => `stream ${streamOf(topic, config, environment)}, partition key VIN`,
};

/** Where a dispatcher brings the records of a topic, in words. */
export function destinationOf(
  dispatcher: string,
  topic: string,
  config: ServerConfig,
  environment: Environment,
): string {
  const where = Object.hasOwn(DESTINATIONS, dispatcher) ? DESTINATIONS[dispatcher] : undefined;
  return where?.(topic, config, environment) ?? 'unknown';
}

/** In an address there may be a password. */
const withoutUser = (address = ''): string => address.replace(/[^/@]*@/g, '');
