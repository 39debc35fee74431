import assert from 'node:assert/strict';
import type { ContainerConfig } from '../../../src/protocols/containers/index.js';
import { configOf, read } from './samples.js';

export type Pairs = readonly (readonly [string, string])[];
/** Taken without a warning. */
type Taken = readonly [pairs: Pairs, part: (config: ContainerConfig) => unknown, expected: unknown];

export const takes = (rows: readonly Taken[]) => {
  for (const [pairs, part, expected] of rows) {
    const { config, reason, warnings } = read(...(pairs as [string, string][]));
    assert.ok(config, `${JSON.stringify(pairs)}: ${reason}`);
    assert.deepEqual(part(config), expected, JSON.stringify(pairs));
    assert.deepEqual(warnings, [], JSON.stringify(pairs));
  }
};
/** Of one key. */
export const takesAll = (key: string, part: (config: ContainerConfig) => unknown, rows: readonly [string, unknown][]) =>
  takes(rows.map(([value, expected]) => [[[key, value]], part, expected]));
export const refuses = (rows: readonly [pairs: Pairs, reason: string][]) => {
  for (const [pairs, reason] of rows) {
    assert.equal(read(...(pairs as [string, string][])).reason, reason, JSON.stringify(pairs));
  }
};
/** Taken as if it were not there, and said. */
export const ignores = (key: string, values: readonly string[]) => {
  for (const value of values) {
    const { config, warnings, reason } = read([key, value], ['image', 'reg.example.com/veh/map:2.1']);
    assert.deepEqual(config, configOf(), `${key} ${value}: ${reason}`);
    assert.equal(warnings.length, 1, value);
    assert.ok(warnings[0]?.startsWith(`map: ${key} "${value.slice(0, 100)}`), warnings[0]);
  }
};
