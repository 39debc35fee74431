import type { ProblemView } from '../api-types.js';
import type { Token } from './token.js';

const TIMEOUT_MS = 8000;
/** What an operator asked for may take longer than what is shown. */
const POST_TIMEOUT_MS = 20_000;
/** Differences below this are the resolution of the `Date` header, not a wrong clock. */
const SKEW_MS = 2000;

/** An answer that is not the expected one, or (`status` 0) no answer at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** The HTTP API of the process that served this page. */
export class Api {
  private skewMs = 0;

  constructor(readonly token: Token) {}

  /** The time at the hub, epoch ms: what `since` and `at` are to be compared with. */
  now(): number {
    return Date.now() + this.skewMs;
  }

  async get<T>(path: string): Promise<T> {
    const response = await this.request('GET', path);
    return (await response.json()) as T;
  }

  /** The status of the answer: 202 is for what takes its time. `body` is JSON. */
  async post(path: string, body?: string): Promise<number> {
    return (await this.request('POST', path, { ...(body === undefined ? {} : { body }) })).status;
  }

  /** Likewise, where it is the answer that counts. */
  async ask<T>(path: string, body: string): Promise<T> {
    const response = await this.request('POST', path, { body });
    return (await response.json()) as T;
  }

  /** Hands over an answer that does not end by itself, piece by piece, until it does or `signal` says so. */
  async stream(path: string, onPiece: (text: string) => void, signal: AbortSignal): Promise<void> {
    const { body } = await this.request('GET', path, { signal });
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const piece = await reader?.read();
      if (piece === undefined || piece.done) return;
      onPiece(piece.value);
    }
  }

  private async request(method: string, path: string, own: Pick<RequestInit, 'body' | 'signal'> = {}) {
    const token = this.token.value;
    const response = await this.send(method, path, token, own);
    if (response.status !== 401) return this.accept(response);
    const newer = this.token.value === token ? await this.token.ask() : this.token.value;
    if (newer === undefined) throw new ApiError(401, 'A token is needed to see anything here.');
    return this.accept(await this.send(method, path, newer, own));
  }

  private async send(
    method: string,
    path: string,
    token: string | undefined,
    own: Pick<RequestInit, 'body' | 'signal'>,
  ): Promise<Response> {
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(own.body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const timeoutMs = method === 'POST' ? POST_TIMEOUT_MS : TIMEOUT_MS;
    try {
      return await fetch(path, { method, headers, cache: 'no-store', signal: AbortSignal.timeout(timeoutMs), ...own });
    } catch {
      throw new ApiError(0, 'There is no connection.');
    }
  }

  private async accept(response: Response): Promise<Response> {
    const date = Date.parse(response.headers.get('date') ?? '');
    if (Number.isFinite(date)) {
      const skewMs = date - Date.now();
      this.skewMs = Math.abs(skewMs) < SKEW_MS ? 0 : skewMs;
    }
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as ProblemView;
    const reason = problem.detail ?? problem.title ?? `The answer was ${response.status}.`;
    throw new ApiError(response.status, reason);
  }
}

/** The path of an actor in the API; its key may hold anything. */
export function actorPath(address: string): string {
  const slash = address.indexOf('/');
  const kind = slash < 0 ? address : address.slice(0, slash);
  return `/api/v1/actors/${encodeURIComponent(kind)}/${encodeURIComponent(slash < 0 ? '' : address.slice(slash + 1))}`;
}
