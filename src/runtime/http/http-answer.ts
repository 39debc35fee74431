import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEM_TYPE, type Problem, problem, RETRY_AFTER_S } from './problem.js';

/**
 * Headers of every answer: a page of ours loads from here alone, is framed by nobody, and is kept by nobody; a handler
 * may say otherwise of the last.
 */
export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply): void {
  // Older browsers do not count WebSockets to the same host as 'self'.
  const host = /^[\w.:[\]-]{1,261}$/.exec(request.headers.host ?? '')?.[0];
  const webSockets = host === undefined ? '' : ` ws://${host} wss://${host}`;
  reply.headers({
    'content-security-policy':
      `default-src 'self'; connect-src 'self'${webSockets}; ` +
      "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
  });
}

export function sendProblem(reply: FastifyReply, answer: Problem): void {
  reply.code(answer.status).headers(headersOf(answer)).type(PROBLEM_TYPE).send(JSON.stringify(answer));
}

/** Answers where there is no response to write to (an upgrade, or what was not even a request), and hangs up. */
export function hangUp(stream: Duplex, answer: Problem): void {
  const body = JSON.stringify(answer);
  const headers = {
    Connection: 'close',
    'Content-Type': PROBLEM_TYPE,
    'Content-Length': Buffer.byteLength(body),
    ...headersOf(answer),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  stream.once('finish', () => stream.destroy());
  stream.end(`HTTP/1.1 ${answer.status} ${answer.title}\r\n${lines.join('')}\r\n${body}`);
}

/** What a client is told that sent something which Node's parser gave up on, by Node's code. */
export function unreadable(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') return problem('HTTP_HEADERS_TOO_LARGE', 'the headers are too large');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return problem('HTTP_REQUEST_TIMEOUT', 'the request did not arrive in time');
  return problem('HTTP_MALFORMED', 'this is not an HTTP request');
}

/** What a refusal may repeat of a target: its path, without the query, cut short. */
export function pathOf(target = ''): string {
  return target.split('?', 1)[0]?.slice(0, 256) ?? '';
}

function headersOf({ status }: Problem): Record<string, string> {
  if (status === 401) return { 'WWW-Authenticate': 'Bearer realm="fleetchart"' };
  if (status === 426) return { Upgrade: 'websocket' };
  if (status === 503) return { 'Retry-After': String(RETRY_AFTER_S) };
  return {};
}
