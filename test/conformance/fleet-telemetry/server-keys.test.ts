import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkServerConfig } from '../../../src/hub-config.js';
import { temporaryFolder } from '../../config/files.js';

type Tree = Readonly<Record<string, unknown>>;

/** A key of the reference's file (spec 7.2, 7.4), with what else has to stand there, and what becomes of it. */
interface Row {
  readonly key: string;
  readonly value: unknown;
  readonly with?: Tree;
  readonly outcome:
    | 'honoured'
    /** Accepted without effect, which a warning says. */
    | 'noted';
  /** Where it arrives, and as what. */
  readonly setting?: string;
  readonly becomes?: unknown;
}

const TABLE = fileURLToPath(new URL('../../../../test/conformance/fleet-telemetry/server-keys.json', import.meta.url));
const ROWS = JSON.parse(readFileSync(TABLE, 'utf8')) as readonly Row[];
const LEAST = {
  tls: { server_cert: 'hub.crt', server_key: 'hub.key', ca_file: 'ca.crt' },
  records: { V: ['logger'] },
};

const write = temporaryFolder();

function check(config: Tree, environment: Readonly<Record<string, string>> = {}) {
  return checkServerConfig({ file: write('server_config.json', JSON.stringify(config)), environment });
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `config` with a value at a dotted path. */
function withKey(config: Tree, [name = '', ...rest]: readonly string[], value: unknown): Tree {
  const inner = config[name];
  return { ...config, [name]: rest.length === 0 ? value : withKey(isTree(inner) ? inner : {}, rest, value) };
}

/** The same with its keys, but not those below maps, in another case. */
function inUpperCase(config: Tree, depth: number): Tree {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key.toUpperCase(),
      depth > 1 && isTree(value) && !MAPS.has(key) ? inUpperCase(value, depth - 1) : value,
    ]),
  );
}
const MAPS: ReadonlySet<string> = new Set(['records', 'reliable_ack_sources', 'kafka', 'streams']);

function settingAt(settings: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, name) => (value instanceof Map ? value.get(name) : (value as Tree | undefined)?.[name]),
      settings,
    );
}

describe('7.2 every key of the reference is honoured, noted or refused by name', () => {
  for (const { key, value, with: others = {}, outcome, setting = '', becomes } of ROWS) {
    it(`7.2 ${key}: ${outcome}`, () => {
      const config = withKey({ ...LEAST, ...others }, key.split('.'), value);
      const { config: settings, mistakes, warnings } = check(config);
      const pointer = `/${key.replaceAll('.', '/')}`;
      const unknown = warnings.filter(({ code }) => code === 'CONFIG_UNKNOWN_KEY');
      assert.deepEqual(unknown, []);
      assert.deepEqual(mistakes, []);
      const isNoted = warnings.some((warning) => warning.pointer === pointer);
      assert.equal(isNoted && outcome === 'noted', outcome === 'noted');
      if (outcome === 'honoured') {
        const setTo = settingAt(settings, setting);
        assert.deepEqual(setTo instanceof Set ? [...setTo] : setTo, becomes);
        // It is this key that makes it so.
        const without = check({ ...LEAST, ...others }).config;
        const isDefault =
          without !== undefined && JSON.stringify(settingAt(without, setting)) === JSON.stringify(becomes);
        assert.ok(!isDefault, 'the table needs a value that is no default');
      }
    });
  }

  it('7.1 keys match in any case', () => {
    for (const { key, value, with: others = {} } of ROWS) {
      const config = withKey({ ...LEAST, ...others }, key.split('.'), value);
      assert.deepEqual(check(inUpperCase(config, 3)).config, check(config).config, key);
    }
  });

  it('7.1 the environment stands over the file, whose secrets it keeps out of it', () => {
    const environment = { REDIS_PASSWORD: 'r', AIRBRAKE_PROJECT_KEY: 'a', SUPPRESS_TLS_HANDSHAKE_ERROR_LOGGING: 'T' };
    const config = {
      ...LEAST,
      records: { V: ['redis'] },
      redis: { addrs: ['127.0.0.1:6379'], publish_vin_topics: true, password: 'old' },
      airbrake: { project_id: 1, project_key: 'old' },
    };
    const { config: settings, loaded } = check(config, environment);
    assert.equal(settings?.dispatchers.redis?.password, 'r');
    assert.equal(settings?.errorReports.airbrake?.projectKey, 'a');
    assert.equal(settings?.log.suppressTlsHandshakeErrors, true);
    assert.ok(!JSON.stringify(loaded.value).includes('"r"'));
    assert.equal(check(config, { ...environment, REDIS_PASSWORD: '' }).config?.dispatchers.redis?.password, 'old');
  });

  it('7.4 a file of the year 2023 is read as it is', () => {
    const { config, mistakes, warnings } = check({
      host: '0.0.0.0',
      port: 443,
      log_level: 'info',
      json_log_enable: true,
      namespace: 'tesla_telemetry',
      reliable_ack: false,
      rate_limit: { enabled: true, message_limit: 1000, message_interval_time: 30 },
      records: { alerts: ['logger'], errors: ['logger'], V: ['logger'] },
      tls: LEAST.tls,
    });
    assert.deepEqual(mistakes, []);
    assert.ok(config);
    assert.deepEqual(
      warnings.map(({ pointer }) => pointer),
      ['/namespace', '/reliable_ack'],
    );
  });
});
