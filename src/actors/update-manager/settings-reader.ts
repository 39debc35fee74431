import { isObject } from '../../protocols/json-object.js';
import {
  mistaken,
  NOT_SHOWN,
  notDuration,
  notUrl,
  PHASE_COMMANDS,
  type PhaseCommand,
  parseCount,
  parseGoBoolean,
  parseGoDuration,
  prefixCollision,
  SETTING_KINDS,
  type SettingsFinding,
  type SettingsResult,
  settingAt,
  splitList,
  unknownKey,
} from '../../protocols/update-agent/index.js';
import type { AgentSettings } from '../../protocols/update-manager/index.js';
import { AGENT_KEYS, MANAGER_KEYS, type ManagerKey } from './config-keys.js';
import { type ManagerSettings, managerAgents, type SettingsSources } from './settings.js';

/** Resolves a configuration: flag over environment over file over default; all mistakes at once. */
export function readManagerSettings(sources: SettingsSources): SettingsResult<ManagerSettings> {
  return new SettingsReader(sources).read();
}

type Value = ManagerKey['default'];

class SettingsReader {
  private readonly mistakes: SettingsFinding[] = [];
  private readonly warnings: SettingsFinding[] = [];

  constructor(private readonly sources: SettingsSources) {}

  read(): SettingsResult<ManagerSettings> {
    const { file, version, onStop } = this.sources;
    if (file !== undefined && !isObject(file)) {
      return { ok: false, mistakes: [{ key: '', message: 'expected an object' }], warnings: [] };
    }
    this.warnOfUnknown(file);
    const values = new Map(
      MANAGER_KEYS.map((each) => [each.path, this.valueOf(each, settingAt(file, each.path.split('.')))]),
    );
    const textOf = (path: string) => String(values.get(path));
    const numberOf = (path: string) => Number(values.get(path));
    const isSet = (path: string) => values.get(path) === true;
    const value: ManagerSettings = {
      domain: textOf('domain'),
      version,
      thingsEnabled: isSet('thingsEnabled'),
      rebootEnabled: isSet('rebootEnabled'),
      rebootAfterMs: numberOf('rebootAfter'),
      reportFeedbackIntervalMs: numberOf('reportFeedbackInterval'),
      currentStateDelayMs: numberOf('currentStateDelay'),
      phaseTimeoutMs: numberOf('phaseTimeout'),
      ownerConsentCommands: values.get('ownerConsentCommands') as readonly PhaseCommand[],
      ownerConsentTimeoutMs: numberOf('ownerConsentTimeout'),
      agents: this.agents(),
      onBusy: (textOf('onBusy') || 'queue') as ManagerSettings['onBusy'],
      onStop: (textOf('onStop') || onStop) as ManagerSettings['onStop'],
      releaseAgents: isSet('releaseAgents'),
      rejectFeedback: isSet('rejectFeedback'),
      reportUnknownDomains: isSet('reportUnknownDomains'),
      connection: {
        broker: textOf('connection.broker'),
        keepAliveMs: numberOf('connection.keepAlive'),
        disconnectTimeoutMs: numberOf('connection.disconnectTimeout'),
        username: textOf('connection.username'),
        password: textOf('connection.password'),
        connectTimeoutMs: numberOf('connection.connectTimeout'),
        acknowledgeTimeoutMs: numberOf('connection.acknowledgeTimeout'),
        subscribeTimeoutMs: numberOf('connection.subscribeTimeout'),
        caCert: textOf('connection.caCert'),
        cert: textOf('connection.cert'),
        key: textOf('connection.key'),
      },
      log: {
        logFile: textOf('log.logFile'),
        logLevel: this.logLevel(textOf('log.logLevel')),
        logFileSize: numberOf('log.logFileSize'),
        logFileCount: numberOf('log.logFileCount'),
        logFileMaxAge: numberOf('log.logFileMaxAge'),
      },
    };
    this.checkTogether(value);
    const { mistakes, warnings } = this;
    return mistakes.length > 0 ? { ok: false, mistakes, warnings } : { ok: true, value, warnings };
  }

  private logLevel(text: string): ManagerSettings['log']['logLevel'] {
    const level = LEVELS.find((each) => each === text.toUpperCase());
    if (level === undefined) {
      this.warnings.push({ key: 'log.logLevel', message: `${JSON.stringify(text)} is no level; it is ERROR` });
    }
    return level ?? 'ERROR';
  }

  private agents(): Record<string, AgentSettings> {
    const all = settingAt(this.sources.file, ['agents']);
    if (all !== undefined && !isObject(all)) this.mistakes.push(mistaken('agents', 'an object', all));
    const entries = managerAgents(this.sources).map((name) => {
      const entry = isObject(all) && Object.hasOwn(all, name) ? all[name] : undefined;
      if (entry !== undefined && entry !== null && !isObject(entry)) {
        this.mistakes.push(mistaken(`agents.${name}`, 'an object', entry));
      }
      const prefix = name.toUpperCase().replaceAll('-', '_');
      const [rebootRequired, readTimeoutMs, rollbackAck] = AGENT_KEYS.map((each) =>
        this.valueOf(
          {
            ...each,
            path: `agents.${name}.${each.path}`,
            ...(each.flag === undefined
              ? {}
              : {
                  flag: `${name}-${each.flag}`,
                  environment: `${prefix}_${each.flag.toUpperCase().replaceAll('-', '_')}`,
                }),
          },
          settingAt(entry, [each.path]),
        ),
      );
      return [name, { rebootRequired, readTimeoutMs, rollbackAck } as AgentSettings] as const;
    });
    return Object.fromEntries(entries);
  }

