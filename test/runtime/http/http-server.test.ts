import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Type } from '@sinclair/typebox';
import { FleetchartError } from '../../../src/runtime/errors.js';
import type { HttpServer } from '../../../src/runtime/http/http-server.js';
import { bearer, json, OPERATOR, serve, TOKENS, VIEWER } from '../http-harness.js';

function exampleRoutes(server: HttpServer): void {
  server.routes((app) => {
    app.get(
      '/api/v1/actors/:kind/:key',
      {
        schema: {
          params: Type.Object({ kind: Type.String(), key: Type.String() }),
          querystring: Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 10, default: 5 }) }),
        },
      },
      async ({ params, query, principal }) => ({ ...params, ...query, who: principal?.name }),
    );
    app.post(
      '/api/v1/wishes',
      {
        schema: {
          body: Type.Object(
            { name: Type.String({ maxLength: 5 }), count: Type.Integer(), mode: Type.Optional(Type.Enum({ A: 'a' })) },
            { additionalProperties: false },
          ),
        },
      },
      async ({ body, principal }) => ({ stored: body.name, count: body.count, who: principal?.name }),
    );
    app.get('/broken', async () => {
      throw new Error('at /secret/path');
    });
    app.get('/full', async () => {
      throw new FleetchartError('MAILBOX_FULL', 'the mailbox of a/b is full');
    });
    app.get('/hangs', () => new Promise(() => {}));
  });
}

test('RT-8 /healthz answers while the process lives, /readyz says what is missing', async (t) => {
  const { get, health } = await serve(t);
  const alive = await get('/healthz');
  assert.equal(alive.status, 200);
  assert.deepEqual(await alive.json(), { status: 'alive' });
  assert.equal((await get('/readyz')).status, 200);
  health.ready('telemetry', () => ({ ok: false, detail: 'port taken' }));
  const unready = await get('/readyz');
  assert.equal(unready.status, 503);
  assert.deepEqual(await unready.json(), {
    ready: false,
    checks: { telemetry: { ok: false, detail: 'port taken' } },
  });
});

test('HTTP-1 health is for anybody but its details are not; metrics and routes need a token', async (t) => {
  const { get, health } = await serve(t, { tokens: TOKENS }, exampleRoutes);
  health.ready('store', () => ({ ok: true, detail: '/var/lib' }));
  assert.equal((await get('/healthz')).status, 200);
  assert.deepEqual((await json(await get('/readyz')))['checks'], { store: { ok: true } });
  const known = await get('/readyz', { headers: bearer(VIEWER) });
  assert.deepEqual((await json(known))['checks'], { store: { ok: true, detail: '/var/lib' } });

  const refused = await get('/metrics');
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('www-authenticate'), 'Bearer realm="fleetchart"');
  assert.equal((await json(refused))['code'], 'HTTP_UNAUTHENTICATED');
  assert.equal((await get('/metrics', { headers: bearer('wrong-token-0123456789') })).status, 401);
  assert.equal((await get('/metrics', { headers: bearer(VIEWER) })).status, 200);
  assert.equal((await get('/api/v1/actors/a/b')).status, 401);
});

test('HTTP-1 reading needs a viewer, anything else an operator unless a route says otherwise', async (t) => {
  const { get } = await serve(t, { tokens: TOKENS }, exampleRoutes);
  const post = (token: string) =>
    get('/api/v1/wishes', {
      method: 'POST',
      headers: { ...bearer(token), 'content-type': 'application/json' },
      body: '{"name":"n","count":1}',
    });
  assert.equal((await json(await get('/api/v1/actors/a/b', { headers: bearer(VIEWER) })))['who'], 'grafana');
  assert.equal((await post(VIEWER)).status, 403);
  assert.deepEqual(await (await post(OPERATOR)).json(), { stored: 'n', count: 1, who: 'operator' });
});

test('HTTP-1 AUTH-3 other hosts and origins are refused before a route sees them', async (t) => {
  const { get, raw, port } = await serve(t, {}, exampleRoutes);
  const rebound = await raw('GET /api/v1/actors/a/b HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
  assert.match(rebound, /^HTTP\/1\.1 421 /);
  assert.match(rebound, /HTTP_HOST_REFUSED/);
  const crossSite = await get('/api/v1/wishes', { method: 'POST', headers: { origin: 'https://evil.example' } });
  assert.equal(crossSite.status, 403);
  assert.equal((await json(crossSite))['code'], 'HTTP_ORIGIN_REFUSED');
  assert.equal((await get('/healthz', { headers: { origin: `http://127.0.0.1:${port}` } })).status, 200);
});

test('HTTP-1 a host beyond loopback without tokens never listens', async (t) => {
  await assert.rejects(serve(t, { host: '0.0.0.0' }), { code: 'HTTP_AUTH_REQUIRED' });
});

test('HTTP-2 a request that does not validate is told all its mistakes, by pointer', async (t) => {
  const { get } = await serve(t, {}, exampleRoutes);
  const post = await get('/api/v1/wishes', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'too long', mode: 'b', 'od/d': 1 }),
  });
  assert.equal(post.status, 400);
  assert.match(post.headers.get('content-type') ?? '', /^application\/problem\+json/);
  const { errors, code, title, status } = (await json(post)) as { errors: Array<Record<string, string>> } & Record<
    string,
    unknown
  >;
  assert.deepEqual([code, title, status], ['HTTP_INVALID', 'Bad Request', 400]);
  const pointers = new Map(errors.map(({ pointer, detail }) => [pointer, detail]));
  assert.equal(pointers.get('/count'), 'is missing');
  assert.equal(pointers.get('/od~1d'), 'is not known here');
  assert.match(pointers.get('/name') ?? '', /5 characters/);
  assert.ok(pointers.has('/mode'));
  assert.ok(errors.every((error) => error['in'] === 'body'));
});

