import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { encodeVehicleData } from '../../src/protocols/fleet-telemetry/index.js';
import { runCommand } from '../cli/run-command.js';
import { HttpReceiver, linesOf, type ReceiverAnswer } from '../fakes/http-receiver.js';
import { HubProcess } from '../fakes/hub-process.js';
import {
  eventually,
  type RecordLine,
  readRecords,
  startIngestHub,
  testCertificates,
  VIN,
  writeServerConfig,
} from '../fakes/ingest-hub.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { speed, Vehicle } from '../fakes/vehicle.js';

const REFUSED: ReceiverAnswer = { status: 422, body: 'not this one' };
const TAKEN: ReceiverAnswer = { status: 204 };
const ADDRESS = 'dispatcher/http';

/** A record of about 200 KB. */
const large = () =>
  encodeVehicleData({
    data: [{ key: 'VehicleName', value: { stringValue: 'x'.repeat(200_000) } }],
    createdAtMs: 1_767_225_600_000,
    vin: VIN,
  });

const recordsTo = (records: object, receiver: HttpReceiver, spool: object = {}) => ({
  records,
  fleetchart: { http: { url: receiver.url, maxBatchDelayMs: 0 }, spool },
});

/** What the receiver has taken, without the id of the request. */
const arrived = (receiver: HttpReceiver): RecordLine[] =>
  receiver.taken.flatMap(linesOf).map((line) => {
    const { id: _id, ...record } = line as unknown as RecordLine & { id: string };
    return record;
  });

async function connect(port: number): Promise<Vehicle> {
  const { authority, device } = await testCertificates();
  return Vehicle.open({ port, vin: VIN, credentials: await device(VIN), serverCa: authority.certificatePem });
}

/** A hub as a process of its own, whose records go to a receiver and to files. */
async function hubFolder(t: TestContext, receiver: HttpReceiver) {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'peer'));
  const setRecords = async (records: object): Promise<void> => {
    const file = await writeServerConfig(join(folder, 'peer'), recordsTo(records, receiver));
    const hub = { dataDir: join(folder, 'data'), http: { port: 0 }, log: { level: 'info' }, telemetry: { file } };
    writeFileSync(join(folder, 'hub.json'), JSON.stringify(hub));
  };
  await setRecords({ V: ['http', 'file'] });
  const data = join(folder, 'data');
  return {
    setRecords,
    data,
    config: join(folder, 'peer', 'config.json'),
    files: () => readRecords(join(data, 'records')).filter(({ type }) => type === 'V'),
    start: async () => {
      const process = new HubProcess(t, ['hub', '--config', join(folder, 'hub.json')]);
      const port = await process.port();
      const { url } = await process.logged('http server listening');
      return { process, port, url: String(url) };
    },
  };
}

const ctl = (url: string, ...args: readonly string[]) => runCommand(['ctl', 'dead-letters', ...args, '--url', url]);

async function lettersAt(url: string): Promise<{ id: string; message: object; error: { message: string } }[]> {
  const response = await fetch(`${url}/api/v1/dead-letters?address=${ADDRESS}`);
  return ((await response.json()) as { deadLetters: { id: string; message: object; error: { message: string } }[] })
    .deadLetters;
}

