import type { InspectionMessage } from '../api-types.js';
import type { Token } from './token.js';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;
/** Offered beside the token's subprotocol, so that the hub need not repeat a secret in its answer. */
const SUBPROTOCOL = 'fleetchart.inspect';
/** What a subprotocol may hold; no other token is ever valid. */
const SENDABLE = /^[\w.~+-]+$/;

export interface InspectionListener {
  onMessage(message: InspectionMessage): void;
  onConnected(isConnected: boolean): void;
}

/**
 * Watches one actor until the returned function is called; connects again by itself, ever more slowly. A browser
 * can set no header here, so the token travels as a subprotocol.
 */
export function inspect(address: string, token: Token, listener: InspectionListener): () => void {
  const url = new URL(`/api/v1/inspect?watch=${encodeURIComponent(address)}`, location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  let socket: WebSocket | undefined;
  let timer: number | undefined;
  let failures = 0;
  let isStopped = false;

  const connect = (): void => {
    const protocols =
      token.value !== undefined && SENDABLE.test(token.value) ? [SUBPROTOCOL, `bearer.${token.value}`] : [];
    socket = new WebSocket(url, protocols);
    socket.addEventListener('open', () => {
      failures = 0;
      listener.onConnected(true);
    });
    socket.addEventListener('message', ({ data }) => {
      const message = parse(data);
      if (message !== undefined && !isStopped) listener.onMessage(message);
    });
    socket.addEventListener('close', () => {
      if (isStopped) return;
      listener.onConnected(false);
      const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.8 + 0.4 * Math.random());
      failures += 1;
      timer = setTimeout(connect, delayMs);
    });
  };
  connect();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    socket?.close();
  };
}

function parse(data: unknown): InspectionMessage | undefined {
  try {
    return JSON.parse(String(data)) as InspectionMessage;
  } catch {
    return undefined;
  }
}
