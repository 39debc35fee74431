/**
 * One connection to a broker, used once: lost, it is thrown away with all that it may still hold, so that nothing is
 * sent later behind the back of the outbox.
 *
 * Invariants
 * - LC-1 Messages are handed over in order; one of QoS 1 is acknowledged when `take` has resolved, in order, too.
 * - LC-2 One that cannot be taken ends the connection unacknowledged: the broker sends it again.
 * - LC-3 No message holds up the packets behind it, neither the answers to pings nor the broker's acknowledgements.
 * - LC-4 All subscriptions are on the wire before the first message is handed over, and before any publication.
 * - LC-5 A publication that the broker has and does not acknowledge ends the connection, so that none waits for ever.
 */
import { Socket } from 'node:net';
import type { IClientOptions, IPublishPacket, MqttClient } from 'mqtt';
import { shownUrl } from '../../protocols/fleet-telemetry/broker-url.js';
import { connectFailure } from '../../protocols/mqtt/index.js';
import { type Clock, pause, type TimerHandle } from '../../runtime/index.js';
import { LinkError } from './errors.js';
import type { PublishOutput, SubscribeOutput, Subscription } from './options.js';

export interface ConnectionOptions {
  readonly url: URL;
  readonly client: IClientOptions;
  readonly subscriptions: readonly Pick<Subscription, 'filter' | 'qos'>[];
  /** The broker has accepted the client, and knows it from before or not. */
  readonly accepted: (sessionPresent: boolean) => void;
  /** One with a packet id is acknowledged when this has resolved. */
  readonly take: (packet: IPublishPacket) => Promise<void>;
  readonly clock: Clock;
  /** For the broker to acknowledge a publication. */
  readonly acknowledgeTimeoutMs: number;
}

export class LinkConnection {
  private lostBecause: LinkError | undefined;
  private lastError: Error | undefined;
  private upSince = 0;
  private isEnding = false;
  private isEndedByBroker = false;
  /** Settles when the last message is acknowledged. */
  private acknowledged: Promise<unknown> = Promise.resolve();
  /** Publications handed over, and the last of them that was acknowledged. */
  private published = 0;
  private lastAcknowledged = 0;
  private readonly lossListeners = new Set<(error: LinkError) => void>();

  private constructor(
    private readonly mqtt: MqttClient,
    private readonly options: ConnectionOptions,
  ) {
    mqtt.on('error', (error) => {
      this.lastError = error;
    });
    mqtt.on('close', () => {
      this.isEndedByBroker = !this.isEnding && !this.lostBecause && isEndOfPeer(this.lastError);
      this.lose(this.reason('MQTT_LOST', 'lost the connection to'));
    });
    // The client acknowledges at the end of its packet handler, which it waits in: it is told that there is nothing to
    // acknowledge (LC-3).
    mqtt.on('packetreceive', (packet) => {
      if (packet.cmd === 'publish' && packet.qos === 1) packet.qos = 0;
    });
    mqtt.handleMessage = (packet, done) => {
      if (this.lostBecause) return;
      const { messageId } = packet;
      const taken = options.take(packet);
      this.acknowledged = Promise.all([this.acknowledged, taken]).then(
        () => {
          if (messageId !== undefined && !this.lostBecause) mqtt.stream.write(pubackOf(messageId));
        },
        (error: unknown) => this.drop(asLinkError(error)),
      );
      done();
    };
  }

