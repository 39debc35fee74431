import type { LogReaderOptions } from '../../src/runtime/append-log/log-reader.js';

/** Rows that one turn writes now and then, more than fit in a batch that has others before it. */
export const BURST_ROWS = 2_500;

export const LOSSY_BYTES = 40_000;

export const READERS: LogReaderOptions[] = [
  { name: 'steady', boundBytes: 1e9, overflow: 'reject' },
  { name: 'lossy', boundBytes: LOSSY_BYTES, overflow: 'drop-oldest' },
];
