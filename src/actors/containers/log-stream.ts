import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { LogLine } from '../engines/index.js';

/** Lines that wait for a reader who is slow; the engine is not read on meanwhile. */
const LINES_AHEAD = 64;

/** Writes lines as NDJSON until there are no more, the reader is gone or the signal says so. */
export async function streamLines(
  lines: AsyncIterable<LogLine>,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const source = Readable.from(texts(lines), { highWaterMark: LINES_AHEAD, signal });
  // The reader learns at once that there is a log, even if nothing is in it yet.
  response.flushHeaders();
  await pipeline(source, response).catch((error: unknown) => {
    if (!response.destroyed) response.destroy();
    if (!signal.aborted && !isReaderGone(error)) throw error;
  });
}

async function* texts(lines: AsyncIterable<LogLine>): AsyncGenerator<string> {
  for await (const { stream, text } of lines) yield `${JSON.stringify({ stream, text })}\n`;
}

const isReaderGone = (error: unknown): boolean =>
  (error as { code?: unknown } | undefined)?.code === 'ERR_STREAM_PREMATURE_CLOSE';
