import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createAuthority, issueDeviceCertificate } from '../../../src/actors/provisioning/index.js';
import type { Hub } from '../../../src/hub.js';
import { encodeConnectivity } from '../../../src/protocols/fleet-telemetry/index.js';
import { eventually, type RecordLine, startIngestHub, testCertificates, VIN } from '../../fakes/ingest-hub.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import type { Vehicle } from '../../fakes/vehicle.js';

const ID = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
const RELIABLE = { records: { V: ['file'], connectivity: ['file'] }, reliable_ack_sources: { V: 'file' } };

interface Connectivity {
  readonly vin: string;
  readonly connectionId: string;
  readonly status: 'CONNECTED' | 'DISCONNECTED';
  readonly createdAt: string;
  readonly networkInterface: string;
}

const connectivity = (record: RecordLine | undefined): Partial<Connectivity> => (record?.data ?? {}) as Connectivity;

const presence = (records: readonly RecordLine[]): string[] =>
  records
    .filter(({ type }) => type === 'connectivity')
    .map(({ vin, data }) => `${vin} ${(data as Connectivity).status}`);

describe('1.4 the registry of sockets', () => {
  it('FT-REG-1 connections of one vehicle live side by side, each with acks for its own records', async (t) => {
    const hub = await startIngestHub(t, RELIABLE);
    const cars = await Promise.all([1, 2, 3].map(() => hub.vehicle()));
    await Promise.all(cars.map((car, index) => car.ask({ txid: `of ${index}` })));
    for (const [index, car] of cars.entries()) assert.deepEqual(car.acked, [`of ${index}`]);
    assert.equal(await hub.metric('num_connections'), 3);
    await cars[1]?.close();
    assert.equal((await cars[0]?.ask())?.kind, 'ack');
    assert.equal((await cars[2]?.ask())?.kind, 'ack');
  });

  it('FT-REG-2 BETTER: of two with one X-TXID, either may end and the other keeps its reliable acks', async (t) => {
    for (const ends of [0, 1]) {
      const hub = await startIngestHub(t, RELIABLE);
      const cars: Vehicle[] = [];
      for (const vin of ['A', 'B']) cars.push(await hub.vehicle(vin, { headers: { 'X-TXID': ID } }));
      const [gone, stays] = ends === 0 ? cars : [...cars].reverse();
      await gone?.close();
      assert.equal((await stays?.ask())?.kind, 'ack');
      const records = await hub.recorded((all) => presence(all).length === 3, 'three connectivity records');
      const ids = records
        .filter(({ type }) => type === 'connectivity')
        .map(({ data }) => (data as Connectivity).connectionId);
      assert.deepEqual(ids.slice(0, 2), [ID, `${ID}-2`]);
      assert.equal(ids[2], ids[ends]);
      assert.equal(await hub.metric('reliable_ack_miss'), 0);
    }
  });

  it('FT-REG-2 an id is free again when its connection is gone', async (t) => {
    const hub = await startIngestHub(t);
    for (let time = 0; time < 3; time++) {
      const car = await hub.vehicle(VIN, { headers: { 'X-TXID': ID } });
      await car.ask();
      await car.close();
      await hub.recorded((all) => presence(all).length === 2 * (time + 1), 'both records');
    }
    assert.ok(hub.records().every(({ type, txid }) => type === 'V' || txid === ID));
  });

  it('MBX-4 a connection whose actor is stopped ends, and what it had under way takes no room from the others', async (t) => {
    const hub = await startIngestHub(t, RELIABLE);
    const { system } = hub.hub;
    const [idle, busy] = await Promise.all([hub.vehicle(), hub.vehicle()]);
    const addresses = [...system.addresses('vehicle-connection')];
    assert.equal(addresses.length, 2);
    const isStopped = eventually(async () => {
      busy.send();
      return busy.end !== undefined;
    }, 'the end of the busy one');
    await Promise.all(addresses.map((address) => system.remove(address)));
    await isStopped;
    await idle.closed;
    await eventually(async () => (await hub.metric('num_connections')) === 0, 'no connection is left');
    assert.equal(await hub.metric('telemetry_in_flight_bytes'), 0);
    const next = await hub.vehicle();
    assert.equal((await next.ask()).kind, 'ack');
  });

  it('FT-REG-3 FT-MET-3 the gauge counts the connections that are open', async (t) => {
    const hub = await startIngestHub(t);
    assert.equal(await hub.metric('num_connections'), 0);
    const cars = await Promise.all(Array.from({ length: 20 }, (_, index) => hub.vehicle(`V${index}`)));
    assert.equal(await hub.metric('num_connections'), 20);
    await Promise.all(cars.slice(0, 10).map((car) => car.close()));
    await Promise.all(cars.slice(10, 15).map((car) => car.vanish()));
    await eventually(async () => (await hub.metric('num_connections')) === 5, 'five are left');
  });
});

