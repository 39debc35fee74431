/**
 * Calls of an engine on its Unix socket.
 *
 * S1. Every call ends: with its answer, its deadline (ENG-4) or its signal, even if the client library says nothing.
 * S2. What a call is given stands in its body or in a header; only names and filters stand in a URL, which engines log.
 * S3. Each call has a connection of its own, so that a restarted engine leaves no dead ones behind.
 */
import { Agent, type IncomingMessage } from 'node:http';
import { inspect } from 'node:util';
import type { Clock } from '../../../runtime/index.js';
import { EngineError } from '../errors.js';
import { callFailure } from './failures.js';

/** For every call but the pull of an image and the stop of a container (ENG-4). */
export const CALL_MS = 30_000;

export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: object;
  /** Base64 in URL form, for `X-Registry-Auth`. */
  readonly registryAuth?: string;
  /** @default CALL_MS */
  readonly timeoutMs?: number;
}

interface DialOptions {
  readonly path: string;
  readonly method: string;
  readonly options: object;
  readonly statusCodes: Readonly<Record<number, true>>;
  readonly isStream: true;
  readonly abortSignal: AbortSignal;
  readonly authconfig?: { readonly key: string };
}

interface Modem {
  dial(options: DialOptions, callback: (error: unknown, response: IncomingMessage | null) => void): void;
}

/** What is so already is fine: 304 (POD-8). */
const SUCCESS = { 200: true, 201: true, 204: true, 304: true } as const;

/** The client library writes out what it is given for each call, though nobody reads it: sockets and all they hang on. */
class TerseAgent extends Agent {
  [inspect.custom](): string {
    return 'Agent';
  }
}

export class EngineSocket {
  private modem: Promise<Modem> | undefined;
  private readonly agent = new TerseAgent({ keepAlive: false });

  constructor(
    readonly path: string,
    private readonly clock: Clock,
  ) {}

  /** The answer; one that is no JSON as it is. */
  json(request: EngineRequest, signal: AbortSignal): Promise<unknown> {
    return this.bounded(request.timeoutMs ?? CALL_MS, request, signal, async (ended) => {
      const response = await this.dial(request, ended);
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return parsed(Buffer.concat(chunks).toString());
    });
  }

  /** The body as it comes, until `signal`; the deadline is that of its beginning. */
  async stream(request: EngineRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const life = new AbortController();
    const end = (): void => life.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    try {
      const stream = await this.bounded(request.timeoutMs ?? CALL_MS, request, signal, () =>
        this.dial(request, life.signal),
      );
      stream.once('close', () => signal.removeEventListener('abort', end));
      // Readers see it; while there is none, an end must not be an uncaught error.
      stream.on('error', () => {});
      return stream;
    } catch (error) {
      signal.removeEventListener('abort', end);
      life.abort(error);
      throw error;
    }
  }

  /** Runs `call` until it ends, `timeoutMs` are over or `signal` says so (S1). */
  private bounded<T>(
    timeoutMs: number,
    { method, path }: EngineRequest,
    signal: AbortSignal,
    call: (ended: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const ended = new AbortController();
      const over = (): void => {
        this.clock.clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
      };
      const fail = (error: unknown): void => {
        over();
        reject(error);
        ended.abort(error);
      };
      const giveUp = (): void => fail(new EngineError('ENGINE_TIMEOUT', 'given up', { cause: signal.reason }));
      const timer = this.clock.setTimeout(() => {
        const message = `the container engine did not answer ${method} ${path} within ${timeoutMs / 1_000} s`;
        fail(new EngineError('ENGINE_TIMEOUT', message, { retryable: true }));
      }, timeoutMs);
      if (signal.aborted) {
        giveUp();
        return;
      }
      signal.addEventListener('abort', giveUp, { once: true });
      call(ended.signal).then(
        (value) => {
          over();
          resolve(value);
        },
        (error: unknown) => {
          over();
          reject(callFailure(error));
        },
      );
    });
  }

  private async dial(request: EngineRequest, abortSignal: AbortSignal): Promise<IncomingMessage> {
    const { method, path, query = {}, body = {}, registryAuth } = request;
    this.modem ??= this.load();
    const modem = await this.modem;
    return new Promise((resolve, reject) => {
      modem.dial(
        {
          path: `${path}?`,
          method,
          options: { _query: query, _body: body },
          statusCodes: SUCCESS,
          // Read here: the library says nothing of an answer that ends in the middle, and takes a log for JSON.
          isStream: true,
          abortSignal,
          ...(registryAuth === undefined ? {} : { authconfig: { key: registryAuth } }),
        },
        (error, response) => (response ? resolve(response) : reject(error)),
      );
    });
  }

  /** Loaded with the first call: the command line starts without it. */
  private async load(): Promise<Modem> {
    const { default: Docker } = await import('dockerode');
    // Named here, they are not taken from the environment.
    const unset = { host: undefined, ca: undefined, cert: undefined, key: undefined, timeout: undefined };
    const options = { ...unset, protocol: 'http' as const, socketPath: this.path, agent: this.agent };
    return new Docker(options).modem as Modem;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
