/** The keys of the reference's config.json with its defaults and flags (CUA A.7, CUA-38, REG-1), and ours. */

export type KeyKind = 'text' | 'flag' | 'count' | 'duration' | 'stopTimeout' | 'list' | 'pairs';

export interface ManagementKey {
  /** `update_agent.domain` */
  readonly path: string;
  readonly kind: KeyKind;
  /** As it would stand in the file. */
  readonly default: string | boolean | number | readonly string[] | Readonly<Record<string, string>>;
  readonly description: string;
  readonly flag?: string;
  /** Any other text is a mistake. */
  readonly choices?: readonly string[];
  readonly isSecret?: boolean;
  /** Read without effect: the engine owns the matter. One line of the log lists those that differ from their default. */
  readonly isAccepted?: boolean;
}

type Row = Partial<Pick<ManagementKey, 'flag' | 'choices' | 'isSecret' | 'isAccepted'>>;

const key = (
  path: string,
  kind: KeyKind,
  byDefault: ManagementKey['default'],
  description: string,
  row: Row = {},
): ManagementKey => ({ path, kind, default: byDefault, description, ...row });

/** A key that is read without effect. */
const accepted = (path: string, kind: KeyKind, byDefault: ManagementKey['default'], flag: string): ManagementKey =>
  key(path, kind, byDefault, 'Accepted without effect.', { flag, isAccepted: true });

const HOME = '/var/lib/container-management';
const EXEC = '/var/run/container-management';
const BRIDGE = 'network.default_bridge';

const LOG = [
  key('log.log_file', 'text', 'log/container-management.log', 'Where to log; empty: standard output, or syslog.', {
    flag: 'log-file',
  }),
  key('log.log_level', 'text', 'INFO', 'ERROR, WARN, INFO, DEBUG or TRACE.', { flag: 'log-level' }),
  key('log.log_file_size', 'count', 2, 'Megabytes at which the file is rotated.', { flag: 'log-file-size' }),
  key('log.log_file_count', 'count', 5, 'Old files that are kept.', { flag: 'log-file-count' }),
  key('log.log_file_max_age', 'count', 28, 'Days that they are kept.', { flag: 'log-file-max-age' }),
  key('log.syslog', 'flag', false, 'Log to syslog, if `log_file` is empty.', { flag: 'log-syslog' }),
];

const DEPLOYMENT = [
  key('deployment.enable', 'flag', true, 'Deploy the descriptors of a folder at start (CTR-7).', {
    flag: 'deployment-enable',
  }),
  key('deployment.mode', 'text', 'update', '`update` at every start, `init` at the first one only.', {
    flag: 'deployment-mode',
  }),
  key('deployment.home_dir', 'text', HOME, 'Where the first deployment leaves its mark.', {
    flag: 'deployment-home-dir',
  }),
  key('deployment.ctr_dir', 'text', '/etc/container-management/containers', 'Folder of the descriptors.', {
    flag: 'deployment-ctr-dir',
  }),
];

const MANAGER = [
  key('manager.home_dir', 'text', HOME, 'Where the state is kept.', { flag: 'cm-home-dir' }),
  key('manager.default_ctrs_stop_timeout', 'stopTimeout', '30s', 'From SIGTERM to SIGKILL of a container.', {
    flag: 'cm-deflt-ctrs-stop-timeout',
  }),
  accepted('manager.exec_root_dir', 'text', EXEC, 'cm-exec-root-dir'),
  accepted(
    'manager.container_client_sid',
    'text',
    'container-management.service.local.v1.service-containerd-client',
    'cm-cc-sid',
  ),
  accepted(
    'manager.network_manager_sid',
    'text',
    'container-management.service.local.v1.service-libnetwork-manager',
    'cm-net-sid',
  ),
];

