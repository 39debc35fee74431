import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { listenHint } from '../listen-hint.js';
import { HttpError } from './problem.js';

const EXPLAINED = new Set(['EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'ERR_SOCKET_BAD_PORT']);

/** Opens the listener and gives its URL; what may be wrong with an address is said in words. */
export async function listen(
  app: Pick<FastifyInstance, 'listen' | 'server'>,
  host: string,
  port: number,
): Promise<string> {
  // One listener is enough: what resolves localhost tries IPv4 as well.
  const bare = host === 'localhost' ? '127.0.0.1' : host.replace(/^\[|\]$/g, '');
  try {
    await app.listen({ host: bare, port });
  } catch (error) {
    throw explained(error, host, port);
  }
  const { address, family, port: taken } = app.server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`;
}

function explained(error: unknown, host: string, port: number): unknown {
  const { code } = error as { code?: string };
  if (code === 'EADDRINUSE') {
    const next = 'stop what listens there, or set http.port to another (--set http.port=0 takes a free one)';
    return new HttpError('HTTP_ADDRESS_IN_USE', `port ${port} on ${host} is taken: ${next}`, { cause: error });
  }
  if (code !== undefined && EXPLAINED.has(code)) {
    const next = listenHint(code, { hostKey: 'http.host', portKey: 'http.port' });
    return new HttpError('HTTP_ADDRESS_UNUSABLE', `cannot listen on ${host} port ${port} (${code}): ${next}`, {
      cause: error,
    });
  }
  return error;
}
