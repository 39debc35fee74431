import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ManagementSettings,
  managementFlags,
  readManagementSettings,
} from '../../../src/actors/container-management/index.js';
import { parseGoFlags } from '../../../src/cli/go-flags.js';

const read = (file?: unknown, ...args: string[]) =>
  readManagementSettings({ file, flags: parseGoFlags(args, managementFlags()).given });
const settings = (file?: unknown, ...args: string[]) => {
  const result = read(file, ...args);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
};
const mistakes = (file?: unknown, ...args: string[]) => {
  const result = read(file, ...args);
  assert.ok(!result.ok);
  return result.mistakes.map(({ key, message }) => `${key}: ${message}`);
};
const warnings = (file?: unknown, ...args: string[]) => read(file, ...args).warnings.map(({ key }) => key);

const DEFAULTS: ManagementSettings = {
  log: {
    logFile: 'log/container-management.log',
    logLevel: 'INFO',
    logFileSize: 2,
    logFileCount: 5,
    logFileMaxAge: 28,
    syslog: false,
  },
  deployment: {
    isEnabled: true,
    mode: 'update',
    homeDir: '/var/lib/container-management',
    folder: '/etc/container-management/containers',
  },
  homeDir: '/var/lib/container-management',
  stopTimeoutS: 30,
  registries: { entries: {}, insecure: ['localhost'] },
  images: {
    expiryMs: 31 * 24 * 3_600_000,
    decryption: { keys: [], recipients: [] },
    verifier: 'none',
    verifierConfig: {},
    pullTimeoutMs: 1_800_000,
  },
  things: {
    isEnabled: true,
    homeDir: '/var/lib/container-management',
    features: ['ContainerFactory', 'SoftwareUpdatable', 'Metrics'],
  },
  agent: {
    isEnabled: false,
    domain: 'containers',
    systemContainers: [],
    verboseInventory: false,
    autoCommands: false,
    name: 'Fleetchart Containers Update Agent',
  },
  engine: { kind: 'auto', socket: '', imageRoot: '' },
  stopContainersOnExit: false,
  httpPort: 0,
  registriesFile: '',
  connection: {
    broker: 'tcp://localhost:1883',
    keepAliveMs: 20_000,
    username: '',
    password: '',
    connectTimeoutMs: 30_000,
    acknowledgeTimeoutMs: 15_000,
    disconnectTimeoutMs: 250,
    caCert: '',
    cert: '',
    key: '',
  },
  withoutEffect: [],
};

test('CUA-38 without a file, or with an empty one, everything has the defaults of the reference', () => {
  for (const file of [undefined, null, {}]) assert.deepEqual(settings(file), DEFAULTS);
});