  /** Resolves when the broker has accepted the client and all subscriptions. */
  static async open(options: ConnectionOptions, signal: AbortSignal): Promise<LinkConnection> {
    const { connect } = await import('mqtt');
    if (signal.aborted) throw givenUp();
    const mqtt = connect(options.url.href, options.client);
    const connection = new LinkConnection(mqtt, options);
    const giveUp = (): void => connection.drop(givenUp());
    signal.addEventListener('abort', giveUp);
    try {
      await new Promise<void>((resolve, reject) => {
        mqtt.once('connect', ({ sessionPresent }) => {
          // A small packet would wait until the broker's system has acknowledged the one before, for up to 40 ms.
          if (mqtt.stream instanceof Socket) mqtt.stream.setNoDelay(true);
          options.accepted(sessionPresent);
          connection.subscribe(options.subscriptions).then(resolve, reject);
        });
        connection.onLost((error) =>
          reject(error.code === 'MQTT_LOST' ? connection.reason('MQTT_UNREACHABLE', 'cannot connect to') : error),
        );
      });
      connection.upSince = options.clock.monotonic();
      return connection;
    } catch (error) {
      connection.drop(asLinkError(error));
      throw error;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  get isUp(): boolean {
    return this.lostBecause === undefined && this.mqtt.connected;
  }

  /** It was up and the broker ended it, which says nothing of the network or of a time-out. */
  get wasEndedByBroker(): boolean {
    return this.isEndedByBroker;
  }

  /** Waits until it has been up for so long; false if it was lost before. Rejects when told to give up. */
  async hasLasted(ms: number, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.options;
    const end = new AbortController();
    const ignoreLoss = this.onLost(() => end.abort());
    try {
      await pause(clock, this.upSince + ms - clock.monotonic(), AbortSignal.any([end.signal, signal]));
    } catch {
      if (signal.aborted) throw givenUp();
    } finally {
      ignoreLoss();
    }
    return this.isUp;
  }

  /** Resolves when it is lost. */
  lost(): Promise<LinkError> {
    return new Promise((resolve) => this.onLost(resolve));
  }

  /** At once if it is lost already. Returns how to stop listening. */
  onLost(callback: (error: LinkError) => void): () => void {
    if (this.lostBecause) {
      callback(this.lostBecause);
      return () => {};
    }
    this.lossListeners.add(callback);
    return () => this.lossListeners.delete(callback);
  }

  /**
   * Resolves when the broker has acknowledged it, for QoS 0 when it is written; rejects if the connection is lost. The
   * one whose acknowledgement has been waited for too long ends the connection itself: with `MQTT_UNACKNOWLEDGED`, or
   * `MQTT_PASSED_OVER` if the broker has acknowledged a later one.
   */
  publish({ topic, payload, qos, retain }: PublishOutput): Promise<void> {
    const number = ++this.published;
    return new Promise((resolve, reject) => {
      const ignoreLoss = this.onLost(reject);
      const giveUp = (): void => {
        ignoreLoss();
        const error = this.unacknowledged('MQTT_UNACKNOWLEDGED');
        reject(this.lastAcknowledged > number ? this.unacknowledged('MQTT_PASSED_OVER') : error);
        this.drop(error);
      };
      const ignoreSilence = qos === 0 ? () => {} : this.onSilence(giveUp);
      this.onLost(ignoreSilence);
      const body = typeof payload === 'string' ? payload : Buffer.from(payload);
      this.mqtt.publish(topic, body, { qos, retain }, (error) => {
        ignoreLoss();
        ignoreSilence();
        this.lossListeners.delete(ignoreSilence);
        if (!error && qos === 1) this.lastAcknowledged = Math.max(this.lastAcknowledged, number);
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /**
   * Changes what the broker sends; resolves when it has answered, or the connection is lost. A broker that refuses, or
   * does not answer in its time, is left.
   */
  async change({ type, filter }: SubscribeOutput): Promise<void> {
    let ignoreLoss = (): unknown => undefined;
    const lost = new Promise<void>((resolve) => {
      ignoreLoss = this.onLost(() => resolve());
    });
    const ignoreSilence = this.onSilence(() => this.drop(this.unacknowledged('MQTT_UNACKNOWLEDGED', 'a subscription')));
    try {
      const isNew = type === 'mqtt.subscribe';
      await Promise.race([isNew ? this.subscribe([{ filter, qos: 1 }]) : this.mqtt.unsubscribeAsync(filter), lost]);
    } catch (error) {
      this.drop(asLinkError(error));
    } finally {
      ignoreSilence();
      ignoreLoss();
    }
  }

  /** Ends it with a DISCONNECT, or hard after `deadlineMs`. */
  async end(deadlineMs: number): Promise<void> {
    const { clock } = this.options;
    this.isEnding = true;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, deadlineMs);
      this.mqtt.end(false, {}, () => {
        clock.clearTimeout(timer);
        resolve();
      });
    });
    this.drop(givenUp());
  }

  /** Ends it hard. */
  drop(reason: LinkError): void {
    this.lose(reason);
    // A second forced end still destroys the stream that an orderly end is waiting on.
    this.mqtt.end(true);
    this.mqtt.stream?.destroy();
  }

  /** After the time that the broker has for an acknowledgement; more while it is still taking what was written. */
  private onSilence(callback: () => void): () => void {
    const { clock, acknowledgeTimeoutMs } = this.options;
    let left = Number.POSITIVE_INFINITY;
    let timer: TimerHandle;
    const check = (): void => {
      const now = this.mqtt.stream.writableLength;
      const isTaking = now > 0 && now < left;
      left = now;
      if (isTaking) timer = clock.setTimeout(check, acknowledgeTimeoutMs);
      else callback();
    };
    timer = clock.setTimeout(check, acknowledgeTimeoutMs);
    return () => clock.clearTimeout(timer);
  }

  private unacknowledged(code: 'MQTT_UNACKNOWLEDGED' | 'MQTT_PASSED_OVER', what = 'a publication'): LinkError {
    const { url, acknowledgeTimeoutMs } = this.options;
    const detail = `${shownUrl(url)} did not acknowledge ${what} within ${acknowledgeTimeoutMs} ms`;
    return new LinkError(code, detail, { retryable: true });
  }

  /** Resolves when the broker has accepted all; throws `MQTT_SUBSCRIPTION_REFUSED`. */
  private async subscribe(subscriptions: ConnectionOptions['subscriptions']): Promise<void> {
    await Promise.all(
      subscriptions.map(async ({ filter, qos }) => {
        try {
          await this.mqtt.subscribeAsync(filter, { qos });
        } catch (error) {
          const detail = `the broker refuses the subscription to ${filter}: check its access list`;
          throw new LinkError('MQTT_SUBSCRIPTION_REFUSED', detail, { cause: error, retryable: true });
        }
      }),
    );
  }

  private lose(error: LinkError): void {
    if (this.lostBecause) return;
    this.lostBecause = error;
    for (const callback of [...this.lossListeners]) callback(error);
    this.lossListeners.clear();
  }

  private reason(code: string, what: string): LinkError {
    const advice = this.lastError ? `: ${connectFailure(this.lastError)}` : '';
    return new LinkError(code, `${what} ${shownUrl(this.options.url)}${advice}`, {
      retryable: true,
      ...(this.lastError ? { cause: this.lastError } : {}),
    });
  }
}

/** What the system says, if anything, of a connection that the other side has closed. */
const ENDS_OF_PEER: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE']);
const isEndOfPeer = (error: Error | undefined): boolean =>
  error === undefined || ENDS_OF_PEER.has((error as NodeJS.ErrnoException).code);

/** MQTT 3.1.1, 3.4. */
const pubackOf = (messageId: number): Buffer => Buffer.from([0x40, 2, messageId >> 8, messageId & 0xff]);

const givenUp = (): LinkError => new LinkError('MQTT_ABORTED', 'given up');

/** Any error as one of a link. */
export function asLinkError(error: unknown): LinkError {
  if (error instanceof LinkError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new LinkError('MQTT_LOST', `gave up the connection: ${detail}`, { cause: error, retryable: true });
}
