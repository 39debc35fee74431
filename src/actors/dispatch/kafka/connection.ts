/**
 * One producer of the client library, used once: after a failure it is thrown away with all that it may still hold.
 *
 * Invariants
 * - KFC-1 A batch is sent when each partition that it has records for has confirmed its part; the library passes over a
 *   partition whose leader has changed to a broker that has already answered.
 * - KFC-2 The partition of a message is chosen once, however often the library asks.
 * - KFC-3 Nothing is sent after {@link KafkaConnection.drop}.
 * - KFC-4 Where nobody confirms, a batch is sent when the system has taken it: what the brokers do not take stays in
 *   the spool and not in the memory of the process.
 */
import type { ICustomPartitioner, Producer, RecordMetadata } from 'kafkajs';
import type { KafkaDispatcherSettings } from '../../../protocols/fleet-telemetry/kafka-settings.js';
import type { Clock } from '../../../runtime/clock.js';
import { within } from '../../../runtime/wait.js';
import { CLIENT_PACKAGES, loadPackage } from '../client-package.js';
import { DispatchError, givenUp } from '../errors.js';
import { unlessAborted } from '../unless-aborted.js';
import type { Brokers } from './brokers.js';
import { type ClientLog, clientConfig } from './client.js';
import { CODECS, useCodec } from './codecs.js';
import type { Library } from './library.js';
import type { KafkaMessage } from './message.js';
import { partitionOf } from './partition.js';
import { Sockets } from './sockets.js';
import { tlsOptions } from './tls-options.js';
import { explain } from './verdict.js';

export interface ConnectionOptions {
  readonly settings: KafkaDispatcherSettings;
  readonly brokers: Brokers;
  readonly clock: Clock;
  /** Uniform in [0, 1), for the partition of records whose key does not decide it. */
  readonly random: () => number;
  readonly load: () => Promise<Library>;
  readonly log: ClientLog;
}

/** Of one request on one connection before it is opened anew; a new leader is found within them. */
const REPETITIONS = 2;
/** The library counts on more of them where batches are numbered. */
const NUMBERED_REPETITIONS = 5;

const repetitionsOf = ({ idempotent }: KafkaDispatcherSettings): number =>
  idempotent ? NUMBERED_REPETITIONS : REPETITIONS;

/** What one request may take with its repetitions, for each of which a connection may have to be opened. */
export function longestRequestMs(settings: KafkaDispatcherSettings): number {
  const { socketTimeoutMs, connectTimeoutMs, retryMs, longestRetryMs } = settings;
  return (socketTimeoutMs + connectTimeoutMs + Math.max(retryMs, longestRetryMs)) * (1 + repetitionsOf(settings));
}

export class KafkaConnection {
  private readonly sockets: Sockets;
  private readonly producer: Producer;

  private constructor(
    library: Library,
    private readonly options: ConnectionOptions,
    broker: string,
  ) {
    const { settings, log } = options;
    const tls = settings.tls && tlsOptions(settings.tls);
    this.sockets = new Sockets(settings.addressFamily, givenUp);
    const client = new library.Kafka(clientConfig(settings, broker, tls, library, this.sockets, log));
    this.producer = client.producer({
      createPartitioner: this.partitioner,
      idempotent: settings.idempotent,
      metadataMaxAge: settings.metadataMaxAgeMs,
      allowAutoTopicCreation: true,
      retry: { retries: repetitionsOf(settings) },
    });
  }

  /** Resolves when one of the brokers has answered; rejects with what to do about it if none does. */
  static async open(options: ConnectionOptions, signal: AbortSignal): Promise<KafkaConnection> {
    const brokers = options.brokers.inTurn();
    const library = await loadPackage(CLIENT_PACKAGES.kafka, options.load);
    await useCodec(options.settings.compression, library);
    const failures: unknown[] = [];
    for (const broker of brokers) {
      const connection = new KafkaConnection(library, options, broker);
      try {
        await unlessAborted(connection.producer.connect(), signal);
        return connection;
      } catch (error) {
        connection.drop();
        options.brokers.failed(broker);
        if (error instanceof DispatchError) throw error;
        failures.push(error);
      }
    }
    const reasons = new Set(failures.map((error) => explain(error)));
    const message = `kafka_err cannot reach ${brokers.join(', ')}: ${[...reasons].join('; ')}`;
    throw new DispatchError('DISPATCH_KAFKA_UNREACHABLE', message, { cause: failures[0], retryable: true });
  }

  /** Resolves when the brokers have confirmed all of it, as `acks` asks; otherwise some of it may have arrived. */
  async send(topic: string, messages: readonly KafkaMessage[]): Promise<void> {
    const { acks, requestTimeoutMs, compression } = this.options.settings;
    const answers = await this.producer.sendBatch({
      acks,
      timeout: requestTimeoutMs,
      compression: CODECS[compression],
      topicMessages: [{ topic, messages: [...messages] }],
    });
    if (acks === 0) await this.drain();
    else checkAnswered(messages, answers);
  }

  /** Ends it once everything is answered, or hard after `deadlineMs`. */
  async end(deadlineMs: number): Promise<void> {
    await within(
      this.options.clock,
      this.producer.disconnect().catch(() => {}),
      deadlineMs,
    );
    this.drop();
  }

  /** Ends it hard; what waits for an answer fails. */
  drop(): void {
    this.sockets.end();
    // It stops its timers.
    this.producer.disconnect().catch(() => {});
  }

  /** KFC-4. */
  private async drain(): Promise<void> {
    const { clock, settings } = this.options;
    if (await within(clock, this.sockets.drained(), settings.socketTimeoutMs)) return;
    throw new DispatchError('DISPATCH_KAFKA_FAILED', 'kafka_err the brokers take nothing more', { retryable: true });
  }

  private readonly partitioner: ICustomPartitioner =
    () =>
    ({ message, partitionMetadata }) => {
      const { settings, random } = this.options;
      const own = message as KafkaMessage;
      own.partition ??=
        partitionOf(settings.partitioner, own.key, partitionMetadata.length) ?? anyOf(partitionMetadata, random);
      return own.partition;
    };
}

/** KFC-1. */
function checkAnswered(messages: readonly KafkaMessage[], answers: readonly RecordMetadata[]): void {
  const answered = new Set(answers.map(({ partition }) => partition));
  const missing = messages.find(({ partition }) => !answered.has(partition ?? -1));
  if (!missing) return;
  const message = `kafka_err partition ${missing.partition} has not confirmed its part`;
  throw new DispatchError('DISPATCH_KAFKA_FAILED', message, { retryable: true });
}

/** A partition that has a leader, if any has. */
function anyOf(
  all: readonly { readonly partitionId: number; readonly leader: number }[],
  random: () => number,
): number {
  const led = all.filter(({ leader }) => leader >= 0);
  const choice = led.length > 0 ? led : all;
  return choice[Math.floor(random() * choice.length)]?.partitionId ?? 0;
}
