import { KafkaMessage } from './message.js';
import { batchHeader, encodeRecords } from './record-batch.js';

/** What the client library sends to one broker. */
export interface Produce {
  readonly acks: number;
  readonly timeout: number;
  /** Kafka's number of the codec. */
  readonly compression: number;
  readonly producerId: number | string;
  readonly producerEpoch: number;
  readonly transactionalId?: string | null | undefined;
  readonly topicData: readonly TopicData[];
}

interface TopicData {
  readonly topic: string;
  readonly partitions: readonly PartitionData[];
}

interface PartitionData {
  readonly partition: number;
  readonly firstSequence: number;
  readonly messages: readonly unknown[];
}

export type Compress = (records: Buffer, codec: number) => Promise<Buffer>;

/** Whether it holds nothing but messages of the dispatcher; others in the process may use the library, too. */
export const isOfDispatcher = ({ topicData }: Produce): boolean =>
  topicData.every(({ partitions }) => partitions.every(({ messages }) => messages[0] instanceof KafkaMessage));

/** Its body in the versions 3 to 8. */
export async function encodeProduce(produce: Produce, compress: Compress): Promise<Buffer> {
  const { acks, timeout, topicData } = produce;
  const pieces = [int16(-1), int16(acks), int32(timeout), int32(topicData.length)];
  for (const { topic, partitions } of topicData) {
    pieces.push(int16(Buffer.byteLength(topic)), Buffer.from(topic), int32(partitions.length));
    for (const part of partitions) {
      const [header, records] = await batchOf(part, produce, compress);
      pieces.push(int32(part.partition), int32(header.length + records.length), header, records);
    }
  }
  return Buffer.concat(pieces);
}

async function batchOf(
  { messages, firstSequence }: PartitionData,
  { compression, producerId, producerEpoch }: Produce,
  compress: Compress,
): Promise<[Buffer, Buffer]> {
  const own = messages as readonly KafkaMessage[];
  const plain = encodeRecords(own);
  const records = compression === 0 ? plain : await compress(plain, compression);
  const header = batchHeader(records, {
    codec: compression,
    count: own.length,
    timestamp: Number(own[0]?.timestamp),
    producerId: BigInt(producerId),
    producerEpoch,
    firstSequence,
  });
  return [header, records];
}

function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}
