import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHttpAuth, type HttpAuth, isLoopback, type Role } from '../../../src/runtime/http/http-auth.js';
import { HttpError } from '../../../src/runtime/http/problem.js';
import { bearer, OPERATOR, TOKENS, VIEWER } from '../http-harness.js';

const asked = (auth: HttpAuth, headers: Record<string, string>, role: Role, webSocket = false): string => {
  const result = auth.authenticate(headers, role, { webSocket });
  return result instanceof HttpError ? result.code : result.name;
};

const admitted = (auth: HttpAuth, headers: Record<string, string>): string => auth.admit(headers)?.code ?? 'admitted';

test('AUTH-1 INS-5 a host beyond loopback without tokens is refused, saying what to do', () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'hub.example', '']) {
    assert.throws(() => createHttpAuth({ host }), { code: 'HTTP_AUTH_REQUIRED', message: /token.*127\.0\.0\.1/ });
  }
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost', 'LOCALHOST', '::ffff:127.0.0.1']) {
    assert.ok(isLoopback(host), host);
    assert.equal(asked(createHttpAuth({ host }), {}, 'operator'), 'local');
  }
  for (const host of ['128.0.0.1', '127.0.0.1.example', 'localhost.example', '::2', '0.0.0.0']) {
    assert.ok(!isLoopback(host), host);
  }
});

test('AUTH-1 a token that is short or does not fit a header is refused', () => {
  for (const token of ['', 'short', 'with spaces in the middle', 'a'.repeat(257), 'comma,separated,token']) {
    const tokens = [{ token, role: 'viewer' as const, name: 'n' }];
    assert.throws(() => createHttpAuth({ host: '127.0.0.1', tokens }), { code: 'HTTP_TOKEN_INVALID' });
  }
});

test('AUTH-2 a token gives its role, which includes the lower one', () => {
  const auth = createHttpAuth({ host: '0.0.0.0', tokens: TOKENS });
  assert.equal(asked(auth, bearer(VIEWER), 'viewer'), 'grafana');
  assert.equal(asked(auth, bearer(VIEWER), 'operator'), 'HTTP_FORBIDDEN');
  assert.equal(asked(auth, bearer(OPERATOR), 'viewer'), 'operator');
  assert.equal(asked(auth, bearer(OPERATOR), 'operator'), 'operator');
});

test('AUTH-2 anything else is unauthenticated, on loopback as well once there are tokens', () => {
  for (const host of ['0.0.0.0', '127.0.0.1']) {
    const auth = createHttpAuth({ host, tokens: TOKENS });
    const wrong = [
      {},
      bearer(''),
      bearer(`${VIEWER}x`),
      bearer(VIEWER.slice(1)),
      { authorization: `Basic ${VIEWER}` },
      { authorization: VIEWER },
      { authorization: `Bearer ${VIEWER}, Bearer ${VIEWER}` },
      bearer('a'.repeat(100_000)),
      { 'sec-websocket-protocol': `bearer.${VIEWER}` },
    ] as Array<Record<string, string>>;
    for (const headers of wrong) assert.equal(asked(auth, headers, 'viewer'), 'HTTP_UNAUTHENTICATED');
  }
});

test('AUTH-2 a WebSocket may bring its token as a subprotocol', () => {
  const auth = createHttpAuth({ host: '0.0.0.0', tokens: TOKENS });
  const offer = (protocols: string) => asked(auth, { 'sec-websocket-protocol': protocols }, 'operator', true);
  assert.equal(offer(`fleetchart, bearer.${OPERATOR}`), 'operator');
  assert.equal(offer(`bearer.${VIEWER}`), 'HTTP_FORBIDDEN');
  assert.equal(offer('fleetchart'), 'HTTP_UNAUTHENTICATED');
  assert.equal(offer('bearer.'), 'HTTP_UNAUTHENTICATED');
});

test('AUTH-1 an open server lets anybody see and nobody change', () => {
  const auth = createHttpAuth({ host: '0.0.0.0', anonymousRole: 'viewer' });
  assert.equal(asked(auth, {}, 'viewer'), 'anonymous');
  assert.equal(asked(auth, {}, 'operator'), 'HTTP_UNAUTHENTICATED');
});

test('AUTH-3 on loopback only names of this machine are answered', () => {
  const auth = createHttpAuth({ host: '127.0.0.1', allowedHosts: ['Hub.example'] });
  for (const host of ['localhost:80', '127.0.0.1:8080', '[::1]:1', 'localhost', 'hub.example', 'HUB.example:443']) {
    assert.equal(admitted(auth, { host }), 'admitted', host);
  }
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1@evil.example', '', 'a b', '127.0.0.1/x']) {
    assert.equal(admitted(auth, { host }), 'HTTP_HOST_REFUSED', host);
  }
  assert.equal(admitted(auth, {}), 'HTTP_HOST_REFUSED');
  const open = createHttpAuth({ host: '0.0.0.0', tokens: TOKENS });
  assert.equal(admitted(open, { host: 'anything.example' }), 'admitted');
});

test('AUTH-3 a browser is served for pages of the same host and port only', () => {
  const auth = createHttpAuth({ host: '0.0.0.0', tokens: TOKENS });
  const from = (origin: string, host = 'hub.example:8080') => admitted(auth, { host, origin });
  assert.equal(from('http://hub.example:8080'), 'admitted');
  assert.equal(from('http://hub.example', 'hub.example'), 'admitted');
  assert.equal(from('http://hub.example', 'hub.example:80'), 'admitted');
  assert.equal(from('https://hub.example', 'hub.example'), 'admitted');
  assert.equal(from('https://hub.example', 'hub.example:443'), 'admitted');
  for (const origin of ['http://evil.example', 'http://hub.example', 'http://hub.example:8081', 'null', '', 'x:']) {
    assert.equal(from(origin), 'HTTP_ORIGIN_REFUSED', origin);
  }
  assert.equal(from('file://hub.example:8080'), 'HTTP_ORIGIN_REFUSED');
  assert.equal(admitted(auth, { host: 'a b', origin: 'http://a' }), 'HTTP_ORIGIN_REFUSED');
});
