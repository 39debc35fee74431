import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as zlib from 'node:zlib';
import { parse } from 'yaml';
import { provisionAuthority, provisionHub } from '../../src/actors/provisioning/index.js';
import { temporaryFolder } from '../config/files.js';
import { temporaryFolder as emptyFolder } from '../fakes/runtime.js';
import { runCommand } from './run-command.js';

const write = temporaryFolder();

describe('config check', () => {
  it('CLI-2 a sound file ends with 0', async () => {
    const file = write('hub.yaml', 'http:\n  port: 9000\n');
    const { exitCode, stdout, stderr } = await runCommand(['config', 'check', file]);
    const warning = 'warning: /telemetry: no telemetry is configured: see config/hub.yaml for a start\n';
    assert.deepEqual([exitCode, stdout, stderr], [0, `${warning}${file}: a sound hub configuration\n`, '']);
  });

  it('CLI-2 mistakes end with 3, all of them and the warnings shown', async () => {
    const file = write('bad.yaml', 'http:\n  prot: 1\n  port: x\ntelemetry:\n  nope: 1\n');
    const { exitCode, stdout } = await runCommand(['config', 'check', file, '--set', 'log.level=loud']);
    assert.equal(exitCode, 3);
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('    ')),
      [
        `error: --set log.level: /log/level: expected one of "trace", "debug", "info", "warn", "error", "fatal", got the string "loud"`,
        `error: ${file}:2:3: /http/prot: unknown key; did you mean "port"?`,
        `error: ${file}:3:3: /http/port: expected an integer from 0 to 65535, got the string "x"`,
        `error: ${file}:4:1: /telemetry/tls: tls config is empty - telemetry server is mTLS only, make sure to provide certificates in the config`,
        `error: ${file}:4:1: /telemetry/tls/ca_file: no device CA: the CA certificates of Tesla vehicles are not shipped, so no vehicle could connect`,
        `warning: ${file}:4:1: /telemetry/records: no records are routed: whatever vehicles send is acknowledged and dropped`,
        `warning: ${file}:5:3: /telemetry/nope: unknown key (ignored)`,
        `${file}: 5 mistakes`,
      ],
    );
    assert.doesNotMatch(stdout, /--device-ca/, 'which is a flag of ingest alone');
  });

  it('CLI-2 finds an address of the MQTT broker that is none, without showing the password in it', async () => {
    const file = write(
      'broker.yaml',
      'telemetry:\n  records: {V: [mqtt]}\n  mqtt: {broker: "foo://user:topsecret@h:1"}\n',
    );
    const { exitCode, stdout, stderr } = await runCommand(['config', 'check', file]);
    assert.equal(exitCode, 3);
    assert.match(stdout, /\/telemetry\/mqtt\/broker: the scheme is none of tcp, mqtt, /);
    assert.doesNotMatch(stdout + stderr, /topsecret|user:/);
  });

  it('CLI-1 --json prints the same for programs', async () => {
    const file = write('bad.json', '{"http": {"prot": 1}}');
    const { exitCode, stdout } = await runCommand(['config', 'check', file, '--json']);
    assert.equal(exitCode, 3);
    assert.deepEqual(JSON.parse(stdout), {
      ok: false,
      file,
      kind: 'hub',
      mistakes: [
        {
          code: 'CONFIG_UNKNOWN_KEY',
          pointer: '/http/prot',
          message: 'unknown key; did you mean "port"?',
          where: `${file}:1:11`,
        },
      ],
      warnings: [],
    });
  });

  it('CLI-2 a server_config.json is explained: records, keys, defaults, environment, differences; no secret is shown', async () => {
    const config = {
      Port: 4443,
      tls: { server_cert: 'a', server_key: 'b', ca_file: 'c' },
      records: { V: ['redis'] },
      redis: { addrs: ['127.0.0.1:6379'], publish_vin_topics: true, password: 'topsecret' },
      kafka: { 'sasl.password': 'topsecret' },
    };
    const file = write('server_config.json', JSON.stringify(config));
    const { stdout } = await runCommand(['config', 'check', file], { REDIS_PASSWORD: 'topsecret' });
    for (const line of [
      /^Records\n {2}V {2}redis: channel _V_\{VIN\} at 127\.0\.0\.1:6379\n {5}acknowledged when the record is on disk$/m,
      /^ {2}port +listens on port 4443$/m,
      /^ {2}kafka +IGNORED: no record uses it/m,
      /^ {2}log_level +"info"$/m,
      /^ {2}REDIS_PASSWORD +stands over redis\.password \(set\)$/m,
      /^ {2}FT-ACK-1 +.*fleetchart\.ackWhen: received/m,
    ]) {
      assert.match(stdout, line);
    }
    assert.doesNotMatch(stdout, /topsecret/);
    const { explanation } = JSON.parse((await runCommand(['config', 'check', file, '--json'])).stdout);
    assert.deepEqual(Object.keys(explanation), ['routes', 'sections', 'environment', 'differences', 'defaults']);
    assert.equal(explanation.routes[0].topic, 'V');
  });

  it('CLI-2 keys that nobody set are not explained, and connectivity is said to be made here', async () => {
    const file = write('server_config.json', JSON.stringify({ records: { connectivity: ['logger'] }, fleetchart: {} }));
    const { stdout } = await runCommand(['config', 'check', file, '--peer', 'fleet-telemetry']);
    assert.match(stdout, /^ {2}fleetchart +ours, which the reference ignores: empty$/m);
    assert.match(stdout, /^ {16}made by the server, so nothing is acknowledged$/m);
    const one = write('server_config.json', JSON.stringify({ records: {}, fleetchart: { ackWhen: 'received' } }));
    const { stdout: said } = await runCommand(['config', 'check', one, '--peer', 'fleet-telemetry']);
    assert.match(said, /^ {2}fleetchart +ours, which the reference ignores: ackWhen$/m);
  });

  it('CLI-2 a start that fails for mistakes tells of unknown keys, too', async () => {
    const file = write('bad.json', JSON.stringify({ records: { V: ['file'] }, recods: {}, port: 'x' }));
    const { exitCode, stderr } = await runCommand(['run', 'fleet-telemetry', `-config=${file}`]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /\/port: expected an integer/);
    assert.match(stderr, /^warning: .*bad\.json:1:\d+: \/recods: unknown key/m);
  });

  it('CLI-2 misspelt topics and dispatchers are told with the nearest name, and not what follows from them', async () => {
    const config = {
      reliable_ack_sources: { V: 'kafka', errors: 'mqtt' },
      records: { V: ['kafkaa'], alert: ['logger'], v: ['logger'], own: ['logger'], X: ['logger'], errors: ['nowhere'] },
    };
    const file = write('server_config.json', JSON.stringify(config, null, 1));
    const { stdout } = await runCommand(['config', 'check', file, '--peer', 'fleet-telemetry']);
    assert.match(stdout, /\/records\/V\/0: unknown dispatcher "kafkaa"\n +did you mean kafka\? known: /);
    assert.doesNotMatch(stdout, /error: .*reliable_ack_sources\/V/);
    assert.match(stdout, /error: .*reliable_ack_sources\/errors/);
    assert.match(stdout, /warning: .*: no vehicle sends the topic alert; did you mean alerts\?$/m);
    assert.match(stdout, /warning: .*: no vehicle sends the topic v; did you mean V\?$/m);
    assert.doesNotMatch(stdout, /the topic (own|X|errors)/);
  });

  it('CLI-2 a server_config.json of the wrong types is refused without an explanation', async () => {
    const file = write('server_config.json', JSON.stringify({ port: 'x', records: { V: 'logger' }, namespace: 7 }));
    const { exitCode, stdout } = await runCommand(['config', 'check', file, '--peer', 'fleet-telemetry']);
    assert.equal(exitCode, 3);
    assert.doesNotMatch(stdout, /^Records/m);
  });

  it("ARCH-8 Kanto's own files are known by their sections, or by --peer", async () => {
    const kindOf = async (content: unknown, ...args: string[]) => {
      const file = write('config.json', JSON.stringify(content));
      const { stdout, exitCode } = await runCommand(['config', 'check', file, '--json', ...args]);
      return [JSON.parse(stdout).kind, exitCode];
    };
    const management = 'kanto-container-management';
    assert.deepEqual(await kindOf({ log: {}, update_agent: { enable: true } }), [management, 0]);
    assert.deepEqual(await kindOf({ containers: { image_expiry: 'x' } }), [management, 3]);
    assert.deepEqual(await kindOf({ connection: { broker_url: 'tcp://h:1' } }), [management, 0]);
    assert.deepEqual(await kindOf({ log: { log_file_size: 'x' } }, '--peer', management), [management, 3]);
    const manager = 'kanto-update-manager';
    assert.deepEqual(await kindOf({ domain: 'vehicle', agents: {} }), [manager, 0]);
    assert.deepEqual(await kindOf({ connection: { broker: 'tcp://h:1' } }), [manager, 0]);
    assert.deepEqual(await kindOf({ phaseTimeout: 5 }), [manager, 3]);
    assert.deepEqual(await kindOf({ log: { level: 'info' } }), ['hub', 0]);
    assert.deepEqual(await kindOf({ containerManagement: { containers: {} } }), ['vehicle', 0]);
  });

  it('CFG-6 passwords of registries and brokers are not printed, user names are', async () => {
    const registries = { 'ghcr.io': { credentials: { user_id: 'fleet', password: 'correct-horse' } } };
    const connection = { client_username: 'vehicle', client_password: 'correct-horse' };
    const containers = { registry_configurations: registries, image_dec_keys: ['key.pem:correct-horse'] };
    const file = write('vehicle.json', JSON.stringify({ containerManagement: { connection, containers } }));
    for (const more of [[], ['--json']]) {
      const { stdout } = await runCommand(['config', 'print', '--config', file, ...more]);
      assert.doesNotMatch(stdout, /correct-horse/);
      assert.match(stdout, /fleet/);
      assert.match(stdout, /"?client_username"?: "?vehicle/);
    }
  });

  it("ARCH-8 a peer's own file is known by its keys, or by --peer", async () => {
    const file = write('server_config.json', '{"records": {"V": ["kafak"]}, "tls": {"server_cert": "a"}}');
    const { exitCode, stdout } = await runCommand(['config', 'check', file, '--json']);
    assert.equal(exitCode, 3);
    const report = JSON.parse(stdout);
    assert.equal(report.kind, 'fleet-telemetry');
    assert.deepEqual(
      report.mistakes.map(({ pointer }: { pointer: string }) => pointer),
      ['/records/V/0', '/tls/server_key', '/tls/ca_file', '/tls/server_cert'],
    );
    const empty = write('empty.json', '{}');
    assert.equal((await runCommand(['config', 'check', empty])).exitCode, 0);
    assert.equal((await runCommand(['config', 'check', empty, '--peer', 'fleet-telemetry'])).exitCode, 3);
  });
});

