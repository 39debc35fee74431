import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Type } from '@sinclair/typebox';
import { load } from '../../src/config/load.js';
import { composeSchema } from '../../src/config/schema.js';
import { type Finding, type Resolution, report, resolveSection } from '../../src/config/section.js';
import { temporaryFolder } from './files.js';

const schema = composeSchema('test', {
  door: Type.Optional(
    Type.Object(
      { size: Type.Integer({ default: 1 }), keys: Type.Array(Type.String(), { default: [] }) },
      { additionalProperties: false },
    ),
  ),
});
const write = temporaryFolder();

interface Door {
  readonly size: number;
  readonly keys: readonly string[];
}

/** A section that finds everything wrong, always. */
function refuse(door: Door): Resolution<Door> {
  const finding = (pointer: string, ...dependsOn: string[]): Finding => ({
    code: 'CONFIG_CONFLICT',
    pointer,
    message: `${door.size} ${door.keys.length}`,
    dependsOn,
  });
  return {
    ok: false,
    mistakes: [finding('/size'), finding('/keys/0'), finding('', '/size')],
    warnings: [finding('/size')],
  };
}

function check(text: string) {
  const loaded = load({ schema, file: write('a.yaml', text) });
  const resolved = resolveSection(loaded, ['door'], refuse);
  const { mistakes, warnings } = report(loaded, [resolved]);
  return { resolved, found: mistakes.map(({ code, pointer }) => `${code} ${pointer}`), warnings };
}

describe('what sections say of themselves', () => {
  it('CFG-3 stands in the order of the file among what the schema says', () => {
    const { found, warnings } = check('door:\n  nope: 1\n  size: 5\n  keys: [a]\n');
    assert.deepEqual(found, [
      'CONFIG_CONFLICT /door',
      'CONFIG_UNKNOWN_KEY /door/nope',
      'CONFIG_CONFLICT /door/size',
      'CONFIG_CONFLICT /door/keys/0',
    ]);
    assert.match(warnings[0]?.where ?? '', /a.yaml:3:3$/);
  });

  it('CFG-3 is left out where it rests on a value that is mistaken itself', () => {
    assert.deepEqual(check('door: {size: x, keys: [a]}').found, [
      'CONFIG_TYPE /door/size',
      'CONFIG_CONFLICT /door/keys/0',
    ]);
    assert.deepEqual(check('door: {size: 2, keys: [5]}').found, [
      'CONFIG_CONFLICT /door/size',
      'CONFIG_TYPE /door/keys/0',
    ]);
    assert.deepEqual(check('door: 5').found, ['CONFIG_TYPE /door']);
    assert.deepEqual(check('[]').found, ['CONFIG_TYPE ']);
  });

  it('CFG-3 a section that is absent says nothing and comes to nothing', () => {
    assert.deepEqual(check('').found, []);
    const loaded = load({ schema });
    assert.equal(resolveSection(loaded, ['door'], refuse).value, undefined);
  });

  it('CFG-3 a section comes to a value only if it is sound throughout', () => {
    const accept = (door: Door): Resolution<Door> => ({ ok: true, value: door, warnings: [] });
    const sound = load({ schema, file: write('b.yaml', 'door: {size: 2}') });
    assert.deepEqual(resolveSection(sound, ['door'], accept).value, { size: 2, keys: [] });
    const broken = load({ schema, file: write('c.yaml', 'door: {size: x}') });
    assert.equal(resolveSection(broken, ['door'], accept).value, undefined);
  });
});
