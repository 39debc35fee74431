import { EngineError } from '../errors.js';

/** Longest line of an engine's stream, characters: an event with many labels is far shorter. */
const LONGEST_LINE = 1024 * 1024;

/** The objects of a stream with one in each line; what cannot be read is passed over. Throws as the stream does. */
export async function* jsonLines(stream: AsyncIterable<Buffer | string>): AsyncGenerator<Record<string, unknown>> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield* parsed(line);
    if (rest.length > LONGEST_LINE) throw new EngineError('ENGINE_REFUSED', 'the container engine sends no lines');
  }
  yield* parsed(rest);
}

function* parsed(line: string): Generator<Record<string, unknown>> {
  if (line.trim() === '') return;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) yield value as Record<string, unknown>;
  } catch {}
}
