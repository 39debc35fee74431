/**
 * The client library, loaded when a dispatcher first connects. It keeps nothing for later: that is the business of the
 * spool.
 */
import type { ConnectionOptions } from 'node:tls';
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import type { KafkaDispatcherSettings } from '../../../protocols/fleet-telemetry/kafka-settings.js';
import type { ClientPackage } from '../client-package.js';
import type { Sockets } from './sockets.js';

export type Library = Pick<typeof import('kafkajs'), 'Kafka' | 'logLevel' | 'CompressionTypes'>;

/** What the library says about itself. */
export type ClientLog = (fields: Readonly<Record<string, unknown>>) => void;

/** By what an operator has to type. */
export const KAFKAJS: ClientPackage = { dispatcher: 'kafka', name: 'kafkajs', major: 2 };

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
    ...(sasl ? { sasl: saslOf(sasl) } : {}),
    connectionTimeout: connectTimeoutMs,
    authenticationTimeout: connectTimeoutMs,
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

function saslOf({ mechanism, username, password }: NonNullable<KafkaDispatcherSettings['sasl']>): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
  }
}
