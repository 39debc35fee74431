/**
 * Records as MQTT publications (section 5.2).
 *
 * Invariants
 * - MQD-1 A record is confirmed when all its publications are, over a connection that was up all the while (FT-MQ-11).
 * - MQD-2 Publications leave in the order of the records and of their messages.
 * - MQD-3 A connection on which a publication failed or timed out is given up: what it held is sent again from the
 *   spool, over the next one.
 */

import { brokerUrl } from '../../../protocols/fleet-telemetry/broker-url.js';
import type { Clock } from '../../../runtime/clock.js';
import type { FleetchartError } from '../../../runtime/errors.js';
import { CurrentConnection } from '../current-connection.js';
import type { Delivery, Dispatcher, RecordFormats } from '../dispatcher.js';
import { DispatchError } from '../errors.js';
import type { FleetRecord } from '../record.js';
import { Batch } from './batch.js';
import { BrokerConnection, type ConnectionOptions } from './connection.js';

export interface MqttDispatcherOptions {
  /** `host:port`, `:port`, or a URL with tcp, ssl, tls, mqtt, mqtts, ws or wss (FT-MQ-1). */
  readonly broker: string;
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string;
  /** What topics begin with, without a trailing slash. */
  readonly topicBase: string;
  /** 1 or 2 for a reliable source (FT-MQ-11). @default 0 */
  readonly qos?: 0 | 1 | 2;
  /** @default false */
  readonly retained?: boolean;
  /** @default 30000 */
  readonly connectTimeoutMs?: number;
  /** For all publications of one record together (FT-MQ-10). @default 2500 */
  readonly publishTimeoutMs?: number;
  /** For an orderly end. @default 250 */
  readonly disconnectTimeoutMs?: number;
  /** @default 30 */
  readonly keepAliveS?: number;
  /** Larger PUBLISH packets, fixed header included, are refused rather than sent to a broker that would drop the connection. @default 1 MiB */
  readonly maxMessageBytes?: number;
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string;
  readonly formats: RecordFormats;
  readonly clock: Clock;
  /** Told of each confirmed publication, for `mqtt_publish_total` and its bytes. */
  readonly onPublished?: (type: string, bytes: number) => void;
}

/** Throws {@link DispatchError} `DISPATCH_BROKER_INVALID` for an address that is none. */
export function createMqttDispatcher(options: MqttDispatcherOptions): Dispatcher {
  return new MqttDispatcher(options);
}

class MqttDispatcher implements Dispatcher {
  readonly kind = 'mqtt';
  readonly blamable = true;
  readonly confirmation;
  readonly window = 2;
  private readonly connectionOptions: ConnectionOptions;
  private readonly current = new CurrentConnection<BrokerConnection>();
  /** Batches are written one after another (MQD-2); their confirmations overlap. */
  private writing: Promise<unknown> = Promise.resolve();
  /** The batch before has an outcome. */
  private settled: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: MqttDispatcherOptions) {
    const url = brokerUrl(options.broker);
    if (!url.ok) throw new DispatchError('DISPATCH_BROKER_INVALID', `the address of the broker: ${url.error.detail}`);
    const { clientId, username, password, ca, clock, qos = 0 } = options;
    this.confirmation = qos === 0 ? ('sent' as const) : ('stored' as const);
    this.connectionOptions = {
      url: url.value,
      qos,
      retained: options.retained ?? false,
      // Brokers take few unfinished QoS 2 publications (20 by default in mosquitto) and drop the rest.
      window: qos === 2 ? 20 : 500,
      clock,
      client: {
        protocolVersion: 4,
        clean: true,
        reconnectPeriod: 0,
        queueQoSZero: false,
        resubscribe: false,
        connectTimeout: options.connectTimeoutMs ?? 30_000,
        keepalive: options.keepAliveS ?? 30,
        clientId: clientId ?? '',
        ...(username ? { username } : {}),
        ...(password ? { password } : {}),
        ...(ca ? { ca } : {}),
      },
    };
  }

  connect(signal: AbortSignal): Promise<void> {
    return this.current.replace(() => BrokerConnection.open(this.connectionOptions, signal));
  }

  deliver(
    records: readonly FleetRecord[],
    _signal: AbortSignal,
    progress: (delivery: Delivery) => void = () => {},
  ): Promise<Delivery> {
    return this.current.deliver((connection) => {
      const batch = new Batch(records, connection, { ...this.options, progress });
      void this.settled.then(() => batch.watch());
      this.settled = batch.outcome;
      this.writing = this.writing.then(() => batch.write());
      return batch.outcome;
    });
  }

  close(deadlineMs: number): Promise<void> {
    return this.current.end(Math.min(deadlineMs, this.options.disconnectTimeoutMs ?? 250));
  }

  onLost(callback: (error: FleetchartError) => void): () => void {
    return this.current.onLost(callback);
  }
}
