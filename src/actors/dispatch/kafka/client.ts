import type { ConnectionOptions } from 'node:tls';
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import type { KafkaDispatcherSettings } from '../../../protocols/fleet-telemetry/kafka-settings.js';
import type { Library } from './library.js';
import type { Sockets } from './sockets.js';

/** What the library says about itself. */
export type ClientLog = (fields: Readonly<Record<string, unknown>>) => void;

/**
 * What is left of a session when the library authenticates anew, where brokers end sessions (connections.max.reauth.ms).
 * By itself it does so 10 s before the end: with each request of a session that is shorter, which brokers do not take.
 */
const SESSION_REST_MS = 2_000;

/** The library's configuration, for one broker to ask first. */
export function clientConfig(
  settings: KafkaDispatcherSettings,
  broker: string,
  tls: ConnectionOptions | undefined,
  { logLevel }: Library,
  sockets: Sockets,
  log: ClientLog,
): KafkaConfig {
  const { sasl, connectTimeoutMs, retryMs, longestRetryMs } = settings;
  return {
    brokers: [broker],
    clientId: settings.clientId,
    ...(tls ? { ssl: tls } : {}),
    ...(sasl ? { sasl: { ...sasl } as SASLOptions } : {}),
    connectionTimeout: connectTimeoutMs,
    authenticationTimeout: connectTimeoutMs,
    reauthenticationThreshold: SESSION_REST_MS,
    requestTimeout: settings.socketTimeoutMs,
    // A second try would take a broker that accepted and did not answer for one that is there.
    retry: { retries: 0, initialRetryTime: retryMs, maxRetryTime: Math.max(retryMs, longestRetryMs) },
    socketFactory: (args) => sockets.open(args),
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log: { message, timestamp: _time, logger: _logger, stack: _stack, ...facts } }) =>
        log({ ...facts, part: namespace, said: message }),
  };
}
