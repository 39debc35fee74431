import type { Command } from 'commander';
import type { WebSocket } from 'ws';
import { CliError } from './exit-code.js';

export interface ApiOptions {
  readonly url: string;
  readonly token?: string;
}

const DEFAULT_URL = 'http://127.0.0.1:8080';

/** Something that accepts and never answers is given up. */
const HANDSHAKE_MS = 5_000;
/** A little more than the process gives a request. */
const ANSWER_MS = 35_000;

/** What to do, by the error or the status. */
const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'nothing listens there: start one with `fleetchart demo`, `fleetchart hub` or `fleetchart vehicle`, or name it with --url',
  '401':
    'it asks for a token: --token TOKEN, or FLEETCHART_TOKEN in the environment; they are http.tokens of its configuration',
  '403': 'the token that was given does not suffice: take one whose role in http.tokens is operator',
  '404': 'what listens there has no such API: name the http address that the hub or vehicle prints with --url',
  DEAD_LETTER_UNKNOWN: '`fleetchart ctl dead-letters list` shows those that there are',
  DISPATCH_SPOOL_FULL:
    'wait until less waits for the destination: `GET /api/v1/dispatchers`, or the overview of the console',
};

const UNREACHABLE = 'is --url right, and is it a hub or vehicle that listens there?';

const ORDERLY: ReadonlySet<number> = new Set([1000, 1001, 1005]);

/** Adds `--url` and `--token`: which running hub or vehicle a command speaks to. */
export function withApiOptions(command: Command): Command {
  return command
    .option('--url <url>', 'the running process', DEFAULT_URL)
    .option('--token <token>', 'where it asks for one; or FLEETCHART_TOKEN');
}

/** Opens a stream of the API and hands each message on; rejects with what to do when it cannot. */
export async function openStream(
  options: ApiOptions,
  path: string,
  query: readonly [string, string][],
  received: (text: string, socket: WebSocket) => void,
): Promise<WebSocket> {
  const { url } = options;
  const target = new URL(path, url.replace(/^ws/, 'http'));
  for (const [name, value] of query) target.searchParams.append(name, value);
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(target.href.replace(/^http/, 'ws'), {
    handshakeTimeout: HANDSHAKE_MS,
    headers: authorization(options),
  });
  // The first message may come with the upgrade itself.
  socket.on('message', (data) => received(String(data), socket));
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const status = /server response: (\d+)$/.exec(error.message)?.[1] ?? '';
      const hint = HINTS[error.code ?? status] ?? UNREACHABLE;
      reject(new CliError(`cannot reach ${url}: ${error.message}`, { hint, cause: error }));
    });
  });
}

/** Asks the API; rejects with what the process says, and what to do. */
export async function callApi<T>(options: ApiOptions, method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
  const { url } = options;
  const target = new URL(path, url.replace(/^ws/, 'http'));
  const headers = { ...authorization(options), ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const signal = AbortSignal.timeout(ANSWER_MS);
  const response = await fetch(target, { method, headers, signal, ...sent }).catch((error: Error) => {
    const cause = (error.cause ?? error) as NodeJS.ErrnoException;
    const hint = HINTS[cause.code ?? ''] ?? UNREACHABLE;
    throw new CliError(`cannot reach ${url}: ${cause.message}`, { hint, cause: error });
  });
  const answer = jsonIn(await response.text());
  if (response.ok && answer !== UNREADABLE) return answer as T;
  const { code, detail } = (answer === UNREADABLE ? {} : answer) as { code?: string; detail?: string };
  const isOfHttp = code === undefined || code.startsWith('HTTP_');
  const hint = HINTS[code ?? ''] ?? (isOfHttp ? (HINTS[response.status] ?? UNREACHABLE) : undefined);
  const message = detail ?? `${url} answered ${response.status}`;
  throw new CliError(message, { ...(code === undefined ? {} : { code }), ...(hint === undefined ? {} : { hint }) });
}

const UNREADABLE = Symbol('no JSON');

function jsonIn(text: string): unknown {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return UNREADABLE;
  }
}

/** Whether there is such an actor; true also where that cannot be asked. */
export async function isActor(options: ApiOptions, address: string): Promise<boolean> {
  const [type = '', ...key] = address.split('/');
  const target = new URL(
    `/api/v1/actors/${type}/${encodeURIComponent(key.join('/'))}`,
    options.url.replace(/^ws/, 'http'),
  );
  const signal = AbortSignal.timeout(HANDSHAKE_MS);
  return fetch(target, { headers: authorization(options), signal }).then(
    ({ status }) => status !== 404,
    () => true,
  );
}

function authorization({ token }: ApiOptions): { authorization?: string } {
  const secret = token ?? process.env['FLEETCHART_TOKEN'];
  return secret ? { authorization: `Bearer ${secret}` } : {};
}

/** Ends with the stream, with Ctrl-C, or after `durationMs`; rejects when the other side ends it with a reason. */
export function untilClosed(socket: WebSocket, durationMs?: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const close = (): void => socket.close();
    const timer = durationMs === undefined ? undefined : setTimeout(close, durationMs);
    process.once('SIGINT', close);
    process.once('SIGTERM', close);
    socket.once('close', (code, reason) => {
      clearTimeout(timer);
      process.off('SIGINT', close);
      process.off('SIGTERM', close);
      // 1000 and 1001 are how a stream ends in good order, 1005 how this side ended it.
      if (ORDERLY.has(code)) resolve();
      else reject(new CliError(`the stream broke (${code}) ${reason}`, { hint: 'see the log of the process' }));
    });
  });
}