/** Path, value in the file, flag with its argument, and how the settings say the same. */
const HONOURED: readonly (readonly [string, unknown, string, (value: ManagementSettings) => unknown, unknown])[] = [
  ['log.log_file', '/l', 'log-file=/l', ({ log }) => log.logFile, '/l'],
  ['log.log_level', 'debug', 'log-level=debug', ({ log }) => log.logLevel, 'DEBUG'],
  ['log.log_file_size', 3, 'log-file-size=3', ({ log }) => log.logFileSize, 3],
  ['log.log_file_count', 4, 'log-file-count=4', ({ log }) => log.logFileCount, 4],
  ['log.log_file_max_age', 5, 'log-file-max-age=5', ({ log }) => log.logFileMaxAge, 5],
  ['log.syslog', true, 'log-syslog', ({ log }) => log.syslog, true],
  ['deployment.enable', false, 'deployment-enable=false', ({ deployment }) => deployment.isEnabled, false],
  ['deployment.mode', 'init', 'deployment-mode=init', ({ deployment }) => deployment.mode, 'init'],
  ['deployment.home_dir', '/d', 'deployment-home-dir=/d', ({ deployment }) => deployment.homeDir, '/d'],
  ['deployment.ctr_dir', '/c', 'deployment-ctr-dir=/c', ({ deployment }) => deployment.folder, '/c'],
  ['manager.home_dir', '/h', 'cm-home-dir=/h', ({ homeDir }) => homeDir, '/h'],
  ['manager.default_ctrs_stop_timeout', '1m', 'cm-deflt-ctrs-stop-timeout=1m', (s) => s.stopTimeoutS, 60],
  ['manager.default_ctrs_stop_timeout', 45, 'cm-deflt-ctrs-stop-timeout=45', (s) => s.stopTimeoutS, 45],
  [
    'containers.insecure_registries',
    ['a:5000', 'b'],
    'ccl-insecure-registries=a:5000,b',
    ({ registries }) => registries.insecure,
    ['a:5000', 'b'],
  ],
  ['containers.image_expiry', '72h3m0.5s', 'ccl-image-expiry=72h3m0.5s', (s) => s.images.expiryMs, 259_380_500],
  ['containers.image_expiry_disable', true, 'ccl-image-expiry-disable', ({ images }) => images.expiryMs, undefined],
  ['containers.image_dec_keys', ['k:p'], 'ccl-image-dec-keys=k:p', (s) => s.images.decryption.keys, ['k:p']],
  [
    'containers.image_dec_recipients',
    ['pkcs7:r'],
    'ccl-image-dec-recipients=pkcs7:r',
    (s) => s.images.decryption.recipients,
    ['pkcs7:r'],
  ],
  [
    'containers.image_verifier_type',
    'notation',
    'ccl-image-verifier-type=notation',
    ({ images }) => images.verifier,
    'notation',
  ],
  [
    'containers.image_verifier_config',
    { configDir: '/n', libexecDir: '/x' },
    'ccl-image-verifier-config=configDir=/n,libexecDir=/x',
    ({ images }) => images.verifierConfig,
    { configDir: '/n', libexecDir: '/x' },
  ],
  ['things.enable', false, 'things-enable=false', ({ things }) => things.isEnabled, false],
  ['things.home_dir', '/t', 'things-home-dir=/t', ({ things }) => things.homeDir, '/t'],
  ['things.features', ['Metrics'], 'things-features=Metrics', ({ things }) => things.features, ['Metrics']],
  ['update_agent.enable', true, 'ua-enable', ({ agent }) => agent.isEnabled, true],
  ['update_agent.domain', 'apps', 'ua-domain=apps', ({ agent }) => agent.domain, 'apps'],
  [
    'update_agent.system_containers',
    ['a', 'b'],
    'ua-system-containers=a,b',
    ({ agent }) => agent.systemContainers,
    ['a', 'b'],
  ],
  [
    'update_agent.verbose_inventory_report',
    true,
    'ua-verbose-inventory-report',
    ({ agent }) => agent.verboseInventory,
    true,
  ],
  ['connection.broker_url', 'tcp://m:1', 'conn-broker-url=tcp://m:1', (s) => s.connection.broker, 'tcp://m:1'],
  ['connection.keep_alive', '1m', 'conn-keep-alive=1m', ({ connection }) => connection.keepAliveMs, 60_000],
  ['connection.client_username', 'u', 'conn-client-username=u', ({ connection }) => connection.username, 'u'],
  ['connection.client_password', 'p', 'conn-client-password=p', ({ connection }) => connection.password, 'p'],
  ['connection.connect_timeout', '5s', 'conn-connect-timeout=5s', (s) => s.connection.connectTimeoutMs, 5_000],
  ['connection.acknowledge_timeout', '5s', 'conn-ack-timeout=5s', (s) => s.connection.acknowledgeTimeoutMs, 5_000],
  ['connection.disconnect_timeout', '5s', 'conn-disconnect-timeout=5s', (s) => s.connection.disconnectTimeoutMs, 5_000],
  ['connection.transport.root_ca', '/ca', 'conn-root-ca=/ca', ({ connection }) => connection.caCert, '/ca'],
  ['fleetchart.engine', 'process', 'fleetchart-engine=process', ({ engine }) => engine.kind, 'process'],
  ['fleetchart.socket', '/s', 'fleetchart-socket=/s', ({ engine }) => engine.socket, '/s'],
  ['fleetchart.imageRoot', '/i', 'fleetchart-image-root=/i', ({ engine }) => engine.imageRoot, '/i'],
  ['fleetchart.autoCommands', true, 'fleetchart-auto-commands', ({ agent }) => agent.autoCommands, true],
  ['fleetchart.stopContainersOnExit', true, 'fleetchart-stop-containers-on-exit', (s) => s.stopContainersOnExit, true],
  ['fleetchart.pullTimeout', '1h', 'fleetchart-pull-timeout=1h', (s) => s.images.pullTimeoutMs, 3_600_000],
  ['fleetchart.agentName', 'CUA', 'fleetchart-agent-name=CUA', ({ agent }) => agent.name, 'CUA'],
  ['fleetchart.httpPort', 8091, 'fleetchart-http-port=8091', ({ httpPort }) => httpPort, 8091],
  ['fleetchart.registriesFile', '/r', 'fleetchart-registries-file=/r', (s) => s.registriesFile, '/r'],
];

