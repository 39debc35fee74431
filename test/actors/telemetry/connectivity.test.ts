import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeRecord } from '../../../src/actors/dispatch/index.js';
import { ConnectivitySpool, connectivityRecord } from '../../../src/actors/telemetry/connectivity.js';
import { decodedJson } from '../../../src/protocols/fleet-telemetry/index.js';
import { ManualClock } from '../../../src/runtime/index.js';

function spool() {
  const clock = new ManualClock();
  const stored: string[] = [];
  const store = { hasRoom: true, dropped: 0 };
  const connectivity = new ConnectivitySpool({
    append: (record) => {
      if (store.hasRoom) stored.push(record.toString());
      return store.hasRoom;
    },
    clock,
    dropped: (records) => {
      store.dropped += records.length;
    },
  });
  const add = (...texts: string[]): void => {
    for (const text of texts) connectivity.add(Buffer.from(text), { deviceId: 'VIN1', status: 'CONNECTED' });
  };
  return { clock, stored, store, connectivity, add };
}

describe('connectivity records', () => {
  it('FT-CON-2 say who, over what, when and how', () => {
    const connection = {
      connectionId: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      vin: 'VIN1',
      clientType: 'energy_device',
      networkInterface: 'wifi',
      clientVersion: '1.2.0',
      remote: '192.0.2.1:4711',
      closeCode: null,
    };
    const now = 1_767_225_600_123;
    const record = decodeRecord(connectivityRecord({ type: 'connectivity', status: 'DISCONNECTED', connection }, now));
    assert.ok(record.ok);
    const { payload, metadata, ...facts } = record.value;
    assert.deepEqual(facts, { type: 'connectivity', vehicle: 'VIN1', at: 1_767_225_600_000, receivedAt: now });
    assert.deepEqual({ ...metadata }, { txid: connection.connectionId, device_client_version: '1.2.0' });
    const json = decodedJson('connectivity', payload);
    assert.ok(json.ok);
    assert.deepEqual(JSON.parse(json.value), {
      vin: 'VIN1',
      connectionId: connection.connectionId,
      status: 'DISCONNECTED',
      createdAt: '2026-01-01T00:00:00.123Z',
      networkInterface: 'wifi',
    });
  });

  it('go to the spool at once, in their order', () => {
    const { stored, add } = spool();
    add('1', '2', '3');
    assert.deepEqual(stored, ['1', '2', '3']);
  });

  it('wait while the spool has no room, and go in their order when it has', async () => {
    const { clock, stored, store, add } = spool();
    store.hasRoom = false;
    add('1', '2');
    await clock.advance(5_000);
    assert.deepEqual(stored, []);
    store.hasRoom = true;
    add('3');
    assert.deepEqual(stored, [], 'none overtakes');
    await clock.advance(1_000);
    assert.deepEqual(stored, ['1', '2', '3']);
    add('4');
    assert.deepEqual([stored.at(-1), clock.pending, store.dropped], ['4', 0, 0]);
  });

  it('are bounded: of those that wait the oldest are given up, and counted', async () => {
    const { clock, stored, store, add } = spool();
    store.hasRoom = false;
    add(...Array.from({ length: 10_003 }, (_, index) => String(index)));
    assert.equal(store.dropped, 3);
    store.hasRoom = true;
    await clock.advance(1_000);
    assert.deepEqual([stored.length, stored[0], stored.at(-1)], [10_000, '3', '10002']);
  });

  it('do not wait past the end', () => {
    const { clock, stored, store, connectivity, add } = spool();
    store.hasRoom = false;
    add('1', '2');
    connectivity.close();
    add('3');
    assert.deepEqual([stored.length, store.dropped, clock.pending], [0, 3, 0]);
    connectivity.open();
    store.hasRoom = true;
    add('4');
    assert.deepEqual(stored, ['4']);
  });
});
