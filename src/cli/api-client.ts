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

/** What to do, by the error or the status. */
const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'nothing listens there: start one with `fleetchart demo`, `fleetchart hub` or `fleetchart vehicle`, or name it with --url',
  '401':
    'it asks for a token: --token TOKEN, or FLEETCHART_TOKEN in the environment; they are http.tokens of its configuration',
  '403': 'the token that was given does not suffice: take one whose role in http.tokens is operator',
  '404': 'what listens there has no such API: name the http address that the hub or vehicle prints with --url',
};

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
      const hint = HINTS[error.code ?? status] ?? 'is --url right, and is it a hub or vehicle that listens there?';
      reject(new CliError(`cannot reach ${url}: ${error.message}`, { hint, cause: error }));
    });
  });
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
