import { isObject } from '../../protocols/json-object.js';
import {
  mistaken,
  NOT_SHOWN,
  notDuration,
  notUrl,
  parseCount,
  parseGoBoolean,
  parseGoDuration,
  SETTING_KINDS,
  type SettingKind,
  type SettingsFinding,
  type SettingsResult,
  settingAt,
  topicPrefix,
  unknownKey,
} from '../../protocols/update-agent/index.js';
import { MANAGEMENT_KEYS, type ManagementKey, REGISTRIES_KEY } from './config-keys.js';
import { keyText, type Value } from './flags.js';
import { registriesOf } from './registries.js';
import type { LogLevel, ManagementSettings, SettingsSources } from './settings.js';

/** Resolves a configuration: flag over file over default; all mistakes at once. */
export function readManagementSettings(sources: SettingsSources): SettingsResult<ManagementSettings> {
  return new SettingsReader(sources).read();
}

class SettingsReader {
  private readonly mistakes: SettingsFinding[] = [];
  private readonly warnings: SettingsFinding[] = [];
  private readonly values = new Map<string, Value>();
  private readonly withoutEffect: string[] = [];

  constructor(private readonly sources: SettingsSources) {}

  read(): SettingsResult<ManagementSettings> {
    const { file } = this.sources;
    if (file !== undefined && file !== null && !isObject(file)) {
      return { ok: false, mistakes: [{ key: '', message: 'expected an object' }], warnings: [] };
    }
    this.checkGroups(file);
    for (const key of MANAGEMENT_KEYS) {
      const value = this.valueOf(key);
      this.values.set(key.path, value);
      if (key.isAccepted === true && keyText(value) !== keyText(key.default)) this.withoutEffect.push(key.path);
    }
    this.warnOfUnknown(file);
    const value = this.settings();
    const { mistakes, warnings } = this;
    return mistakes.length > 0 ? { ok: false, mistakes, warnings } : { ok: true, value, warnings };
  }

  private settings(): ManagementSettings {
    const text = (path: string) => String(this.values.get(path));
    const isSet = (path: string) => this.values.get(path) === true;
    const number = (path: string) => Number(this.values.get(path));
    const list = (path: string) => this.values.get(path) as readonly string[];
    const duration = (path: string) => this.durationOf(path);
    const mistake = (finding: SettingsFinding) => void this.mistakes.push(finding);
    const warn = (finding: SettingsFinding) => void this.warnings.push(finding);
    const found = settingAt(this.sources.file, REGISTRIES_KEY.split('.'));
    const value: ManagementSettings = {
      log: {
        logFile: text('log.log_file'),
        logLevel: this.logLevel(text('log.log_level')),
        logFileSize: number('log.log_file_size'),
        logFileCount: number('log.log_file_count'),
        logFileMaxAge: number('log.log_file_max_age'),
        syslog: isSet('log.syslog'),
      },
      deployment: {
        isEnabled: isSet('deployment.enable'),
        mode: this.deploymentMode(text('deployment.mode')),
        homeDir: text('deployment.home_dir'),
        folder: text('deployment.ctr_dir'),
      },
      homeDir: text('manager.home_dir'),
      stopTimeoutS: duration('manager.default_ctrs_stop_timeout') / 1_000,
      registries: {
        entries: registriesOf(found, mistake, warn),
        insecure: list('containers.insecure_registries').filter((host) => host !== ''),
      },
      images: {
        expiryMs: isSet('containers.image_expiry_disable') ? undefined : this.expiryMs(),
        decryption: { keys: list('containers.image_dec_keys'), recipients: list('containers.image_dec_recipients') },
        verifier: text('containers.image_verifier_type') === 'notation' ? 'notation' : 'none',
        verifierConfig: this.values.get('containers.image_verifier_config') as Readonly<Record<string, string>>,
        pullTimeoutMs: duration('fleetchart.pullTimeout'),
      },
      things: {
        isEnabled: isSet('things.enable'),
        homeDir: text('things.home_dir'),
        features: list('things.features'),
      },
      agent: {
        isEnabled: isSet('update_agent.enable'),
        domain: text('update_agent.domain'),
        systemContainers: list('update_agent.system_containers'),
        verboseInventory: isSet('update_agent.verbose_inventory_report'),
        autoCommands: isSet('fleetchart.autoCommands'),
        name: text('fleetchart.agentName'),
      },
      engine: {
        kind: text('fleetchart.engine') as ManagementSettings['engine']['kind'],
        socket: text('fleetchart.socket'),
        imageRoot: text('fleetchart.imageRoot'),
      },
      stopContainersOnExit: isSet('fleetchart.stopContainersOnExit'),
      httpPort: number('fleetchart.httpPort'),
      registriesFile: text('fleetchart.registriesFile'),
      connection: {
        broker: text('connection.broker_url'),
        keepAliveMs: duration('connection.keep_alive'),
        username: text('connection.client_username'),
        password: text('connection.client_password'),
        connectTimeoutMs: duration('connection.connect_timeout'),
        acknowledgeTimeoutMs: duration('connection.acknowledge_timeout'),
        disconnectTimeoutMs: duration('connection.disconnect_timeout'),
        caCert: text('connection.transport.root_ca'),
        cert: text('connection.transport.client_cert'),
        key: text('connection.transport.client_key'),
      },
      withoutEffect: this.withoutEffect,
    };
    this.checkTogether(value);
    return value;
  }