test('HTTP-2 text in path and query is read as its type, a body must have the right one', async (t) => {
  const { get } = await serve(t, {}, exampleRoutes);
  const key = encodeURIComponent(`a/b ${'ü'.repeat(200)}`);
  const found = await json(await get(`/api/v1/actors/vehicle/${key}?limit=7`));
  assert.deepEqual([found['key'], found['limit'], found['who']], [decodeURIComponent(key), 7, 'local']);
  assert.equal((await json(await get('/api/v1/actors/vehicle/x')))['limit'], 5);
  const many = await get('/api/v1/actors/vehicle/x?limit=many');
  assert.deepEqual((await json(many))['errors'], [{ in: 'query', pointer: '/limit', detail: 'must be integer' }]);
  const text = await get('/api/v1/wishes', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"n","count":"1"}',
  });
  assert.equal(text.status, 400);
});

test('HTTP-2 unknown paths and methods, wrong types and broken bodies are problems with a code', async (t) => {
  const { get, metrics, lines } = await serve(t, { limits: { maxBodyBytes: 1_000 } }, exampleRoutes);
  const post = async (body: string, type = 'application/json') => {
    const response = await get('/api/v1/wishes', { method: 'POST', headers: { 'content-type': type }, body });
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
    const answer = await json(response);
    assert.equal(answer['status'], response.status);
    return [response.status, answer['code']];
  };
  assert.deepEqual(await post('{"name":'), [400, 'HTTP_MALFORMED']);
  assert.deepEqual(await post(''), [400, 'HTTP_MALFORMED']);
  assert.deepEqual(await post('{"__proto__":{"x":1}}'), [400, 'HTTP_MALFORMED']);
  assert.deepEqual(await post('null'), [400, 'HTTP_INVALID']);
  assert.deepEqual(await post('<x/>', 'application/xml'), [415, 'HTTP_MEDIA_TYPE']);
  assert.deepEqual(await post('x', ';;;'), [415, 'HTTP_MEDIA_TYPE']);
  assert.deepEqual(await post(JSON.stringify({ name: 'x'.repeat(2_000) })), [413, 'HTTP_BODY_TOO_LARGE']);

  for (const [method, path] of [
    ['GET', '/nowhere'],
    ['DELETE', '/healthz'],
    ['GET', '/healthz/'],
  ] as const) {
    const response = await get(path, { method });
    assert.equal(response.status, 404);
    assert.equal((await json(response))['code'], 'HTTP_NOT_FOUND');
  }
  const badUrl = await get('/api/v1/actors/a/%E0%A4%A');
  assert.deepEqual([badUrl.status, (await json(badUrl))['code']], [400, 'HTTP_MALFORMED']);
  const longKey = await get(`/api/v1/actors/a/${'x'.repeat(3_000)}`);
  assert.deepEqual([longKey.status, (await json(longKey))['code']], [414, 'HTTP_URI_TOO_LONG']);

  assert.match(await metrics.text(), /^http_rejected_total\{reason="malformed"\} 4$/m);
  const refusals = lines.filter(({ msg }) => msg === 'input refused');
  assert.deepEqual(
    refusals.map(({ reason }) => reason),
    ['malformed', 'invalid', 'media_type', 'body_too_large', 'uri_too_long'],
  );
  assert.ok(refusals.every(({ peer }) => peer === '127.0.0.1'));
});

test('HTTP-2 a fault of ours is logged with its id and tells the caller nothing else', async (t) => {
  const { get, lines } = await serve(t, {}, exampleRoutes);
  const response = await get('/broken');
  assert.equal(response.status, 500);
  const text = await response.text();
  assert.doesNotMatch(text, /secret|stack/);
  const { requestId, code } = JSON.parse(text);
  assert.equal(code, 'HTTP_INTERNAL');
  const line = lines.find(({ msg }) => msg === 'http request failed');
  assert.equal(line?.['requestId'], requestId);
  assert.match(JSON.stringify(line), /at \/secret\/path/);
});

test('MBX-4 a full mailbox is a 503 that says when to come back', async (t) => {
  const { get, lines } = await serve(t, {}, exampleRoutes);
  const response = await get('/full');
  assert.equal(response.status, 503);
  assert.equal(response.headers.get('retry-after'), '5');
  assert.equal((await json(response))['code'], 'MAILBOX_FULL');
  assert.ok(!lines.some(({ level }) => level === 'error'));
});

