import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeAlerts, encodeVehicleData } from '../../src/protocols/fleet-telemetry/index.js';
import { HubProcess } from '../fakes/hub-process.js';
import { eventually, testCertificates, VIN, writeServerConfig } from '../fakes/ingest-hub.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { type SentRecord, Vehicle } from '../fakes/vehicle.js';

const ROUNDS = 4;
const RECORDS = 400;

async function connect(port: number): Promise<Vehicle> {
  const { authority, device } = await testCertificates();
  const credentials = await device(VIN);
  return Vehicle.open({ port, vin: VIN, credentials, serverCa: authority.certificatePem });
}

/** FT-CLI-2. */
const txid = (count: number): string => `${'a'.repeat(22)}-${String(count).padStart(9, '0')}`;

const alerts = encodeAlerts({ alerts: [{ name: 'A' }], createdAtMs: 1_767_225_600_000, vin: VIN });

/** A message of a topic that is kept, or of one that is not, by its number. */
function messageOf(count: number): SentRecord {
  if (count % 3 !== 0) return { txid: txid(count), topic: 'alerts', payload: alerts };
  const data = [{ key: 'Odometer', value: { intValue: count } }];
  return { txid: txid(count), payload: encodeVehicleData({ data, createdAtMs: 1_767_225_600_000, vin: VIN }) };
}

interface Presence {
  readonly state: string;
  readonly sessions: number;
  readonly connectionsTotal: number;
}

interface Gaps {
  readonly gaps: readonly { readonly kind: string }[];
}

interface Signals {
  readonly signals: readonly { readonly name: string; readonly value: number }[];
}

test('FO-1 FT-CON-4 FT-AUTH-3 a hub that is killed knows what it has acknowledged, who is there, and that nothing is missing', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'peer'));
  const telemetry = await writeServerConfig(join(folder, 'peer'), { log_level: 'info', records: { V: ['file'] } });
  const file = join(folder, 'config.json');
  writeFileSync(
    file,
    JSON.stringify({ dataDir: join(folder, 'data'), http: { port: 0 }, telemetry: { file: telemetry } }),
  );
  let acked = 0;
  let sent = 0;
  const unacked = new Set<number>();
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
    // What was not acknowledged comes again, then the vehicle counts on.
    for (let record = 1; record <= RECORDS; record++) unacked.add(++sent);
    for (const count of [...unacked].sort((a, b) => a - b)) car.send(messageOf(count));
    await car.replied(RECORDS / 2);
    const { gaps } = await get<Gaps>('/gaps');
    assert.deepEqual(
      gaps.filter(({ kind }) => kind === 'missing'),
      [],
    );
    await hub.kill('SIGKILL');
    await car.closed;
    const first = acked;
    for (const id of car.acked) {
      const count = Number(id.slice(-9));
      unacked.delete(count);
      if (count % 3 === 0) acked = Math.max(acked, count);
    }
    assert.ok(acked > first);
  }
});
