import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type IngestHub, startIngestHub } from '../../fakes/ingest-hub.js';
import { RawClient, upgradeHead } from '../../fakes/raw-client.js';
import type { Vehicle } from '../../fakes/vehicle.js';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function answerIn(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ]);
  return { status: Number(statusLine.split(' ')[1]), headers: Object.fromEntries(headers), body: text.slice(end + 4) };
}

/** What the port says to bytes after the handshake, until it closes. */
async function answerTo(hub: IngestHub, bytes: string): Promise<Answer> {
  const client = await RawClient.open(await hub.access());
  return answerIn(await client.write(bytes).readsAll());
}

/** Bytes of a client frame (RFC 6455 §5.2), masked with zeros. */
function frame(opcode: number, payload: Uint8Array): Buffer {
  assert.ok(payload.length < 126);
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

const start = (t: TestContext) => startIngestHub(t);

describe('1.2 the HTTP surface of the TLS port', () => {
  it('1.2 any path is upgraded, and means nothing', async (t) => {
    const hub = await start(t);
    for (const path of ['/', '/anything/at/all', '/?x=1', '/status/', '/statusx', '/socket?a=/../b']) {
      const car = await hub.vehicle('VIN00000000000001', { path });
      assert.equal((await car.ask()).kind, 'ack', path);
    }
  });

  it('1.2 GET /status is answered with mtls ok', async (t) => {
    const hub = await start(t);
    const answer = await answerTo(hub, 'GET /status HTTP/1.1\r\nHost: hub\r\n\r\n');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(answer.headers['content-length'], '7');
    assert.equal(answer.body, 'mtls ok');
    const asked = await answerTo(hub, 'GET /status?verbose=1 HTTP/1.1\r\nHost: hub\r\n\r\n');
    assert.equal(asked.body, 'mtls ok', 'a query is no part of the path');
    const upgraded = await answerTo(hub, upgradeHead({}, 'GET /status HTTP/1.1'));
    assert.equal(upgraded.body, 'mtls ok', 'an upgrade of /status is answered, too');
  });

  it('1.2 what is no upgrade is a Bad Request', async (t) => {
    const hub = await start(t);
    for (const head of [
      upgradeHead({ Connection: undefined }),
      upgradeHead({ Connection: 'keep-alive' }),
      upgradeHead({ Upgrade: undefined }),
      upgradeHead({ Upgrade: 'h2c' }),
      upgradeHead({ 'Sec-WebSocket-Version': '8' }),
      upgradeHead({ 'Sec-WebSocket-Version': undefined }),
      upgradeHead({ 'Sec-WebSocket-Key': undefined }),
      upgradeHead({ 'Sec-WebSocket-Key': 'c2hvcnQ=' }),
      'POST / HTTP/1.1\r\nHost: hub\r\nContent-Length: 4\r\n\r\nbody',
      'GET /elsewhere HTTP/1.1\r\nHost: hub\r\n\r\n',
    ]) {
      const answer = await answerTo(hub, head);
      assert.equal(answer.status, 400, head);
      assert.equal(answer.headers['sec-websocket-version'], '13');
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      assert.equal(answer.body, 'Bad Request\n');
    }
  });

  it('1.2 an upgrade by another method is not allowed', async (t) => {
    const hub = await start(t);
    for (const method of ['POST', 'PUT', 'OPTIONS']) {
      const answer = await answerTo(hub, upgradeHead({}, `${method} / HTTP/1.1`));
      assert.equal(answer.status, 405);
      assert.equal(answer.body, 'Method Not Allowed\n');
    }
  });

  it('1.2 a path that is not canonical is redirected', async (t) => {
    const hub = await start(t);
    for (const [path, location] of [
      ['//x', '/x'],
      ['/a/../b', '/b'],
      ['/a/./b?q=1', '/a/b?q=1'],
    ]) {
      const answer = await answerTo(hub, `GET ${path} HTTP/1.1\r\nHost: hub\r\n\r\n`);
      assert.equal(answer.status, 301);
      assert.equal(answer.headers['location'], location);
      const upgrade = await answerTo(hub, upgradeHead({}, `GET ${path} HTTP/1.1`));
      assert.equal(upgrade.status, 301);
    }
  });

  it('1.2 the names and tokens of headers match in any case, among others', async (t) => {
    const hub = await start(t);
    const client = await RawClient.open(await hub.access());
    const head = upgradeHead({
      Connection: undefined,
      Upgrade: undefined,
      connection: 'keep-alive, UPGRADE',
      uPGRADE: 'WebSocket',
    });
    assert.match(await client.write(head).reads('\r\n\r\n'), /^HTTP\/1\.1 101 /);
  });
});

describe('hostile heads', () => {
  it('1.2 what is no HTTP is a Bad Request and the end of the connection', async (t) => {
    const hub = await start(t);
    for (const bytes of [
      'garbage\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'GET / HTTP/1.1\r\nno colon\r\n\r\n',
      upgradeHead({ 'X-Bad': 'a\x00b' }),
      'GET / HTTP/1.1\r\nHost: hub\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ]) {
      const answer = await answerTo(hub, bytes);
      assert.equal(answer.status, 400, JSON.stringify(bytes));
      assert.equal(answer.headers['connection'], 'close');
    }
    assert.ok((await hub.metric('telemetry_rejected_total', { reason: 'bad_request_head' })) >= 5);
    assert.equal((await hub.vehicle().then((car) => car.ask())).kind, 'ack');
  });

  it('1.2 a head that is too long is refused before it is read to its end', async (t) => {
    const hub = await start(t);
    const answer = await answerTo(hub, `GET / HTTP/1.1\r\nX-Long: ${'a'.repeat(100_000)}`);
    assert.equal(answer.status, 431);
  });

  it('1.2 one request a connection: what comes behind it is not read', async (t) => {
    const hub = await start(t);
    const request = 'GET /status HTTP/1.1\r\nHost: hub\r\n\r\n';
    const client = await RawClient.open(await hub.access());
    const answers = (await client.write(request + request).readsAll()).split('HTTP/1.1 ').length - 1;
    assert.equal(answers, 1);
  });

  it('FT-WS-1 FT-WS-2 badly written offers, and headers given twice, are no reason to refuse', async (t) => {
    const hub = await start(t);
    for (const changes of [
      { 'Sec-WebSocket-Protocol': ', ,;=' },
      { 'Sec-WebSocket-Extensions': 'permessage-deflate; ;;;"' },
      { Origin: 'null' },
      { 'X-TXID': 'no uuid' },
      { 'x-txid': 'a', 'X-TXID': 'b' },
    ]) {
      const client = await RawClient.open(await hub.access());
      const answer = answerIn(await client.write(upgradeHead(changes)).reads('\r\n\r\n'));
      assert.equal(answer.status, 101, JSON.stringify(changes));
      assert.equal(answer.headers['sec-websocket-protocol'], undefined);
      assert.equal(answer.headers['sec-websocket-extensions'], undefined);
      client.socket.destroy();
    }
  });

  it('1.2 frames that come with the head are read', async (t) => {
    const hub = await start(t);
    const client = await RawClient.open(await hub.access());
    client.write(Buffer.concat([Buffer.from(upgradeHead()), frame(0x9, Buffer.from('hello'))]));
    assert.match(await client.reads('\x8a\x05hello'), /^HTTP\/1\.1 101 /);
  });

  it('1.2 a connection that is reset at any moment of its upgrade harms nobody', async (t) => {
    const hub = await start(t);
    const head = upgradeHead();
    for (let cut = 1; cut < head.length; cut += 23) {
      const client = await RawClient.open(await hub.access());
      client.write(head.slice(0, cut));
      client.socket.destroy();
    }
    const car: Vehicle = await hub.vehicle();
    assert.equal((await car.ask()).kind, 'ack');
    assert.deepEqual(hub.escalations, []);
  });
});
