import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Mistake } from '../../src/config/mistake.js';
import { maxDepth, maxFileBytes, readConfigFile } from '../../src/config/read-file.js';
import { temporaryFolder } from './files.js';

const write = temporaryFolder();

function read(name: string, content: string) {
  return readConfigFile(write(name, content));
}

function refusal(name: string, content: string): Mistake {
  const result = read(name, content);
  assert.ok(!result.ok, 'expected a refusal');
  return result.error;
}

describe('configuration files', () => {
  it('CFG-5 YAML and JSON give the same value', () => {
    const yaml = read('a.yaml', 'http:\n  port: 1\nlist: [a, 2]\n');
    const json = read('a.json', '{"http": {"port": 1}, "list": ["a", 2]}');
    assert.ok(yaml.ok && json.ok);
    assert.deepEqual(yaml.value.value, json.value.value);
  });

  it('CFG-5 a file that is no JSON is told with what to look at', () => {
    for (const [text, hint] of [
      ['', /^the file is empty: write {}/],
      ['{"log":', /^check quotes, commas and brackets/],
    ] as const) {
      assert.match(refusal('config.json', text).hint ?? '', hint);
    }
  });

  it('CFG-3 a key is found again by line and column, in YAML and JSON, in lists and through aliases', () => {
    const yaml = read('b.yaml', 'base: &base\n  port: 1\nlist:\n  - a\n  - name: b\nhttp: *base\n');
    assert.ok(yaml.ok);
    assert.deepEqual(yaml.value.locate(['base', 'port']), { line: 2, column: 3 });
    assert.deepEqual(yaml.value.locate(['list', '1', 'name']), { line: 5, column: 5 });
    assert.deepEqual(yaml.value.locate(['http', 'port']), { line: 2, column: 3 });
    assert.equal(yaml.value.locate(['http', 'nothing']), undefined);
    const json = read('b.json', '{\n\t"http": {\n\t\t"Port": 1\n\t}\n}\n');
    assert.ok(json.ok);
    assert.deepEqual(json.value.locate(['http', 'port']), { line: 3, column: 3 });
  });

  it('CFG-5 a missing file is refused with its path', () => {
    const result = readConfigFile('/nowhere/hub.yaml');
    assert.ok(!result.ok);
    assert.equal(result.error.code, 'CONFIG_UNREADABLE');
    assert.equal(result.error.where, '/nowhere/hub.yaml');
  });

  it('CFG-5 a file larger than the bound is refused, one just below is read', () => {
    assert.equal(refusal('c.yaml', `#${'x'.repeat(maxFileBytes)}`).code, 'CONFIG_TOO_LARGE');
    assert.ok(read('d.yaml', `#${'x'.repeat(maxFileBytes - 1)}`).ok);
  });

  it('CFG-3 a syntax error says its place as other mistakes do, and what to look for', () => {
    const open = refusal('e.yaml', 'a: 1\nb: [1\n');
    assert.match(open.where ?? '', /e\.yaml:3:1$/);
    assert.match(open.hint ?? '', /indentation.*tabs/);
    assert.match(refusal('tab.yaml', 'a:\n\tb: 1\n').where ?? '', /tab\.yaml:2:1$/);
    const twice = refusal('f.yaml', 'b:\n  - {a: 1, a: 2}\n');
    assert.match(twice.where ?? '', /f\.yaml:2:12$/);
    assert.deepEqual([twice.message, twice.hint], ['the key a is given twice', undefined]);
    for (const [text, place] of [
      ['{"a": 1,}', '1:9'],
      ['{\n  "a": "x",\n  "b": \'y\'\n}', '3:8'],
      ['{\n  "a": [1,\n\t2 3]}', '3:4'],
      ['{\n  "a": "x', '2:8'],
      ['{\n  "a": 01}', '2:9'],
      ['{"a": {"b": true}', '1:18'],
      ['{}\n// more', '2:1'],
      ['', '1:1'],
    ] as const) {
      const { code, where, message } = refusal('g.json', text);
      assert.deepEqual([code, where?.replace(/^.*g\.json:/, '')], ['CONFIG_SYNTAX', place], text);
      assert.doesNotMatch(message, /position|column/);
    }
    assert.equal(refusal('h.yaml', 'a: 1\n---\nb: 2\n').code, 'CONFIG_SYNTAX');
    assert.equal(refusal('i.json', 'a: 1').code, 'CONFIG_SYNTAX');
    for (const text of ['{"password": pass-word}', '{"password":"a" pass-word}', 'pass-word']) {
      assert.doesNotMatch(refusal('secret.json', text).message, /pass|word/, 'a part of the text may be a secret');
    }
  });

  it('CFG-5 nesting is bounded, whatever its depth', () => {
    const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    assert.ok(read('j.json', nested(maxDepth)).ok);
    for (const [name, depth] of [
      ['k.json', maxDepth + 1],
      ['k.yaml', maxDepth + 1],
      ['l.yaml', 5_000],
    ] as const) {
      assert.match(refusal(name, nested(depth)).message, /nested too deeply/);
    }
    const lines = Array.from({ length: 1200 }, (_, level) => `${' '.repeat(level)}a:`);
    for (const text of ['['.repeat(200_000), '- '.repeat(200_000), `a: ${'{b: '.repeat(200)}`, lines.join('\n')]) {
      assert.match(refusal('m.yaml', text).message, /nested too deeply/);
    }
    assert.ok(read('s.yaml', '- - x\n'.repeat(500)).ok);
  });

  it('CFG-5 aliases cannot blow a file up', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level <= 9; level += 1) {
      lines.push(
        `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    }
    assert.match(refusal('n.yaml', lines.join('\n')).message, /alias/i);
    assert.match(refusal('o.yaml', 'a: &a\n  b: *a\n').code, /CONFIG_SYNTAX/);
  });

  it('CFG-5 a key that would reach a prototype is refused; its harmless kin are data', () => {
    assert.match(
      refusal('p.json', '{"http": {"__proto__": {"port": 1}}}').message,
      /\/http\/__proto__: this key is not/,
    );
    assert.match(refusal('q.yaml', '__proto__: {port: 1}').message, /__proto__/);
    assert.ok(read('r.json', '{"constructor": 1, "prototype": 2}').ok);
  });
});
