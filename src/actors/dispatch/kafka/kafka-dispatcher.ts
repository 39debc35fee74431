/**
 * Records as messages in the topics of their types (section 5.1).
 *
 * Invariants
 * - KFD-1 A record is confirmed when the broker has answered for its partition, as `acks` asks.
 * - KFD-2 The batches of a topic follow each other, so that the records of a vehicle keep their order in its partition.
 * - KFD-3 A batch that is refused for a record in it is divided until that record stands alone; only it is refused.
 * - KFD-4 After any other failure the connection is given up: what it held is sent again from the spool, over the next.
 */
import type { KafkaDispatcherSettings } from '../../../protocols/fleet-telemetry/kafka-settings.js';
import type { Clock } from '../../../runtime/clock.js';
import type { FleetchartError } from '../../../runtime/errors.js';
import { byDestination, type Placed } from '../by-destination.js';
import type { Confirmation, Delivery, Dispatcher, RecordFormats } from '../dispatcher.js';
import type { DestinationOptions } from '../effects.js';
import { DispatchError, givenUp, notConnected } from '../errors.js';
import type { DispatcherTiming } from '../events.js';
import { formOf, reasonOf } from '../form.js';
import type { FleetRecord } from '../record.js';
import { type Fault, sendInRequests } from '../requests.js';
import { Settlement } from '../settlement.js';
import { Brokers } from './brokers.js';
import type { ClientLog } from './client.js';
import { checkCodec } from './codecs.js';
import { KafkaConnection, longestRequestMs } from './connection.js';
import { type Library, loadLibrary } from './library.js';
import { BATCH_BYTES, KafkaMessage } from './message.js';
import { tlsOptions } from './tls-options.js';
import { explain, verdictOf } from './verdict.js';

export interface KafkaDispatcherOptions extends KafkaDispatcherSettings {
  readonly formats: RecordFormats;
  readonly clock: Clock;
  /** Uniform in [0, 1), for records whose key does not decide the partition. */
  readonly random: () => number;
  /** Told what the client library says. */
  readonly log?: ClientLog;
  /** Told of each record that was handed to the library, repetitions included, with the bytes of its payload. */
  readonly onProduced?: (type: string, bytes: number) => void;
  /** Told of each record that Kafka confirmed. */
  readonly onAcked?: (type: string, bytes: number) => void;
  /** Told how many more records, or fewer, are with the library. */
  readonly onUnderWay?: (change: number) => void;
  /** Loads the client library. */
  readonly load?: () => Promise<Library>;
}

/**
 * Throws {@link DispatchError} `DISPATCH_KAFKA_TLS` if the files of TLS cannot be used, `DISPATCH_KAFKA_CODEC` if this
 * Node.js lacks the codec.
 */
export function createKafkaDispatcher(options: KafkaDispatcherOptions): Dispatcher {
  checkCodec(options.compression);
  if (options.tls) tlsOptions(options.tls);
  return new KafkaDispatcher(options);
}

const MARGIN_MS = 10_000;

/** How records are gathered for it, and how long it may take over them. */
export function kafkaBatching(settings: KafkaDispatcherSettings): Pick<
  DestinationOptions,
  'batch' | 'gather' | 'deliverTimeoutMs'
> & {
  readonly timing: Partial<DispatcherTiming>;
} {
  const { brokers, batchRecords, batchBytes, lingerMs, reconnectMs, longestReconnectMs } = settings;
  const batch = { items: batchRecords, bytes: batchBytes };
  return {
    batch,
    ...(lingerMs > 0 ? { gather: { ...batch, ms: lingerMs } } : {}),
    // Both longer than what they bound takes by itself, whose errors say more.
    deliverTimeoutMs: longestRequestMs(settings) + MARGIN_MS,
    timing: {
      connectTimeoutMs: (settings.connectTimeoutMs + settings.socketTimeoutMs) * brokers.length + MARGIN_MS,
      retryMs: Math.max(1, reconnectMs),
      longestRetryMs: Math.max(1, reconnectMs, longestReconnectMs),
    },
  };
}

class KafkaDispatcher implements Dispatcher {
  readonly kind = 'kafka';
  readonly confirmation: Confirmation;
  readonly window = 1;
  private readonly brokers: Brokers;
  private connection: KafkaConnection | undefined;
  /** By the topic: the most of one batch, which is less where one was too large. */
  private readonly limits = new Map<string, Limit>();
  /** Topics that deny access, and since when as the clock tells. */
  private readonly deniedSince = new Map<string, number>();

  constructor(private readonly options: KafkaDispatcherOptions) {
    this.confirmation = options.acks === 0 ? 'sent' : 'stored';
    this.brokers = new Brokers(options.brokers);
  }

  async connect(signal: AbortSignal): Promise<void> {
    this.connection?.drop();
    this.connection = undefined;
    this.limits.clear();
    const { clock, random, log = () => {}, load = loadLibrary } = this.options;
    const { brokers, options: settings } = this;
    this.connection = await KafkaConnection.open({ settings, brokers, clock, random, load, log }, signal);
  }