const CONTAINERS = [
  key('containers.insecure_registries', 'list', ['localhost'], 'Registries by plain HTTP or without verification.', {
    flag: 'ccl-insecure-registries',
  }),
  key('containers.image_expiry', 'duration', '744h0m0s', 'How long an image that nobody uses is kept.', {
    flag: 'ccl-image-expiry',
  }),
  key('containers.image_expiry_disable', 'flag', false, 'Keep images for ever.', { flag: 'ccl-image-expiry-disable' }),
  key('containers.image_dec_keys', 'list', [], 'Private keys of encrypted images, `path[:password]`.', {
    flag: 'ccl-image-dec-keys',
    isSecret: true,
  }),
  key('containers.image_dec_recipients', 'list', [], 'Their recipients, `pkcs7:path`.', {
    flag: 'ccl-image-dec-recipients',
  }),
  key('containers.image_verifier_type', 'text', 'none', 'Whether signatures are verified before a pull.', {
    flag: 'ccl-image-verifier-type',
    choices: ['none', 'notation'],
  }),
  key('containers.image_verifier_config', 'pairs', {}, 'Of notation: `configDir`, `libexecDir`.', {
    flag: 'ccl-image-verifier-config',
  }),
  accepted('containers.default_ns', 'text', 'kanto-cm', 'ccl-default-ns'),
  accepted('containers.address_path', 'text', '/run/containerd/containerd.sock', 'ccl-ap'),
  accepted('containers.exec_root_dir', 'text', EXEC, 'ccl-exec-root-dir'),
  accepted('containers.home_dir', 'text', HOME, 'ccl-home-dir'),
  accepted('containers.runc_runtime', 'text', 'io.containerd.runc.v2', 'ccl-runc-runtime'),
  accepted('containers.lease_id', 'text', 'kanto-cm.lease', 'ccl-lease-id'),
];

const NETWORK = [
  accepted('network.type', 'text', 'bridge', 'net-type'),
  accepted('network.home_dir', 'text', HOME, 'net-home-dir'),
  accepted('network.exec_root_dir', 'text', EXEC, 'net-exec-root-dir'),
  accepted(`${BRIDGE}.disable`, 'flag', false, 'net-tbr-disable'),
  accepted(`${BRIDGE}.name`, 'text', 'kanto-cm0', 'net-br-name'),
  accepted(`${BRIDGE}.ip4`, 'text', '', 'net-br-ip4'),
  accepted(`${BRIDGE}.fcidr4`, 'text', '', 'net-br-fcidr4'),
  accepted(`${BRIDGE}.gwip4`, 'text', '', 'net-br-gwip4'),
  accepted(`${BRIDGE}.enable_ip6`, 'flag', false, 'net-br-enable-ip6'),
  accepted(`${BRIDGE}.mtu`, 'count', 1500, 'net-br-mtu'),
  accepted(`${BRIDGE}.icc`, 'flag', true, 'net-br-icc'),
  accepted(`${BRIDGE}.ip_tables`, 'flag', true, 'net-br-ipt'),
  accepted(`${BRIDGE}.ip_forward`, 'flag', true, 'net-br-ipfw'),
  accepted(`${BRIDGE}.ip_masq`, 'flag', true, 'net-br-ipmasq'),
  accepted(`${BRIDGE}.userland_proxy`, 'flag', false, 'net-br-ulp'),
];

const GRPC = [
  accepted('grpc_server.protocol', 'text', 'unix', 'grpc-serv-netp'),
  accepted('grpc_server.address_path', 'text', '/run/container-management/container-management.sock', 'grpc-serv-ap'),
];

const THINGS = [
  key('things.enable', 'flag', true, 'Show the containers as features of a thing.', { flag: 'things-enable' }),
  key('things.home_dir', 'text', HOME, 'Where the features that were shown are remembered.', {
    flag: 'things-home-dir',
  }),
  key(
    'things.features',
    'list',
    ['ContainerFactory', 'SoftwareUpdatable', 'Metrics'],
    'Of ContainerFactory, SoftwareUpdatable and Metrics.',
    { flag: 'things-features' },
  ),
];

const UPDATE_AGENT = [
  key('update_agent.enable', 'flag', false, 'Run the update agent.', { flag: 'ua-enable' }),
  key('update_agent.domain', 'text', 'containers', 'Its domain: names its topics (CUA-1).', { flag: 'ua-domain' }),
  key('update_agent.system_containers', 'list', [], 'Names that no desired state touches.', {
    flag: 'ua-system-containers',
  }),
  key('update_agent.verbose_inventory_report', 'flag', false, 'Report values that are the default, too.', {
    flag: 'ua-verbose-inventory-report',
  }),
];

