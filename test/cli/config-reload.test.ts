import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { changedKeys, logWarnings, reloadConfig } from '../../src/cli/config-reload.js';
import { checkHubConfig } from '../../src/hub-config.js';
import { createLogger } from '../../src/runtime/index.js';
import { temporaryFolder } from '../fakes/runtime.js';

function recorder(level: 'info' | 'warn') {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const logger = createLogger({ level, destination: { write: (line) => void lines.push(JSON.parse(line)) } });
  return { lines, logger, said: () => lines.splice(0).map(({ msg }) => msg) };
}

describe('reloading a configuration', () => {
  it('sets the level, names what else differs, and keeps what is in use when the file is bad', (t) => {
    const file = join(temporaryFolder(t), 'hub.yaml');
    const write = (text: string): void => writeFileSync(file, text);
    const check = () => checkHubConfig({ file, environment: {}, sets: [], assignments: [] });
    write('log: {level: info}\n');
    const started = check();
    const { logger, lines, said } = recorder('info');
    const reload = () => reloadConfig({ started, check, levelKey: 'log.level', logger });

    reload();
    assert.deepEqual(said(), [], 'nothing has changed');

    write('log: {level: error}\n');
    reload();
    assert.equal(logger.level, 'error');
    assert.deepEqual(said(), ['log_level_changed'], 'told while it still can be');

    write('log: {level: debug, format: logfmt}\nhttp: {port: 9000}\n');
    reload();
    assert.equal(logger.level, 'debug');
    assert.deepEqual(lines.at(-1)?.['changed'], ['log.format', 'http.port']);
    assert.deepEqual(said(), ['log_level_changed', 'config_restart_needed']);

    write('log: {level: loud}\nhttp: {prot: 1}\n');
    reload();
    assert.equal(logger.level, 'debug');
    const mistakes = lines.at(-1)?.['mistakes'] as string[] | undefined;
    assert.equal(mistakes?.length, 2);
    assert.deepEqual(said(), ['config_reload_refused']);
  });

  it('names keys, never values', () => {
    const before = { mqtt: { users: [{ name: 'a', password: 'x' }] }, http: { port: 1 }, same: [1] };
    const after = { mqtt: { users: [{ name: 'a', password: 'y' }] }, http: { port: 1, host: 'h' }, same: [1] };
    assert.deepEqual(changedKeys(before, after), ['mqtt.users', 'http.host']);
    assert.deepEqual(changedKeys({ a: { b: 1 } }, {}), ['a']);
    assert.deepEqual(changedKeys({}, {}), []);
  });

  it('what is remarkable in a sound configuration is a line each', () => {
    const { logger, lines } = recorder('info');
    logWarnings([{ code: 'CONFIG_IGNORED', pointer: '/mqtt', message: 'not opened', hint: 'use it' }], logger);
    const [{ msg, code, pointer, detail, do: todo } = {}] = lines;
    assert.deepEqual(
      [msg, code, pointer, detail, todo],
      ['config_warning', 'CONFIG_IGNORED', '/mqtt', 'not opened', 'use it'],
    );
  });
});
