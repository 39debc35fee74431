/** Fetches a small file over HTTP(S), bounded in size, time and redirects. */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Clock } from '../../runtime/index.js';
import { ThingsError } from './errors.js';

export interface FetchLimits {
  /** @default 1 MiB */
  readonly maxBytes?: number;
  /** For the whole, redirects included. @default 30 000 */
  readonly timeoutMs?: number;
}

const MIB = 1_048_576;
const TIMEOUT_MS = 30_000;
const MOST_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Throws {@link ThingsError} `THINGS_FETCH_*`. */
export async function fetchDescriptor(
  text: string,
  { maxBytes = MIB, timeoutMs = TIMEOUT_MS }: FetchLimits,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const ending = new AbortController();
  const give = (): void => ending.abort(signal.reason);
  signal.addEventListener('abort', give, { once: true });
  if (signal.aborted) give();
  const late = new ThingsError('THINGS_FETCH_TIMEOUT', `no answer within ${timeoutMs} ms`, { retryable: true });
  const timer = clock.setTimeout(() => ending.abort(late), timeoutMs);
  try {
    return await followed(checked(text), maxBytes, ending.signal);
  } catch (error) {
    if (ending.signal.aborted) throw ending.signal.reason;
    if (error instanceof ThingsError) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new ThingsError('THINGS_FETCH_FAILED', `cannot fetch the descriptor: ${detail}`, {
      cause: error,
      retryable: true,
    });
  } finally {
    clock.clearTimeout(timer);
    signal.removeEventListener('abort', give);
  }
}

async function followed(first: URL, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  let at = first;
  for (let hops = 0; ; hops++) {
    const message = await answerOf(at, signal);
    try {
      const { statusCode: status = 0, headers } = message;
      if (!REDIRECTS.has(status) || headers.location === undefined) {
        if (status < 200 || status > 299) throw new ThingsError('THINGS_FETCH_STATUS', `HTTP ${status}`);
        return await bodyOf(message, maxBytes);
      }
      if (hops === MOST_REDIRECTS) {
        throw new ThingsError('THINGS_FETCH_REDIRECTS', `more than ${MOST_REDIRECTS} redirects`);
      }
      const next = checked(headers.location, at);
      if (at.protocol === 'https:' && next.protocol !== 'https:') {
        throw new ThingsError('THINGS_FETCH_REDIRECTS', 'a redirect leads from https to http');
      }
      at = next;
    } finally {
      message.destroy();
    }
  }
}

function checked(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new ThingsError('THINGS_FETCH_URL', text === '' ? 'there is no link to the descriptor' : 'not an HTTP link');
}

function answerOf(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  const headers = { 'accept-encoding': 'identity', 'user-agent': 'fleetchart' };
  return new Promise((resolve, reject) => {
    // An answer that is none, such as 101, ends the connection without an error.
    const lost = (): void => reject(new Error('the server ended the connection'));
    request(url, { agent: false, headers, signal }, resolve).on('error', reject).on('close', lost).end();
  });
}

async function bodyOf(message: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new ThingsError('THINGS_FETCH_TOO_LARGE', `the descriptor is larger than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
