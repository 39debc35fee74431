import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { packagesLoadedWith } from './architecture/loads.js';
import { renderViolation, violations } from './architecture/rules.js';
import { readSources } from './architecture/source.js';

const src = fileURLToPath(new URL('../../src', import.meta.url));

describe('the house keeps its rules', () => {
  it('ARCH-2 every file of src/ imports only what its layer may, without cycles, and stays pure where it must', () => {
    const files = readSources(src);
    assert.ok(files.length > 10, `expected the sources in ${src}`);
    assert.equal(violations(files).map(renderViolation).join('\n'), '');
  });
});

describe('a start loads what it needs', () => {
  const files = readSources(src);
  const ingest = ['@sinclair/typebox', 'lmdb', 'msgpackr', 'pino', 'prom-client', 'protobufjs', 'ws', 'xstate'];

  it('CLI-5 help needs the parser of options alone', () => {
    assert.deepEqual(packagesLoadedWith(files, 'main.ts'), ['commander']);
  });

  it('CLI-5 an HTTP server, a parser of YAML, a broker and client libraries are loaded by who uses them', () => {
    assert.deepEqual(packagesLoadedWith(files, 'cli/run-action.ts'), ingest);
    assert.deepEqual(packagesLoadedWith(files, 'cli/hub-action.ts'), ingest);
  });
});

/** What is reported of one file among others that break nothing. */
function broken(path: string, text: string, others: Record<string, string> = {}): string[] {
  const files = [{ path, text }, ...Object.entries(others).map(([name, content]) => ({ path: name, text: content }))];
  return violations(files).map((violation) => renderViolation(violation).split('\n    ')[0] ?? '');
}

