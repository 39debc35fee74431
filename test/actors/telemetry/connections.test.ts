import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FleetRecord } from '../../../src/actors/dispatch/index.js';
import { connectionAddress } from '../../../src/actors/telemetry/connection-address.js';
import type { IngestReply } from '../../../src/actors/telemetry/connection-hot.js';
import { Connections } from '../../../src/actors/telemetry/connections.js';
import type { IngestMetrics } from '../../../src/actors/telemetry/ingest-metrics.js';
import type { LiveConnection } from '../../../src/actors/telemetry/live-connection.js';
import { resendKey } from '../../../src/actors/telemetry/resend-key.js';
import { decodeReply } from '../../../src/protocols/fleet-telemetry/index.js';
import { ManualClock } from '../../../src/runtime/index.js';

const ID = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

interface FakeConnection {
  readonly input: {
    readonly connectionId: string;
    readonly socketId: string;
    readonly identity: { readonly deviceId: string };
  };
  readonly acks: string[];
  /** Sizes of the messages that were answered. */
  readonly answers: number[];
  /** When the records were received that were confirmed or refused. */
  readonly settled: number[];
  /** Keys of what came again. */
  readonly waiting: Set<string>;
  state: 'well' | 'silent' | 'stalled';
  looks: number;
}

function acked(bytes: Uint8Array): string {
  const reply = decodeReply(bytes);
  assert.ok(reply.ok && reply.value.kind === 'ack');
  return `${reply.value.txid} ${reply.value.topic}`;
}

function connection(connectionId: string, deviceId = 'VIN1', socketId = 's1'): LiveConnection & FakeConnection {
  const fake = {
    input: { connectionId, socketId, identity: { deviceId } },
    acks: [] as string[],
    answers: [] as number[],
    release: ({ size }: IngestReply) => fake.answers.push(size),
    state: 'well' as FakeConnection['state'],
    looks: 0,
    confirm: (bytes: Uint8Array, receivedAt: number) => {
      fake.settled.push(receivedAt);
      fake.acks.push(acked(bytes));
    },
    settled: [] as number[],
    waiting: new Set<string>(),
    refuse: (receivedAt: number) => fake.settled.push(receivedAt),
    awaitResent: (key: string) => fake.waiting.add(key),
    forgetResent: (key: string) => fake.waiting.delete(key),
    confirmResent: (key: string, bytes: Uint8Array) => {
      fake.forgetResent(key);
      fake.acks.push(acked(bytes));
    },
    tend: () => {
      fake.looks++;
      return fake.state;
    },
  };
  return fake as unknown as LiveConnection & FakeConnection;
}

const confirmed: boolean[] = [];
const metrics = {
  confirmed: (_type: string, isConnected: boolean) => confirmed.push(isConnected),
} as unknown as IngestMetrics;

const record = (changes: Partial<FleetRecord> = {}): FleetRecord => ({
  type: 'V',
  vehicle: 'VIN1',
  at: 0,
  receivedAt: 0,
  metadata: { txid: 'tx-1' },
  origin: ID,
  payload: new Uint8Array(),
  ...changes,
});

