import type { Clock, TimerHandle } from '../../../runtime/clock.js';
import type { FleetchartError } from '../../../runtime/errors.js';
import type { Delivery, MqttMessage, RecordFormats, Refusal } from '../dispatcher.js';
import { DispatchError, dispatchError } from '../errors.js';
import { formOf, reasonOf } from '../form.js';
import type { FleetRecord } from '../record.js';
import type { BrokerConnection } from './connection.js';
import { topicFault } from './topic.js';

export interface BatchOptions {
  readonly topicBase: string;
  readonly publishTimeoutMs?: number;
  readonly qos?: 0 | 1 | 2;
  readonly maxMessageBytes?: number;
  readonly formats: RecordFormats;
  readonly clock: Clock;
  readonly onPublished?: (type: string, bytes: number) => void;
}

/** The publications of one `deliver` call, and what became of them. */
export class Batch {
  /** Resolves when every record is settled, or none can be any more. */
  readonly outcome: Promise<Delivery>;
  private readonly refused: Refusal[] = [];
  /** Whether each record is settled; the first that is not ends the delivered prefix. */
  private readonly settled: boolean[];
  private unsettled: number;
  private delivery: Delivery | undefined;
  private readonly timers = new Set<TimerHandle>();
  private resolve: (delivery: Delivery) => void = () => {};
  private stopListening: () => void = () => {};

  constructor(
    private readonly records: readonly FleetRecord[],
    private readonly connection: BrokerConnection,
    private readonly options: BatchOptions,
  ) {
    this.outcome = new Promise((resolve) => {
      this.resolve = resolve;
    });
    this.settled = records.map(() => false);
    this.unsettled = records.length;
    this.stopListening = connection.onLost((error) => this.end(error));
  }

  /** Resolves when all is written, or the batch has failed; confirmations follow. */
  async write(): Promise<void> {
    try {
      for (let index = 0; index < this.records.length && !this.delivery; index++) await this.writeRecord(index);
    } catch (error) {
      this.end(dispatchError('DISPATCH_MQTT_FAILED', 'the record cannot be published', error));
    }
  }

  private async writeRecord(index: number): Promise<void> {
    const record = this.records[index] as FleetRecord;
    const messages = messagesOf(record, this.options);
    if (typeof messages === 'string') {
      this.refused.push({ index, reason: messages });
      return this.settle(index);
    }
    if (messages.length === 0) return this.settle(index);

    const { clock, publishTimeoutMs = 2_500, onPublished } = this.options;
    let left = messages.length;
    const timer = clock.setTimeout(() => {
      const what = `${left} of ${messages.length} publications of a record of type ${record.type}`;
      this.end(
        new DispatchError(
          'DISPATCH_MQTT_TIMEOUT',
          `${what} were not confirmed within ${publishTimeoutMs} ms (publish_timeout_ms)`,
          { retryable: true },
        ),
      );
    }, publishTimeoutMs);
    this.timers.add(timer);
    for (const { topic, body } of messages) {
      await this.connection.room();
      if (this.delivery) return;
      this.connection.publish(topic, body, (error) => {
        if (error) {
          return this.end(dispatchError('DISPATCH_MQTT_FAILED', `the publication to ${topic} failed`, error));
        }
        onPublished?.(record.type, Buffer.byteLength(body));
        if (--left > 0) return;
        clock.clearTimeout(timer);
        this.timers.delete(timer);
        this.settle(index);
      });
    }
  }

  private settle(index: number): void {
    this.settled[index] = true;
    if (--this.unsettled === 0) this.end(undefined);
  }

  private end(failure: FleetchartError | undefined): void {
    if (this.delivery) return;
    const first = this.settled.indexOf(false);
    const delivered = first < 0 ? this.records.length : first;
    const refused = this.refused.filter(({ index }) => index < delivered);
    this.delivery = { delivered, refused, ...(failure ? { failure } : {}) };
    this.stopListening();
    for (const timer of this.timers) this.options.clock.clearTimeout(timer);
    this.resolve(this.delivery);
  }
}

/** What to publish for a record, or why nothing can be. */
function messagesOf(record: FleetRecord, options: BatchOptions): readonly MqttMessage[] | string {
  const { formats, topicBase, qos = 0, maxMessageBytes = 1_048_576 } = options;
  const formatted = formOf(formats.mqtt, record);
  if (!formatted.ok) return reasonOf(formatted.error);
  const messages: MqttMessage[] = [];
  for (const { topic, body } of formatted.value) {
    const whole = `${topicBase}/${topic}`;
    const fault = topicFault(whole);
    if (fault) return `DISPATCH_TOPIC_INVALID: ${fault}`;
    const bytes = packetBytes(Buffer.byteLength(whole), Buffer.byteLength(body), qos);
    if (bytes > maxMessageBytes) return `DISPATCH_MESSAGE_TOO_LARGE: ${bytes} bytes`;
    messages.push({ topic: whole, body });
  }
  return messages;
}

/** Length of a PUBLISH packet (MQTT 3.1.1, 3.3): a broker bounds all of it, not just what it carries. */
function packetBytes(topicBytes: number, bodyBytes: number, qos: number): number {
  const packetId = qos > 0 ? 2 : 0;
  const remaining = 2 + topicBytes + packetId + bodyBytes;
  const lengthBytes = remaining < 128 ? 1 : remaining < 128 ** 2 ? 2 : remaining < 128 ** 3 ? 3 : 4;
  return 1 + lengthBytes + remaining;
}
