import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { ConfigError, mistakeCodes } from '../src/config/mistake.js';
import { renderReference } from '../src/config/reference.js';
import { nodeOf } from '../src/config/schema.js';
import { createHub } from '../src/hub.js';
import {
  checkHubConfig,
  checkServerConfig,
  configOf,
  HubSchema,
  looksLikeServerConfig,
  ServerConfigSchema,
} from '../src/hub-config.js';
import { ManualClock } from '../src/runtime/clock.js';
import { seededIds } from '../src/runtime/ids.js';
import { createLogger } from '../src/runtime/logging/log.js';
import { checkVehicleConfig } from '../src/vehicle-config.js';
import { temporaryFolder } from './config/files.js';
import { eventually } from './fakes/runtime.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const write = temporaryFolder();
const token = 'a-token-of-at-least-16-characters';

function hubMistakes(config: unknown, environment = {}): string[] {
  const file = write('hub.json', JSON.stringify(config));
  return checkHubConfig({ file, environment }).mistakes.map(({ code, pointer }) => `${code} ${pointer}`);
}

describe('the sample configurations', () => {
  const samples = readdirSync(join(root, 'config'), { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.(yaml|json)$/.test(name) && !name.startsWith('grafana/'),
  );
  it('ARCH-8 there are some', () =>
    assert.deepEqual(samples.sort(), ['fleet-telemetry/server_config.json', 'hub.yaml', 'vehicle.yaml']));
  for (const name of samples) {
    it(`ARCH-8 config/${name} loads without a mistake or a warning`, () => {
      const file = join(root, 'config', name);
      const hubs = looksLikeServerConfig(file) ? checkServerConfig : checkHubConfig;
      const check = name === 'vehicle.yaml' ? checkVehicleConfig : hubs;
      const { mistakes, warnings, config } = check({ file });
      assert.deepEqual([mistakes, warnings], [[], []]);
      assert.ok(config);
      assert.equal(looksLikeServerConfig(file), name.startsWith('fleet-telemetry/'));
    });
  }

  it('ARCH-8 the hub’s section may name a peer’s file as it is', () => {
    const file = join(root, 'config/fleet-telemetry/server_config.json');
    const hub = configOf(checkHubConfig({ file: write('a.json', JSON.stringify({ telemetry: { file } })) }));
    assert.deepEqual(hub.telemetry, configOf(checkServerConfig({ file })));
  });
});

describe('the hub’s configuration', () => {
  it('ARCH-8 nothing at all is a hub on loopback without telemetry', () => {
    const config = configOf(checkHubConfig({}));
    assert.equal(config.dataDir, './data/hub');
    assert.deepEqual(config.http, { host: '127.0.0.1', port: 8080, tokens: [], allowedHosts: [] });
    assert.deepEqual(config.log, { level: 'info', format: 'json' });
    assert.equal(config.mqtt.embedded.enabled, false);
    assert.equal(config.telemetry, undefined);
  });

  it('ARCH-9 a listener beyond loopback needs tokens or users', () => {
    const mqtt = { embedded: { enabled: true, host: '0.0.0.0' } };
    assert.deepEqual(hubMistakes({ http: { host: '0.0.0.0' }, mqtt }), [
      'CONFIG_UNPROTECTED /http/host',
      'CONFIG_UNPROTECTED /mqtt/embedded/host',
    ]);
    const tokens = [{ name: 'a', role: 'viewer', token }];
    const users = [{ name: 'a', password: 'b' }];
    assert.deepEqual(
      hubMistakes({ http: { host: '0.0.0.0', tokens }, mqtt: { embedded: { ...mqtt.embedded, users } } }),
      [],
    );
    assert.deepEqual(hubMistakes({ mqtt: { embedded: { enabled: false, host: '0.0.0.0' } } }), []);
    assert.deepEqual(hubMistakes({ http: { host: '::1' } }), []);
  });

  it('ARCH-9 tokens are long, complete and named apart; their files stand for them', () => {
    const tokenFile = write('token', `${token}\n`);
    const named = (name: string, rest: object) => ({ name, role: 'operator', ...rest });
    assert.deepEqual(
      hubMistakes({ http: { tokens: [named('a', { token: 'short' }), named('b', {}), named('a', { tokenFile })] } }),
      ['CONFIG_VALUE /http/tokens/0', 'CONFIG_MISSING /http/tokens/1', 'CONFIG_CONFLICT /http/tokens/2/name'],
    );
    const file = write('hub.json', JSON.stringify({ http: { tokens: [named('a', { tokenFile })] } }));
    assert.deepEqual(configOf(checkHubConfig({ file })).http.tokens, [named('a', { token })]);
  });

  it('ARCH-9 an MQTT user needs a password', () => {
    assert.deepEqual(hubMistakes({ mqtt: { embedded: { users: [{ name: 'a' }] } } }), [
      'CONFIG_MISSING /mqtt/embedded/users/0',
    ]);
  });

  it('CFG-1 the environment reaches the peer’s keys and our own', () => {
    const environment = {
      FLEETCHART_TELEMETRY__PORT: '4443',
      FLEETCHART_TELEMETRY__RATE_LIMIT__MESSAGE_LIMIT: '7',
      FLEETCHART_TELEMETRY__RECORDS__V: '[file]',
      FLEETCHART_TELEMETRY__FLEETCHART__ACK_WHEN: 'received',
      FLEETCHART_TELEMETRY__FLEETCHART__IDLEPING: 'off',
      FLEETCHART_TELEMETRY__TLS__SERVER_CERT: 'a',
      FLEETCHART_TELEMETRY__TLS__SERVER_KEY: 'b',
      FLEETCHART_TELEMETRY__TLS__CA_FILE: 'c',
    };
    const { telemetry } = configOf(checkHubConfig({ environment, sets: ['telemetry.RATE_LIMIT.enabled=true'] }));
    assert.equal(telemetry?.listen.port, 4443);
    assert.equal(telemetry?.rateLimit?.limit, 7);
    assert.deepEqual(telemetry?.records.get('V'), ['file']);
    assert.equal(telemetry?.ackWhen, 'received');
    assert.equal(telemetry?.idlePingMs, undefined);
    const alone = configOf(checkServerConfig({ environment, sets: ['port=5'] }));
    assert.equal(alone.listen.port, 5);
    assert.equal(alone.ackWhen, 'received');
  });

  it('CFG-3 ten mistakes of ten kinds, all at once', () => {
    const config = {
      dataDir: 5,
      log: { level: 'loud' },
      http: { prot: 1, port: 99_999, tokens: [{ role: 'viewer', token }] },
      mqtt: { embedded: { enabled: 'yes' } },
      telemetry: {
        records: { V: ['kafak'], alerts: [] },
        rate_limit: { enabled: true },
        fleetchart: { idlePing: 0, deviceCa: 'ca.crt' },
      },
    };
    assert.deepEqual(hubMistakes(config), [
      'CONFIG_TYPE /dataDir',
      'CONFIG_VALUE /log/level',
      'CONFIG_UNKNOWN_KEY /http/prot',
      'CONFIG_VALUE /http/port',
      'CONFIG_MISSING /http/tokens/0/name',
      'CONFIG_TYPE /mqtt/embedded/enabled',
      'CONFIG_MISSING /telemetry/tls',
      'CONFIG_VALUE /telemetry/records/V/0',
      'CONFIG_MISSING /telemetry/records/alerts',
      'CONFIG_VALUE /telemetry/rate_limit/message_limit',
      'CONFIG_VALUE /telemetry/fleetchart/idlePing',
    ]);
    const file = write('ten.json', JSON.stringify(config));
    assert.throws(
      () => configOf(checkHubConfig({ file })),
      (error) => error instanceof ConfigError && error.mistakes.length === 11 && error.code === 'CONFIG_INVALID',
    );
  });

  it('CFG-3 a mistake is said once, not again by what rests on it', () => {
    const tls = { server_cert: 'a', server_key: 'b', ca_file: 'c' };
    assert.deepEqual(hubMistakes({ telemetry: 5 }), ['CONFIG_TYPE /telemetry']);
    assert.deepEqual(hubMistakes({ telemetry: { tls: 5 } }), ['CONFIG_TYPE /telemetry/tls']);
    assert.deepEqual(hubMistakes({ telemetry: { tls, records: { V: 'file' }, reliable_ack_sources: { V: 'file' } } }), [
      'CONFIG_TYPE /telemetry/records/V',
    ]);
    assert.deepEqual(hubMistakes({ http: { host: '0.0.0.0', tokens: 'x' } }), ['CONFIG_TYPE /http/tokens']);
    assert.deepEqual(hubMistakes({ telemetry: { file: '/nowhere.json' } }), ['CONFIG_UNREADABLE /telemetry']);
  });

  it('CFG-5 whatever a file holds, checking it does not throw', () => {
    const names = [
      ...Object.keys(HubSchema.properties),
      ...Object.keys(ServerConfigSchema.properties),
      'tokens',
      'qos',
    ];
    const { value: tree } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue({ maxDepth: 1 }),
        fc.constantFrom('file', 'mqtt', 'logger', 'kafka', true, 0, 1),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 8 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const file = write('random.json', JSON.stringify(value));
        for (const { config, mistakes } of [checkHubConfig({ file }), checkServerConfig({ file })]) {
          assert.equal(config === undefined, mistakes.length > 0);
        }
      }),
      { seed: 7, numRuns: 120 },
    );
  });
});