  /** Flag over file over default, each of its kind. */
  private valueOf(key: ManagementKey): Value {
    const fromFile = this.fromFile(key);
    const argument = key.flag === undefined ? undefined : this.sources.flags.get(key.flag);
    const value = (argument === undefined ? undefined : this.fromFlag(key, argument)) ?? fromFile ?? key.default;
    if (key.choices && !key.choices.includes(String(value))) {
      this.mistakes.push(mistaken(key.path, `one of ${key.choices.join(', ')}`, value));
    }
    return value;
  }

  private fromFile({ path, kind, isSecret }: ManagementKey): Value | undefined {
    const value = settingAt(this.sources.file, path.split('.'));
    if (value === undefined) return undefined;
    const [isFit, expected] = KINDS[kind];
    if (isFit(value)) return (kind === 'stopTimeout' ? String(value) : value) as Value;
    const told = isSecret === true ? NOT_SHOWN : value;
    this.mistakes.push(mistaken(path, expected, told));
    return undefined;
  }

  private fromFlag({ flag = '', kind }: ManagementKey, text: string): Value | undefined {
    switch (kind) {
      case 'text':
      case 'duration':
      case 'stopTimeout':
        return text;
      case 'list':
        return text === '' ? [] : text.split(',');
      case 'count':
        if (parseCount(text) !== undefined) return parseCount(text);
        break;
      case 'flag':
        if (parseGoBoolean(text) !== undefined) return parseGoBoolean(text);
        break;
      case 'pairs': {
        const pairs = text.split(',').map((pair) => /^([^=]+)=(.+)$/.exec(pair));
        if (pairs.every((pair) => pair !== null)) {
          return Object.fromEntries(pairs.map((pair) => [pair[1] ?? '', pair[2] ?? '']));
        }
      }
    }
    this.mistakes.push(mistaken(`--${flag}`, KINDS[kind][1], text));
    return undefined;
  }

  /** Milliseconds; what is no duration is the default. */
  private durationOf(path: string): number {
    const key = MANAGEMENT_KEYS.find((each) => each.path === path);
    const text = String(this.values.get(path));
    const ms = parseDuration(text, key?.kind === 'stopTimeout');
    if (ms !== undefined && ms >= 0) return ms;
    const byDefault = String(key?.default);
    this.warnings.push(notDuration(path, text, byDefault));
    return parseGoDuration(byDefault) ?? 0;
  }

  /** The one duration that the reference refuses. */
  private expiryMs(): number {
    const path = 'containers.image_expiry';
    const text = String(this.values.get(path));
    const ms = parseGoDuration(text);
    if (ms === undefined) this.mistakes.push(mistaken(path, 'a duration such as "744h"', text));
    return Math.max(0, ms ?? 0);
  }