describe('the open connections', () => {
  it('FT-REG-2 an id that is taken gets a suffix, until it is free', () => {
    const connections = new Connections(new ManualClock(), undefined);
    const taken = [0, 1, 2].map(() => {
      const next = connection(connections.freeId(ID));
      connections.add(next);
      return next;
    });
    assert.deepEqual(
      taken.map(({ input }) => input.connectionId),
      [ID, `${ID}-2`, `${ID}-3`],
    );
    connections.remove(taken[1] as LiveConnection);
    assert.equal(connections.freeId(ID), `${ID}-2`);
    assert.equal(connections.size, 2);
  });

  it('FT-REG-2 the id of a parked actor is not free', () => {
    const connections = new Connections(new ManualClock(), undefined);
    assert.equal(
      connections.freeId(ID, (address) => address === connectionAddress(ID)),
      `${ID}-2`,
    );
  });

  it('FT-REG-2 only the socket whose entry it is removes it', () => {
    const connections = new Connections(new ManualClock(), undefined);
    const [old, current] = [connection(ID), connection(ID)];
    connections.add(old);
    connections.add(current);
    connections.remove(old);
    assert.equal(connections.at(connectionAddress(ID)), current);
  });

  it('FT-ACK-3 a confirmation goes to the connection of the record, if that is still the same vehicle', () => {
    const connections = new Connections(new ManualClock(), undefined);
    const car = connection(ID);
    connections.add(car);
    confirmed.length = 0;
    connections.confirm(record(), metrics);
    connections.confirm(record({ vehicle: 'OTHER' }), metrics);
    connections.confirm(record({ origin: 'gone' }), metrics);
    const { origin: _, ...serverMade } = record();
    connections.confirm(serverMade, metrics);
    assert.deepEqual(car.acks, ['tx-1 V']);
    assert.deepEqual(confirmed, [true, false, false, false]);
  });

  it('FT-REG-2 answers to messages of an earlier socket do not reach the one that has its id now', () => {
    const connections = new Connections(new ManualClock(), undefined);
    const [old, current] = [connection(ID, 'VIN1', 's1'), connection(ID, 'VIN1', 's2')];
    connections.add(old);
    connections.remove(old);
    connections.add(current);
    const release = (socketId: string, size: number) =>
      connections.release(connectionAddress(ID), { size, socketId } as IngestReply, 'stored');
    release('s1', 10);
    release('s2', 20);
    assert.deepEqual([old.answers, current.answers], [[], [20]]);
  });

  it('FT-ACK-3 of the records that came again, those are forgotten that did so longest ago', () => {
    const connections = new Connections(new ManualClock(), undefined);
    const car = connection(ID);
    connections.add(car);
    const again = (txid: string): void => {
      const key = resendKey('VIN1', 'V', Buffer.from(txid), new Uint8Array());
      connections.release(connectionAddress(ID), { key, size: 0, socketId: 's1' } as IngestReply, 'awaited');
    };
    again('first');
    again('second');
    for (let more = 3; more <= 10_000; more++) again(`${more}`);
    again('first');
    again('one too many');
    for (const txid of ['first', 'second']) {
      connections.confirm(record({ metadata: { txid }, origin: 'gone' }), metrics);
    }
    assert.deepEqual(car.acks, ['first V']);
  });

  it('FT-ACK-3 a record that came again is waited for by the last connection it came over, until it is settled', () => {
    const connections = new Connections(new ManualClock(), undefined);
    const [first, second] = [connection('first'), connection('second')];
    for (const each of [first, second]) connections.add(each);
    const waiting = () => [first.waiting.size, second.waiting.size];
    const again = (id: string, { metadata, payload }: FleetRecord): void => {
      const key = resendKey('VIN1', 'V', Buffer.from(metadata['txid'] ?? ''), payload);
      connections.release(connectionAddress(id), { key, size: 0, socketId: 's1' } as IngestReply, 'awaited');
    };
    const confirmed = record({ origin: 'gone' });
    again('first', confirmed);
    again('first', confirmed);
    assert.deepEqual(waiting(), [1, 0]);
    again('second', confirmed);
    assert.deepEqual(waiting(), [0, 1]);
    connections.confirm(confirmed, metrics);
    assert.deepEqual([waiting(), first.acks, second.acks], [[0, 0], [], ['tx-1 V']]);

    const refused = record({ origin: 'first', receivedAt: 7, metadata: { txid: 'refused' } });
    again('first', refused);
    again('second', refused);
    connections.refuse(refused);
    assert.deepEqual([waiting(), first.settled, second.acks], [[0, 0], [7], ['tx-1 V']]);
    const own = record({ origin: 'second', receivedAt: 8, metadata: { txid: 'own' } });
    again('second', own);
    connections.confirm(own, metrics);
    assert.deepEqual([waiting(), second.settled, second.acks], [[0, 0], [8], ['tx-1 V', 'own V']], 'one ack');
  });

  it('FT-WS-6 FT-WS-7 all are looked after every 5 seconds, and more often where pings are', async () => {
    for (const [pingMs, expected] of [
      [30_000, 2],
      [undefined, 2],
      [1_000, 10],
    ] as const) {
      const clock = new ManualClock();
      const connections = new Connections(clock, pingMs);
      const [well, silent] = [connection('well'), connection('silent')];
      connections.add(well);
      connections.add(silent);
      const failed: string[] = [];
      connections.start(({ input }, why) => failed.push(`${input.connectionId} ${why}`));
      await clock.advance(9_999);
      silent.state = 'silent';
      await clock.advance(1);
      assert.equal(well.looks, expected);
      assert.deepEqual(failed, ['silent silent']);
      connections.stop();
      assert.equal(clock.pending, 0);
    }
  });
});
