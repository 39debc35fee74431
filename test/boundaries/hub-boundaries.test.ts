/**
 * Every boundary of a hub gets what nobody means, the same each time: it answers as its protocol says, or hangs up, and the
 * process goes on as if nothing had been (ARCHITECTURE, section 9).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { connectAsync } from 'mqtt';
import { WebSocket } from 'ws';
import { clientFrame, OPCODE } from '../../src/actors/simulation/web-socket-frames.js';
import { encodeAlerts, encodeErrors, encodeVehicleData } from '../../src/protocols/fleet-telemetry/index.js';
import { VIN } from '../fakes/ingest-hub.js';
import { upgradeHead } from '../fakes/raw-client.js';
import { HubUnderNoise, heard, said } from './hub-under-noise.js';
import { Noise } from './noise.js';

const AT = 1_767_225_600_000;
/** What HTTP may answer to noise: that it is wrong, or that it happened to be right. */
const HTTP_ANSWER = /^(?:HTTP\/1\.1 (?:[234]\d\d|501|503) |$)/;

const data = [
  { key: 'Soc', value: { stringValue: '55.25' } },
  { key: 'Location', value: { stringValue: '(37.412374 N, 122.145867 W)' } },
  { key: 'DoorState', value: { doorValue: { DriverFront: true } } },
];
const alerts = [{ name: 'A', startedAtMs: AT }];
const errors = [{ name: 'E', body: 'b', tags: { a: 'b' }, createdAtMs: AT }];
const payloads = new Map([
  ['V', encodeVehicleData({ data, createdAtMs: AT, vin: VIN })],
  ['alerts', encodeAlerts({ alerts, createdAtMs: AT, vin: VIN })],
  ['errors', encodeErrors({ errors, createdAtMs: AT, vin: VIN })],
]);

