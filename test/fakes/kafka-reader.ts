import type { Consumer } from 'kafkajs';
import type { KafkaServer } from './kafka-server.js';
import type { Ending } from './mosquitto.js';
import { until } from './until.js';

export interface ReadMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly timestamp: number;
}

/** What is read from: one broker, or several. */
export type KafkaSource = Pick<KafkaServer, 'client' | 'admin' | 'beforeKill'>;

/** All that is in some topics from their beginning on, as it comes; the messages of a partition in their order. */
export class KafkaReader {
  readonly messages: ReadMessage[] = [];
  /** By topic and partition: the offset behind the last one read. */
  private readonly ends = new Map<string, number>();

  private constructor(
    private readonly source: KafkaSource,
    private readonly topics: readonly string[],
    private readonly consumer: Consumer,
  ) {}

  /** The topics have to be there. Messages that `isKept` does not want are not kept. */
  static async to(
    t: Ending,
    source: KafkaSource,
    topics: readonly string[],
    isKept: (message: ReadMessage) => boolean = () => true,
  ): Promise<KafkaReader> {
    const consumer = source.client().consumer({ groupId: `test-${topics.join('-')}`, maxWaitTimeInMs: 100 });
    const reader = new KafkaReader(source, topics, consumer);
    // A consumer that has lost its broker would try for long to take leave of it.
    source.beforeKill(t, () => reader.end());
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        const { key, value, headers = {}, timestamp } = message;
        const offset = Number(message.offset);
        const texts = Object.entries(headers).map(([name, text]) => [name, String(text)] as const);
        reader.ends.set(`${topic} ${partition}`, offset + 1);
        const read: ReadMessage = {
          topic,
          partition,
          offset,
          key: String(key),
          value: value ?? Buffer.alloc(0),
          headers: Object.fromEntries(texts),
          timestamp: Number(timestamp),
        };
        if (isKept(read)) reader.messages.push(read);
      },
    });
    return reader;
  }

  async end(): Promise<void> {
    await this.consumer.disconnect();
  }

  /** Resolves with all messages once those that are there by now have been read. */
  async settled(): Promise<readonly ReadMessage[]> {
    const admin = await this.source.admin();
    for (const topic of this.topics) {
      let ends: Awaited<ReturnType<typeof admin.fetchTopicOffsets>> = [];
      // After a stop of the broker partitions have no leader for a while.
      const isKnown = async (): Promise<boolean> => {
        ends = await admin.fetchTopicOffsets(topic).catch(() => []);
        return ends.length > 0;
      };
      await until(isKnown, `the offsets of ${topic}`, 120_000);
      for (const { partition, high } of ends) {
        const hasAll = (): boolean => (this.ends.get(`${topic} ${partition}`) ?? 0) >= Number(high);
        await until(hasAll, `messages up to ${high} of ${topic} ${partition}`, 120_000);
      }
    }
    return this.messages;
  }
}
