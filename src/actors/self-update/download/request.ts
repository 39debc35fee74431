import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Clock } from '../../../runtime/index.js';
import { explained, failedBy } from './causes.js';

export interface Answer {
  readonly message: IncomingMessage;
  readonly status: number;
}

export interface RequestOptions {
  readonly clock: Clock;
  readonly allowHttp: boolean;
  /** PEM; undefined: the authorities that node comes with. */
  readonly ca: readonly string[] | undefined;
  /** Until there is a connection, milliseconds. */
  readonly connectMs: number;
  /** Until the answer begins after that, milliseconds. */
  readonly answerMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const MOST_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** @throws DownloadError for what may not be fetched */
export function checkedUrl(text: string, allowHttp: boolean, base?: URL): URL {
  let url: URL;
  try {
    url = new URL(text, base);
  } catch (error) {
    throw failedBy('FETCH_URL', error);
  }
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) throw failedBy('FETCH_PROTOCOL');
  return url;
}

/** Follows redirects up to an answer whose body is to be read; a step down from https to http is refused. */
export async function get(url: URL, options: RequestOptions): Promise<Answer> {
  let at = url;
  for (let hops = 0; ; hops++) {
    const message = await once(at, options);
    const status = message.statusCode ?? 0;
    const { location } = message.headers;
    if (!REDIRECTS.has(status) || location === undefined) return { message, status };
    message.destroy();
    if (hops === MOST_REDIRECTS) throw failedBy('FETCH_REDIRECTS');
    at = checkedUrl(location, options.allowHttp && at.protocol === 'http:', at);
  }
}

function once(url: URL, { clock, ca, connectMs, answerMs, headers, signal }: RequestOptions): Promise<IncomingMessage> {
  const isSecure = url.protocol === 'https:';
  const request = isSecure
    ? requestHttps(url, { headers, signal, agent: false, ...(ca ? { ca: [...ca] } : {}) })
    : requestHttp(url, { headers, signal, agent: false });
  return new Promise((resolve, reject) => {
    const late = (): void => void request.destroy(failedBy('FETCH_TIMEOUT'));
    let timer = clock.setTimeout(late, connectMs);
    request.on('socket', (socket) => {
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        clock.clearTimeout(timer);
        timer = clock.setTimeout(late, answerMs);
      });
    });
    request.once('close', () => {
      clock.clearTimeout(timer);
      // An answer that is none, such as 101, ends the connection without an error.
      reject(failedBy('FETCH_NOTHING'));
    });
    request.once('response', (message) => {
      clock.clearTimeout(timer);
      resolve(message);
    });
    request.on('error', (error) => reject(signal.aborted ? signal.reason : explained(error, false)));
    request.end();
  });
}