describe('a peer’s server_config.json', () => {
  const tls = { server_cert: 'a', server_key: 'b', ca_file: 'c' };
  const check = (config: unknown, name = 'server.json') =>
    checkServerConfig({ file: write(name, JSON.stringify(config)) });

  it('spec 7.1 keys match in any case, the last of several wins, null is absent', () => {
    const { config, warnings } = check({
      PORT: 1,
      Port: 2,
      Tls: { SERVER_CERT: 'a', Server_Key: 'b', ca_FILE: 'c' },
      Records: { V: ['logger'], v: ['file'] },
      rate_limit: { enabled: true, message_limit: 1, messageintervaltimesecond: 1e9 },
      monitoring: null,
    });
    assert.equal(config?.listen.port, 2);
    assert.deepEqual([...(config?.records.keys() ?? [])], ['V', 'v']);
    assert.equal(config?.rateLimit?.intervalMs, 1000);
    assert.deepEqual(
      warnings.map(({ pointer }) => pointer),
      ['/records/v', '/rate_limit/MessageIntervalTimeSecond'],
    );
  });

  it('spec 7.1 unknown keys are ignored, with a warning; unknown keys of ours are mistakes', () => {
    const { config, mistakes, warnings } = check({
      tls,
      records: { V: ['logger'] },
      data_connectors: {},
      logger: { verbos: 1 },
    });
    assert.ok(config);
    assert.deepEqual(mistakes, []);
    assert.deepEqual(
      warnings.map(({ pointer, message }) => `${pointer} ${message}`),
      ['/data_connectors unknown key (ignored)', '/logger/verbos unknown key; did you mean "verbose"? (ignored)'],
    );
    assert.deepEqual(
      check({ tls, fleetchart: { ackwhen: 'received' } }).mistakes.map(({ message }) => message),
      ['unknown key; did you mean "ackWhen"?'],
    );
  });

  it('FT-KAF-2 properties that librdkafka does not have are refused, with the name that was probably meant', () => {
    const servers = { 'bootstrap.servers': 'k:9092' };
    const { mistakes } = check({
      tls,
      records: { V: ['kafka'] },
      kafka: { ...servers, 'lingr.ms': 5, Acks: 1, 'what.is.this': 1, 'sasl.password': ['hunter2'] },
    });
    assert.deepEqual(
      mistakes.map(({ pointer, message }) => `${pointer} ${message}`),
      [
        '/kafka/lingr.ms unknown key; did you mean "linger.ms"?',
        '/kafka/Acks unknown key; did you mean "acks"?',
        '/kafka/what.is.this unknown key',
        '/kafka/sasl.password expected a string, a number, or true or false, got a list',
      ],
    );
    const { config } = check({ tls, records: { V: ['kafka'] }, kafka: { ...servers, 'linger.ms': '7', acks: 'all' } });
    assert.equal(config?.dispatchers.kafka?.lingerMs, 7);
  });

  it('spec 7.1 wrong types are mistakes, with line and column', () => {
    const [mistake] = check({ port: '443', tls }).mistakes;
    assert.equal(mistake?.message, 'expected an integer from 0 to 65535, got the string "443"');
    assert.match(mistake?.where ?? '', /server.json:1:2$/);
  });

  it('ARCH-8 a file is told from a hub’s by its keys, in any case', () => {
    const looks = (config: unknown) => looksLikeServerConfig(write('looks.json', JSON.stringify(config)));
    assert.ok(looks({ Records: {}, mqtt: {} }));
    assert.ok(!looks({ http: {}, mqtt: {}, telemetry: {} }));
    assert.ok(!looks({ mqtt: {} }));
    assert.ok(!looks([]));
    assert.ok(!looksLikeServerConfig('/nowhere'));
  });
});