  /** A key's value, given what the file says; a duration's in milliseconds. */
  private valueOf(key: ManagerKey, written: unknown): Value {
    const { flag, environment, path, kind } = key;
    let value = this.fromFile(key, written) ?? key.default;
    const variable = environment === undefined ? undefined : this.sources.environment[environment];
    if (variable !== undefined && environment !== undefined) value = this.fromText(key, environment, variable) ?? value;
    const argument = flag === undefined ? undefined : this.sources.flags.get(flag);
    if (argument !== undefined) value = this.fromText(key, `-${flag}`, argument) ?? value;
    if (kind === 'duration') return this.durationOf(key, String(value));
    if (kind === 'commands') this.checkCommands(path, value as readonly string[]);
    if (key.choices && value !== '' && !key.choices.includes(String(value))) {
      this.mistakes.push(mistaken(path, `one of ${key.choices.join(', ')}`, value));
    }
    return value;
  }

  private fromFile({ path, kind, isSecret }: ManagerKey, value: unknown): Value | undefined {
    if (value === undefined) return undefined;
    const [isFit, expected] = SETTING_KINDS[kind === 'commands' ? 'list' : kind];
    if (isFit(value)) return value as Value;
    this.mistakes.push(mistaken(path, expected, isSecret === true ? NOT_SHOWN : value));
    return undefined;
  }

  /** Of a variable or a flag; what cannot be read is passed over. */
  private fromText({ kind }: ManagerKey, name: string, text: string): Value | undefined {
    if (kind === 'commands') return splitList(text).map((command) => command.toUpperCase());
    if (kind === 'text' || kind === 'duration') return text;
    const value = kind === 'flag' ? parseGoBoolean(text) : parseCount(text);
    if (value === undefined) this.warnings.push({ key: name, message: `${JSON.stringify(text)} is ignored` });
    return value;
  }

  private durationOf({ path, default: byDefault, whenEmpty }: ManagerKey, text: string): number {
    const ms = parseGoDuration(text === '' ? (whenEmpty ?? text) : text);
    if (ms !== undefined && ms >= 0) return ms;
    this.warnings.push(notDuration(path, text, String(byDefault)));
    return parseGoDuration(String(byDefault)) ?? 0;
  }

  private checkCommands(path: string, commands: readonly string[]): void {
    const known: readonly string[] = PHASE_COMMANDS;
    for (const command of commands) {
      if (!known.includes(command)) this.mistakes.push(mistaken(path, `commands of ${known.join(', ')}`, command));
    }
  }

  private checkTogether({ domain, agents, connection }: ManagerSettings): void {
    const collision = prefixCollision(domain, Object.keys(agents));
    if (collision !== undefined) this.mistakes.push({ key: 'agents', message: collision });
    const { broker, caCert, cert, key } = connection;
    if (!URL.canParse(broker)) this.mistakes.push(notUrl('connection.broker', broker));
    else if (SECURE.has(new URL(broker).protocol.toLowerCase()) && caCert === '') {
      const message = 'connection is secure, but no TLS configuration is provided';
      this.mistakes.push({ key: 'connection.caCert', message });
    }
    if ((cert === '') !== (key === '')) {
      this.mistakes.push({ key: 'connection.cert', message: 'failed to load X509 key pair: cert and key go together' });
    }
  }

  private warnOfUnknown(file: unknown): void {
    const paths = MANAGER_KEYS.map(({ path }) => path.toLowerCase());
    for (const [key, value] of flatten(file)) {
      const [first, , name, ...more] = key.toLowerCase().split('.');
      const isOfAgent =
        first === 'agents' && (name === undefined || name === 'name' || more.length > 0 || isAgentKey(name));
      const isKnown = isOfAgent || paths.some((path) => path === key.toLowerCase());
      const isGroup = value === undefined || paths.some((path) => path.startsWith(`${key.toLowerCase()}.`));
      if (!isKnown && !isGroup) this.warnings.push(unknownKey(key));
    }
  }
}

/** Keys down to three levels, as dotted paths. */
function flatten(value: unknown, prefix = '', depth = 0): Array<[string, unknown]> {
  if (!isObject(value) || depth > 2) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    [`${prefix}${name}`, inner] as [string, unknown],
    ...flatten(inner, `${prefix}${name}.`, depth + 1),
  ]);
}

const isAgentKey = (name: string): boolean => AGENT_KEYS.some(({ path }) => path.toLowerCase() === name);

const LEVELS = ['ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'] as const;

/** UM-CON-7 */
const SECURE = new Set(['wss:', 'ssl:', 'tls:', 'mqtts:', 'mqtt+ssl:', 'tcps:']);