const CONNECTION = [
  key('connection.broker_url', 'text', 'tcp://localhost:1883', 'URL of the MQTT broker.', { flag: 'conn-broker-url' }),
  key('connection.keep_alive', 'duration', '20s', 'MQTT keep-alive.', { flag: 'conn-keep-alive' }),
  key('connection.disconnect_timeout', 'duration', '250ms', 'For leaving the broker.', {
    flag: 'conn-disconnect-timeout',
  }),
  key('connection.client_username', 'text', '', 'Name at the broker.', { flag: 'conn-client-username' }),
  key('connection.client_password', 'text', '', 'Password at the broker.', {
    flag: 'conn-client-password',
    isSecret: true,
  }),
  key('connection.connect_timeout', 'duration', '30s', 'For the broker to accept the client.', {
    flag: 'conn-connect-timeout',
  }),
  key(
    'connection.acknowledge_timeout',
    'duration',
    '15s',
    'For the broker to acknowledge a publication; past it the link connects anew, and sends it again.',
    { flag: 'conn-ack-timeout' },
  ),
  key('connection.subscribe_timeout', 'duration', '15s', 'Accepted; `connect_timeout` covers it.', {
    flag: 'conn-sub-timeout',
    isAccepted: true,
  }),
  key('connection.unsubscribe_timeout', 'duration', '5s', 'Accepted without effect.', {
    flag: 'conn-unsub-timeout',
    isAccepted: true,
  }),
  key('connection.transport.root_ca', 'text', '', 'PEM file of the CA of the broker.', { flag: 'conn-root-ca' }),
  key('connection.transport.client_cert', 'text', '', 'PEM file of the certificate to show to the broker.', {
    flag: 'conn-client-cert',
  }),
  key('connection.transport.client_key', 'text', '', 'PEM file of its key.', {
    flag: 'conn-client-key',
    isSecret: false,
  }),
];

/** In one object of the same file, as a peer's files have it. */
const OURS = [
  key('fleetchart.engine', 'text', 'auto', 'What runs containers; `auto`: the first that answers.', {
    flag: 'fleetchart-engine',
    choices: ['auto', 'engine-api', 'process', 'simulated'],
  }),
  key('fleetchart.socket', 'text', '', 'Socket of the Engine API; empty: the usual ones of podman and Docker.', {
    flag: 'fleetchart-socket',
  }),
  key('fleetchart.imageRoot', 'text', '', 'Folder of the images of `process`; empty: `images` where the state is.', {
    flag: 'fleetchart-image-root',
  }),
  key('fleetchart.autoCommands', 'flag', false, 'Carry desired states out without an update manager (CUA-22).', {
    flag: 'fleetchart-auto-commands',
  }),
  key('fleetchart.stopContainersOnExit', 'flag', false, 'Stop containers with this process (CTR-13).', {
    flag: 'fleetchart-stop-containers-on-exit',
  }),
  key('fleetchart.pullTimeout', 'duration', '30m', 'For one image (ENG-4).', { flag: 'fleetchart-pull-timeout' }),
  key('fleetchart.agentName', 'text', 'Fleetchart Containers Update Agent', 'Of the agent in inventories (CUA-34).', {
    flag: 'fleetchart-agent-name',
  }),
  key('fleetchart.httpPort', 'count', 0, 'HTTP API on loopback, where this runs alone; 0: none.', {
    flag: 'fleetchart-http-port',
  }),
  key('fleetchart.registriesFile', 'text', '', 'File of this form with more registries, over the ones given here.', {
    flag: 'fleetchart-registries-file',
  }),
];

export const MANAGEMENT_KEYS: readonly ManagementKey[] = [
  ...LOG,
  ...DEPLOYMENT,
  ...MANAGER,
  ...CONTAINERS,
  ...NETWORK,
  ...GRPC,
  ...THINGS,
  ...UPDATE_AGENT,
  ...CONNECTION,
  ...OURS,
];

/** A map of the file that has no flag: host → credentials and TLS files. */
export const REGISTRIES_KEY = 'containers.registry_configurations';
