/**
 * The client library, loaded when a dispatcher first connects. It keeps nothing for later: that is the business of the
 * spool.
 *
 * For each number and text of a record it takes a buffer or more, which costs more than all else that a record goes
 * through on its way. So its requests with records of the dispatcher are encoded here instead.
 *
 * Invariants
 * - KFL-1 They are only where both make the same bytes of the same records; otherwise the library does it.
 */
import { createRequire } from 'node:module';
import type { ClientPackage } from '../client-package.js';
import type { Codec } from './codecs.js';
import { KafkaMessage } from './message.js';
import { encodeProduce, isOfDispatcher, type Produce } from './produce-request.js';

export type Library = Pick<typeof import('kafkajs'), 'Kafka' | 'logLevel' | 'CompressionCodecs'>;

/** By what an operator has to type. */
export const KAFKAJS: ClientPackage = { dispatcher: 'kafka', name: 'kafkajs', major: 2 };

/** What the library makes of a request, as far as it matters here. */
interface Request {
  readonly encode: () => Promise<Encoded>;
}

/** What it reads of its encoders. */
interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

type ToRequest = (produce: Produce) => Request;

/** From which its requests of the later versions are made. */
export const REQUEST = 'kafkajs/src/protocol/requests/produce/v3/request.js';

/** Settled once in a process. */
let encoding: Promise<boolean> | undefined;

export async function loadLibrary(): Promise<Library> {
  const { default: library } = await import('kafkajs');
  encoding ??= takeOver(library).catch(() => false);
  await encoding;
  return library;
}

/** Takes the place of the library's function in this process, or does not (KFL-1); resolves with whether it did. */
async function takeOver(library: Library): Promise<boolean> {
  const require = createRequire(import.meta.url);
  const path = require.resolve(REQUEST);
  const theirs = require(path) as ToRequest;
  const codecs = library.CompressionCodecs as Readonly<Record<number, () => Codec>>;
  const compress = (buffer: Buffer, codec: number): Promise<Buffer> =>
    (codecs[codec] as () => Codec)().compress({ buffer });
  const ours: ToRequest = (produce) => {
    const request = theirs(produce);
    if (!isOfDispatcher(produce)) return request;
    const encode = async (): Promise<Encoded> => {
      const buffer = await encodeProduce(produce, compress);
      return { buf: buffer, buffer };
    };
    return { ...request, encode };
  };
  const [own, other] = await Promise.all([ours(SAMPLE).encode(), theirs(SAMPLE).encode()]);
  const module = require.cache[path];
  if (!module || !own.buffer.equals(other.buffer)) return false;
  module.exports = ours;
  return true;
}

const sampleMessage = (index: number): KafkaMessage => {
  const headers = {
    vin: 'VIN',
    txid: 'tx-ü',
    'a name that is longer than sixty-three characters, as names seldom are': '',
  };
  return new KafkaMessage(index, 'V', Buffer.from('VIN'), Buffer.alloc(200, index), headers, '1700000000000');
};

const SAMPLE: Produce = {
  acks: -1,
  timeout: 30_000,
  compression: 0,
  producerId: -1,
  producerEpoch: 0,
  topicData: [
    {
      topic: 'fleet_V',
      partitions: [
        { partition: 0, firstSequence: 0, messages: [sampleMessage(0), sampleMessage(1)] },
        { partition: 7, firstSequence: 3, messages: [sampleMessage(2)] },
      ],
    },
  ],
};