describe('the reference pages', () => {
  const page = (name: string) => readFileSync(join(root, 'docs/reference', name), 'utf8');

  it('ARCH-2 configuration.md holds the keys of the schema as they are', () => {
    assert.ok(
      page('configuration.md').includes(renderReference(nodeOf(HubSchema))),
      'put the output of `fleetchart config schema hub --format markdown` into docs/reference/configuration.md',
    );
  });

  it('ARCH-2 errors.md has a row for each code of the configuration, and for no other', () => {
    const documented = [...page('errors.md').matchAll(/^\| `(CONFIG_\w+)` \|/gm)].map(([, code]) => code);
    assert.deepEqual(documented.sort(), [...mistakeCodes, 'CONFIG_INVALID'].sort());
  });
});

describe('the quota of the store', () => {
  it('DUR-9 a hub may have one; it is a number of bytes', () => {
    const file = write('hub.json', JSON.stringify({ store: { quotaBytes: 50_000_000 } }));
    assert.deepEqual(configOf(checkHubConfig({ file })).store, { quotaBytes: 50_000_000 });
    assert.deepEqual(configOf(checkHubConfig({ file: write('none.json', '{}') })).store, {});
    assert.equal(hubMistakes({ store: { quotaBytes: -1 } }).length, 1);
  });

  it('DUR-9 past it the store is degraded', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'fleetchart-'));
    const deps = {
      clock: new ManualClock(0),
      ids: seededIds(1),
      version: '0',
      logger: createLogger({ level: 'fatal' }),
    };
    const hub = await createHub({ dataDir, store: { quotaBytes: 1_048_576 } }, deps);
    const { commit } = hub.system;
    commit.put('meta', 'large', Buffer.alloc(2_000_000));
    await commit.flushed();
    commit.put('meta', 'more', Buffer.alloc(1));
    await eventually(() => commit.degraded !== undefined, 'the quota holds');
    assert.equal(commit.degraded?.code, 'STORAGE_QUOTA');
    commit.remove('meta', 'large');
    await commit.flushed();
    await hub.system.stop(0);
    rmSync(dataDir, { recursive: true, force: true });
  });
});
