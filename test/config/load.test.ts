import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Type } from '@sinclair/typebox';
import fc from 'fast-check';
import { type LoadOptions, load } from '../../src/config/load.js';
import { composeSchema } from '../../src/config/schema.js';
import { describeSource } from '../../src/config/sources.js';
import { temporaryFolder } from './files.js';

const peer = { additionalProperties: false, peer: 'other' };
const schema = composeSchema('test', {
  dataDir: Type.String({ default: './data', minLength: 1 }),
  http: Type.Object(
    {
      port: Type.Integer({ default: 80, minimum: 0, maximum: 65_535 }),
      allow: Type.Array(Type.String(), { default: [] }),
      tls: Type.Optional(Type.Boolean({ default: false })),
      users: Type.Array(
        Type.Object(
          { name: Type.String(), role: Type.String({ default: 'viewer' }), token: Type.Optional(Type.String()) },
          { additionalProperties: false },
        ),
        { default: [] },
      ),
      wait: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Literal('off')])),
    },
    { additionalProperties: false, default: {} },
  ),
  other: Type.Optional(
    Type.Object(
      {
        file: Type.Optional(Type.String()),
        log_level: Type.Optional(Type.String({ default: 'info' })),
        routes: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String()))),
        any: Type.Optional(Type.Unknown()),
      },
      { ...peer, include: 'file' },
    ),
  ),
});

const write = temporaryFolder();
let count = 0;

function loadText(text: string, options: Omit<LoadOptions, 'schema' | 'file'> = {}) {
  count += 1;
  return load({ ...options, schema, file: write(`${count}.yaml`, text) });
}

