import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { WebSocket } from 'ws';
import { ManualClock } from '../../../src/runtime/clock.js';
import type { HttpServerOptions } from '../../../src/runtime/http/http-server.js';
import type { UpgradeRequest } from '../../../src/runtime/http/http-websockets.js';
import { bearer, type Harness, OPERATOR, serve, TOKENS, VIEWER } from '../http-harness.js';

interface Opened {
  readonly socket: WebSocket;
  readonly request: UpgradeRequest;
}

async function serveEcho(
  t: TestContext,
  options: Partial<HttpServerOptions> = {},
): Promise<Harness & { opened: Opened[] }> {
  const opened: Opened[] = [];
  const harness = await serve(t, options, (server) => {
    server.upgrade('/echo', (socket, request) => {
      opened.push({ socket, request });
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    server.upgrade('/viewer', () => {}, { role: 'viewer' });
    server.upgrade('/throws', () => {
      throw new Error('handler');
    });
  });
  return { ...harness, opened };
}

const HANDSHAKE = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n';
const KEY = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';

test('WS-1 a WebSocket at its path gets its handler, with query and caller', async (t) => {
  const { webSocket, opened, metrics } = await serveEcho(t);
  const socket = await webSocket('/echo?watch=a%2Fb&watch=c');
  socket.send('hello');
  const [data] = await once(socket, 'message');
  assert.equal(String(data), 'hello');
  const request = opened[0]?.request;
  assert.deepEqual(request?.url.searchParams.getAll('watch'), ['a/b', 'c']);
  assert.deepEqual(request?.principal, { name: 'local', role: 'operator' });
  assert.equal(request?.remote, '127.0.0.1');
  assert.match(await metrics.text(), /^http_websockets 1$/m);
  socket.close();
  await once(socket, 'close');
});

test('WS-1 INS-5 without the right token there is no upgrade', async (t) => {
  const { webSocket, opened, metrics } = await serveEcho(t, { tokens: TOKENS });
  await assert.rejects(webSocket('/echo'), { message: '401' });
  await assert.rejects(webSocket('/echo', bearer('wrong-token-0123456789')), { message: '401' });
  await assert.rejects(webSocket('/echo', bearer(VIEWER)), { message: '403' });
  await assert.rejects(webSocket('/echo', {}, [`bearer.${VIEWER}`]), { message: '403' });
  assert.equal(opened.length, 0);
  await webSocket('/viewer', bearer(VIEWER));
  await webSocket('/echo', bearer(OPERATOR));
  assert.match(await metrics.text(), /^http_rejected_total\{reason="forbidden"\} 2$/m);
});

test('WS-1 a token as subprotocol is accepted and not repeated when there is another to choose', async (t) => {
  const { webSocket } = await serveEcho(t, { tokens: TOKENS });
  assert.equal((await webSocket('/echo', {}, [`bearer.${OPERATOR}`, 'fleetchart'])).protocol, 'fleetchart');
  assert.equal((await webSocket('/echo', {}, [`bearer.${OPERATOR}`])).protocol, `bearer.${OPERATOR}`);
});

test('WS-1 AUTH-3 pages of other origins, other host names and other paths are refused', async (t) => {
  const { webSocket, port } = await serveEcho(t);
  await assert.rejects(webSocket('/echo', { origin: 'https://evil.example' }), { message: '403' });
  await assert.rejects(webSocket('/echo', { origin: 'null' }), { message: '403' });
  await assert.rejects(webSocket('/echo', { host: `evil.example:${port}` }), { message: '421' });
  await assert.rejects(webSocket('/echo/deeper'), { message: '404' });
  await assert.rejects(webSocket('/healthz'), { message: '404' });
  await webSocket('/echo', { origin: `http://127.0.0.1:${port}` });
});

test('WS-1 bad handshakes are answered as problems and counted', async (t) => {
  const { raw, get, lines, metrics } = await serveEcho(t);
  const ask = (target: string, rest: string) => raw(`${target} HTTP/1.1\r\nHost: localhost\r\n${rest}\r\n`);
  const noKey = await ask('GET /echo', HANDSHAKE);
  assert.match(noKey, /^HTTP\/1\.1 400 Bad Request\r\n.*application\/problem\+json.*HTTP_MALFORMED/s);
  assert.match(
    await ask('GET /echo', 'Upgrade: h2c\r\nConnection: Upgrade\r\n'),
    /^HTTP\/1\.1 426 .*Upgrade: websocket/s,
  );
  assert.match(await ask('POST /echo', HANDSHAKE + KEY), /^HTTP\/1\.1 400 /);
  assert.match(await ask('GET /echo', HANDSHAKE.replace('13', '7') + KEY), /^HTTP\/1\.1 400 /);
  assert.match(await ask('GET http://[', HANDSHAKE + KEY), /^HTTP\/1\.1 400 /);
  assert.match(await ask('GET http://evil.example/echo', HANDSHAKE + KEY), /^HTTP\/1\.1 400 /);
  const plain = await get('/echo');
  assert.equal(plain.status, 426);
  assert.equal(plain.headers.get('upgrade'), 'websocket');
  assert.match(await metrics.text(), /^http_rejected_total\{reason="malformed"\} 5$/m);
  assert.ok(lines.some(({ reason }) => reason === 'malformed'));
});

test('WS-1 a peer that hangs up amid the handshake harms nothing', async (t) => {
  const { port, webSocket } = await serveEcho(t, { tokens: TOKENS });
  for (let n = 0; n < 20; n++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`GET /echo HTTP/1.1\r\nHost: localhost\r\n${HANDSHAKE}${KEY}\r\n`, () => socket.resetAndDestroy());
    await once(socket, 'close');
  }
  await webSocket('/echo', bearer(OPERATOR));
});

test('WS-1 there are at most so many sockets at once', async (t) => {
  const { webSocket } = await serveEcho(t, { limits: { maxWebSockets: 2 } });
  const first = await webSocket('/echo');
  await webSocket('/echo');
  await assert.rejects(webSocket('/echo'), { message: '503' });
  first.terminate();
});

test('WS-2 a message past the limit closes the socket with 1009', async (t) => {
  const { webSocket, metrics } = await serveEcho(t, { limits: { maxPayloadBytes: 100 } });
  const socket = await webSocket('/echo');
  socket.send('x'.repeat(101));
  const [code] = await once(socket, 'close');
  assert.equal(code, 1009);
  assert.match(await metrics.text(), /^http_rejected_total\{reason="websocket_error"\} 1$/m);
});

test('WS-2 a peer that does not read is cut before its buffer grows without end', async (t) => {
  const { webSocket, opened } = await serveEcho(t, { limits: { maxBufferedBytes: 1024 * 1024 } });
  const socket = await webSocket('/echo');
  socket.pause();
  const server = opened[0]?.socket;
  assert.ok(server);
  const block = Buffer.alloc(256 * 1024);
  let largest = 0;
  for (let n = 0; n < 200 && server.readyState === server.OPEN; n++) {
    server.send(block);
    largest = Math.max(largest, server.bufferedAmount);
    await new Promise(setImmediate);
  }
  assert.notEqual(server.readyState, server.OPEN);
  assert.ok(largest <= 1024 * 1024 + 2 * block.length, `${largest}`);
});

test('WS-3 a peer that does not answer pings is gone within two intervals', async (t) => {
  const clock = new ManualClock();
  const { webSocket, opened } = await serveEcho(t, { clock, limits: { pingIntervalMs: 1_000 } });
  const lively = await webSocket('/echo');
  const dead = await webSocket('/echo');
  dead.pause();
  const pinged = once(lively, 'ping');
  const answered = once(opened[0]?.socket as WebSocket, 'pong');
  await clock.advance(1_000);
  await Promise.all([pinged, answered]);
  const gone = once(opened[1]?.socket as WebSocket, 'close');
  await clock.advance(1_000);
  await gone;
  assert.equal(opened[0]?.socket.readyState, lively.OPEN);
});

test('WS-1 a handler that throws closes its own socket only', async (t) => {
  const { webSocket, lines } = await serveEcho(t);
  const socket = await webSocket('/throws');
  const [code] = await once(socket, 'close');
  assert.equal(code, 1011);
  assert.ok(lines.some(({ msg }) => msg === 'websocket handler failed'));
  await webSocket('/echo');
});

test('HTTP-4 stop says good-bye with 1001, and cuts who does not answer', async (t) => {
  const { webSocket, server, get } = await serveEcho(t);
  const polite = await webSocket('/echo');
  const goodbye = once(polite, 'close');
  const silent = await webSocket('/echo');
  silent.pause();
  await server.stop(50);
  assert.equal((await goodbye)[0], 1001);
  await assert.rejects(get('/healthz'));
  silent.terminate();
});

test('WS-1 two handlers cannot have one path', async (t) => {
  await serve(t, {}, (server) => {
    server.upgrade('/a', () => {});
    assert.throws(() => server.upgrade('/a', () => {}), { code: 'HTTP_PATH_EXISTS' });
  });
});
