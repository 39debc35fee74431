import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { telemetryFormats } from '../../../src/actors/telemetry/record-formats.js';
import type { ServerConfig } from '../../../src/protocols/fleet-telemetry/server-settings.js';
import { mistakesOf, settingsOf, warningsOf } from '../../protocols/fleet-telemetry/server-configs.js';

const records = { V: ['pubsub'], alerts: ['file', 'pubsub'], errors: ['file'] };
const pubsub = { gcp_project_id: 'project' };
const namespace = 'tesla';
const said = (config: ServerConfig, environment: Record<string, string> = {}) =>
  mistakesOf({ records, namespace, ...config }, { environment }).map(
    ({ pointer, message }) => `${pointer}: ${message}`,
  );

describe('spec 5.4: the pubsub section', () => {
  it('spec 7.2 has to be there, with a project, in the words of the reference', () => {
    assert.deepEqual(said({}), ['/pubsub: expected Pubsub to be configured']);
    assert.deepEqual(said({ pubsub: {} }), [
      '/pubsub/gcp_project_id: pubsub_connect_error GCP Project ID cannot be empty',
    ]);
  });

  it('spec 5.4 the emulator and credentials exclude each other, in the words of the reference', () => {
    const [PUBSUB_EMULATOR_HOST, GOOGLE_APPLICATION_CREDENTIALS] = ['127.0.0.1:8085', '/run/secrets/google.json'];
    assert.deepEqual(said({ pubsub }, { PUBSUB_EMULATOR_HOST, GOOGLE_APPLICATION_CREDENTIALS }), [
      ': pubsub_connect_error pubsub cannot initialize with both emulator and GCP resource',
    ]);
    const settings = (environment: Record<string, string>) =>
      settingsOf({ records, namespace, pubsub }, { environment }).dispatchers.pubsub;
    const topics = new Map([
      ['V', 'tesla_V'],
      ['alerts', 'tesla_alerts'],
    ]);
    const plain = { projectId: 'project', topics, emulatorHost: '', credentialsFile: '' };
    assert.deepEqual(settings({}), plain);
    assert.deepEqual(settings({ PUBSUB_EMULATOR_HOST }), { ...plain, emulatorHost: PUBSUB_EMULATOR_HOST });
    assert.deepEqual(settings({ PUBSUB_EMULATOR_HOST: '', GOOGLE_APPLICATION_CREDENTIALS }), {
      ...plain,
      credentialsFile: GOOGLE_APPLICATION_CREDENTIALS,
    });
  });

  it('spec 5.4 refuses topics that the service would not make', () => {
    const none = 'would be none to Pub/Sub: 3 to 255 letters, digits and -._~+%, first a letter, not goog';
    assert.deepEqual(said({ pubsub, namespace: '' }), [
      `/namespace: the topic "_V" ${none}`,
      `/namespace: the topic "_alerts" ${none}`,
    ]);
    assert.equal(said({ pubsub, namespace: 'google' }).length, 2);
    assert.equal(said({ pubsub, namespace: 'a b' }).length, 2);
  });

  it('spec 4.1 the attributes are the metadata of the record', () => {
    const { attributes } = telemetryFormats(settingsOf({ records, namespace, pubsub }));
    const metadata = { txid: 'tx-1', device_client_version: '1.2.0' };
    const record = { type: 'V', vehicle: 'VIN', at: 5, receivedAt: 7, metadata, payload: new Uint8Array() };
    assert.deepEqual(attributes(record), {
      ok: true,
      value: {
        vin: 'VIN',
        receivedat: '7',
        timestamp: '0',
        txid: 'tx-1',
        txtype: 'V',
        version: '0',
        device_client_version: '1.2.0',
      },
    });
  });

  it('FT-ACK-5 may be a reliable source', () => {
    const config = { records, namespace, pubsub, reliable_ack_sources: { V: 'pubsub' } };
    assert.deepEqual([...settingsOf(config).reliableAckSources], [['V', 'pubsub']]);
  });

  it('spec 7.2 is not opened where no record uses it', () => {
    const found = warningsOf({ pubsub }).map(({ pointer, message }) => `${pointer}: ${message}`);
    assert.deepEqual(found, ['/pubsub: no record uses it: not opened']);
  });
});