describe('1.4 connectivity records', () => {
  it('FT-CON-1 CONNECTED stands before the first record, DISCONNECTED behind the last', async (t) => {
    const hub = await startIngestHub(t);
    for (const end of ['close', 'vanish', 'text'] as const) {
      const car = await hub.vehicle(end);
      for (let record = 0; record < 200; record++) car.send();
      await car.replied(1);
      if (end === 'close') await car.close();
      else if (end === 'vanish') await car.vanish();
      else {
        car.socket.send('text');
        await car.closed;
      }
      const all = await hub.recorded((records) => presence(records).includes(`${end} DISCONNECTED`), end);
      const own = all.filter(({ vin }) => vin === end);
      assert.equal(connectivity(own[0]).status, 'CONNECTED');
      assert.equal(connectivity(own.at(-1)).status, 'DISCONNECTED');
      assert.ok(own.slice(1, -1).every(({ type }) => type === 'V'));
    }
  });

  it('FT-CON-1 where connectivity is no key of records there is nothing', async (t) => {
    const hub = await startIngestHub(t, { records: { V: ['file'] } });
    const car = await hub.vehicle();
    await car.ask();
    await car.close();
    await hub.stop();
    assert.deepEqual(
      hub.records().map(({ type }) => type),
      ['V'],
    );
  });

  it('FT-CON-2 says who, over what, when to the nanosecond, under the id of the connection, and is not acked', async (t) => {
    const { authority } = await testCertificates();
    const products = await createAuthority({ commonName: 'Tesla Energy Product Issuing CA' });
    const files = { 'ca.crt': authority.certificatePem + products.certificatePem };
    const hub = await startIngestHub(t, {}, { files });
    const credentials = await issueDeviceCertificate(products, {
      commonName: 'battery.7',
      extendedKeyUsages: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.4.1.49279.2.5.2'],
    });
    const headers = { 'X-TXID': ID, 'X-Network-Interface': 'wifi' };
    const car = await hub.vehicle('battery-7', { credentials, headers });
    await car.close();
    const records = await hub.recorded((all) => all.length === 2, 'both');
    for (const [index, status] of ['CONNECTED', 'DISCONNECTED'].entries()) {
      const { type, vin, txid, createdAt, receivedAt, data } = records[index] as RecordLine;
      const { createdAt: exact, ...rest } = data as Connectivity;
      assert.deepEqual([type, vin, txid], ['connectivity', 'battery-7', ID]);
      assert.deepEqual(rest, { vin: 'battery-7', connectionId: ID, status, networkInterface: 'wifi' });
      assert.equal(Date.parse(exact), receivedAt);
      assert.equal(createdAt, receivedAt - (receivedAt % 1000), 'whole seconds in the envelope');
    }
    assert.deepEqual(car.replies, []);
  });

  it('FT-CON-3 a vehicle may send one itself: a record like any other, with the VIN of the certificate', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    const payload = encodeConnectivity({
      vin: 'SOMEBODY ELSE',
      connectionId: 'its own',
      status: 'CONNECTED',
      createdAtMs: 1_767_225_600_000,
      networkInterface: 'lte',
    });
    assert.deepEqual(await car.ask({ topic: 'connectivity', txid: 'mine', payload }), {
      kind: 'ack',
      txid: 'mine',
      topic: 'connectivity',
    });
    const [, own] = await hub.recorded((all) => all.length === 2, 'both');
    assert.deepEqual(connectivity(own).vin, VIN);
    assert.deepEqual(connectivity(own).connectionId, 'its own');
  });

  it('FT-CON-4 BETTER: connections that a crash left open are closed at the next start', async (t) => {
    const hub = await startIngestHub(t);
    const cars = await Promise.all(['A', 'B', 'C'].map((vin) => hub.vehicle(vin)));
    for (const car of cars) await car.ask();
    await cars[0]?.close();
    await hub.recorded((all) => presence(all).includes('A DISCONNECTED'), 'the end of A');
    await hub.hub.system.settled();
    // What a crash leaves is what is on disk now.
    const folder = temporaryFolder(t);
    cpSync(join(hub.folder, 'data'), join(folder, 'data'), { recursive: true });
    const next = await startIngestHub(t, {}, { folder });
    const ends = (all: readonly RecordLine[]) => new Set(presence(all).filter((text) => text.endsWith('DISCONNECTED')));
    const records = await next.recorded((all) => ends(all).size === 3, 'the end of all');
    assert.deepEqual([...ends(records)].sort(), ['A DISCONNECTED', 'B DISCONNECTED', 'C DISCONNECTED']);
    assert.equal(await next.metric('num_connections'), 0);
    assert.equal([...next.hub.system.addresses('vehicle-connection')].length, 0, 'no actor is left');
  });
});

