import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { HubProcess } from '../fakes/hub-process.js';
import { eventually, readRecords, testCertificates, VIN, writeServerConfig } from '../fakes/ingest-hub.js';
import { freePort } from '../fakes/mosquitto.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { Vehicle } from '../fakes/vehicle.js';

async function run(t: TestContext, config: object): Promise<{ hub: HubProcess; data: string }> {
  const folder = temporaryFolder(t);
  const file = await writeServerConfig(folder, { ...config });
  const data = join(folder, 'data');
  return { hub: new HubProcess(t, ['run', 'fleet-telemetry', `-config=${file}`, `-data=${data}`]), data };
}

async function connect(port: number): Promise<Vehicle> {
  const { authority, device } = await testCertificates();
  return Vehicle.open({ port, vin: VIN, credentials: await device(VIN), serverCa: authority.certificatePem });
}

describe('8.3 the log of run fleet-telemetry', () => {
  it('8.3 is JSON with the keys of the reference in their order, and tells of a level that is none', async (t) => {
    const { hub } = await run(t, { log_level: 'loud' });
    await hub.port();
    const { level, error } = await hub.logged('invalid_level');
    assert.deepEqual([level, error], ['error', 'not a valid logrus Level: "loud"']);
    await hub.logged('config_skipping_empty_metrics_provider');
    for (const line of hub.log) {
      const names = Object.keys(line);
      assert.deepEqual(names, [...names].sort());
      assert.equal(line['context'], 'fleet-telemetry');
      assert.match(String(line['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z$/);
      assert.equal(line['activity'], line.level === 'info' ? true : undefined);
    }
    assert.deepEqual(await hub.kill('SIGTERM'), { code: 0, signal: null });
    assert.deepEqual(hub.words, [], 'nothing else is on standard error');
  });

  it('8.3 is text in the form of the reference without json_log_enable', async (t) => {
    const { hub } = await run(t, { json_log_enable: false, log_level: 'info' });
    const line = () => hub.words.find((text) => text.includes(' msg=starting_server '));
    await eventually(() => line() !== undefined, 'a start');
    assert.match(
      line() ?? '',
      /^time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" level=info msg=starting_server activity=true context=fleet-telemetry /,
    );
    await hub.kill('SIGTERM');
  });

  it('8.3 is ours where the file says so', async (t) => {
    const { hub } = await run(t, { fleetchart: { logLines: 'own' } });
    await hub.port();
    assert.deepEqual(await hub.kill('SIGTERM'), { code: 0, signal: null });
    assert.ok(hub.log.every((line) => !('activity' in line)));
    assert.ok(!hub.log.some(({ msg }) => msg === 'attempting_to_close'));
  });
});

it('FT-RL-5 run fleet-telemetry counts messages over the limit by the labels of the reference', async (t) => {
  const port = await freePort();
  const { hub } = await run(t, { monitoring: { prometheus_metrics_port: port } });
  const car = await connect(await hub.port());
  // One more than the shadow limit.
  for (let record = 0; record < 101; record++) car.send();
  await car.until(() => car.acked.length >= 101, 'the acks');
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assert.match(text, new RegExp(`^rate_limit_exceeded_total\\{device_id="${VIN}",txtype="V"\\} 1$`, 'm'));
  assert.match(text, /^dispatcher_connected\{dispatcher="\w+"\} 1$/m);
  await hub.kill('SIGTERM');
});

it('8.5 on SIGTERM vehicles get a close frame, and what they sent and that they left is dispatched before the end', async (t) => {
  const { hub, data } = await run(t, {});
  const car = await connect(await hub.port());
  car.send({ txid: 'last' });
  await car.until(() => car.acked.includes('last'), 'an ack');
  assert.deepEqual(await hub.kill('SIGTERM'), { code: 0, signal: null });
  assert.equal((await car.closed).code, 1001);
  const records = readRecords(join(data, 'records'));
  const told = records.map(({ type, txid, data: form }) =>
    type === 'connectivity' ? (form as { status: string }).status : txid,
  );
  assert.deepEqual(told, ['CONNECTED', 'last', 'DISCONNECTED']);
  await hub.logged('socket_disconnected');
  await hub.logged('stopped_server');
});
