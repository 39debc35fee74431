import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FleetRecord } from '../../../src/actors/dispatch/index.js';
import { telemetryFormats } from '../../../src/actors/telemetry/index.js';
import { encodeVehicleData } from '../../../src/protocols/fleet-telemetry/index.js';
import type { TelemetrySettings } from '../../../src/protocols/fleet-telemetry/server-settings.js';

const AT = 1_767_225_600_123;

const formats = (dispatchers: object = {}) => telemetryFormats({ dispatchers } as unknown as TelemetrySettings);

const record = (changes: Partial<FleetRecord> = {}): FleetRecord => ({
  type: 'V',
  vehicle: 'VIN1',
  at: AT - 123,
  receivedAt: AT,
  metadata: { txid: Buffer.from('é-1').toString('latin1'), device_client_version: '1.2.0' },
  payload: encodeVehicleData({
    data: [
      { key: 'Gear', value: { invalid: true } },
      { key: 'Soc', value: { floatValue: 12.3 } },
    ],
    createdAtMs: AT,
    vin: 'VIN1',
  }),
  ...changes,
});

function value<T>(result: { ok: true; value: T } | { ok: false; error: { detail: string } }): T {
  assert.ok(result.ok, result.ok ? '' : result.error.detail);
  return result.value;
}

describe('what a telemetry record looks like', () => {
  it('FT-JS-1 in a file: one line with its facts and the decoded data', () => {
    const line = value(formats().json(record()));
    assert.ok(!line.includes('\n'));
    assert.deepEqual(JSON.parse(line), {
      type: 'V',
      vin: 'VIN1',
      createdAt: AT - 123,
      receivedAt: AT,
      txid: 'é-1',
      data: {
        data: [
          { key: 'Gear', value: { invalid: true } },
          { key: 'Soc', value: { floatValue: 12.3 } },
        ],
        createdAt: '2026-01-01T00:00:00.123Z',
        vin: 'VIN1',
        isResend: false,
      },
    });
  });

  it('FT-TX-6 of a topic without a message the bytes stand as base64', () => {
    const payload = Buffer.from([0, 1, 2, 0xff]);
    const line = JSON.parse(value(formats().json(record({ type: 'custom', payload })))) as { data: string };
    assert.deepEqual(Buffer.from(line.data, 'base64'), payload);
    const part = Buffer.concat([Buffer.from('xx'), payload]).subarray(2);
    assert.equal(
      (JSON.parse(value(formats().json(record({ type: 'custom', payload: part })))) as { data: string }).data,
      line.data,
    );
  });

  it('a payload that has no JSON form is refused with the reason', () => {
    for (const payload of [
      Buffer.from([0xff]),
      encodeVehicleData({ data: [], createdAtMs: 253_402_300_800_000, vin: 'V' }),
    ]) {
      const result = formats().json(record({ payload }));
      assert.equal(result.ok, false);
      assert.ok(!result.ok && result.error.detail);
    }
  });

  it('FT-MQ-4 at a broker: a message for each signal, below the base of the dispatcher', () => {
    const mqtt = { mqtt: { nullForInvalid: true } };
    assert.deepEqual(value(formats(mqtt).mqtt(record())), [
      { topic: 'VIN1/v/Gear', body: 'null' },
      { topic: 'VIN1/v/Soc', body: '12.3' },
    ]);
    const omitting = formats({ mqtt: { nullForInvalid: false } });
    assert.deepEqual(value(omitting.mqtt(record())), [{ topic: 'VIN1/v/Soc', body: '12.3' }]);
    assert.equal(formats(mqtt).mqtt(record({ type: 'custom' })).ok, false, 'FT-MQ-8');
  });

  it('6.3 in the log: record_payload with the metadata of section 4.1', () => {
    const [line] = value(formats().logLines(record()));
    assert.deepEqual(
      { ...line, fields: { ...line?.fields } },
      {
        level: 'info',
        message: 'record_payload',
        fields: {
          vin: 'VIN1',
          metadata: {
            vin: 'VIN1',
            receivedat: String(AT),
            timestamp: '0',
            txid: 'é-1',
            txtype: 'V',
            version: '0',
            device_client_version: '1.2.0',
          },
          data: { Vin: 'VIN1', CreatedAt: '2026-01-01T00:00:00Z', IsResend: false, Gear: '<invalid>', Soc: 12.3 },
        },
      },
    );
    const [verbose] = value(formats({ logger: { verbose: true } }).logLines(record()));
    assert.deepEqual((verbose?.fields['data'] as { Soc?: unknown } | undefined)?.Soc, { floatValue: 12.3 });
  });

  it('without txid and client version the metadata is empty text', () => {
    const [line] = value(formats().logLines(record({ metadata: {} })));
    const metadata = line?.fields['metadata'] as Readonly<Record<string, string>>;
    assert.deepEqual([metadata['txid'], metadata['device_client_version']], ['', '']);
  });
});
