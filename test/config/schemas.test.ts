import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { fromPointer } from '../../src/config/pointer.js';
import { nodeOf } from '../../src/config/schema.js';
import { Sources } from '../../src/config/sources.js';
import { assign, fillDefaults } from '../../src/config/tree.js';
import { validate } from '../../src/config/validate.js';
import { HubSchema, ServerConfigSchema } from '../../src/hub-config.js';
import { VehicleSchema } from '../../src/vehicle-config.js';

const ANNOTATIONS = ['peer', 'secret', 'secretFile', 'hidesUnknown', 'include', 'unit', 'expects'];
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, keywords: ANNOTATIONS });

const sample = (name: string): unknown => parse(readFileSync(`config/${name}`, 'utf8'));

/** Pointers to everything in a value. */
function pointersIn(value: unknown, pointer = ''): string[] {
  if (typeof value !== 'object' || value === null) return [pointer];
  return [pointer, ...Object.entries(value).flatMap(([key, child]) => pointersIn(child, `${pointer}/${key}`))];
}

const STRANGE = [7, -1, 1.5, Number.MAX_SAFE_INTEGER, '', 'off', true, null, [], [1], {}, { unknown: 1 }];

describe('the schemas', () => {
  for (const [name, schema, value] of [
    ['hub', HubSchema, sample('hub.yaml')],
    ['vehicle', VehicleSchema, sample('vehicle.yaml')],
    ['server_config.json', ServerConfigSchema, sample('fleet-telemetry/server_config.json')],
  ] as const) {
    it(`CFG-3 that of ${name} is sound JSON Schema, and what does not fit it for another validator is a mistake`, () => {
      const check = ajv.compile(schema);
      const whole = fillDefaults(value, nodeOf(schema), [], new Sources());
      for (const pointer of pointersIn(whole)) {
        for (const strange of STRANGE) {
          const path = fromPointer(pointer);
          const changed =
            path.length === 0 ? strange : assign(whole, path, strange, new Sources(), { kind: 'default' });
          const { mistakes, warnings } = validate(schema, changed);
          const fits = check(changed);
          const message = `${JSON.stringify(strange)} at ${pointer}: ${ajv.errorsText(check.errors)}`;
          assert.equal(mistakes.length + warnings.length === 0, fits, message);
        }
      }
    });
  }
});
