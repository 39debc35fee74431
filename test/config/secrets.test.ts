import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Type } from '@sinclair/typebox';
import { explain, renderExplained } from '../../src/config/explain.js';
import { load } from '../../src/config/load.js';
import { redact, redacted, soundsSecret } from '../../src/config/redact.js';
import { composeSchema, nodeOf } from '../../src/config/schema.js';
import { temporaryFolder } from './files.js';

const schema = composeSchema('test', {
  host: Type.String({ default: 'localhost' }),
  phrase: Type.Optional(Type.String({ secret: true })),
  users: Type.Array(
    Type.Object(
      {
        name: Type.String(),
        password: Type.Optional(Type.String({ secret: true })),
        passwordFile: Type.Optional(Type.String({ secretFile: true })),
      },
      { additionalProperties: false },
    ),
    { default: [], secret: false },
  ),
  server_key: Type.Optional(Type.String({ secret: false, secretFile: 'inPlace' })),
  anything: Type.Optional(Type.Unknown()),
});

const write = temporaryFolder();
const isPosix = process.platform !== 'win32';

describe('secrets', () => {
  it('CFG-6 names that sound like secrets, and names of places that do not', () => {
    for (const name of [
      'password',
      'sasl.password',
      'apiKey',
      'api_key',
      'tokens',
      'clientSecret',
      'ssl.key.password',
    ]) {
      assert.ok(soundsSecret(name), name);
    }
    for (const name of ['tokenFile', 'server_key_json_path', 'ssl.key.location', 'keepFiles', 'monkey', 'keyboard']) {
      assert.ok(!soundsSecret(name), name);
    }
  });

  it('CFG-6 user and password within a URL are not shown', () => {
    const value = { host: 'tcp://fleet:pass-w@rd@broker:1883/a', anything: ['mqtts://u@h', 'http://h/a@b', 'a@b'] };
    assert.deepEqual(redact(value, nodeOf(schema)), {
      host: `tcp://${redacted}@broker:1883/a`,
      anything: [`mqtts://${redacted}@h`, 'http://h/a@b', 'a@b'],
    });
  });

  it('CFG-6 the schema outranks the name, and what stands within a secret is one', () => {
    const value = {
      phrase: 'x',
      users: [{ name: 'a', password: 'b' }],
      server_key: 'hub.key',
      anything: { secret: { inner: 'c', list: ['d', 5] }, shown: 'e', password: '' },
    };
    assert.deepEqual(redact(value, nodeOf(schema)), {
      phrase: redacted,
      users: [{ name: 'a', password: redacted }],
      server_key: 'hub.key',
      anything: { secret: { inner: redacted, list: [redacted, redacted] }, shown: 'e', password: '' },
    });
  });

  it('CFG-7 a secret is read from its file, without the line break at the end', () => {
    const passwordFile = write('password', 'correct horse\n');
    const file = write('a.json', JSON.stringify({ users: [{ name: 'a', passwordFile }] }));
    const { value, mistakes, warnings, sources } = load({ schema, file });
    assert.deepEqual([mistakes, warnings], [[], []]);
    assert.deepEqual((value as never)['users'], [{ name: 'a', passwordFile, password: 'correct horse' }]);
    const shown = renderExplained(value, nodeOf(schema), sources);
    assert.ok(!shown.includes('horse'));
    assert.ok(shown.includes(`password: ${redacted} # file ${passwordFile}`));
  });

  it('CFG-7 a file that is missing, empty, too large or given together with the value is a mistake', () => {
    const users = [
      { name: 'a', passwordFile: '/nowhere' },
      { name: 'b', passwordFile: write('empty', '\n') },
      { name: 'c', passwordFile: write('large', 'x'.repeat(70_000)) },
      { name: 'd', passwordFile: write('both', 'x'), password: 'y' },
    ];
    const { mistakes } = load({ schema, file: write('b.json', JSON.stringify({ users })) });
    assert.deepEqual(
      mistakes.map(({ code, pointer }) => [code, pointer]),
      [
        ['CONFIG_UNREADABLE', '/users/0/passwordFile'],
        ['CONFIG_MISSING', '/users/1/passwordFile'],
        ['CONFIG_TOO_LARGE', '/users/2/passwordFile'],
        ['CONFIG_CONFLICT', '/users/3/passwordFile'],
      ],
    );
  });

  it('CFG-7 files with secrets that others can read are warned of', { skip: !isPosix }, () => {
    const passwordFile = write('open', 'x', 0o644);
    const server_key = write('hub.key', 'x', 0o640);
    const file = write(
      'c.json',
      JSON.stringify({ phrase: 'x', users: [{ name: 'a', passwordFile }], server_key }),
      0o604,
    );
    const { mistakes, warnings } = load({ schema, file });
    assert.deepEqual(mistakes, []);
    assert.deepEqual(
      warnings.map(({ code, pointer, hint }) => [code, pointer, hint]),
      [
        ['CONFIG_SECRET_EXPOSED', '/users/0/passwordFile', `chmod 600 ${passwordFile}`],
        ['CONFIG_SECRET_EXPOSED', '/server_key', `chmod 600 ${server_key}`],
        ['CONFIG_SECRET_EXPOSED', '', `chmod 600 ${file}, or move the secret to a file of its own`],
      ],
    );
  });

  it('CFG-7 an open file without secrets is nobody’s business', { skip: !isPosix }, () => {
    const file = write('d.json', JSON.stringify({ host: 'x', server_key: '/nowhere.key' }), 0o644);
    assert.deepEqual(load({ schema, file }).warnings, []);
  });

  it('CFG-1 the explanation says behind each value where it is from', () => {
    const file = write('e.yaml', 'users:\n  - name: a\n');
    const loaded = load({ schema, file, environment: { FLEETCHART_PHRASE: 'hunter2' } });
    assert.deepEqual(explain(loaded.value, nodeOf(schema), loaded.sources), [
      { pointer: '/host', value: 'localhost', source: 'default' },
      { pointer: '/phrase', value: redacted, source: 'environment FLEETCHART_PHRASE' },
      { pointer: '/users/0/name', value: 'a', source: `file ${file}:2:5` },
    ]);
    assert.equal(
      renderExplained(loaded.value, nodeOf(schema), loaded.sources),
      `host: localhost # default\nphrase: ${redacted} # environment FLEETCHART_PHRASE\n` +
        `users:\n  - name: a # file ${file}:2:5\n`,
    );
  });
});
