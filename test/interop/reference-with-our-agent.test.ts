/** Our self-update agent under the reference manager, each with its own command line, and mosquitto between them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Backend } from '../fakes/backend.js';
import { BundleServer, serves } from '../fakes/bundle-server.js';
import { Mosquitto, withoutMosquitto } from '../fakes/mosquitto.js';
import { referenceManager, withoutReferenceManager } from '../fakes/reference-manager.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { VehicleProcess } from '../fakes/vehicle-process.js';

async function vehicle(t: TestContext): Promise<{ backend: Backend; origin: string }> {
  const broker = await Mosquitto.start(t);
  const folder = temporaryFolder(t);
  const bundles = await BundleServer.start(t, (request, response) => {
    if (request.url === '/missing') response.writeHead(404).end();
    else serves(Buffer.alloc(100_000, 'b'))(request, response);
  });
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, bundles.authorityPem);
  const url = `tcp://${broker.address}`;
  const backend = await Backend.connect(t, `mqtt://${broker.address}`);
  const own = { FLEETCHART_DATA_DIR: join(folder, 'data') };
  new VehicleProcess(t, ['run', 'self-update-agent', '-s', url, '-i', 'dummy', '-p', folder, '-f', ca], own);
  await backend.hears('selfupdate/currentstate');
  const file = join(folder, 'config.json');
  const agents = { 'self-update': { readTimeout: '60s' } };
  const connection = { broker: url };
  writeFileSync(
    file,
    JSON.stringify({ domain: 'vehicle', thingsEnabled: false, rebootEnabled: false, agents, connection }),
  );
  new VehicleProcess(t, ['-config-file', file], {}, referenceManager());
  await backend.knows('self-update:os-image');
  return { backend, origin: bundles.origin };
}

describe('our self-update agent under the reference manager', {
  skip: withoutReferenceManager() || withoutMosquitto(),
}, () => {
  it('UA-7 UA-8 UA-10 one update after another, to COMPLETED', async (t) => {
    const { backend, origin } = await vehicle(t);
    for (const activity of ['one', 'two']) {
      await backend.desire(activity, `${origin}/bundle`, 'dummy_version');
      assert.equal(await backend.outcome(activity), 'COMPLETED');
      assert.deepEqual(backend.commands(activity), ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP']);
    }
  });

  it('SUA-32 a bundle that is not there ends INCOMPLETE, and the next update is taken', async (t) => {
    const { backend, origin } = await vehicle(t);
    await backend.desire('failing', `${origin}/missing`, 'dummy_version');
    assert.equal(await backend.outcome('failing'), 'INCOMPLETE');
    assert.deepEqual(backend.commands('failing'), ['DOWNLOAD', 'CLEANUP']);
    await backend.desire('next', `${origin}/bundle`, 'dummy_version');
    assert.equal(await backend.outcome('next'), 'COMPLETED');
  });

  it('D-5 UM-ORC-7 what is installed already ends COMPLETED at once', async (t) => {
    const { backend, origin } = await vehicle(t);
    const [version = ''] = backend.versions('self-update:os-image');
    await backend.desire('same', `${origin}/bundle`, version);
    assert.equal(await backend.outcome('same'), 'COMPLETED');
    assert.deepEqual(backend.commands('same'), []);
  });
});
