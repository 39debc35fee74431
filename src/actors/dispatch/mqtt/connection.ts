/**
 * One connection to a broker, used once: lost, it is thrown away with all that it may still hold, so that nothing is
 * sent later behind the back of the spool (FT-MQ-11).
 */
import type { IClientOptions, MqttClient } from 'mqtt';
import { shownUrl } from '../../../protocols/fleet-telemetry/broker-url.js';
import { connectFailure } from '../../../protocols/mqtt/index.js';
import type { Clock } from '../../../runtime/clock.js';
import { within } from '../../../runtime/wait.js';
import { DispatchError, givenUp } from '../errors.js';
import { unlessAborted } from '../unless-aborted.js';

export interface ConnectionOptions {
  readonly url: URL;
  readonly client: IClientOptions;
  readonly qos: 0 | 1 | 2;
  readonly retained: boolean;
  /** Publications that wait for their confirmation at once. */
  readonly window: number;
  readonly clock: Clock;
}

export class BrokerConnection {
  private unconfirmed = 0;
  private readonly waiting: (() => void)[] = [];
  private lostBecause: DispatchError | undefined;
  private lastError: Error | undefined;
  private readonly lossListeners = new Set<(error: DispatchError) => void>();

  private constructor(
    private readonly mqtt: MqttClient,
    private readonly options: ConnectionOptions,
  ) {
    mqtt.on('error', (error) => {
      this.lastError = error;
    });
    mqtt.on('close', () => this.lose(this.reason('DISPATCH_MQTT_LOST', 'lost the connection to')));
  }

  /** Resolves when the broker has accepted the client; rejects with what to do about it if it does not. */
  static async open(options: ConnectionOptions, signal: AbortSignal): Promise<BrokerConnection> {
    // Only a hub that has such a dispatcher pays for the client.
    const { connect } = await import('mqtt');
    if (signal.aborted) throw givenUp();
    const mqtt = connect(options.url.href, options.client);
    const connection = new BrokerConnection(mqtt, options);
    const accepted = new Promise<void>((resolve, reject) => {
      mqtt.once('connect', () => resolve());
      connection.onLost(() => reject(connection.reason('DISPATCH_MQTT_UNREACHABLE', 'cannot connect to')));
    });
    try {
      await unlessAborted(accepted, signal);
      return connection;
    } catch (error) {
      connection.drop();
      throw error;
    }
  }

  get isUp(): boolean {
    return this.lostBecause === undefined && this.mqtt.connected;
  }

  /** At once if it is lost already. Returns how to stop listening. */
  onLost(callback: (error: DispatchError) => void): () => void {
    if (this.lostBecause) {
      callback(this.lostBecause);
      return () => {};
    }
    this.lossListeners.add(callback);
    return () => this.lossListeners.delete(callback);
  }

  /** Resolves when there is room for another publication; rejects if the connection is lost before. */
  async room(): Promise<void> {
    while (this.isUp && this.unconfirmed >= this.options.window) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    if (!this.isUp) throw this.lostBecause ?? this.reason('DISPATCH_MQTT_LOST', 'lost the connection to');
  }

  /**
   * Sends a publication at once and calls back when the broker has confirmed it; for QoS 0 when it was written to a
   * connection that was still up. It does not call back for a connection that was lost.
   */
  publish(topic: string, body: string, done: (error: Error | undefined) => void): void {
    const { qos, retained } = this.options;
    this.unconfirmed++;
    this.mqtt.publish(topic, body, { qos, retain: retained }, (error) => {
      this.unconfirmed--;
      this.waiting.shift()?.();
      if (this.isUp) done(error ?? undefined);
    });
  }

  /** Ends it with a DISCONNECT once nothing is unconfirmed, or hard after `deadlineMs`. */
  async end(deadlineMs: number): Promise<void> {
    const ended = new Promise<void>((resolve) => this.mqtt.end(false, {}, () => resolve()));
    await within(this.options.clock, ended, deadlineMs);
    this.drop();
  }

  /** Ends it hard; what waits for a confirmation fails. */
  drop(): void {
    this.lose(new DispatchError('DISPATCH_MQTT_LOST', 'the connection was given up'));
    // A second forced end still destroys the stream that an orderly end is waiting on.
    this.mqtt.end(true);
    this.mqtt.stream?.destroy();
  }

  private lose(error: DispatchError): void {
    if (this.lostBecause) return;
    this.lostBecause = error;
    for (const resolve of this.waiting.splice(0)) resolve();
    for (const callback of [...this.lossListeners]) callback(error);
    this.lossListeners.clear();
  }

  private reason(code: string, what: string): DispatchError {
    const advice = this.lastError
      ? `: ${connectFailure(this.lastError)}`
      : code === 'DISPATCH_MQTT_LOST'
        ? SEE_ITS_LOG
        : '';
    return new DispatchError(code, `${what} ${shownUrl(this.options.url)}${advice}`, {
      retryable: true,
      ...(this.lastError ? { cause: this.lastError } : {}),
    });
  }
}

/** What to do about an end without a word. */
const SEE_ITS_LOG = '; it is made again, and the log of the broker says why it ended';
