import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as after } from 'node:timers/promises';
import { HubProcess } from '../fakes/hub-process.js';
import { eventually, type RecordLine, readRecords, testCertificates, writeServerConfig } from '../fakes/ingest-hub.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { speed, Vehicle } from '../fakes/vehicle.js';

const KILLS = 11;
/** The one of them that comes while the hub is still taking up what the one before left. */
const EARLY = 5;
const VINS = ['A', 'B', 'C', 'D'];
/** Records that a vehicle sends before it waits for acks. */
const WINDOW = 40;

/** A vehicle over all of its connections: it counts on, and remembers what was acknowledged. */
interface Fleet {
  readonly acked: Map<string, Set<string>>;
  readonly counters: Map<string, number>;
}

/** Hubs that are loaded while another one runs: on a busy machine most of a start is loading. */
const AHEAD = 2;

/** Returns how to start the next hub. */
function hubs(t: TestContext, folder: string): () => HubProcess {
  const args = ['run', 'fleet-telemetry', `-config=${join(folder, 'config.json')}`, `-data=${join(folder, 'data')}`];
  const held = Array.from({ length: AHEAD }, () => HubProcess.held(t, args));
  return () => {
    held.push(HubProcess.held(t, args));
    const hub = held.shift() as HubProcess;
    hub.begin();
    return hub;
  };
}

/** Connects every vehicle and lets it send as fast as it is acknowledged, until the hub is gone. */
async function drive(port: number, fleet: Fleet): Promise<Vehicle[]> {
  const { authority, device } = await testCertificates();
  return Promise.all(
    VINS.map(async (vin) => {
      const credentials = await device(vin);
      const car = await Vehicle.open({ port, vin, credentials, serverCa: authority.certificatePem });
      let unacked = 0;
      const send = (): void => {
        while (unacked < WINDOW && car.socket.readyState === car.socket.OPEN) {
          const number = (fleet.counters.get(vin) ?? 0) + 1;
          fleet.counters.set(vin, number);
          car.send({ txid: `${vin}-${number}`, payload: speed(vin, number) });
          unacked++;
        }
      };
      car.onReply = (reply) => {
        assert.equal(reply.kind, 'ack');
        fleet.acked.get(vin)?.add(reply.txid);
        unacked--;
        send();
      };
      send();
      return car;
    }),
  );
}

const total = (fleet: Fleet): number => [...fleet.acked.values()].reduce((sum, { size }) => sum + size, 0);

/** What the files must say after all those kills. */
function verify(records: readonly RecordLine[], fleet: Fleet): void {
  for (const vin of VINS) {
    const own = records.filter((record) => record.vin === vin);
    const numbers = own.flatMap(({ type, txid }) => (type === 'V' ? [Number(txid.split('-')[1])] : []));
    const stored = new Set(numbers.map((number) => `${vin}-${number}`));
    const lost = [...(fleet.acked.get(vin) ?? [])].filter((txid) => !stored.has(txid));
    assert.deepEqual(lost, [], `${vin}: acknowledged and not in the files`);
    const firsts = [...new Set(numbers)];
    assert.deepEqual(
      firsts,
      [...firsts].sort((a, b) => a - b),
      `${vin}: out of order`,
    );

    const ids = { CONNECTED: new Set<string>(), DISCONNECTED: new Set<string>() };
    for (const { type, data } of own) {
      if (type !== 'connectivity') continue;
      const { status, connectionId } = data as { status: 'CONNECTED' | 'DISCONNECTED'; connectionId: string };
      ids[status].add(connectionId);
    }
    assert.ok(ids.CONNECTED.size >= KILLS / 2, `${vin} connected ${ids.CONNECTED.size} times`);
    assert.deepEqual([...ids.CONNECTED].sort(), [...ids.DISCONNECTED].sort(), `${vin}: FT-CON-4`);
  }
}

test(`DUR-5 DUR-8 FT-CON-4 killed ${KILLS} times under load, every acked record is in the files, in order, and every connection ended`, async (t) => {
  const folder = temporaryFolder(t);
  await writeServerConfig(folder, { log_level: 'info' });
  const start = hubs(t, folder);
  const fleet: Fleet = { acked: new Map(VINS.map((vin) => [vin, new Set()])), counters: new Map() };
  let random = 20_260_101;
  const upTo = (most: number): number => {
    random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
    return 1 + (random % most);
  };
  for (let kill = 0; kill < KILLS; kill++) {
    const hub = start();
    const port = await hub.port();
    if (kill === EARLY) await after(upTo(20));
    else {
      const cars = await drive(port, fleet);
      const enough = total(fleet) + upTo(800);
      await eventually(() => total(fleet) >= enough, `${enough} acks`);
      hub.signal('SIGKILL');
      await Promise.all(cars.map((car) => car.closed));
    }
    assert.equal((await hub.kill('SIGKILL')).signal, 'SIGKILL');
  }

  const last = start();
  const [car] = await drive(await last.port(), fleet);
  const enough = total(fleet) + 100;
  await eventually(() => total(fleet) >= enough, `${enough} acks`);
  last.signal('SIGTERM');
  assert.equal((await (car as Vehicle).closed).code, 1001);
  assert.deepEqual(await last.exited, { code: 0, signal: null });
  verify(readRecords(join(folder, 'data', 'records')), fleet);
  t.diagnostic(`${total(fleet)} records acknowledged`);
});