function sourceOf(loaded: ReturnType<typeof load>, ...path: string[]): string {
  const source = loaded.sources.of(path);
  return source ? describeSource(source).replace(/^.*\//, '') : 'nobody';
}

describe('layers', () => {
  it('CFG-1 without anything there are the defaults', () => {
    const loaded = load({ schema });
    assert.deepEqual(loaded.value, { dataDir: './data', http: { port: 80, allow: [], tls: false, users: [] } });
    assert.deepEqual(loaded.mistakes, []);
    assert.equal(sourceOf(loaded, 'http', 'port'), 'default');
  });

  it('CFG-1 each layer stands over the one before it, and the value knows its source', () => {
    const file = 'http:\n  port: 1\n';
    const environment = { FLEETCHART_HTTP__PORT: '2' };
    const sets = ['http.port=3'];
    const assignments = [{ path: ['http', 'port'], value: 4, source: { kind: 'option', option: '--port' } }] as const;
    const cases: [Omit<LoadOptions, 'schema'>, number, RegExp][] = [
      [{}, 1, /yaml:2:3$/],
      [{ environment }, 2, /^environment FLEETCHART_HTTP__PORT$/],
      [{ environment, sets }, 3, /^--set http.port$/],
      [{ environment, sets, assignments }, 4, /^--port$/],
    ];
    for (const [options, port, source] of cases) {
      const loaded = loadText(file, options);
      assert.equal((loaded.value as { http: { port: number } }).http.port, port);
      assert.match(sourceOf(loaded, 'http', 'port'), source);
    }
  });

  it('CFG-1 of several --set for one value the last counts', () => {
    assert.deepEqual((load({ schema, sets: ['http.port=1', 'http.port=2'] }).value as never)['http']['port'], 2);
  });

  it('CFG-1 lists are replaced as a whole; an index reaches one item or adds the next', () => {
    const file = 'http:\n  allow: [a, b]\n  users:\n    - name: x\n';
    const environment = { FLEETCHART_HTTP__ALLOW: '[c]', FLEETCHART_HTTP__USERS__0__TOKEN: 't' };
    const { value, mistakes } = loadText(file, { environment, sets: ['http.users.1.name=y'] });
    assert.deepEqual(mistakes, []);
    const { allow, users } = (value as { http: { allow: unknown; users: unknown } }).http;
    assert.deepEqual(allow, ['c']);
    assert.deepEqual(users, [
      { name: 'x', role: 'viewer', token: 't' },
      { name: 'y', role: 'viewer' },
    ]);
  });

  it('CFG-1 environment names fold case and underscores, and give what the schema asks for', () => {
    const environment = {
      FLEETCHART_DATA_DIR: '/x',
      FLEETCHART_HTTP__TLS: '1',
      FLEETCHART_HTTP__WAIT: 'off',
      FLEETCHART_OTHER__LOGLEVEL: '5',
      FLEETCHART_OTHER__ROUTES__V: '[a, b]',
      FLEETCHART_HTTP__PORT: '',
      UNRELATED: 'x',
    };
    const { value, mistakes, warnings } = load({ schema, environment });
    assert.deepEqual([mistakes, warnings], [[], []]);
    assert.deepEqual(value, {
      dataDir: '/x',
      http: { port: 80, allow: [], tls: true, users: [], wait: 'off' },
      other: { log_level: '5', routes: { V: ['a', 'b'] } },
    });
  });

  it('CFG-4 a variable that fits no key is a warning that names the nearest', () => {
    const { mistakes, warnings } = load({
      schema,
      environment: { FLEETCHART_HTTP__PROT: '1', FLEETCHART___PROTO____X: '1' },
    });
    assert.deepEqual(mistakes, []);
    assert.deepEqual(
      warnings.map(({ code, where, message }) => [code, where, message]),
      [
        ['CONFIG_UNKNOWN_KEY', 'environment FLEETCHART_HTTP__PROT', 'unknown key; did you mean "port"?'],
        ['CONFIG_UNKNOWN_KEY', 'environment FLEETCHART___PROTO____X', 'unknown key'],
      ],
    );
  });

  it('CFG-4 a --set path that fits no key, or that is none, is a mistake', () => {
    const { mistakes } = load({ schema, sets: ['http.prot=1', 'http', '=x', 'other.routes.__proto__=[]'] });
    assert.deepEqual(
      mistakes.map(({ code, where }) => [code, where]),
      [
        ['CONFIG_UNKNOWN_KEY', '--set http.prot'],
        ['CONFIG_SYNTAX', '--set http'],
        ['CONFIG_SYNTAX', '--set '],
        ['CONFIG_UNKNOWN_KEY', '--set other.routes.__proto__'],
      ],
    );
  });

  it('CFG-1 a --set path may be a JSON pointer, for keys with dots', () => {
    const { value } = load({ schema, sets: ['/other/routes/a.b=[c]'] });
    assert.deepEqual((value as never)['other']['routes'], { 'a.b': ['c'] });
  });

  it('CFG-1 a section without a value is absent; one that is absent stays so unless it has a default', () => {
    const { value, mistakes } = loadText('http:\nother: ~\n');
    assert.deepEqual(mistakes, []);
    assert.deepEqual(Object.keys(value as object), ['dataDir', 'http']);
  });

  it('CFG-1 an included file stands beneath the keys beside it, and beneath the environment', () => {
    const included = write('included.json', '{"LOG_LEVEL": "debug", "routes": {"a": ["x"], "b": ["y"]}}');
    const text = `other:\n  file: ${included}\n  routes: {b: [z]}\n`;
    const { value, sources, mistakes } = loadText(text);
    assert.deepEqual(mistakes, []);
    assert.deepEqual((value as never)['other'], {
      file: included,
      log_level: 'debug',
      routes: { a: ['x'], b: ['z'] },
    });
    assert.match(describeSource(sources.of(['other', 'log_level']) ?? { kind: 'default' }), /included.json:1:2$/);
    const over = loadText(text, { environment: { FLEETCHART_OTHER__LOG_LEVEL: 'warn' } });
    assert.equal((over.value as never)['other']['log_level'], 'warn');
  });

  it('CFG-3 an included file that cannot be read, or holds no object, is one mistake', () => {
    const missing = loadText('other: {file: /nowhere.json}');
    assert.deepEqual(
      missing.mistakes.map(({ code, pointer, where }) => [code, pointer, where]),
      [['CONFIG_UNREADABLE', '/other', '/nowhere.json']],
    );
    const list = loadText(`other: {file: ${write('list.json', '[]')}}`);
    assert.deepEqual(
      list.mistakes.map(({ code, pointer }) => [code, pointer]),
      [['CONFIG_TYPE', '/other']],
    );
  });

  it('CFG-5 whatever a file holds, loading does not throw and reaches no prototype', () => {
    const key = fc.oneof(
      fc.constantFrom('http', 'other', 'port', 'users', 'file', 'constructor', 'toString'),
      fc.string(),
    );
    const { value: tree } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        load({ schema, file: write('random.json', JSON.stringify(value)) });
        assert.equal(({} as Record<string, unknown>)['port'], undefined);
      }),
      { seed: 20, numRuns: 300 },
    );
  });
});
