import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeRecord } from '../../../src/protocols/fleet-telemetry/decode.js';
import { ROOT_MESSAGES } from '../../../src/protocols/fleet-telemetry/messages.js';
import { preparePayload } from '../../../src/protocols/fleet-telemetry/payload.js';
import { RecordGenerator, seededRandom } from './record-generator.js';
import { canonical, slowPrepare } from './slow-prepare.js';

const VIN = '5YJ3E1EA7KF000001';

describe('preparePayload', () => {
  it('FT-PB-1 says what decoding, changing and encoding would, over generated and damaged payloads', () => {
    const generator = new RecordGenerator(seededRandom(20));
    let accepted = 0;
    for (let round = 0; round < 6000; round += 1) {
      const topic = generator.pick(['V', 'V', 'V', 'alerts', 'errors', 'connectivity'] as const);
      let payload = generator.message(ROOT_MESSAGES[topic]);
      if (generator.below(4) === 0) payload = generator.mutated(payload);
      const vin = generator.pick([VIN, '', 'é', '12.345']);
      const prepared = preparePayload(topic, payload, vin);
      if (!prepared.ok) continue;
      accepted += 1;
      const context = `${topic} ${payload.toString('hex')}`;
      assert.equal(
        canonical(topic, prepared.value).toString('hex'),
        slowPrepare(topic, payload, vin).toString('hex'),
        context,
      );
    }
    assert.ok(accepted > 4000, `${accepted} accepted`);
  });

  it('FT-PB-6 leaves no value with several members, so that every reader reads the same', () => {
    const generator = new RecordGenerator(seededRandom(21));
    for (let round = 0; round < 3000; round += 1) {
      const prepared = preparePayload('V', generator.message('Payload'), VIN);
      if (!prepared.ok) continue;
      const again = preparePayload('V', prepared.value, VIN);
      const record = decodeRecord('V', prepared.value);
      assert.ok(again.ok && record.ok && record.value.topic === 'V');
      for (const { value } of record.value.message.data) assert.ok(value === null || Object.keys(value).length <= 1);
    }
  });

  it('ING-2 returns an unchanged payload itself, and does not write to a changed one', () => {
    const same = Buffer.from(`0a090804120525cdcc44411a11${Buffer.from(VIN).toString('hex')}`, 'hex');
    const kept = preparePayload('V', same, VIN);
    assert.ok(kept.ok && kept.value === same);

    const before = same.toString('hex');
    const changed = preparePayload('V', same, 'OTHER');
    assert.ok(changed.ok && changed.value !== same);
    assert.equal(same.toString('hex'), before);
  });

  it('ING-2 reads a view of a larger buffer, Buffer or not', () => {
    const bytes = Buffer.from('ffff0a0412022801ffff', 'hex');
    for (const view of [bytes.subarray(2, 8), new Uint8Array(bytes.buffer, bytes.byteOffset + 2, 6)]) {
      const prepared = preparePayload('V', view, VIN);
      assert.ok(prepared.ok);
      assert.equal(Buffer.from(prepared.value).toString('latin1').endsWith(VIN), true);
    }
  });

  it('FT-TX-1 writes any text as VIN, and is not fooled by one that looks like bytes', () => {
    const prepared = preparePayload('V', Buffer.from('1a02c3a9', 'hex'), 'Ã©');
    assert.ok(prepared.ok);
    assert.equal(Buffer.from(prepared.value).toString('hex'), '1a04c383c2a9');
  });
});
