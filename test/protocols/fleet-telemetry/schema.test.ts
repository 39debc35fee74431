import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type protobuf from 'protobufjs';
import { FIELD_NAMES } from '../../../src/protocols/fleet-telemetry/field-names.js';
import { createSchema } from '../../../src/protocols/fleet-telemetry/schema.js';
import { camelCase, VALUE_MEMBERS } from '../../../src/protocols/fleet-telemetry/value-members.js';
import { parseProtoFiles } from './proto-files.js';

/** Everything that matters of a schema, as data. */
function facts(object: protobuf.ReflectionObject): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  const type = object as protobuf.Type;
  if (type.fieldsArray !== undefined) {
    for (const field of type.fieldsArray) {
      all[`${type.fullName} ${field.id}`] = [
        // protobufjs leaves the underscore before a digit, which protojson does not.
        camelCase(field.name),
        field.resolvedType?.fullName ?? field.type,
        field.repeated,
        field.map,
        field.packed,
        field.hasPresence ? (field.partOf?.name ?? '') : undefined,
      ];
    }
  } else if ('values' in object) all[object.fullName] = { ...(object as protobuf.Enum).values };
  for (const nested of (object as protobuf.Namespace).nestedArray ?? []) Object.assign(all, facts(nested));
  return all;
}

describe('schema of fleet-telemetry', () => {
  it('ING-3 built from tables, says what the .proto files say', () => {
    assert.deepEqual(facts(createSchema({ keepOneof: true })), facts(parseProtoFiles()));
  });

  it('ING-3 without the oneof group, differs in nothing but the group', () => {
    const withGroup = facts(createSchema({ keepOneof: true })) as Record<string, unknown[]>;
    const without = facts(createSchema({ keepOneof: false })) as Record<string, unknown[]>;
    for (const [key, fact] of Object.entries(withGroup)) {
      if (key.startsWith('.telemetry.vehicle_data.Value ')) fact[5] = '';
    }
    assert.deepEqual(without, withGroup);
  });

  it('ING-3 without the oneof group, a member that holds its default is still there', () => {
    const type = createSchema({ keepOneof: false }).lookupType('telemetry.vehicle_data.Value');
    for (const value of [{ intValue: 0 }, { stringValue: '' }, { booleanValue: false }, { shiftStateValue: 0 }]) {
      const decoded = type.decode(type.encode(value).finish());
      assert.deepEqual({ ...decoded }, value);
    }
  });

  it('has 260 signals, of which 3 are deprecated and 15 experimental', () => {
    assert.equal(FIELD_NAMES.length, 260);
    assert.equal(new Set(FIELD_NAMES).size, 260);
    assert.deepEqual(
      [FIELD_NAMES[0], FIELD_NAMES[21], FIELD_NAMES[179]],
      ['Unknown', 'Location', 'DetailedChargeState'],
    );
    assert.deepEqual(
      [FIELD_NAMES[100], FIELD_NAMES[162], FIELD_NAMES[257]],
      ['Deprecated_2', 'Deprecated_1', 'Deprecated_3'],
    );
    const experimental = FIELD_NAMES.flatMap((name, number) => (name.startsWith('Experimental_') ? [number] : []));
    assert.deepEqual(experimental, [119, 120, 121, 122, 168, 169, 170, 171, 172, 173, 174, 175, 176, 177, 178]);
  });

  it('has a value of 53 members, numbered 1 to 54 without 20', () => {
    const numbers = Array.from({ length: 54 }, (_, index) => index + 1).filter((number) => number !== 20);
    assert.deepEqual(
      VALUE_MEMBERS.map((member) => member.number),
      numbers,
    );
  });
});
