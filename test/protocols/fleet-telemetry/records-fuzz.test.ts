import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeRecord } from '../../../src/protocols/fleet-telemetry/decode.js';
import { decodedJson } from '../../../src/protocols/fleet-telemetry/decoded-json.js';
import { logLines } from '../../../src/protocols/fleet-telemetry/log-lines.js';
import { ROOT_MESSAGES } from '../../../src/protocols/fleet-telemetry/messages.js';
import { mqttMessages } from '../../../src/protocols/fleet-telemetry/mqtt-messages.js';
import { preparePayload } from '../../../src/protocols/fleet-telemetry/payload.js';
import { signalCount } from '../../../src/protocols/fleet-telemetry/signal-count.js';
import { RecordGenerator, seededRandom } from './record-generator.js';

const CASES = 100_000;
const TOPICS = ['V', 'alerts', 'errors', 'connectivity'] as const;
const FORM = { topicBase: 'telemetry', vin: 'VIN0001', invalid: 'null' } as const;

/** A pool of well-formed payloads from which cases are cut and damaged: making each anew would take most of the time. */
function seeds(generator: RecordGenerator): { topic: (typeof TOPICS)[number]; payload: Buffer }[] {
  return Array.from({ length: 1000 }, () => {
    const topic = generator.pick(TOPICS);
    return { topic, payload: generator.message(ROOT_MESSAGES[topic]) };
  });
}

describe('decoders of records', () => {
  it(`FT-PB-2 ${CASES} random, truncated and mutated payloads: nothing throws, and all agree on what is malformed`, () => {
    const generator = new RecordGenerator(seededRandom(12));
    const pool = seeds(generator);
    let accepted = 0;
    for (let round = 0; round < CASES; round += 1) {
      const { topic, payload } = generator.pick(pool);
      const input = round % 10 === 0 ? generator.noise(generator.below(64)) : generator.mutated(payload);
      const context = `${topic} ${input.toString('hex')}`;

      const prepared = preparePayload(topic, input, 'VIN0001');
      const record = decodeRecord(topic, input);
      const json = decodedJson(topic, input);
      const messages = mqttMessages(topic, input, FORM);
      const lines = logLines(topic, input, 'VIN0001', {}, { verbose: round % 2 === 0 });
      const count = signalCount(topic, input);

      assert.equal(record.ok, prepared.ok, context);
      assert.ok(json.ok ? prepared.ok : !prepared.ok || json.error.code === 'PAYLOAD_TIME_OUT_OF_RANGE', context);
      assert.ok(
        messages.ok ? prepared.ok : !prepared.ok || messages.error.code === 'PAYLOAD_NOT_A_JSON_NUMBER',
        context,
      );
      assert.equal(lines.at(-1)?.message === 'record_payload', prepared.ok, context);
      if (json.ok) JSON.parse(json.value);
      if (record.ok && record.value.topic === 'V') assert.equal(count, record.value.message.data.length, context);
      if (record.ok && record.value.topic === 'alerts')
        assert.equal(count, record.value.message.alerts.length, context);
      if (prepared.ok) accepted += 1;
    }
    assert.ok(accepted > CASES / 10 && accepted < CASES * 0.9, `${accepted} accepted`);
  });
});
