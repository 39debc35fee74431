/**
 * Requests to one URL and their answers.
 *
 * Invariants
 * - EX-1 A request ends by its answer, its timeout, an abort or the end of its connection; nothing of it is left then.
 * - EX-2 A status of success counts although the rest of the answer is cut off or never ends.
 */
import { readFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, Agent as PlainAgent, type RequestOptions, request as requestPlain } from 'node:http';
import { request as requestTls, Agent as TlsAgent } from 'node:https';
import { connect as connectPlain, isIP } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { HttpDispatcherSettings } from '../../../protocols/fleet-telemetry/http-settings.js';
import type { Clock } from '../../../runtime/clock.js';
import { DispatchError, givenUp } from '../errors.js';

export interface ExchangeOptions {
  readonly url: URL;
  readonly tls: HttpDispatcherSettings['tls'];
  readonly maxInFlight: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Its beginning. */
  readonly body: Buffer;
}

/** More of an answer is not read. */
const MOST_ANSWER_BYTES = 65_536;
const KEPT_ANSWER_BYTES = 1_024;

export class Exchange {
  private constructor(
    private readonly options: ExchangeOptions,
    private readonly tls: ConnectionOptions,
    private readonly agent: PlainAgent,
  ) {}

  /** Reads the files of TLS again each time, so that a renewed certificate needs no restart; opens nothing yet. */
  static async create(options: ExchangeOptions): Promise<Exchange> {
    const { url, tls, maxInFlight } = options;
    const isSecure = url.protocol === 'https:';
    const secure = isSecure ? await tlsOf(url, tls) : {};
    const keep = { keepAlive: true, maxFreeSockets: maxInFlight };
    return new Exchange(options, secure, isSecure ? new TlsAgent({ ...keep, ...secure }) : new PlainAgent(keep));
  }

  /** Resolves when somebody accepts a connection there, with a certificate that holds. */
  probe(signal: AbortSignal): Promise<void> {
    const { url } = this.options;
    const isSecure = url.protocol === 'https:';
    const at = { host: hostOf(url), port: Number(url.port || (isSecure ? 443 : 80)) };
    return this.bounded(signal, (resolve, reject) => {
      const socket = isSecure ? connectTls({ ...at, ...this.tls }) : connectPlain(at);
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        socket.destroy();
        resolve();
      });
      // It stays: a socket may fail after it is given up.
      socket.on('error', reject);
      return (error) => socket.destroy(error);
    });
  }

  /** Resolves with the answer, whatever it says. */
  async post(headers: Readonly<Record<string, string>>, body: Uint8Array, signal: AbortSignal): Promise<Answer> {
    const options = { method: 'POST', headers: { ...headers, 'Content-Length': `${body.length}` } };
    return this.bounded(signal, (resolve, reject) => this.start(options, body, resolve, reject));
  }

  /** Ends all connections. */
  close(): void {
    this.agent.destroy();
  }

  /** Returns how to give up. */
  private start(
    options: RequestOptions,
    body: Uint8Array,
    resolve: (answer: Answer) => void,
    reject: (error: Error) => void,
  ): (error: Error) => void {
    const { url } = this.options;
    const send = url.protocol === 'https:' ? requestTls : requestPlain;
    const request = send(url, { ...options, agent: this.agent });
    let end = (error: Error): void => reject(error);
    request.once('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      const kept: Buffer[] = [];
      let bytes = 0;
      const answer = (): void => resolve({ status, headers, body: Buffer.concat(kept).subarray(0, KEPT_ANSWER_BYTES) });
      // EX-2; what a refusal says is needed no more than the refusal.
      end = answer;
      response.on('data', (chunk: Buffer) => {
        if (bytes < KEPT_ANSWER_BYTES) kept.push(chunk);
        bytes += chunk.length;
        if (bytes > MOST_ANSWER_BYTES) request.destroy();
      });
      response.once('end', answer);
      response.once('close', answer);
      response.on('error', answer);
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      // The receiver closed a connection that was idle, while the request was on its way: it was not read.
      if (request.reusedSocket && error.code === 'ECONNRESET') giveUp = this.start(options, body, resolve, end);
      else end(error);
    });
    let giveUp = (error: Error): void => {
      request.destroy(error);
    };
    request.end(body);
    return (error) => giveUp(error);
  }

  /** EX-1. */
  private bounded<T>(
    signal: AbortSignal,
    begin: (resolve: (value: T) => void, reject: (error: Error) => void) => (error: Error) => void,
  ): Promise<T> {
    const { clock, timeoutMs } = this.options;
    return new Promise((resolve, reject) => {
      let giveUp = (_: Error): void => {};
      const onAbort = (): void => {
        const error = givenUp();
        over();
        giveUp(error);
        reject(error);
      };
      const timer = clock.setTimeout(() => {
        const message = `no answer within ${timeoutMs} ms (timeoutMs)`;
        giveUp(new DispatchError('DISPATCH_HTTP_TIMEOUT', message, { retryable: true }));
      }, timeoutMs);
      const over = (): void => {
        clock.clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      giveUp = begin(
        (value) => {
          over();
          resolve(value);
        },
        (error) => {
          over();
          reject(error);
        },
      );
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

async function tlsOf(url: URL, files: HttpDispatcherSettings['tls']): Promise<ConnectionOptions> {
  const { caFile, certFile, keyFile, serverName } = files;
  const name = serverName || hostOf(url);
  return {
    ...(caFile ? { ca: await readFile(caFile) } : {}),
    ...(certFile ? { cert: await readFile(certFile) } : {}),
    ...(keyFile ? { key: await readFile(keyFile) } : {}),
    ...(isIP(name) ? {} : { servername: name }),
  };
}
