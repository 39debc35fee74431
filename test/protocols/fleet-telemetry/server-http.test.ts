import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpSection } from '../../../src/protocols/fleet-telemetry/http-settings.js';
import { mistakesOf, settingsOf, warningsOf } from './server-configs.js';

const records = { V: ['http'] };
const mistakes = (http: HttpSection) =>
  mistakesOf({ records, fleetchart: { http } }).map(({ pointer, message }) => `${pointer}: ${message}`);

describe('the section of the http dispatcher', () => {
  it('has to be there, with a URL', () => {
    assert.deepEqual(
      mistakesOf({ records }).map(({ pointer, message }) => `${pointer}: ${message}`),
      ['/fleetchart/http: expected http to be configured: records use it'],
    );
    assert.deepEqual(mistakes({}), ['/fleetchart/http/url: missing; expected where to post records to']);
    for (const url of ['ftp://x', 'nothing', 'https://']) {
      assert.deepEqual(mistakes({ url }), ['/fleetchart/http/url: expected an http or https URL']);
    }
  });

  it('takes no credentials in the URL, and shows none', () => {
    const [mistake, ...others] = mistakes({ url: 'https://user:topsecret@x/' });
    assert.match(mistake ?? '', /^\/fleetchart\/http\/url: user and password have no place here/);
    assert.deepEqual([others, /topsecret/.test(mistake ?? '')], [[], false]);
  });

  it('warns of another machine without TLS', () => {
    const warned = (url: string) =>
      warningsOf({ records, fleetchart: { http: { url } } }).map(({ message }) => message);
    assert.deepEqual(warned('http://records.example/'), ['records go unencrypted to another machine']);
    for (const url of ['https://records.example/', 'http://127.0.0.1:8000/', 'http://localhost/', 'http://[::1]/']) {
      assert.deepEqual(warned(url), []);
    }
  });

  it('wants a certificate and its key together', () => {
    const url = 'https://x/';
    assert.deepEqual(mistakes({ url, tls: { certFile: 'c' } }), [
      '/fleetchart/http/tls/keyFile: missing; certFile is of no use without it',
    ]);
    assert.deepEqual(mistakes({ url, tls: { keyFile: 'k' } }), [
      '/fleetchart/http/tls/certFile: missing; keyFile is of no use without it',
    ]);
  });

  it('has defaults, and every key arrives', () => {
    const url = 'https://x/';
    assert.deepEqual(settingsOf({ records, fleetchart: { http: { url } } }).dispatchers.http, {
      url,
      format: 'jsonl',
      gzip: false,
      maxBatchRecords: 500,
      maxBatchBytes: 1_048_576,
      maxBatchDelayMs: 1_000,
      maxInFlight: 4,
      timeoutMs: 30_000,
      holdStatuses: [401, 403, 404, 407],
      secret: '',
      tls: { caFile: '', certFile: '', keyFile: '', serverName: '' },
    });
    const http = {
      url,
      format: 'protobuf',
      gzip: true,
      maxBatchRecords: 1,
      maxBatchBytes: 2_000,
      maxBatchDelayMs: 0,
      maxInFlight: 2,
      timeoutMs: 3,
      holdStatuses: [],
      secret: 's',
      tls: { caFile: 'a', certFile: 'c', keyFile: 'k', serverName: 'n' },
    } as const;
    assert.deepEqual(settingsOf({ records, fleetchart: { http } }).dispatchers.http, http);
  });

  it('is not opened where no record uses it', () => {
    assert.deepEqual(
      warningsOf({ fleetchart: { http: { url: 'https://x/' } } }).map(({ pointer, message }) => [pointer, message]),
      [['/fleetchart/http', 'no record uses it: not opened']],
    );
  });
});