  async deliver(
    records: readonly FleetRecord[],
    signal: AbortSignal,
    progress: (delivery: Delivery) => void = () => {},
  ): Promise<Delivery> {
    const { connection } = this;
    if (records.length === 0) return { delivered: 0 };
    if (!connection) return notConnected();
    const settlement = new Settlement(records.length, progress);
    // Of the sending, as in the reference: by the time of the receipt what waited long would be deleted before it is read.
    const timestamp = String(this.options.clock.now());
    const topics = byDestination(records, settlement, (record, index) => this.place(record, index, timestamp));
    await Promise.all(
      [...topics].map(([topic, messages]) =>
        sendInRequests(messages, settlement, {
          most: this.limitOf(topic),
          send: async (batch) => {
            if (signal.aborted) throw givenUp();
            await this.produce(topic, batch, connection);
            settlement.settleAll(batch.map(({ index }) => index));
            return [];
          },
          judge: (error, batch) => this.judge(topic, error, batch),
        }),
      ),
    );
    const { outcome } = settlement;
    if (outcome.failure) {
      if (this.connection === connection) this.connection = undefined;
      connection.drop();
    }
    return outcome;
  }

  async close(deadlineMs: number): Promise<void> {
    const { connection } = this;
    this.connection = undefined;
    await connection?.end(deadlineMs);
  }

  /** Connections to brokers come and go while nothing is sent. */
  onLost(): () => void {
    return () => {};
  }

  /** A message for its topic; what has no form, or would never be taken, is refused. */
  private place(record: FleetRecord, index: number, timestamp: string): Placed<KafkaMessage> | string {
    const { formats, maxMessageBytes } = this.options;
    const form = formOf(formats.topic, record);
    if (!form.ok) return reasonOf(form.error);
    const attributes = formOf(formats.attributes, record);
    if (!attributes.ok) return reasonOf(attributes.error);
    const { topic, body } = form.value;
    const [key, value] = [Buffer.from(record.vehicle), Buffer.from(body.buffer, body.byteOffset, body.byteLength)];
    const message = new KafkaMessage(index, record.type, key, value, attributes.value, timestamp);
    const bytes = message.bytes + BATCH_BYTES;
    return bytes > maxMessageBytes ? this.tooLarge(bytes) : { destination: topic, entry: message };
  }

  /** FT-KAF-4. */
  private tooLarge(bytes: number): string {
    const { maxMessageBytes } = this.options;
    return `DISPATCH_KAFKA_REFUSED: ${bytes} bytes with key and headers, more than message.max.bytes (${maxMessageBytes})`;
  }

  private limitOf(topic: string): Limit {
    const { batchRecords, batchBytes } = this.options;
    const limit = this.limits.get(topic) ?? { entries: batchRecords, bytes: batchBytes - BATCH_BYTES };
    this.limits.set(topic, limit);
    return limit;
  }

  private async produce(topic: string, batch: readonly KafkaMessage[], connection: KafkaConnection): Promise<void> {
    const { onProduced, onAcked, onUnderWay } = this.options;
    for (const { type, value } of batch) onProduced?.(type, value.length);
    onUnderWay?.(batch.length);
    try {
      await connection.send(topic, batch);
    } finally {
      onUnderWay?.(-batch.length);
    }
    this.deniedSince.delete(topic);
    for (const { type, value } of batch) onAcked?.(type, value.length);
  }

  /** KFD-3. */
  private judge(topic: string, error: unknown, batch: readonly KafkaMessage[]): Fault | FleetchartError {
    const reason = `DISPATCH_KAFKA_REFUSED: ${explain(error, topic)}`;
    switch (verdictOf(error)) {
      case 'large':
        // One that stands alone is refused, and says nothing of the others.
        if (batch.length > 1) this.limitOf(topic).bytes = batch.reduce((sum, { bytes }) => sum + bytes, 0) / 2;
        return { of: 'record', reason };
      case 'record':
        return { of: 'record', reason };
      case 'topic':
        return { of: 'request', reason };
      case 'denied':
        return this.isDeniedForGood(topic) ? { of: 'request', reason } : failureOf(error, topic);
      case 'later':
        return failureOf(error, topic);
    }
  }

  /** A broker that has just started may not know yet who may do what. */
  private isDeniedForGood(topic: string): boolean {
    const { clock, refuseAfterMs } = this.options;
    const since = this.deniedSince.get(topic) ?? clock.monotonic();
    this.deniedSince.set(topic, since);
    return refuseAfterMs > 0 && clock.monotonic() - since >= refuseAfterMs;
  }
}

/** Of one batch, where its head is not counted. */
interface Limit {
  readonly entries: number;
  bytes: number;
}

function failureOf(error: unknown, topic: string): FleetchartError {
  if (error instanceof DispatchError) return error;
  const message = `kafka_err ${explain(error, topic)}`;
  return new DispatchError('DISPATCH_KAFKA_FAILED', message, { cause: error, retryable: true });
}