describe('config check and the files that are named', () => {
  it('CFG-1 certificates and keys that are missing or do not fit are mistakes', async (t) => {
    const directory = emptyFolder(t);
    const [hub, other] = [join(directory, 'hub'), join(directory, 'other')];
    for (const folder of [hub, other]) {
      await provisionAuthority({ directory: folder });
      await provisionHub({ directory: folder, authorityDirectory: folder, names: ['localhost'] });
    }
    const check = (key: string) => {
      const tls = { server_cert: join(hub, 'hub.crt'), server_key: key, ca_file: join(hub, 'ca.crt') };
      const file = write('named.json', JSON.stringify({ telemetry: { tls, records: { V: ['logger'] } } }));
      return runCommand(['config', 'check', file]);
    };
    assert.equal((await check(join(hub, 'hub.key'))).exitCode, 0);
    const missing = await check(join(directory, 'nowhere.key'));
    assert.equal(missing.exitCode, 3);
    assert.match(missing.stdout, /: \/telemetry\/tls\/server_key: cannot be read \(ENOENT.*\n .*fleetchart provision/);
    const strange = await check(join(other, 'hub.key'));
    assert.equal(strange.exitCode, 3);
    assert.match(strange.stdout, /: \/telemetry\/tls\/server_key: the key in .* is not that of the first certificate/);
    assert.match(strange.stdout, /\n +name files that belong together/);
    assert.doesNotMatch(strange.stdout, /correct the path/);
    const among = write(
      'among.json',
      JSON.stringify({
        port: 'x',
        tls: { server_cert: join(hub, 'hub.crt'), server_key: join(other, 'hub.key'), ca_file: join(hub, 'hub.key') },
        records: {},
      }),
    );
    const round = await runCommand(['config', 'check', among, '--peer', 'fleet-telemetry']);
    assert.match(round.stdout, /: \/port: expected an integer/);
    assert.match(round.stdout, /: \/tls\/server_key: the key in .* is not that of the first certificate/);
    assert.match(
      round.stdout,
      /: \/tls\/ca_file: there is no certificate in PEM.*\n +name the PEM file with .* authorities/,
    );
    const broker = { port: 0, enabled: true, tls: { certFile: join(hub, 'hub.crt'), keyFile: join(other, 'hub.key') } };
    for (const [role, content] of [
      ['hub', { mqtt: { embedded: broker } }],
      ['vehicle', { mqtt: { embedded: broker }, updateManager: {} }],
    ] as const) {
      const { exitCode, stdout } = await runCommand([
        'config',
        'check',
        write(`${role}.json`, JSON.stringify(content)),
      ]);
      assert.equal(exitCode, 3, role);
      assert.match(stdout, /: \/mqtt\/embedded\/tls\/keyFile: the key in .* is not that of the first certificate/);
    }
    const off = { mqtt: { embedded: { ...broker, enabled: false } } };
    assert.equal((await runCommand(['config', 'check', write('off.json', JSON.stringify(off))])).exitCode, 0);
    const tls = { server_cert: join(hub, 'hub.crt'), server_key: join(hub, 'hub.key'), ca_file: join(hub, 'ca.crt') };
    const kafka = {
      'bootstrap.servers': 'k:1',
      'security.protocol': 'ssl',
      'ssl.ca.location': join(directory, 'no.crt'),
    };
    const withKafka = (records: object) =>
      runCommand(['config', 'check', write('kafka.json', JSON.stringify({ telemetry: { tls, records, kafka } }))]);
    assert.match((await withKafka({ V: ['kafka'] })).stdout, /: \/telemetry\/kafka\/ssl\.ca\.location: cannot be read/);
    assert.equal((await withKafka({ V: ['logger'] })).exitCode, 0);
    const mistaken = (await withKafka({ V: ['kafka'] })).stdout;
    assert.doesNotMatch(mistaken, /fleetchart provision/, 'which makes none for Kafka');
    kafka['security.protocol'] = 'plaintext';
    const plain = await withKafka({ V: ['kafka'] });
    assert.equal(plain.exitCode, 0);
    assert.match(plain.stdout, /warning: .*ssl\.ca\.location: without effect/);
  });

  it('CFG-1 FT-KAF-2 a codec that this Node.js does not have is one', async () => {
    const check = async (codec: string): Promise<string> => {
      const kafka = { 'bootstrap.servers': 'k:1', 'compression.codec': codec };
      const file = write('codec.json', JSON.stringify({ telemetry: { records: { V: ['kafka'] }, kafka } }));
      return (await runCommand(['config', 'check', file])).stdout;
    };
    for (const codec of ['gzip', 'snappy', 'lz4']) assert.doesNotMatch(await check(codec), /compression/);
    const missing = /: \/telemetry\/kafka\/compression\.codec: zstd needs Node\.js 22\.15 or newer, and this is v\d/;
    assert.equal(missing.test(await check('ZSTD')), !('zstdCompress' in zlib));
  });
});

describe('config print', () => {
  it('CFG-6 FT-KAF-2 shows no password or key of Kafka, but the files that hold them', async () => {
    const kafka = {
      'bootstrap.servers': 'k:9092',
      'sasl.username': 'hub',
      'sasl.password': 'hunter2',
      'ssl.key.password': 'hunter2',
      'ssl.key.pem': 'hunter2',
      'ssl.keystore.password': 'hunter2',
      'sasl.oauthbearer.config': 'principal=hub secret=hunter2',
      'sasl.passwort': 'hunter2',
      'sasl.jaas': { config: ['hunter2'] },
      'ssl.key.location': '/etc/kafka.key',
    };
    const file = write(
      'kafka.json',
      JSON.stringify({ telemetry: { kafka, fleetchart: { kafkaPassword: 'hunter2' } } }),
    );
    for (const more of [[], ['--json']]) {
      const { stdout } = await runCommand(['config', 'print', '--config', file, ...more]);
      assert.doesNotMatch(stdout, /hunter2/);
      assert.match(stdout, /\/etc\/kafka\.key/);
      assert.match(stdout, /k:9092/);
    }
  });

  it('CFG-1 prints the effective configuration as YAML, with the sources, secrets redacted', async () => {
    const file = write('print.yaml', 'http:\n  port: 9000\n');
    const secret = 'a-secret-of-more-than-16-characters';
    const { exitCode, stdout, stderr } = await runCommand(
      ['config', 'print', '--config', file, '--set', 'log.level=debug', '--set', 'http.tokens.0.name=a'],
      { FLEETCHART_HTTP__TOKENS__0__TOKEN: secret, FLEETCHART_HTTP__TOKENS__0__ROLE: 'viewer' },
    );
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.match(stdout, new RegExp(`^ {2}port: 9000 # file ${file}:2:3$`, 'm'));
    assert.match(stdout, /^ {2}level: debug # --set log.level$/m);
    assert.match(stdout, /^ {2}host: 127.0.0.1 # default$/m);
    assert.match(stdout, /token: \(redacted\) # environment FLEETCHART_HTTP__TOKENS__0__TOKEN$/m);
    assert.ok(!stdout.includes(secret));
    assert.equal(parse(stdout).http.port, 9000);
  });

  it('CFG-6 --json redacts too; mistakes end with 3 and are shown beside', async () => {
    const file = write('print.json', '{"telemetry": {"mqtt": {"password": "hunter2"}, "port": -1}}');
    const { exitCode, stdout } = await runCommand(['config', 'print', '--config', file, '--json']);
    assert.equal(exitCode, 3);
    assert.ok(!stdout.includes('hunter2'));
    const printed = JSON.parse(stdout);
    assert.equal(printed.value.telemetry.mqtt.password, '(redacted)');
    assert.ok(printed.mistakes.length > 0);
    assert.deepEqual(printed.values.at(0), { pointer: '/dataDir', value: './data/hub', source: 'default' });
    const human = await runCommand(['config', 'print', '--config', file]);
    assert.match(human.stderr, /^error: .*\/telemetry\/port: expected an integer/m);
    assert.ok(!human.stderr.includes('hunter2'));
  });
});

describe('config schema', () => {
  it('ARCH-8 prints JSON Schema, or the reference as a table', async () => {
    const { exitCode, stdout } = await runCommand(['config', 'schema', 'hub']);
    assert.equal(exitCode, 0);
    const schema = JSON.parse(stdout);
    assert.equal(schema.properties.telemetry.properties.rate_limit.properties.message_limit.type, 'integer');
    const table = await runCommand(['config', 'schema', 'hub', '--format', 'markdown']);
    assert.match(table.stdout, /^\| `http.port` \| an integer from 0 to 65535 \| `8080` \|/m);
  });
});