/** As UTF-8 has it. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

const TOPICS = ['V', 'alerts', 'errors', 'connectivity', 'unmapped', '', '__proto__'];

test('the boundaries of a hub bear whatever comes', async (t) => {
  const hub = await HubUnderNoise.start(t);
  const { ports, credentials, serverCa } = hub;
  const tls = (): ReturnType<typeof connectTls> =>
    connectTls({
      host: '127.0.0.1',
      port: ports.telemetry,
      servername: 'localhost',
      ca: serverCa,
      cert: credentials.chainPem,
      key: credentials.keyPem,
    });

  await t.test(
    'FT-FB-1 FT-FB-4 FT-PB-2 each message of a vehicle has one answer, and the connection stays',
    async () => {
      const noise = new Noise(1);
      const car = await hub.vehicle();
      t.after(() => car.socket.terminate());
      let sent = 0;
      for (let round = 0; round < 1_500; round++) {
        const topic = noise.pick(TOPICS);
        const known = payloads.get(topic) ?? noise.bytes(50);
        const payload = noise.below(2) === 0 ? noise.mangled(known) : known;
        const txid = noise.below(3) === 0 ? noise.text(3) : `${'a'.repeat(22)}-${String(round).padStart(9, '0')}`;
        const senderId = noise.below(4) === 0 ? noise.text(2) : `vehicle_device.${VIN}`;
        const whole = car.frameOf({
          topic,
          payload,
          txid,
          senderId,
          deviceId: noise.text(1),
          messageId: noise.text(1),
        });
        const how = noise.below(4);
        car.sendBytes(how === 0 ? whole : how === 1 ? noise.bytes(200) : noise.mangled(whole));
        sent++;
      }
      for (const bytes of [new Uint8Array(), Buffer.alloc(1_000_001), Buffer.alloc(1_000_000, 0xff)]) {
        car.sendBytes(bytes);
        sent++;
      }
      await car.replied(sent);
      await car.roundTrip();
      assert.equal(car.replies.length, sent);
      assert.equal(car.end, undefined);
      await hub.isWell();
    },
  );

  await t.test(
    'FT-WS-4 FT-WS-8 frames that break RFC 6455 end their connection with a close frame that says so',
    async () => {
      const noise = new Noise(2);
      const masked = (opcode: number, payload: Uint8Array): Buffer => clientFrame(opcode, payload, 0x5a);
      const withBits = (frame: Buffer, bits: number): Buffer => {
        frame[0] = (frame[0] ?? 0) ^ bits;
        return frame;
      };
      const broken: readonly (readonly [Buffer, readonly number[]])[] = [
        [masked(OPCODE.text, Buffer.from('text')), [1003]],
        [withBits(masked(OPCODE.binary, Buffer.alloc(3)), 0x40), [1002]],
        [masked(3, Buffer.alloc(3)), [1002]],
        [masked(11, Buffer.alloc(0)), [1002]],
        [masked(OPCODE.continuation, Buffer.alloc(3)), [1002]],
        [masked(OPCODE.ping, Buffer.alloc(126)), [1002]],
        [withBits(masked(OPCODE.ping, Buffer.alloc(3)), 0x80), [1002]],
        [Buffer.from([0x82, 3, 1, 2, 3]), [1002]],
        [Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]), [1009]],
        [Buffer.from([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), [1002, 1009]],
        [masked(OPCODE.close, Buffer.from([3])), [1002]],
        [masked(OPCODE.close, Buffer.from([3, 237])), [1002]],
        [masked(OPCODE.close, Buffer.from([0x03, 0xe8, 0xff, 0xfe])), [1007]],
      ];
      for (const [frame, codes] of broken) {
        const text = await heard(tls(), Buffer.concat([Buffer.from(upgradeHead()), frame]));
        assert.match(text, /^HTTP\/1\.1 101 /);
        const close = text.indexOf('\x88');
        const code = text.charCodeAt(close + 2) * 256 + text.charCodeAt(close + 3);
        assert.ok(close > 0 && codes.includes(code), `${frame.toString('hex')}: ${code}`);
      }
      for (let round = 0; round < 20; round++) {
        const frames = Array.from({ length: 4 }, () => noise.mangled(masked(noise.below(16), noise.bytes(40))));
        const text = await heard(tls(), Buffer.concat([Buffer.from(upgradeHead()), ...frames]));
        assert.match(text, /^HTTP\/1\.1 101 /);
      }
      await hub.isWell();
    },
  );

  await t.test('spec 1.2 what is no upgrade is refused or answered', async () => {
    const noise = new Noise(3);
    for (let round = 0; round < 25; round++) {
      const head = upgradeHead({
        'X-TXID': noise.text(2).replaceAll(/[^\x20-\x7e]/g, ''),
        Version: 'x'.repeat(round * 20),
      });
      assert.match(await heard(tls(), noise.mangled(Buffer.from(head))), /^(?:HTTP\/1\.1 (?:101|[234]\d\d) |$)/);
    }
    await hub.isWell();
  });

  await t.test('HTTP-1 HTTP-3 the API answers whatever is asked with what is wrong about it', async () => {
    const noise = new Noise(4);
    const paths = [
      ...['/healthz', '/readyz', '/metrics', '/', '/api/v1/actors', '/api/v1/supervision', '/api/v1/overview'],
      ...['/api/v1/dead-letters', '/api/v1/telemetry/connections', '/api/v1/dispatchers', '/api/v1/vehicles'],
    ];
    const names = ['limit', 'cursor', 'type', 'state', 'q', 'online', 'name', 'watch', 'address', '__proto__'];
    const word = (): string => encodeURIComponent(wellFormed(noise.text(2)));
    const path = (): string => {
      const below = [
        () => `/api/v1/vehicles/${word()}`,
        () => `/api/v1/vehicles/${noise.pick([VIN, word()])}/${noise.pick(['signals', 'gaps', 'alerts', word()])}`,
        () => `/api/v1/actors/${word()}/${word()}${noise.pick(['', '/unpark'])}`,
        () => `/api/v1/dead-letters/${word()}/replay`,
        () => `/${word()}`,
      ];
      const query = Array.from({ length: noise.below(4) }, () => `${noise.pick(names)}=${word()}`);
      return `${noise.below(2) === 0 ? noise.pick(paths) : noise.pick(below)()}?${query.join('&')}`;
    };
    const origin = `http://127.0.0.1:${ports.http}`;
    for (let round = 0; round < 400; round++) {
      const method = noise.pick(['GET', 'GET', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
      const body = ['GET', 'OPTIONS'].includes(method)
        ? {}
        : {
            body: noise.pick([JSON.stringify(noise.json()), wellFormed(noise.text(5)), '{"a":'.repeat(1_000)]),
            headers: {
              'content-type': noise.pick(['application/json', 'text/plain', 'application/x-nothing', 'a/b; c=']),
            },
          };
      const url = `${origin}${path()}`;
      const answer = await fetch(url, { method, redirect: 'manual', signal: AbortSignal.timeout(60_000), ...body });
      const text = await answer.text();
      const what = `${method} ${url}: ${answer.status} ${text}`;
      assert.ok(answer.status < 500 || answer.status === 501, what);
      if (answer.status < 400) continue;
      assert.equal(answer.headers.get('content-type')?.split(';')[0], 'application/problem+json', what);
      assert.equal(typeof (JSON.parse(text) as { code?: unknown }).code, 'string', what);
    }
    const head = `POST /api/v1/vehicles HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`;
    for (let round = 0; round < 100; round++) {
      assert.match(await said(ports.http, noise.mangled(Buffer.from(head))), HTTP_ANSWER);
    }
    await hub.isWell();
  });

  await t.test('PLS-1 PLS-3 so do the ports of status, metrics and profiles', async () => {
    const noise = new Noise(5);
    const requests = ['/status', '/metrics', '/debug/pprof/', '/gc_stats', '/live_profiler?mode=x'].map(
      (path) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
    );
    for (const port of [ports.status, ports.metrics, ports.profiler]) {
      for (let round = 0; round < 60; round++) {
        const request = Buffer.from(noise.pick(requests));
        const bytes = noise.below(4) === 0 ? noise.bytes(300) : noise.mangled(request);
        assert.match(await said(port, bytes), HTTP_ANSWER);
      }
      assert.equal(
        (await said(port, Buffer.from(requests[0]?.repeat(5_000) ?? ''))).split('HTTP/1.1 ').length <= 2,
        true,
      );
    }
    const status = await fetch(`http://127.0.0.1:${ports.status}/status`, { signal: AbortSignal.timeout(60_000) });
    assert.deepEqual([status.status, await status.text()], [200, 'ok']);
    await hub.isWell();
  });

  await t.test('MQT-2 MQT-3 MQT-5 the broker hangs up on what is no MQTT, and serves the others', async () => {
    const noise = new Noise(6);
    const packet = (type: number, ...parts: readonly (string | readonly number[])[]): Buffer => {
      const body = Buffer.concat(
        parts.map((part) => {
          if (typeof part !== 'string') return Buffer.from(part);
          const text = Buffer.from(part);
          return Buffer.concat([Buffer.from([text.length >> 8, text.length & 0xff]), text]);
        }),
      );
      const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
      return Buffer.concat([Buffer.from([type, ...length]), body]);
    };
    const dial = (): Buffer => packet(0x10, 'MQTT', [4, noise.pick([0, 2]), 0, 60], noise.text(2));
    const packets = (): Buffer[] => [
      packet(0x82, [0, 1], noise.text(2), [noise.below(4)]),
      packet(0xa2, [0, 2], noise.text(2)),
      packet(0x30, noise.text(2), [...noise.bytes(20)]),
      packet(0x32 + noise.below(8), 'vehicle/x', [0, 3], [...noise.bytes(20)]),
      packet(0x34, 'vehicle/y', [0, 4], [...noise.bytes(20)]),
      packet(noise.pick([0x40, 0x50, 0x62, 0x70]), [0, noise.below(6)]),
      packet(noise.pick([0x20, 0x90, 0xb0, 0xd0, 0xf0, 0x00])),
      packet(0xc0),
    ];
    for (let round = 0; round < 200; round++) {
      const session = [dial(), ...Array.from({ length: 6 }, () => noise.pick(packets()))];
      const at = noise.below(session.length);
      session[at] = noise.below(4) === 0 ? noise.bytes(100) : noise.mangled(session[at] ?? Buffer.alloc(0));
      const text = await said(ports.mqtt, Buffer.concat(session));
      // Nothing, or CONNACK first.
      assert.ok(text === '' || text.charCodeAt(0) === 0x20, Buffer.from(text, 'latin1').toString('hex'));
    }
    const client = await connectAsync(`mqtt://127.0.0.1:${ports.mqtt}`, { protocolVersion: 4, reconnectPeriod: 0 });
    t.after(() => client.end(true));
    await client.subscribeAsync('well/#', { qos: 1 });
    const message = new Promise((resolve) => client.once('message', (_topic, payload) => resolve(String(payload))));
    await client.publishAsync('well/x', 'still here', { qos: 1 });
    assert.equal(await message, 'still here');
    await client.endAsync();
    await hub.isWell();
  });

  await t.test('INS-4 WS-1 WS-2 the inspection takes commands and passes over everything else', async () => {
    const noise = new Noise(7);
    const inspect = (pattern: string): WebSocket => {
      const socket = new WebSocket(`ws://127.0.0.1:${ports.http}/api/v1/inspect?watch=${encodeURIComponent(pattern)}`);
      t.after(() => socket.terminate());
      return socket.on('error', () => {});
    };
    const socket = inspect('*/**');
    await once(socket, 'open', { signal: AbortSignal.timeout(60_000) });
    for (let round = 0; round < 500; round++) {
      const command = { [noise.pick(['watch', 'unwatch', '__proto__', noise.text(1)])]: noise.json() };
      const text = noise.pick([
        JSON.stringify(command),
        noise.text(8),
        '['.repeat(10_000),
        JSON.stringify(noise.json()),
      ]);
      if (noise.below(2) === 0) socket.send(noise.bytes(200), { binary: true });
      else socket.send(text);
    }
    const other = inspect('dispatcher/file');
    const [first] = await once(other, 'message', { signal: AbortSignal.timeout(60_000) });
    assert.equal((JSON.parse(String(first)) as { address?: unknown }).address, 'dispatcher/file');
    const closed = once(socket, 'close', { signal: AbortSignal.timeout(60_000) });
    socket.send('x'.repeat(64 * 1024 + 1));
    assert.equal((await closed)[0], 1009);
    const head = upgradeHead({ Host: '127.0.0.1' }, `GET /api/v1/inspect HTTP/1.1`);
    for (let round = 0; round < 60; round++) {
      const text = await said(ports.http, noise.mangled(Buffer.concat([Buffer.from(head), noise.bytes(60)])));
      assert.match(text, /^(?:HTTP\/1\.1 (?:101|[234]\d\d) |$)/);
    }
    await hub.isWell();
  });
});
