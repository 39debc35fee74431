import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  createAuthority,
  issueDeviceCertificate,
  issueServerCertificate,
} from '../../src/actors/provisioning/index.js';
import { connectClient } from '../actors/mqtt/broker-setup.js';
import { startLink } from '../actors/mqtt-link/link-setup.js';
import { Mosquitto, withoutMosquitto } from '../fakes/mosquitto.js';
import { eventually, temporaryFolder } from '../fakes/runtime.js';

/** Certificates of a broker and of a client of it, as files. */
async function certificateFiles(t: TestContext) {
  const authority = await createAuthority({ commonName: 'Vehicle CA' });
  const server = await issueServerCertificate(authority, { names: ['localhost', '127.0.0.1'] });
  const client = await issueDeviceCertificate(authority, { commonName: 'update-manager' });
  const folder = temporaryFolder(t);
  // The broker gives up the rights it is started with.
  chmodSync(folder, 0o755);
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o644 });
    return join(folder, name);
  };
  return {
    caFile: file('ca.crt', authority.certificatePem),
    serverCert: file('server.crt', server.chainPem),
    serverKey: file('server.key', server.keyPem),
    certFile: file('client.crt', client.chainPem),
    keyFile: file('client.key', client.keyPem),
  };
}

describe('an MQTT link with mosquitto', { skip: withoutMosquitto() }, () => {
  it('UM-CON-7 logs in with a client certificate, and says why it cannot without one', async (t) => {
    const { caFile, serverCert, serverKey, certFile, keyFile } = await certificateFiles(t);
    const broker = await Mosquitto.start(
      t,
      `cafile ${caFile}\ncertfile ${serverCert}\nkeyfile ${serverKey}\nrequire_certificate true\nuse_identity_as_username true`,
    );
    const url = `mqtts://localhost:${broker.port}`;
    const link = await startLink(t, url, { tls: { caFile, certFile, keyFile } });
    await link.reaches('online');
    const stranger = await startLink(t, url, { tls: { caFile } });
    await stranger.reaches('offline.pausing');
    await eventually(() => stranger.lastError() !== null, 'it says why', 30_000);
    const doubtful = await startLink(t, url, { tls: { certFile, keyFile } });
    await eventually(() => doubtful.lastError() !== null, 'it says why', 30_000);
    assert.match(doubtful.lastError()?.message ?? '', /certificate/);
    const lost = await startLink(t, url, { tls: { caFile: join(caFile, 'nowhere') } });
    await eventually(() => lost.lastError()?.code === 'MQTT_TLS_FILE', 'it names the file', 30_000);
  });

  it('UM-RES-1 goes on through a broker that is killed and one that freezes', async (t) => {
    const broker = await Mosquitto.start(t);
    const url = `mqtt://${broker.address}`;
    const link = await startLink(t, url, { keepAliveS: 1 });
    await link.reaches('online');
    for (const lose of [() => broker.kill(), async () => broker.freeze()]) {
      await lose();
      link.tell({ type: 'SAY', text: 'while it is away', retain: true });
      await eventually(() => link.state()?.startsWith('offline') === true, 'the loss is noticed', 30_000);
      await broker.kill();
      await broker.start();
      await link.reaches('online');
      await eventually(() => link.system.outboxSize === 0, 'it is published', 30_000);
      const client = await connectClient(t, url);
      await client.mqtt.subscribeAsync('said', { qos: 1 });
      await eventually(() => client.payloads().includes('while it is away'), 'it is retained', 30_000);
    }
    assert.deepEqual(link.heard().slice(0, 3), ['UP', 'DOWN', 'UP']);
  });
});