describe('a defect', () => {
  it('FT-FAIL-19 in the handling of a message ends that connection, says so, and leaves the others alone', async (t) => {
    const made = ({ system }: Hub): void => {
      const type = system.typeNamed('vehicle-connection');
      const hot = type?.hot;
      assert.ok(type && hot);
      const on: typeof hot.on = (state, message, at) => {
        if (Buffer.from(message as Uint8Array).includes('trips')) throw new Error('a defect');
        return hot.on(state, message, at);
      };
      Object.assign(type, { hot: { ...hot, on } });
    };
    const hub = await startIngestHub(t, {}, { made });
    const other = await hub.vehicle('OTHER');
    const car = await hub.vehicle();
    await car.ask({ txid: 'before' });
    car.send({ txid: 'trips' });
    for (let record = 0; record < 5; record++) car.send();
    assert.equal((await car.closed).code, 1006);
    const records = await hub.recorded((all) => presence(all).includes(`${VIN} DISCONNECTED`), 'the end');
    assert.deepEqual(
      records.filter(({ type, vin }) => type === 'V' && vin === VIN).map(({ txid }) => txid),
      ['before'],
    );
    assert.deepEqual(car.acked, ['before'], 'the vehicle sends the others again');
    assert.equal((await other.ask()).kind, 'ack');
    assert.equal((await hub.vehicle().then((next) => next.ask())).kind, 'ack', 'and may come back');
    await eventually(async () => (await hub.metric('num_connections')) === 2, 'two connections');
    await hub.logged('actor_failed');
    assert.ok(hub.hub.system.deadLetters.total > 0, 'the message is kept for somebody to look at');
    assert.deepEqual(hub.escalations, []);
  });
});

