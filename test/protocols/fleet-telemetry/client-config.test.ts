import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { suggest } from '../../../src/config/suggest.js';
import { checkClientConfig, STREAMABLE_FIELDS } from '../../../src/protocols/fleet-telemetry/index.js';

const NOW = Date.UTC(2026, 0, 31);
const CA = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const SOUND = {
  hostname: 'telemetry.example.com',
  port: 443,
  ca: CA,
  fields: {
    VehicleSpeed: { interval_seconds: 10 },
    Soc: { interval_seconds: 60, resend_interval_seconds: 3600, minimum_delta: 0.5 },
  },
  alert_types: ['service'],
  prefer_typed: true,
  delivery_policy: 'latest',
  exp: Math.floor(NOW / 1_000) + 86_400,
};

const found = (changes: object): string[] =>
  checkClientConfig({ ...SOUND, ...changes }, { now: NOW, suggest }).findings.map(
    ({ severity, key, message }) => `${severity} ${key}: ${message}`,
  );

describe('7.3 the client configuration of vehicles', () => {
  it('7.3 a sound one, with the request around it or without', () => {
    assert.deepEqual(found({}), []);
    const { config, findings } = checkClientConfig({ vins: ['A'], config: SOUND }, { now: NOW, suggest });
    assert.deepEqual([config, findings], [SOUND, []]);
  });

  it('7.3 a port that is a text is taken by the API, and no vehicle ever connects', () => {
    assert.match(found({ port: '443' })[0] ?? '', /^mistake port: is the text "443"/);
    for (const port of [0, 65_536, 4.5, undefined, null]) {
      assert.deepEqual(found({ port }), ['mistake port: expected a whole number from 1 to 65535']);
    }
  });

  it('7.3 names of fields are known, and what was meant is said', () => {
    const fields = { VehicleSped: { interval_seconds: 1 }, Deprecated_1: { interval_seconds: 1 }, Soc: 5 };
    assert.deepEqual(found({ fields }), [
      'mistake fields.VehicleSped: unknown field, did you mean VehicleSpeed?',
      'warning fields.Deprecated_1: is not sent by vehicles',
      'mistake fields.Soc: expected an object with interval_seconds',
    ]);
    assert.deepEqual(found({ fields: {} }), ['warning fields: is empty: vehicles connect and send no signals']);
    assert.equal(found({ fields: ['Soc'] }).length, 1);
    assert.ok(STREAMABLE_FIELDS.includes('VehicleSpeed') && !STREAMABLE_FIELDS.includes('Unknown'));
  });

  it('7.3 intervals are whole seconds, and deltas are above 0', () => {
    const field = (changes: object) => found({ fields: { Soc: { interval_seconds: 60, ...changes } } });
    assert.deepEqual(field({ interval_seconds: 0 }), [
      'mistake fields.Soc.interval_seconds: expected whole seconds, 1 or more',
    ]);
    assert.equal(field({ interval_seconds: '60' }).length, 1);
    assert.match(field({ resend_interval_seconds: 30 })[0] ?? '', /^warning .*is shorter than interval_seconds \(60\)/);
    assert.match(field({ resend_interval_seconds: 1.5 })[0] ?? '', /^mistake/);
    assert.match(field({ minimum_delta: 0 })[0] ?? '', /^mistake .*above 0/);
    assert.deepEqual(field({ interval_second: 5 }), [
      'warning fields.Soc.interval_second: unknown key, did you mean interval_seconds?',
    ]);
  });

  it('7.3 every other key', () => {
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ hostname: '' }, /^mistake hostname/],
      [{ hostname: '192.0.2.7' }, /^warning hostname: 192\.0\.2\.7 is no full name/],
      [{ ca: 'certs/ca.crt' }, /^mistake ca: there is no certificate in PEM in it; is it the name of a file/],
      [{ ca: 7 }, /^mistake ca/],
      [{ alert_types: 'service' }, /^mistake alert_types/],
      [
        { alert_types: ['servic'] },
        /^warning alert_types: servic is none of service, customer, did you mean service\?/,
      ],
      [{ prefer_typed: 'yes' }, /^mistake prefer_typed/],
      [{ delivery_policy: 'newest' }, /^mistake delivery_policy: expected "latest"/],
      [{ exp: NOW }, /^mistake exp: are milliseconds/],
      [{ exp: 1 }, /^mistake exp: is over/],
      [{ exp: 'soon' }, /^mistake exp: expected whole seconds/],
      [{ aud: 'com.tesla.fleet.TelemetryClient' }, /^warning aud: is added when the configuration is signed/],
      [{ host_name: 'x' }, /^warning host_name: unknown key, did you mean hostname\?/],
    ];
    for (const [changes, expected] of cases) {
      const [first, ...others] = found(changes);
      assert.match(first ?? '', expected);
      assert.deepEqual(others, []);
    }
    for (const value of [null, [], 'text', 7]) {
      assert.deepEqual(checkClientConfig(value, { now: NOW, suggest }).findings.length, 1);
    }
  });
});
