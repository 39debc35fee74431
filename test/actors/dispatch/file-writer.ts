// A process that writes records until it is killed, and prints the number of each confirmed one.
// Arguments: data directory, format, first number.
import { writeSync } from 'node:fs';
import { createFileDispatcher } from '../../../src/actors/dispatch/file/file-dispatcher.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { sampleFormats, sampleRecords } from './sample-records.js';

const [dataDirectory = '', format = '', first = ''] = process.argv.slice(2);
const signal = new AbortController().signal;
const dispatcher = createFileDispatcher({
  dataDirectory,
  dispatcher: 'file',
  format: format === 'protobuf' ? 'protobuf' : 'jsonl',
  clock: systemClock,
  formats: sampleFormats,
  rotateBytes: 20_000,
  rotateAgeMs: 3_600_000,
  keepFiles: 1_000,
});
await dispatcher.connect(signal);
for (let next = Number(first); ; next += 40) {
  const batches = [0, 10, 20, 30].map((offset) => sampleRecords(next + offset, next + offset + 9));
  const deliveries = await Promise.all(batches.map((records) => dispatcher.deliver(records, signal)));
  if (deliveries.some(({ delivered }) => delivered !== 10)) throw new Error('not delivered');
  writeSync(1, `${next + 39}\n`);
}