describe('8.5 an orderly stop', () => {
  it('8.5 acks what it has taken, closes with 1001 and dispatches DISCONNECTED before it ends', async (t) => {
    const hub = await startIngestHub(t);
    const cars = await Promise.all(Array.from({ length: 8 }, (_, index) => hub.vehicle(`V${index}`)));
    const flow = (car: Vehicle): void => {
      if (car.socket.readyState !== car.socket.OPEN) return;
      for (let record = 0; record < 10; record++) car.send();
      setImmediate(flow, car);
    };
    for (const car of cars) flow(car);
    for (const car of cars) await car.replied(100);
    await hub.stop();
    const records = hub.records();
    for (const car of cars) {
      assert.equal((await car.closed).code, 1001);
      const own = records.filter(({ vin }) => vin === car.vin);
      assert.deepEqual(presence(own), [`${car.vin} CONNECTED`, `${car.vin} DISCONNECTED`]);
      assert.equal(connectivity(own.at(-1)).status, 'DISCONNECTED');
      const stored = own.filter(({ type }) => type === 'V').map(({ txid }) => txid);
      assert.deepEqual(car.acked, stored, 'acked is what is stored, no more and no less');
    }
    assert.deepEqual(hub.escalations, []);
  });

  it('8.5 waits for acks that a dispatcher owes', async (t) => {
    const hub = await startIngestHub(t, RELIABLE);
    const car = await hub.vehicle();
    for (let record = 0; record < 300; record++) car.send();
    await car.replied(1);
    await hub.stop();
    await car.closed;
    assert.deepEqual(
      car.acked,
      hub.records().flatMap(({ type, txid }) => (type === 'V' ? [txid] : [])),
    );
  });

  it('8.5 does not wait longer than it was given for a vehicle that does not answer', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    await car.ask();
    car.stopReading();
    const before = performance.now();
    await hub.stop(1_500);
    assert.ok(performance.now() - before < 3_000);
    assert.deepEqual(presence(hub.records()), [`${VIN} CONNECTED`, `${VIN} DISCONNECTED`]);
  });

  it('8.5 leaves nothing behind that a start would have to repair', async (t) => {
    const hub = await startIngestHub(t);
    const car = await hub.vehicle();
    await car.ask();
    await hub.stop();
    const next = await startIngestHub(t, {}, { folder: hub.folder });
    assert.equal((await next.vehicle('NEXT').then((other) => other.ask())).kind, 'ack');
    const records = await next.recorded(
      (all) => all.some(({ type, vin }) => type === 'V' && vin === 'NEXT'),
      'the record',
    );
    assert.deepEqual(presence(records), [`${VIN} CONNECTED`, `${VIN} DISCONNECTED`, 'NEXT CONNECTED']);
  });
});

describe('a flood', () => {
  it('MBX-4 10,000 tiny frames at once are answered in bounded memory, while others go on', async (t) => {
    const hub = await startIngestHub(t);
    const flooder = await hub.vehicle('FLOODER');
    const other = await hub.vehicle('OTHER');
    let deepest = 0;
    let isOver = false;
    const watch = (): void => {
      deepest = Math.max(deepest, hub.hub.system.mailboxes().get('vehicle-connection')?.depth ?? 0);
      if (!isOver) setImmediate(watch);
    };
    watch();
    for (let frame = 0; frame < 10_000; frame++) flooder.sendBytes(Buffer.from([frame & 0xff]));
    for (let record = 0; record < 20; record++) assert.equal((await other.ask()).kind, 'ack');
    await flooder.until(() => flooder.replies.length === 10_000, 'all answers');
    isOver = true;
    assert.ok(flooder.replies.every(({ kind, txid }) => kind === 'error' && txid === ''));
    assert.ok(deepest <= 2_048, `${deepest} messages were in mailboxes at once`);
    assert.equal((await flooder.ask()).kind, 'ack');
  });

  it('FT-REG-3 a vehicle that vanishes in the middle of it leaves no actor behind', async (t) => {
    const hub = await startIngestHub(t);
    const flooder = await hub.vehicle('FLOODER');
    for (let record = 0; record < 10_000; record++) flooder.send();
    await flooder.replied(1);
    await flooder.vanish();
    await hub.recorded((all) => presence(all).includes('FLOODER DISCONNECTED'), 'the end');
    await eventually(() => [...hub.hub.system.addresses('vehicle-connection')].length === 0, 'no actor');
    assert.equal(await hub.metric('num_connections'), 0);
  });
});
