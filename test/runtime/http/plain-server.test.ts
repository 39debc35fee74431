import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Clock, ManualClock, systemClock } from '../../../src/runtime/clock.js';
import { type PlainRequest, PlainServer, type PlainServerOptions } from '../../../src/runtime/http/plain-server.js';
import { createLogger } from '../../../src/runtime/logging/log.js';
import { eventually } from '../../fakes/runtime.js';

async function serve(
  t: TestContext,
  answer: PlainServerOptions['answer'],
  host = '127.0.0.1',
  clock: Clock = systemClock,
) {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ level: 'debug', destination: { write: (line) => lines.push(JSON.parse(line)) } });
  const server = new PlainServer({ host, port: 0, name: 'test', answer, logger, clock });
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
  await new Promise((resolve) => socket.once('close', resolve));
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
  assert.match(
    await raw(port, 'GET // HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 (304|400) /,
  );
  assert.match(await raw(port, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /);
  const large = await raw(port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
  assert.match(large, /^HTTP\/1\.1 431 /);
  const none = await raw(port, 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
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
  const waiting = raw(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
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

/** A connection that reads nothing of what comes. */
async function deaf(t: TestContext, port: number, bytes = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  socket.pause();
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

const GET = 'GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n';

test('PLS-3 a connection ends with its answer, without being asked to', async (t) => {
  const { port } = await serve(t, () => ({ status: 200, body: 'ok' }));
  const said = await raw(port, GET);
  assert.match(said, /^HTTP\/1\.1 200 [\s\S]*\r\nconnection: close\r\n[\s\S]*\r\nok$/i);
  const expecting = await raw(port, `${GET.slice(0, -2)}Expect: nothing\r\n\r\n`);
  assert.match(expecting, /^HTTP\/1\.1 200 [\s\S]*ok$/);
});

test('PLS-3 of many requests at once on a connection one is answered, and the connection is cut', async (t) => {
  let answers = 0;
  const { port } = await serve(t, () => {
    answers += 1;
    return { status: 200, body: 'ok' };
  });
  await raw(port, GET.repeat(20_000));
  assert.equal(answers, 1);
});

test('PLS-1 who does not say what it wants is cut off', async (t) => {
  const clock = new ManualClock(1_000);
  const { port } = await serve(t, () => ({ status: 200, body: 'ok' }), '127.0.0.1', clock);
  const slow = raw(port, '\r\n\r\nGET /status HTTP/1.1\r\n');
  await eventually(() => clock.pending === 1, 'the connection', 30_000);
  await clock.advance(10_000);
  assert.equal(await slow, '');
  assert.equal(clock.pending, 0);
});

test('PLS-3 whoever sends more than a request is answered once, in whatever pieces it comes', async (t) => {
  const { port } = await serve(t, () => ({ status: 200, body: 'ok' }));
  for (const requests of [
    GET.repeat(100),
    `\r\n\n\r\n${GET}${GET}`,
    GET.repeat(3).replaceAll('\r\n', '\n'),
    'GET / HTTP/1.1\r\n\r\n'.repeat(3),
    `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n${GET}`,
  ]) {
    const said = await raw(port, requests);
    assert.equal(said.split('HTTP/1.1 ').length, 2, said);
  }
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  let said = '';
  socket.on('data', (bytes) => {
    said += bytes;
  });
  for (const byte of GET) {
    socket.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await once(socket, 'close');
  assert.match(said, /ok$/);
});

test('PLS-1 who does not take an answer is cut off', async (t) => {
  const clock = new ManualClock(1_000);
  let given: AbortSignal | undefined;
  const answer = ({ signal }: PlainRequest) => {
    given = signal;
    return { status: 200, body: Buffer.alloc(64 * 1024 * 1024) };
  };
  const { port } = await serve(t, answer, '127.0.0.1', clock);
  await deaf(t, port, GET);
  await eventually(() => given !== undefined && clock.pending === 1, 'the answer', 30_000);
  assert.equal(given?.aborted, false);
  await clock.advance(60_000);
  await eventually(() => given?.aborted === true, 'the end', 30_000);
  await eventually(() => clock.pending === 0, 'no timer that is left', 30_000);
});

test('PLS-1 one address has a part of the connections, and gets it back', async (t) => {
  const { port } = await serve(t, () => ({ status: 200, body: 'ok' }));
  const held: Socket[] = [];
  for (let number = 0; number < 16; number++) held.push(await deaf(t, port));
  assert.equal(await raw(port, GET), '');
  held[0]?.destroy();
  await eventually(async () => (await raw(port, GET)).endsWith('ok'), 'a free place', 30_000);
});

test('PLS-4 AUTH-3 on loopback the Host is an address or localhost; elsewhere it is whatever it is', async (t) => {
  const status = async (port: number, host: string): Promise<string | undefined> => {
    const text = await raw(port, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    return /^HTTP\/1\.1 (\d+)/.exec(text)?.[1];
  };
  const { port } = await serve(t, () => ({ status: 200, body: 'ok' }));
  for (const host of [
    'localhost',
    `LOCALHOST:${port}`,
    `127.0.0.1:${port}`,
    '[::1]:80',
    '192.0.2.7',
    '[2001:db8::1]',
  ]) {
    assert.equal(await status(port, host), '200', host);
  }
  for (const host of ['rebound.example.com', 'localhost.example.com:80', '127.0.0.1.example.com', 'a b', '']) {
    assert.equal(await status(port, host), '403', host);
  }
  assert.match(await raw(port, 'GET / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /);
  const open = await serve(t, () => ({ status: 200, body: 'ok' }), '0.0.0.0');
  assert.equal(await status(open.port, 'fleet.example.com'), '200');
});
