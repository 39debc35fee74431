import type { Clock, TimerHandle } from '../../../runtime/clock.js';
import type { FleetchartError } from '../../../runtime/errors.js';
import type { Delivery, MqttMessage, RecordFormats } from '../dispatcher.js';
import { DispatchError, dispatchError } from '../errors.js';
import { formOf, reasonOf } from '../form.js';
import type { FleetRecord } from '../record.js';
import { Settlement } from '../settlement.js';
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
  /** Told when the delivered prefix grows. */
  readonly progress: (delivery: Delivery) => void;
}

/** The publications of one `deliver` call, and what became of them. */
export class Batch {
  /** Resolves when every record is settled, or none can be any more. */
  readonly outcome: Promise<Delivery>;
  private readonly settlement: Settlement;
  /** Publications of each record, and those that are not confirmed. */
  private readonly publications: { total: number; left: number }[] = [];
  private delivery: Delivery | undefined;
  private isWatched = false;
  private timer: TimerHandle;
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
    this.settlement = new Settlement(records.length, (delivery) => {
      options.progress(delivery);
      if (this.isWatched) this.watch();
    });
    this.stopListening = connection.onLost((error) => this.end(error));
  }

  /**
   * From now on the first record that is not settled has the publish timeout (FT-MQ-10): the batch before is settled.
   * What is written behind others over a slow link has its own time when its turn comes.
   */
  watch(): void {
    this.isWatched = true;
    const { clock, publishTimeoutMs = 2_500 } = this.options;
    clock.clearTimeout(this.timer);
    if (!this.delivery) this.timer = clock.setTimeout(() => this.timedOut(publishTimeoutMs), publishTimeoutMs);
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
    if (typeof messages === 'string') return this.settle(index, messages);
    if (messages.length === 0) return this.settle(index);

    const publications = { total: messages.length, left: messages.length };
    this.publications[index] = publications;
    for (const { topic, body } of messages) {
      await this.connection.room();
      if (this.delivery) return;
      this.connection.publish(topic, body, (error) => {
        if (error) {
          return this.end(dispatchError('DISPATCH_MQTT_FAILED', `the publication to ${topic} failed`, error));
        }
        this.options.onPublished?.(record.type, Buffer.byteLength(body));
        if (--publications.left === 0) this.settle(index);
      });
    }
  }

  private settle(index: number, refusal?: string): void {
    if (this.delivery) return;
    this.settlement.settle(index, refusal);
    if (this.settlement.delivered === this.records.length) this.end(undefined);
  }

  private timedOut(afterMs: number): void {
    const { delivered } = this.settlement;
    const { total, left } = this.publications[delivered] ?? { total: 0, left: 0 };
    const what = `${left} of ${total} publications of a record of type ${this.records[delivered]?.type}`;
    const message = `${what} were not confirmed within ${afterMs} ms (publish_timeout_ms)`;
    this.end(new DispatchError('DISPATCH_MQTT_TIMEOUT', message, { retryable: true }));
  }

  private end(failure: FleetchartError | undefined): void {
    if (this.delivery) return;
    if (failure) this.settlement.fail(failure);
    this.delivery = this.settlement.outcome;
    this.stopListening();
    this.options.clock.clearTimeout(this.timer);
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
