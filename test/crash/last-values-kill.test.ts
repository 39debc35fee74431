import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeVehicleData } from '../../src/protocols/fleet-telemetry/index.js';
import { HubProcess } from '../fakes/hub-process.js';
import { eventually, testCertificates, VIN, writeServerConfig } from '../fakes/ingest-hub.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { Vehicle } from '../fakes/vehicle.js';

const ROUNDS = 4;
const RECORDS = 400;

async function connect(port: number): Promise<Vehicle> {
  const { authority, device } = await testCertificates();
  const credentials = await device(VIN);
  return Vehicle.open({ port, vin: VIN, credentials, serverCa: authority.certificatePem });
}

const data = (odometer: number): Uint8Array =>
  encodeVehicleData({ data: [{ key: 'Odometer', value: { intValue: odometer } }], createdAtMs: Date.now(), vin: VIN });

interface Presence {
  readonly state: string;
  readonly sessions: number;
  readonly connectionsTotal: number;
}

interface Signals {
  readonly signals: readonly { readonly name: string; readonly value: number }[];
}

test('FO-1 FT-CON-4 a hub that is killed knows what it has acknowledged, and who is there', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'peer'));
  const telemetry = await writeServerConfig(join(folder, 'peer'), { log_level: 'info' });
  const file = join(folder, 'config.json');
  writeFileSync(
    file,
    JSON.stringify({ dataDir: join(folder, 'data'), http: { port: 0 }, telemetry: { file: telemetry } }),
  );
  let acked = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const hub = new HubProcess(t, ['hub', '--config', file]);
    const port = await hub.port();
    const { url } = await hub.logged('http server listening');
    const get = async <Answer>(path: string): Promise<Answer> => {
      const answer = await fetch(`${url}/api/v1/vehicles/${VIN}${path}`, { signal: AbortSignal.timeout(30_000) });
      return (await answer.json()) as Answer;
    };
    const is = (state: string): Promise<void> =>
      eventually(async () => (await get<Presence>('')).state === state, `the vehicle is ${state}`);
    // The hub was killed while it was connected.
    if (round > 0) await is('returning');
    const car = await connect(port);
    t.after(() => car.socket.terminate());
    await is('online');
    const { sessions, connectionsTotal } = await get<Presence>('');
    assert.deepEqual([sessions, connectionsTotal], [1, round + 1], 'it was online all the time');
    const known = async (): Promise<number> => (await get<Signals>('/signals')).signals[0]?.value ?? 0;
    await eventually(async () => (await known()) >= acked, `what was acknowledged before: ${acked}`);
    const first = round * RECORDS;
    for (let record = 1; record <= RECORDS; record++) {
      car.send({ txid: String(first + record), payload: data(first + record) });
    }
    await car.replied(RECORDS / 2);
    await hub.kill('SIGKILL');
    await car.closed;
    acked = Math.max(...car.acked.map(Number));
    assert.ok(acked > first);
  }
});