  private logLevel(text: string): LogLevel {
    const level = LEVELS.find((each) => each === text.toUpperCase());
    if (level === undefined) {
      this.warnings.push({ key: 'log.log_level', message: `${JSON.stringify(text)} is no level; it is ERROR` });
    }
    return level ?? 'ERROR';
  }

  private deploymentMode(text: string): 'init' | 'update' {
    if (text === 'init' || text === 'update') return text;
    const message = `${JSON.stringify(text)} is none of init and update; it is update`;
    this.warnings.push({ key: 'deployment.mode', message });
    return 'update';
  }

  private checkTogether({ agent, connection, httpPort, log, things }: ManagementSettings): void {
    if (topicPrefix(agent.domain) === 'update' || /[#+\0]/.test(agent.domain)) {
      this.mistakes.push(mistaken('update_agent.domain', 'a name that can stand in a topic', agent.domain));
    }
    const { broker, cert, key } = connection;
    if (httpPort < 0 || httpPort > 65_535) {
      this.mistakes.push(mistaken('fleetchart.httpPort', 'a port from 0 to 65535', httpPort));
    }
    if (!URL.canParse(broker)) this.mistakes.push(notUrl('connection.broker_url', broker));
    if ((cert === '') !== (key === '')) {
      const message = 'client_cert and client_key go together';
      this.mistakes.push({ key: 'connection.transport', message });
    }
    if (log.syslog && log.logFile !== '') {
      this.warnings.push({ key: 'log.syslog', message: 'has no effect while log.log_file is set' });
    }
    for (const feature of things.features) {
      if (FEATURES.includes(feature)) continue;
      const message = `${JSON.stringify(feature)} is none of ${FEATURES.join(', ')}; it is ignored`;
      this.warnings.push({ key: 'things.features', message });
    }
  }

  /** What has keys of its own must be an object. */
  private checkGroups(file: unknown): void {
    for (const path of GROUPS) {
      const group = settingAt(file, path.split('.'));
      if (group === undefined || isObject(group)) continue;
      // Whatever stands in a list may be a password.
      this.mistakes.push(mistaken(path, 'an object', isEmptyOrPlain(group) ? group : NOT_SHOWN));
    }
  }

  private warnOfUnknown(value: unknown, prefix = ''): void {
    if (!isObject(value)) return;
    for (const [name, inner] of Object.entries(value)) {
      const path = `${prefix}${name}`;
      const known = KNOWN.get(path.toLowerCase());
      if (known === undefined) this.warnings.push(unknownKey(path));
      else if (known === 'group') this.warnOfUnknown(inner, `${path}.`);
    }
  }
}

const isEmptyOrPlain = (value: unknown): boolean => !Array.isArray(value) || value.length === 0;

const LEVELS = ['ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'] as const;
const FEATURES: readonly string[] = ['ContainerFactory', 'SoftwareUpdatable', 'Metrics'];

/** Objects that hold keys: `network`, `network.default_bridge`. */
const GROUPS = [
  ...new Set(
    MANAGEMENT_KEYS.flatMap(({ path }) => {
      const parts = path.split('.').slice(0, -1);
      return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
    }),
  ),
];

const KNOWN = new Map<string, 'group' | 'key'>([
  ...GROUPS.map((path) => [path.toLowerCase(), 'group'] as const),
  ...MANAGEMENT_KEYS.map(({ path }) => [path.toLowerCase(), 'key'] as const),
  [REGISTRIES_KEY, 'key'],
]);

/** Go's form; of a stop timeout, whole seconds, too. */
const parseDuration = (text: string, orSeconds: boolean): number | undefined =>
  orSeconds && parseCount(text) !== undefined ? Number(text) * 1_000 : parseGoDuration(text);

const KINDS: Readonly<Record<ManagementKey['kind'], SettingKind>> = {
  ...SETTING_KINDS,
  stopTimeout: [
    (value) => typeof value === 'string' || Number.isInteger(value),
    'a duration such as "30s", or whole seconds',
  ],
};