/** The key alone in a file: `a.b` becomes `{a: {b: value}}`. */
const fileWith = (path: string, value: unknown): unknown =>
  path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);

for (const [path, value, flag, pick, expected] of HONOURED) {
  test(`REG-1 CUA-38 ${path} holds from the file and by --${flag}`, () => {
    assert.deepEqual(pick(settings(fileWith(path, value))), expected, 'file');
    for (const dashes of ['-', '--']) assert.deepEqual(pick(settings(undefined, `${dashes}${flag}`)), expected, flag);
    // Syslog alone says that it needs more than itself.
    assert.deepEqual(warnings(fileWith(path, value)), path === 'log.syslog' ? ['log.syslog'] : []);
  });
}

const ACCEPTED: readonly (readonly [string, unknown, string])[] = [
  ['manager.exec_root_dir', '/x', 'cm-exec-root-dir=/x'],
  ['manager.container_client_sid', 'x', 'cm-cc-sid=x'],
  ['manager.network_manager_sid', 'x', 'cm-net-sid=x'],
  ['containers.default_ns', 'x', 'ccl-default-ns=x'],
  ['containers.address_path', '/x', 'ccl-ap=/x'],
  ['containers.exec_root_dir', '/x', 'ccl-exec-root-dir=/x'],
  ['containers.home_dir', '/x', 'ccl-home-dir=/x'],
  ['containers.runc_runtime', 'x', 'ccl-runc-runtime=x'],
  ['containers.lease_id', 'x', 'ccl-lease-id=x'],
  ['network.type', 'x', 'net-type=x'],
  ['network.home_dir', '/x', 'net-home-dir=/x'],
  ['network.exec_root_dir', '/x', 'net-exec-root-dir=/x'],
  ['network.default_bridge.disable', true, 'net-tbr-disable'],
  ['network.default_bridge.name', 'x', 'net-br-name=x'],
  ['network.default_bridge.ip4', 'x', 'net-br-ip4=x'],
  ['network.default_bridge.fcidr4', 'x', 'net-br-fcidr4=x'],
  ['network.default_bridge.gwip4', 'x', 'net-br-gwip4=x'],
  ['network.default_bridge.enable_ip6', true, 'net-br-enable-ip6'],
  ['network.default_bridge.mtu', 1400, 'net-br-mtu=1400'],
  ['network.default_bridge.icc', false, 'net-br-icc=false'],
  ['network.default_bridge.ip_tables', false, 'net-br-ipt=false'],
  ['network.default_bridge.ip_forward', false, 'net-br-ipfw=false'],
  ['network.default_bridge.ip_masq', false, 'net-br-ipmasq=false'],
  ['network.default_bridge.userland_proxy', true, 'net-br-ulp'],
  ['grpc_server.protocol', 'tcp', 'grpc-serv-netp=tcp'],
  ['grpc_server.address_path', '/x', 'grpc-serv-ap=/x'],
  ['connection.subscribe_timeout', '1s', 'conn-sub-timeout=1s'],
  ['connection.unsubscribe_timeout', '1s', 'conn-unsub-timeout=1s'],
];

