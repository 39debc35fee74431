import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HubProcess } from '../fakes/hub-process.js';
import { eventually, readRecords, testCertificates, writeServerConfig } from '../fakes/ingest-hub.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { speed, Vehicle } from '../fakes/vehicle.js';

const MOUNT = 'mount -t tmpfs -o size=6m tmpfs "$1"';
const CHUNK = Buffer.alloc(64 * 1024, 1);

/** Takes what is left of a disk, to the last byte. */
function fill(file: string): void {
  for (let size = CHUNK.length; size > 0; ) {
    try {
      appendFileSync(file, CHUNK.subarray(0, size));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
      size = Math.floor(size / 4);
    }
  }
}

test('DUR-9 a full disk: what is not stored is not acked, the process lives, and nothing acked is lost', async (t) => {
  const folder = temporaryFolder(t);
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const permitted = spawnSync('unshare', ['-m', 'sh', '-c', MOUNT, 'sh', disk]);
  if (permitted.status !== 0) {
    t.skip(`NOT TESTED: a disk that fills up. It needs a mount namespace (unshare -m): ${permitted.stderr ?? ''}`);
    return;
  }
  const config = await writeServerConfig(folder, { log_level: 'info' });
  const script = `${MOUNT} && shift && exec "$@"`;
  const hub = new HubProcess(
    t,
    ['run', 'fleet-telemetry', `-config=${config}`, `-data=${disk}`],
    ['unshare', '-m', 'sh', '-c', script, 'sh', disk, process.execPath],
  );
  const port = await hub.port();
  // The disk as the hub sees it.
  const seen = join('/proc', String(hub.pid), 'root', disk);
  const { authority, device } = await testCertificates();
  const open = async (vin: string): Promise<Vehicle> =>
    Vehicle.open({ port, vin, credentials: await device(vin), serverCa: authority.certificatePem });
  const [car, other] = [await open('CAR'), await open('OTHER')];
  let number = 0;
  const send = (): string => {
    number++;
    return car.send({ txid: `CAR-${number}`, payload: speed('CAR', number) });
  };
  for (let record = 0; record < 50; record++) send();
  await car.replied(50);

  fill(join(seen, 'filler'));
  // What fits into pages that the store had already may still be stored, and is acked then.
  await eventually(async () => {
    send();
    await car.roundTrip();
    return hub.log.some(({ msg }) => msg === 'storage_degraded');
  }, 'the store to notice');
  const refused = Array.from({ length: 20 }, send);
  assert.equal((await other.ask({ payload: Buffer.from([0xff]) })).kind, 'error', 'errors are answered as ever');
  await car.roundTrip();
  assert.ok(
    refused.every((txid) => !car.acked.includes(txid)),
    'nothing that is not stored is acked',
  );
  await hub.logged('input refused', ({ reason }) => reason === 'store_degraded');
  assert.equal((await open('LATE')).end, undefined, 'vehicles may still connect');
  assert.equal(hub.exit, undefined);

  rmSync(join(seen, 'filler'));
  await hub.logged('storage_recovered');
  const resent = refused.map((txid) => car.send({ txid, payload: speed('CAR', number) }));
  await car.until(() => resent.every((txid) => car.acked.includes(txid)), 'the acks of what is sent again');
  const connected = () =>
    readRecords(join(seen, 'records')).flatMap(({ type, vin, data }) =>
      type === 'connectivity' && (data as { status: string }).status === 'CONNECTED' ? [vin] : [],
    );
  await eventually(() => connected().includes('LATE'), 'who came while the disk was full');
  await eventually(() => {
    const stored = new Set(readRecords(join(seen, 'records')).map(({ txid }) => txid));
    return car.acked.every((txid) => stored.has(txid));
  }, 'every acked record in the files');
  const records = readRecords(join(seen, 'records'));
  const firsts = [...new Set(records.flatMap(({ type, txid }) => (type === 'V' ? [Number(txid.split('-')[1])] : [])))];
  assert.deepEqual(
    firsts,
    [...firsts].sort((a, b) => a - b),
    'in order',
  );
  assert.deepEqual(await hub.kill('SIGTERM'), { code: 0, signal: null });
});