describe('the rules find what breaks them', () => {
  const samples: readonly (readonly [title: string, path: string, text: string, expected: RegExp])[] = [
    [
      'protocols importing runtime',
      'protocols/dns/a.ts',
      "import { x } from '../../runtime/clock.js';",
      /:1: protocols import/,
    ],
    [
      'protocols importing actors',
      'protocols/dns/a.ts',
      "\nimport type { X } from '../../actors/fleet/events.js';",
      /:2: protocols/,
    ],
    ['protocols opening files', 'protocols/dns/a.ts', "import { open } from 'node:fs';", /may not use node:fs/],
    ['protocols with a foreign package', 'protocols/dns/a.ts', "import { pino } from 'pino';", /package pino/],
    [
      'runtime importing actors',
      'runtime/a.ts',
      "export { x } from '../actors/fleet/index.js';",
      /runtime imports nothing/,
    ],
    ['runtime with a driver', 'runtime/a.ts', "import { connect } from 'mqtt';", /package mqtt/],
    ['config importing runtime', 'config/a.ts', "import { x } from '../runtime/clock.js';", /config imports nothing/],
    [
      'an inner file of another actor',
      'actors/a/index.ts',
      "import { x } from '../b/effects.js';",
      /only index.ts or events.ts/,
    ],
    ['a driver outside effects', 'actors/a/index.ts', "import { connect } from 'mqtt';", /package mqtt/],
    [
      'a schema outside config.ts',
      'actors/a/index.ts',
      "import { Type } from '@sinclair/typebox';",
      /package @sinclair\/typebox/,
    ],
    ['values of fastify in routes', 'actors/a/routes.ts', "import { fastify } from 'fastify';", /package fastify/],
    ['a machine with effects', 'actors/a/machine.ts', "import { x } from './effects.js';", /for its types only/],
    [
      'a machine with runtime',
      'actors/a/b.machine.ts',
      "import { x } from '../../runtime/clock.js';",
      /a machine imports/,
    ],
    ['a machine with node', 'actors/a/machine.ts', "import { x } from 'node:crypto';", /a machine may not use/],
    ['values of protocols in hub.ts', 'hub.ts', "import { x } from './protocols/dns/index.js';", /types only/],
    ['an inner file of an actor in hub.ts', 'hub.ts', "import { x } from './actors/a/machine.js';", /index.ts only/],
    ['an inner file of an actor in a command', 'cli/a.ts', "import { x } from '../actors/a/b.js';", /index.ts only/],
    ['a dynamic import', 'cli/a.ts', "const a = await import('../actors/a/b.js');", /index.ts only/],
    ['an import over several lines', 'cli/a.ts', "import {\n  x,\n} from '../actors/a/b.js';", /:1: a command/],
    [
      'values of the runtime in the console',
      'console/browser/a.ts',
      "import { x } from '../../runtime/a.js';",
      /types only/,
    ],
    ['node in the browser', 'console/browser/a.ts', "import { x } from 'node:fs';", /may not use node:fs/],
    ['a default export', 'runtime/a.ts', 'export default 1;', /named exports only/],
    ['console outside the command line', 'runtime/a.ts', "console.log('x');", /console belongs/],
    ['the clock in a protocol', 'protocols/dns/a.ts', 'const at = Date.now();', /time as an argument/],
    ['the date in a protocol', 'protocols/dns/a.ts', 'const at = new Date();', /time as an argument/],
    ['chance in a machine', 'actors/a/machine.ts', 'const u = Math.random();', /randomness as an argument/],
    ['a timer in a machine', 'runtime/connection-machine.ts', 'setTimeout(() => {}, 5);', /no timers/],
    ['the environment in a protocol', 'protocols/dns/a.ts', 'const x = process.env.X;', /process around it/],
    ['code in a template', 'protocols/dns/a.ts', ['const t = `at $', '{Date.now()}`;'].join(''), /time as an argument/],
    ['an interval', 'runtime/a.ts', 'setInterval(tick, 5);', /no setInterval/],
    ['a drawer', 'runtime/utils/a.ts', '', /no utils/],
    ['a drawer file', 'runtime/common.ts', '', /no common/],
    ['camel case', 'runtime/appendLog.ts', '', /kebab-case/],
  ];
  for (const [title, path, text, expected] of samples) {
    it(`ARCH-2 ${title}`, () => {
      const [first, ...others] = broken(path, text);
      assert.match(first ?? '', expected);
      assert.match(first ?? '', new RegExp(`^src/${path}:`));
      assert.deepEqual(others, []);
    });
  }

  it('ARCH-2 a cycle of files, by the line that closes it', () => {
    const found = broken('runtime/a.ts', "import './b.js';", { 'runtime/b.ts': "\nimport { a } from './a.js';" });
    assert.deepEqual(found, ['src/runtime/b.ts:2: imports go in a circle: runtime/a.ts → runtime/b.ts → runtime/a.ts']);
  });

  it('ARCH-2 a cycle of actor folders, though only of types', () => {
    const found = broken('actors/a/index.ts', "import type { B } from '../b/index.js';", {
      'actors/b/index.ts': "import type { E } from '../a/events.js';",
      'actors/a/events.ts': 'export type E = 1;',
    });
    assert.match(
      found.join('\n'),
      /^src\/actors\/b\/index.ts:1: imports go in a circle: actors\/a → actors\/b → actors\/a$/,
    );
  });

  it('ARCH-2 what is allowed passes', () => {
    assert.deepEqual(
      broken(
        'actors/a/machine.ts',
        [
          "import { setup } from 'xstate';",
          "import { decide } from '../../protocols/dns/index.js';",
          "import type { Event } from './events.js';",
          '// Date.now() in a comment, console.log too',
          "const text = 'Math.random() setTimeout(';",
          'const pattern = /new Date()/;',
          'clock.setTimeout(callback, 5);',
        ].join('\n'),
        {
          'actors/a/effects.ts': "import { connect } from 'mqtt';",
          'actors/a/kafka/client.ts': "import type { MqttClient } from 'mqtt';",
          'actors/a/config.ts': "import { Type } from '@sinclair/typebox';",
          'hub-config.ts':
            "import { S } from './actors/a/config.js';\nimport type { T } from './protocols/dns/index.js';",
          'cli/a.ts': "import { Command } from 'commander';\nimport { x } from '../hub.js';\nconsole.log(Date.now());",
          'console/browser/a.ts': "import type { View } from '../../runtime/actor-view.js';",
          'protocols/dns/index.ts': "export { decode } from './decode.js';",
        },
      ),
      [],
    );
  });
});