for (const [path, value, flag] of ACCEPTED) {
  test(`CUA-38 ${path} and --${flag} are accepted, and named as without effect`, () => {
    const expected = { ...DEFAULTS, withoutEffect: [path] };
    assert.deepEqual(settings(fileWith(path, value)), expected);
    assert.deepEqual(settings(undefined, `--${flag}`), expected);
  });
}

test('CUA-38 each flag is one of the tables above, or names the file, or a file of TLS', () => {
  const tabled = [...HONOURED, ...ACCEPTED].map(([, , flag]) => flag.split('=')[0]);
  const flags = managementFlags().map(({ name }) => name);
  assert.deepEqual(flags.filter((name) => !tabled.includes(name)).sort(), [
    'cfg-file',
    'conn-client-cert',
    'conn-client-key',
  ]);
});

test('CUA-38 a flag goes over the file, that over the default; lists replace one another', () => {
  const file = { update_agent: { domain: 'file', system_containers: ['a'] }, containers: { insecure_registries: [] } };
  const value = settings(file, '--ua-domain', 'flag', '--ua-system-containers=b', '-ua-system-containers', 'c,d');
  assert.equal(value.agent.domain, 'flag');
  assert.deepEqual(value.agent.systemContainers, ['b', 'c', 'd']);
  assert.deepEqual(value.registries.insecure, []);
});

test('CUA-38 a value of a wrong type is a mistake that names its key or flag; all come at once', () => {
  const file = {
    log: { syslog: 'yes', log_file_size: '2' },
    things: [],
    update_agent: { system_containers: 'a', enable: 'true' },
    connection: { keep_alive: 20, client_password: 7 },
    containers: { image_expiry: 744, image_verifier_config: { configDir: 1 } },
  };
  assert.deepEqual(mistakes(file).sort(), [
    'connection.client_password: expected a string, got "(not shown)"',
    'connection.keep_alive: expected a duration such as "30s", got 20',
    'containers.image_expiry: expected a duration such as "30s", got 744',
    'containers.image_verifier_config: expected an object of strings, got {"configDir":1}',
    'log.log_file_size: expected an integer, got "2"',
    'log.syslog: expected true or false, got "yes"',
    'things: expected an object, got []',
    'update_agent.enable: expected true or false, got "true"',
    'update_agent.system_containers: expected a list of strings, got "a"',
  ]);
  const entry = { 'ghcr.io': { credentials: { password: 'pass-word' } } };
  for (const file of [
    { containers: [{ registry_configurations: entry }] },
    { connection: { broker_url: 'tcp://user:pass-word@no host' } },
    { connection: { client_password: ['pass-word'] } },
  ]) {
    const told = mistakes(file).join();
    assert.match(told, /expected/);
    assert.doesNotMatch(told, /pass-word/);
  }
  assert.deepEqual(mistakes([]), [': expected an object']);
  assert.deepEqual(mistakes({}, '--log-file-size=x', '--ua-enable=maybe', '--ccl-image-verifier-config=a'), [
    '--log-file-size: expected an integer, got "x"',
    '--ccl-image-verifier-config: expected an object of strings, got "a"',
    '--ua-enable: expected true or false, got "maybe"',
  ]);
});

test('CUA-3 a duration that is none is the default, with a warning', () => {
  const file = {
    manager: { default_ctrs_stop_timeout: 'soon' },
    connection: { keep_alive: '', connect_timeout: '-1s' },
    fleetchart: { pullTimeout: '1' },
  };
  assert.deepEqual(warnings(file).sort(), [
    'connection.connect_timeout',
    'connection.keep_alive',
    'fleetchart.pullTimeout',
    'manager.default_ctrs_stop_timeout',
  ]);
  assert.deepEqual(settings(file), DEFAULTS);
});

test('REG-8 an expiry that is no duration is refused', () => {
  assert.deepEqual(mistakes({ containers: { image_expiry: 'a month' } }), [
    'containers.image_expiry: expected a duration such as "744h", got "a month"',
  ]);
});

test('CTR-7 a mode of deployment that is none is update, with a warning', () => {
  assert.deepEqual(warnings({ deployment: { mode: 'always' } }), ['deployment.mode']);
  assert.equal(settings({ deployment: { mode: 'always' } }).deployment.mode, 'update');
});

