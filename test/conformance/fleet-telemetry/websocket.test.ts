import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAuthority, issueDeviceCertificate } from '../../../src/actors/provisioning/index.js';
import { ManualClock } from '../../../src/runtime/index.js';
import { eventually, startIngestHub, testCertificates, VIN } from '../../fakes/ingest-hub.js';
import { speed } from '../../fakes/vehicle.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const MiB = 1024 * 1024;

interface Connectivity {
  readonly connectionId: string;
  readonly status: string;
  readonly networkInterface: string;
}

describe('1.2 the WebSocket', () => {
  it('FT-WS-1 ING-1 the origin is not looked at, and compression is never agreed on', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle(VIN, { headers: { origin: 'https://evil.example' }, offersCompression: true });
    assert.equal(car.socket.extensions, '');
    assert.equal(car.socket.protocol, '');
    assert.equal((await car.ask()).kind, 'ack');
  });

  it('FT-WS-2 X-Network-Interface and Version are kept with what the vehicle sends, and mean nothing else', async (t) => {
    const hub = await startIngestHub(t, { records: { V: ['file', 'logger'], connectivity: ['file'] } });
    const headers = {
      'X-Network-Interface': 'lte',
      Version: '1.2.0',
      'X-Forwarded-For': '192.0.2.7',
      'User-Agent': 'VINX',
    };
    const car = await hub.vehicle(VIN, { headers });
    await car.ask({ txid: 'with' });
    await (await hub.vehicle('VIN00000000000002')).ask({ txid: 'without' });
    const lines = await hub.recorded(
      (records) => records.filter(({ type }) => type === 'connectivity').length === 2,
      'both',
    );
    const interfaces = lines
      .filter(({ type }) => type === 'connectivity')
      .map(({ data }) => (data as Connectivity).networkInterface);
    assert.deepEqual(interfaces, ['lte', '']);
    await eventually(() => hub.log.filter(({ msg }) => msg === 'record_payload').length === 2, 'the log lines');
    const metadata = hub.log.filter(({ msg }) => msg === 'record_payload').map((line) => line['metadata']);
    const [first, second] = metadata as Readonly<Record<string, string>>[];
    const { receivedat, ...facts } = first ?? {};
    assert.ok(Math.abs(Number(receivedat) - Date.now()) < 60_000);
    // Section 4.1: the same for every destination that carries it.
    assert.deepEqual(facts, {
      vin: VIN,
      timestamp: '0',
      txid: 'with',
      txtype: 'V',
      version: '0',
      device_client_version: '1.2.0',
    });
    assert.equal(second?.['device_client_version'], '');
    assert.equal(second?.['vin'], 'VIN00000000000002');
  });

  it('FT-WS-3 a UUID in X-TXID becomes the connection id; otherwise it is a random one', async (t) => {
    const hub = await startIngestHub(t);
    const wanted = [
      '6BA7B8109DAD11D180B400C04FD430C8',
      'urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c9',
      '{6ba7b810-9dad-11d1-80b4-00c04fd430ca}',
      'not-a-uuid',
    ];
    for (const txid of wanted) await hub.vehicle(VIN, { headers: { 'X-TXID': txid } });
    await hub.vehicle();
    const lines = await hub.recorded((records) => records.length === 5, 'five connections');
    const ids = lines.map(({ data }) => (data as Connectivity).connectionId);
    assert.deepEqual(ids.slice(0, 3), [
      '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      '6ba7b810-9dad-11d1-80b4-00c04fd430c9',
      '6ba7b810-9dad-11d1-80b4-00c04fd430ca',
    ]);
    for (const id of ids.slice(3)) assert.match(id, UUID);
    assert.notEqual(ids[3], ids[4]);
  });

  it('FT-WS-4 fragments are one message', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    const bytes = Buffer.from(car.frameOf({ txid: 'in pieces' }));
    for (let at = 0; at < bytes.length; at += 10) {
      car.socket.send(bytes.subarray(at, at + 10), { binary: true, fin: at + 10 >= bytes.length });
      if (at === 20) await car.roundTrip();
    }
    await car.until(() => car.acked.includes('in pieces'), 'the ack');
  });

  it('FT-WS-4 FT-FAIL-3 BETTER: a text message ends the connection with 1003, and nothing behind it counts', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    car.send({ txid: 'before' });
    car.socket.send('{"txid":"text"}');
    car.send({ txid: 'behind' });
    assert.equal((await car.closed).code, 1003);
    assert.deepEqual(
      car.acked.filter((txid) => txid !== 'before'),
      [],
      'at most what came before is acked',
    );
    const lines = await hub.recorded((records) => records.length === 3, 'CONNECTED, a record, DISCONNECTED');
    assert.deepEqual(
      lines.map(({ type, txid }) => (type === 'V' ? txid : type)),
      ['connectivity', 'before', 'connectivity'],
    );
    assert.equal(await hub.metric('telemetry_rejected_total', { reason: 'text_message' }), 1);
  });

  it('FT-WS-5 FT-FAIL-4 1,000,000 bytes are taken, one more is an error, and the connection stays', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    const empty = car.frameOf({ txid: 'large', topic: 'blob', payload: Buffer.alloc(1_000_000) }).length - 1_000_000;
    const sized = (length: number) =>
      car.frameOf({ txid: 'large', topic: 'blob', payload: Buffer.alloc(length - empty) });
    for (const [length, kind, txid] of [
      [1_000_000, 'ack', 'large'],
      [1_000_004, 'error', ''],
      [4 * MiB, 'error', ''],
    ] as const) {
      const message = sized(length);
      assert.equal(message.length, length);
      const already = car.replies.length;
      car.sendBytes(message);
      await car.replied(already + 1);
      const reply = car.replies.at(-1);
      assert.deepEqual([reply?.kind, reply?.txid], [kind, txid], String(length));
    }
    car.sendBytes(Buffer.alloc(1_000_001));
    assert.deepEqual((await car.replied(4)).at(-1), { kind: 'error', txid: '', text: 'incorrect message format' });
    assert.equal(await hub.metric('record_too_big_total'), 3);
    assert.equal((await car.ask()).kind, 'ack');
  });

  it('FT-WS-5 BETTER: more than 4 MiB end the connection with 1009', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    await car.ask();
    car.sendBytes(Buffer.alloc(4 * MiB + 1));
    assert.equal((await car.closed).code, 1009);
    const parts = await hub.vehicle();
    for (let part = 0; part < 5; part++) parts.socket.send(Buffer.alloc(MiB), { binary: true, fin: false });
    assert.equal((await parts.closed).code, 1009, 'in fragments, too');
    assert.equal(await hub.metric('telemetry_rejected_total', { reason: 'bad_frame' }), 2);
  });

  it('FT-WS-6 pings are answered with their data, a close frame with its code', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    car.socket.ping('some data');
    await car.until(() => car.pongs.includes('some data'), 'the pong');
    assert.equal((await car.close(4321, 'bye')).code, 4321);
  });

  it('FT-WS-6 BETTER: a vehicle that answers no ping of two is dropped, one that sends is not', async (t) => {
    const clock = new ManualClock(Date.now());
    const hub = await startIngestHub(t, {}, { clock });
    const silent = await hub.vehicle('SILENT', { answersPings: false });
    const sender = await hub.vehicle('SENDER', { answersPings: false });
    const idle = await hub.vehicle('IDLE');
    for (let ping = 1; ping <= 2; ping++) {
      await clock.advance(30_000);
      for (const car of [silent, sender, idle]) await car.until(() => car.pings.length === ping, `ping ${ping}`);
      await sender.ask();
      // What the idle one answered is there before this is answered.
      await idle.roundTrip();
    }
    assert.equal(silent.end, undefined);
    await clock.advance(30_000);
    assert.equal((await silent.closed).code, 1006);
    await hub.logged('socket_err', { vin: 'SILENT', reason: 'silent' });
    assert.equal(await hub.metric('socket_err_total'), 1);
    for (const car of [sender, idle]) assert.equal((await car.ask()).kind, 'ack');
  });

  it('FT-WS-7 FT-WS-10 replies come in the order of the messages, of each connection by itself', async (t) => {
    const hub = await startIngestHub(t);
    const cars = await Promise.all(['A', 'B', 'C'].map((vin) => hub.vehicle(vin)));
    const sent = cars.map(() => [] as string[]);
    for (let round = 0; round < 100; round++) {
      cars.forEach((car, index) => {
        if (round % 10 === 9) car.sendBytes(Buffer.from('garbage'));
        sent[index]?.push(round % 10 === 9 ? '' : car.send({ payload: speed(car.vin, round) }));
      });
    }
    for (const car of cars) await car.replied(100);
    cars.forEach((car, index) => {
      // Errors come at once, acks when their record is stored: each kind in its own order.
      assert.deepEqual(
        car.acked,
        sent[index]?.filter((txid) => txid !== ''),
      );
      assert.equal(car.replies.filter(({ kind }) => kind === 'error').length, 10);
    });
    const lines = await hub.recorded(
      (records) => records.filter(({ type }) => type === 'V').length === 270,
      'all records',
    );
    cars.forEach((car, index) => {
      const own = lines.filter(({ type, vin }) => type === 'V' && vin === car.vin).map(({ txid }) => txid);
      assert.deepEqual(
        own,
        sent[index]?.filter((txid) => txid !== ''),
      );
    });
  });

  it('FT-WS-8 BETTER: the server says why it ends a connection: 1001 when it stops', async (t) => {
    const hub = await startIngestHub(t);
    const cars = await Promise.all(['A', 'B'].map((vin) => hub.vehicle(vin)));
    await hub.stop();
    for (const car of cars) assert.deepEqual(await car.closed, { code: 1001, reason: 'the server stops' });
  });

  it('FT-WS-9 FT-FAIL-2 a certificate that names no vehicle is turned away after the upgrade, BETTER: with 1008', async (t) => {
    const { authority } = await testCertificates();
    const other = await createAuthority({ commonName: 'Unknown Issuing CA' });
    const rsa = await createAuthority({ commonName: 'Tesla Motors Product Issuing CA' });
    const files = { 'ca.crt': [authority, other, rsa].map(({ certificatePem }) => certificatePem).join('') };
    const hub = await startIngestHub(t, {}, { files });
    const unknownIssuer = await issueDeviceCertificate(other, { commonName: VIN });
    const wifi = await issueDeviceCertificate(rsa, {
      commonName: VIN,
      extendedKeyUsages: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.4.1.49279.2.5.1.1'],
    });
    for (const credentials of [unknownIssuer, wifi]) {
      const car = await hub.vehicle(VIN, { credentials });
      car.send();
      assert.deepEqual(await car.closed, { code: 1008, reason: 'unauthorized certificate' });
      assert.deepEqual(car.replies, []);
    }
    const lines = hub.log.filter(({ msg }) => msg === 'input refused');
    assert.match(
      String(lines[0]?.['error']),
      /^create_identity issuer: Unknown Issuing CA, common_name: VIN0+1, err: unauthorized certificate$/,
    );
    assert.match(String(lines[1]?.['error']), /err: excluded certificate$/);
    assert.ok(
      lines.every((line) => line['do']),
      'the log says what to do',
    );
    await (await hub.vehicle()).ask();
    const records = await hub.recorded((all) => all.length === 2, 'the real vehicle');
    assert.deepEqual(
      records.map(({ type }) => type),
      ['connectivity', 'V'],
      'no connectivity record of the others',
    );
  });

  it('FT-WS-8 frames that break RFC 6455 end their connection with the code for it, and no other', async (t) => {
    const hub = await startIngestHub(t);
    const bystander = await hub.vehicle('BYSTANDER');
    for (const [name, bytes, code] of [
      ['not masked', Buffer.from([0x82, 0x01, 0x00]), 1002],
      ['reserved bits', Buffer.from([0xf2, 0x81, 0, 0, 0, 0, 0]), 1002],
      ['unknown opcode', Buffer.from([0x83, 0x81, 0, 0, 0, 0, 0]), 1002],
      ['a ping that is too long', Buffer.from([0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0]), 1002],
      ['a continuation of nothing', Buffer.from([0x80, 0x81, 0, 0, 0, 0, 0]), 1002],
      ['text that is not UTF-8', Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]), 1007],
      ['64 bits of length', Buffer.from([0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]), 1009],
    ] as const) {
      const car = await hub.vehicle();
      (car.socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket.write(bytes);
      assert.equal((await car.closed).code, code, name);
    }
    assert.equal((await bystander.ask()).kind, 'ack');
  });
});