describe('records that a destination refused', () => {
  it('SUP-7 go there and nowhere else when an operator replays them, one or all, as they came', async (t) => {
    const receiver = await HttpReceiver.start(t);
    receiver.answer = () => REFUSED;
    const hub = await hubFolder(t, receiver);
    const { process, port, url } = await hub.start();
    const car = await connect(port);
    const txids = ['first', 'second', 'third'];
    for (const [number, txid] of txids.entries()) await car.ask({ txid, payload: speed(VIN, number) });
    await car.ask({ txid: 'large', payload: large() });
    await eventually(async () => (await lettersAt(url)).length === 4, 'four dead letters');
    await eventually(() => hub.files().length === 4, 'the files have them');

    const listed = await ctl(url, 'list', ADDRESS);
    assert.equal(listed.exitCode, 0);
    assert.equal(listed.stdout.split('\n').length, 5);
    const line = new RegExp(`^[0-9a-f]{20}  \\S+Z  ${ADDRESS}  V of ${VIN}  DISPATCH_HTTP_REFUSED: .*422`, 'm');
    assert.match(listed.stdout, line);
    assert.match(listed.stderr, /^4 are kept in all$/m);

    receiver.answer = () => TAKEN;
    const one = await ctl(url, 'replay', ADDRESS, '--limit', '1');
    assert.deepEqual([one.exitCode, one.stdout], [0, `1 dead letter of ${ADDRESS} replayed\n`]);
    await eventually(() => arrived(receiver).length === 1, 'it arrives');
    assert.deepEqual(
      arrived(receiver).map(({ txid }) => txid),
      ['first'],
    );
    const id = (await lettersAt(url)).at(-1)?.id ?? '';
    assert.equal((await ctl(url, 'replay', id)).stdout, `${id} is replayed\n`);
    const again = await ctl(url, 'replay', id);
    assert.equal(again.exitCode, 1);
    assert.match(again.stderr, /stays: there is no dead letter .*\n.*ctl dead-letters list/);

    const rest = await ctl(url, 'replay', ADDRESS, '--json');
    assert.deepEqual(JSON.parse(rest.stdout), [{ which: ADDRESS, replayed: 2, refused: [] }]);
    await eventually(() => arrived(receiver).length === 4, 'all arrive');
    assert.deepEqual(arrived(receiver), hub.files(), 'with their times and ids, in their order');
    assert.deepEqual(await lettersAt(url), []);
    assert.match((await ctl(url, 'replay', ADDRESS)).stdout, /^there are no dead letters of dispatcher\/http$/m);
    await process.kill('SIGTERM');
    assert.equal(hub.files().length, 4, 'no other destination had them again');
  });

  it('SUP-7 are a dead letter again, once, if they are still refused', async (t) => {
    const receiver = await HttpReceiver.start(t);
    receiver.answer = () => REFUSED;
    const hub = await hubFolder(t, receiver);
    const { port, url } = await hub.start();
    const car = await connect(port);
    for (const txid of ['a', 'b']) await car.ask({ txid });
    await eventually(async () => (await lettersAt(url)).length === 2, 'two dead letters');
    const before = await lettersAt(url);
    assert.match((await ctl(url, 'replay', ADDRESS)).stdout, /^2 dead letters/);
    const isNew = async (): Promise<boolean> => {
      const ids = new Set((await lettersAt(url)).map(({ id }) => id));
      return ids.size === 2 && before.every(({ id }) => !ids.has(id));
    };
    await eventually(isNew, 'two others');
  });

  it('DUR-5 DUR-8 SUP-7 killed in the middle of a replay the hub loses none, and the destination has each twice at most', async (t) => {
    const receiver = await HttpReceiver.start(t);
    receiver.answer = () => REFUSED;
    const hub = await hubFolder(t, receiver);
    let { process, port, url } = await hub.start();
    const car = await connect(port);
    const txids = Array.from({ length: 60 }, (_, number) => `t${number}`);
    for (const txid of txids) car.send({ txid });
    await eventually(async () => (await lettersAt(url)).length === txids.length, 'the dead letters');

    // None of what comes is answered, so that what left the letters waits in the spool.
    receiver.answer = () => undefined;
    for (const limit of [7, 20, 100]) {
      const body = JSON.stringify({ address: ADDRESS, limit });
      const headers = { 'content-type': 'application/json' };
      const answered = fetch(`${url}/api/v1/dead-letters/replay`, { method: 'POST', headers, body }).catch(() => {});
      if (limit === 20) await answered;
      await process.kill('SIGKILL');
      ({ process, url } = await hub.start());
    }
    receiver.answer = () => TAKEN;
    assert.equal((await ctl(url, 'replay', ADDRESS)).exitCode, 0);
    const counts = (): Map<string, number> => {
      const found = new Map<string, number>();
      for (const { txid } of arrived(receiver)) found.set(txid, (found.get(txid) ?? 0) + 1);
      return found;
    };
    await eventually(() => counts().size === txids.length, 'all of them arrive');
    assert.ok([...counts().values()].every((count) => count <= 2));
    assert.deepEqual(await lettersAt(url), []);
  });

  it('SUP-7 stay, with a clear answer, while no topic goes to that destination', async (t) => {
    const receiver = await HttpReceiver.start(t);
    receiver.answer = () => REFUSED;
    const hub = await hubFolder(t, receiver);
    const first = await hub.start();
    await (await connect(first.port)).ask({ txid: 'a' });
    await eventually(async () => (await lettersAt(first.url)).length === 1, 'the dead letter');
    await first.process.kill('SIGTERM');

    await hub.setRecords({ V: ['file'] });
    const second = await hub.start();
    const id = (await lettersAt(second.url))[0]?.id ?? '';
    for (const which of [ADDRESS, id]) {
      const { exitCode, stderr } = await ctl(second.url, 'replay', which);
      assert.equal(exitCode, 1);
      assert.match(stderr, /no topic of records goes to http any more/);
    }
    const answer = await fetch(`${second.url}/api/v1/dead-letters/${id}/replay`, { method: 'POST' });
    assert.equal(answer.status, 410);
    assert.equal((await lettersAt(second.url)).length, 1);
    await second.process.kill('SIGTERM');

    receiver.answer = () => TAKEN;
    await hub.setRecords({ V: ['http', 'file'] });
    const third = await hub.start();
    assert.equal((await ctl(third.url, 'replay', id)).exitCode, 0);
    await eventually(() => arrived(receiver).length === 1, 'it arrives');
  });

  it('SUP-7 of run fleet-telemetry, which has no API, are sent again by a hub on its data', async (t) => {
    const receiver = await HttpReceiver.start(t);
    receiver.answer = () => REFUSED;
    const hub = await hubFolder(t, receiver);
    const alone = new HubProcess(t, ['run', 'fleet-telemetry', `-config=${hub.config}`, `-data=${hub.data}`]);
    await (await connect(await alone.port())).ask({ txid: 'a' });
    await eventually(() => receiver.requests.length > 0, 'the refusal');
    await alone.kill('SIGTERM');

    receiver.answer = () => TAKEN;
    const { url } = await hub.start();
    assert.match((await ctl(url, 'replay', ADDRESS)).stdout, /^1 dead letter /);
    await eventually(() => arrived(receiver).length === 1, 'it arrives');
    assert.equal(arrived(receiver)[0]?.txid, 'a');
  });

  for (const atBound of ['keepUnacked', 'dropOldest'] as const) {
    it(`SUP-7 MBX-4 stay, with a clear answer, while the spool is full and its bound says ${atBound}`, async (t) => {
      const receiver = await HttpReceiver.start(t);
      receiver.answer = () => REFUSED;
      const bound = { dispatchers: { http: { boundBytes: 1024 * 1024 } } };
      const { records, fleetchart } = recordsTo({ V: ['http'] }, receiver, bound);
      const config = { records, fleetchart: { ...fleetchart, spoolAtBound: atBound } };
      const hub = await startIngestHub(t, config, { http: true });
      const { system } = hub.hub;
      const { http: url = '' } = hub.hub.urls();
      const car = await hub.vehicle();
      await car.ask({ txid: 'refused', payload: large() });
      await eventually(() => system.deadLetters.kept === 1, 'the dead letter');

      receiver.answer = () => ({ status: 503 });
      for (let number = 0; number < 5; number++) await car.ask({ txid: `waits ${number}`, payload: large() });
      const { exitCode, stderr } = await ctl(url, 'replay', ADDRESS);
      assert.equal(exitCode, 1);
      assert.match(stderr, /stays: the part of the spool for http is full: .*\n {4}wait until less waits/);
      const id = system.deadLetters.list()[0]?.id;
      const answer = await fetch(`${url}/api/v1/dead-letters/${id}/replay`, { method: 'POST' });
      assert.deepEqual([answer.status, answer.headers.has('retry-after')], [503, true]);
      assert.equal(system.deadLetters.kept, 1);

      receiver.answer = () => TAKEN;
      system.tell('dispatcher/http', { type: 'dispatcher.retry' });
      await eventually(() => arrived(receiver).length === 5, 'what waited arrives');
      assert.equal((await ctl(url, 'replay', ADDRESS)).exitCode, 0);
      await eventually(() => arrived(receiver).length === 6, 'so does that');
      assert.equal(arrived(receiver).at(-1)?.txid, 'refused');
    });
  }

  it('FT-ACK-2 SUP-7 are acknowledged to a vehicle that still waits for it', async (t) => {
    const receiver = await HttpReceiver.start(t);
    receiver.answer = () => REFUSED;
    const config = { ...recordsTo({ V: ['http'] }, receiver), reliable_ack_sources: { V: 'http' } };
    const hub = await startIngestHub(t, config);
    const { system } = hub.hub;
    const car = await hub.vehicle();
    car.send({ txid: 'late' });
    await eventually(() => system.deadLetters.kept === 1, 'the dead letter');
    assert.deepEqual(car.acked, []);
    receiver.answer = () => TAKEN;
    await system.replay.one(system.deadLetters.list()[0]?.id ?? '');
    await car.until(() => car.acked.length === 1, 'the ack');
    assert.deepEqual(car.acked, ['late']);
  });
});
