import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/runtime/clock.js';
import { type PlainRequest, PlainServer, type PlainServerOptions } from '../../../src/runtime/http/plain-server.js';
import { createLogger } from '../../../src/runtime/logging/log.js';

async function serve(t: TestContext, answer: PlainServerOptions['answer'], host = '127.0.0.1') {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ level: 'debug', destination: { write: (line) => lines.push(JSON.parse(line)) } });
  const server = new PlainServer({ host, port: 0, name: 'test', answer, logger, clock: systemClock });
  const port = await server.start();
  t.after(() => server.stop(0));
  return { server, port, lines, url: `http://127.0.0.1:${port}` };
}

/** Sends bytes as they are, and gives back all that comes until the server hangs up. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

test('PLS-1 answers with what the function says, by path, query and method', async (t) => {
  const seen: Pick<PlainRequest, 'method' | 'path' | 'isCrossSite'>[] = [];
  const { url } = await serve(t, ({ method, path, query, isCrossSite }) => {
    seen.push({ method, path, isCrossSite });
    return { status: 201, headers: { 'x-a': 'b' }, body: `it is ${query.get('x')}` };
  });
  const response = await fetch(`${url}/a/b?x=1`, { method: 'POST', body: 'ignored' });
  assert.deepEqual([response.status, await response.text()], [201, 'it is 1']);
  assert.equal(response.headers.get('x-a'), 'b');
  assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
  await fetch(`${url}/`, { headers: { 'sec-fetch-site': 'cross-site' } });
  assert.deepEqual(seen, [
    { method: 'POST', path: '/a/b', isCrossSite: false },
    { method: 'GET', path: '/', isCrossSite: true },
  ]);
});

test('PLS-2 what fails is 500, said in the log and not to the peer', async (t) => {
  const { url, lines } = await serve(t, () => {
    throw new Error('the secret');
  });
  const response = await fetch(`${url}/x`);
  assert.deepEqual([response.status, await response.text()], [500, 'internal error\n']);
  assert.ok(lines.some(({ msg, path }) => msg === 'plain_request_failed' && path === '/x'));
});

test('PLS-1 what is no request is refused, and 304 has no body', async (t) => {
  const { port } = await serve(t, () => ({ status: 304, body: 'nothing' }));
  assert.match(await raw(port, 'GET // HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 (304|400) /);
  assert.match(await raw(port, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /);
  const large = await raw(port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
  assert.match(large, /^HTTP\/1\.1 431 /);
  const none = await raw(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  assert.match(none, /^HTTP\/1\.1 304 [\s\S]*\r\n\r\n$/);
});

test('PLS-1 a stop ends connections that say nothing, and answers that are not finished, at its deadline', async (t) => {
  let asked = (_signal: AbortSignal): void => {};
  const isAsked = new Promise<AbortSignal>((resolve) => {
    asked = resolve;
  });
  const { server, port } = await serve(t, async ({ signal }) => {
    asked(signal);
    await once(signal, 'abort');
    return { status: 200, body: '' };
  });
  const silent = connect(port, '127.0.0.1');
  silent.on('error', () => {});
  const waiting = raw(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const signal = await isAsked;
  const closed = once(silent, 'close');
  await server.stop(1);
  await Promise.all([waiting, closed]);
  if (!signal.aborted) await once(signal, 'abort');
  await server.stop(1);
});

test('a port that is taken is the caller’s to explain', async (t) => {
  const { port } = await serve(t, () => ({ status: 200, body: '' }));
  const other = new PlainServer({
    host: '127.0.0.1',
    port,
    name: 'other',
    answer: () => ({ status: 200, body: '' }),
    logger: createLogger({ level: 'fatal' }),
    clock: systemClock,
  });
  await assert.rejects(other.start(), { code: 'EADDRINUSE' });
  await other.stop(0);
});
