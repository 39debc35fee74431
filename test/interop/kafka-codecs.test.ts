import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import { CODECS } from '../../src/actors/dispatch/kafka/codecs.js';
import type { KafkaCompression } from '../../src/protocols/fleet-telemetry/kafka-settings.js';
import { sampleRecord } from '../actors/dispatch/sample-records.js';
import { consoleLines, withoutConsole } from '../fakes/kafka-console.js';
import { KAFKA_LINES, KafkaServer } from '../fakes/kafka-server.js';
import { kafkaDispatcher, kafkaOptions } from './kafka-setup.js';

const TOPIC = 'fleet_codecs';
const PARTITIONS = 2;
const VEHICLES = 5;
/** So many that each codec makes more than one block of them. */
const RECORDS = 400;
const HAS_ZSTD = 'zstdCompress' in zlib;

const textOf = (codec: string, n: number): string => `${codec} ${n} ${'speed=100 '.repeat(40)}${n * 7919}`;

/** Of the batches in a segment of a log: how each is compressed, by its number. */
function codecsOf(segment: Buffer): number[] {
  const codecs: number[] = [];
  for (let at = 0; at + 61 <= segment.length; at += 12 + segment.readInt32BE(at + 8)) {
    codecs.push(segment.readInt16BE(at + 21) & 7);
  }
  return codecs;
}

for (const line of KAFKA_LINES) {
  const skip = withoutConsole(line);
  describe(`what the kafka dispatcher compresses, and ${line}`, { skip }, () => {
    const endings: (() => unknown)[] = [];
    after(async () => {
      for (const end of endings.reverse()) await end();
    });

    it(`FT-KAF-2 brokers keep each codec, and Kafka's own consumer reads what is in it${HAS_ZSTD ? '' : ' (but for zstd, which this Node.js does not have)'}`, async (t) => {
      const server = await KafkaServer.start({ after: (end: () => unknown) => void endings.push(end) }, line);
      await server.createTopic(TOPIC, PARTITIONS);
      const codecs = (Object.keys(CODECS) as KafkaCompression[]).filter((codec) => codec !== 'zstd' || HAS_ZSTD);
      const signal = new AbortController().signal;
      for (const compression of codecs) {
        const dispatcher = kafkaDispatcher(t, kafkaOptions([server.broker], TOPIC, { compression }));
        await dispatcher.connect(signal);
        const records = Array.from({ length: RECORDS }, (_, n) =>
          sampleRecord(n, { vehicle: `VIN${n % VEHICLES}`, payload: Buffer.from(textOf(compression, n)) }),
        );
        assert.deepEqual(await dispatcher.deliver(records, signal), { delivered: RECORDS, refused: [] });
      }
      const lines = await consoleLines(t, server, TOPIC, codecs.length * RECORDS);
      for (let vehicle = 0; vehicle < VEHICLES; vehicle++) {
        const own = lines.filter(({ key }) => key === `VIN${vehicle}`);
        const numbers = Array.from({ length: RECORDS / VEHICLES }, (_, n) => n * VEHICLES + vehicle);
        const expected = codecs.flatMap((codec) => numbers.map((n) => textOf(codec, n)));
        assert.deepEqual(
          own.map(({ value }) => value),
          expected,
        );
        assert.ok(own.every(({ headers }) => /^vin:VIN0001,txid:tx-\d+$/.test(headers)));
      }
      for (let partition = 0; partition < PARTITIONS; partition++) {
        assert.deepEqual(
          [...new Set(codecsOf(server.segment(TOPIC, partition)))],
          codecs.map((codec) => CODECS[codec]),
        );
      }
    });
  });
}