test('HTTP-2 HTTP-3 what is no request, too large or too slow is answered and hung up on', async (t) => {
  const { raw, metrics } = await serve(t, {
    limits: { headersTimeoutMs: 200, requestTimeoutMs: 400, maxHeaderBytes: 4_096 },
  });
  assert.match(await raw('\x16\x03\x01\x02\x00 this is TLS'), /^HTTP\/1\.1 400 Bad Request\r\n.*HTTP_MALFORMED/s);
  assert.match(await raw(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /);
  assert.match(await raw('GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /);
  const smuggled =
    'POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
  assert.match(await raw(smuggled), /^HTTP\/1\.1 400 /);
  assert.match(await raw('GET /healthz HTTP/1.1\r\nHost: loc'), /^HTTP\/1\.1 408 .*HTTP_REQUEST_TIMEOUT/s);
  const text = await metrics.text();
  assert.match(text, /^http_rejected_total\{reason="headers_too_large"\} 1$/m);
  assert.match(text, /^http_rejected_total\{reason="request_timeout"\} 1$/m);
});

test('HTTP-3 a route that does not answer is given up, connections past the limit are dropped', async (t) => {
  const { get, port, metrics } = await serve(t, { limits: { handlerTimeoutMs: 50, maxConnections: 1 } }, exampleRoutes);
  const slow = await get('/hangs', { headers: { connection: 'close' } });
  assert.deepEqual([slow.status, (await json(slow))['code']], [503, 'HTTP_HANDLER_TIMEOUT']);
  const first = connect(port, '127.0.0.1');
  await once(first, 'connect');
  const second = connect(port, '127.0.0.1');
  second.on('error', () => {});
  await once(second, 'close');
  first.destroy();
  assert.match(await metrics.text(), /^http_rejected_total\{reason="too_many_connections"\} [1-9]/m);
});

test('HTTP-2 every answer carries the security headers', async (t) => {
  const { get, port } = await serve(t, { tokens: TOKENS });
  for (const path of ['/healthz', '/metrics', '/nowhere', '/%E0%A4%A']) {
    const { headers } = await get(path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(headers.get('cache-control'), 'no-store');
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'self'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.ok(policy.includes(`connect-src 'self' ws://127.0.0.1:${port} wss://127.0.0.1:${port};`));
  }
});

test('MBX-6 requests are counted by route and status, never by path', async (t) => {
  const { get, metrics } = await serve(t, {}, exampleRoutes);
  await get('/api/v1/actors/vehicle/5YJ3');
  await get('/api/v1/actors/vehicle/5YJ4');
  await get('/random/path');
  const text = await metrics.text();
  assert.match(text, /^http_requests_total\{method="GET",route="\/api\/v1\/actors\/:kind\/:key",status="200"\} 2$/m);
  assert.match(text, /^http_requests_total\{method="GET",route="none",status="404"\} 1$/m);
  assert.doesNotMatch(text, /5YJ3|random/);
  const scraped = await get('/metrics');
  assert.match(scraped.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
});

test('HTTP-3 a taken port and a foreign address are explained', async (t) => {
  const { port } = await serve(t);
  await assert.rejects(serve(t, { port }), { code: 'HTTP_ADDRESS_IN_USE', message: new RegExp(`port ${port}`) });
  await assert.rejects(serve(t, { host: '203.0.113.1', tokens: TOKENS }), { code: 'HTTP_ADDRESS_UNUSABLE' });
});

/** A route that says when it was entered and answers when told to. */
function slowRoute() {
  let release = (): void => {};
  let enter = (): void => {};
  const entered = new Promise<void>((resolve) => {
    enter = resolve;
  });
  const routes = (server: HttpServer): void =>
    server.routes((app) => {
      app.get('/slow', async () => {
        enter();
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return { finished: true };
      });
    });
  return { routes, entered, release: () => release() };
}

test('HTTP-4 stop lets a running request finish and does not wait for idle connections', async (t) => {
  const slow = slowRoute();
  const { get, port, server } = await serve(t, {}, slow.routes);
  await get('/healthz');
  const unused = connect(port, '127.0.0.1');
  await once(unused, 'connect');
  const request = get('/slow');
  await slow.entered;
  const stopped = server.stop(60_000);
  await once(unused, 'close');
  slow.release();
  const response = await request;
  assert.deepEqual(await response.json(), { finished: true });
  assert.equal(response.headers.get('connection'), 'close');
  await stopped;
  await assert.rejects(get('/healthz'));
});

test('HTTP-4 stop cuts at its deadline what does not end', async (t) => {
  const slow = slowRoute();
  const { get, server, lines } = await serve(t, {}, slow.routes);
  const hanging = assert.rejects(get('/slow'));
  await slow.entered;
  await server.stop(50);
  await hanging;
  assert.ok(lines.some(({ msg }) => msg === 'http connections cut at the deadline'));
});