test('REG-6 a verifier that is none is refused', () => {
  assert.deepEqual(mistakes({ containers: { image_verifier_type: 'cosign' } }), [
    'containers.image_verifier_type: expected one of none, notation, got "cosign"',
  ]);
});

test('REG-1 unknown keys, levels and features are warned of and ignored; keys match in any case', () => {
  const file = {
    Update_Agent: { ENABLE: true, containers: ['a'] },
    things: { enabled: true, features: ['Metrics', 'Magic'] },
    log: { log_level: 'loud' },
    registries: {},
  };
  assert.deepEqual(warnings(file), [
    'Update_Agent.containers',
    'things.enabled',
    'registries',
    'log.log_level',
    'things.features',
  ]);
  assert.equal(settings(file).agent.isEnabled, true);
  assert.equal(settings(file).log.logLevel, 'ERROR');
});

test('REG-2 registries have credentials, TLS files, both or none; an empty host is skipped', () => {
  const containers = {
    registry_configurations: {
      'ghcr.io': {
        credentials: { user_id: 'u', password: 'p' },
        transport: { root_ca: '/c/ca.pem', client_cert: '/c/c.pem', client_key: '/c/k.pem' },
      },
      'half:5000': { transport: { root_ca: '/c/ca.pem', client_cert: '', client_key: '' } },
      open: null,
      '': { credentials: { user_id: 'x', password: 'y' } },
    },
  };
  assert.deepEqual(settings({ containers }).registries.entries, {
    'ghcr.io': {
      credentials: { user: 'u', password: 'p' },
      transport: { rootCa: '/c/ca.pem', clientCert: '/c/c.pem', clientKey: '/c/k.pem' },
    },
    'half:5000': {},
    open: {},
  });
  assert.deepEqual(warnings({ containers }), [
    'containers.registry_configurations.half:5000.transport',
    'containers.registry_configurations',
  ]);
});

test('REG-2 a registry whose name is no host is skipped by name, without the password in it', () => {
  const entry = { credentials: { user_id: 'u', password: 'p' } };
  const file = {
    containers: {
      registry_configurations: {
        'https://bad/host': entry,
        'http://me:geheim@ghcr.io': entry,
        'ghcr.io/team': entry,
        'ghcr.io': entry,
        '[::1]:5000': entry,
      },
    },
  };
  const read = readManagementSettings({ file, flags: new Map() });
  const said = (name: string) => `${name} is no host or host:port, so no image is of it; it is skipped`;
  assert.deepEqual(
    read.warnings.map(({ key, message }) => [key, message]),
    ['"https://bad/host"', '"http://…@ghcr.io"', '"ghcr.io/team"'].map((name) => [
      'containers.registry_configurations',
      said(name),
    ]),
  );
  assert.ok(read.ok);
  assert.deepEqual(Object.keys(read.value.registries.entries), ['ghcr.io', '[::1]:5000']);
});

test('REG-2 a registry of a wrong form is a mistake that does not show the password', () => {
  const containers = { registry_configurations: { a: 'x', b: { credentials: { password: ['geheim'] } } } };
  assert.deepEqual(mistakes({ containers }), [
    'containers.registry_configurations.a: expected an object',
    'containers.registry_configurations.b.credentials.password: expected a string',
  ]);
});

test('CUA-1 a domain that cannot stand in a topic is refused, and a certificate without a key', () => {
  assert.deepEqual(
    mistakes({
      update_agent: { domain: '-' },
      connection: { broker_url: 'mosquitto', transport: { client_cert: 'c' } },
      fleetchart: { engine: 'containerd', httpPort: 70_000 },
    }),
    [
      'fleetchart.engine: expected one of auto, engine-api, process, simulated, got "containerd"',
      'update_agent.domain: expected a name that can stand in a topic, got "-"',
      'fleetchart.httpPort: expected a port from 0 to 65535, got 70000',
      'connection.broker_url: expected a URL, got "mosquitto"',
      'connection.transport: client_cert and client_key go together',
    ],
  );
});
