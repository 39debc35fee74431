import {
  memberOf,
  PHASE_COMMANDS,
  type PhaseCommand,
  parseGoBoolean,
  parseGoDuration,
  prefixCollision,
} from '../../protocols/update-agent/index.js';
import type { AgentSettings } from '../../protocols/update-manager/index.js';
import { AGENT_KEYS, MANAGER_KEYS, type ManagerKey } from './config-keys.js';
import type { OrchestrationSettings } from './events.js';

/** A configuration of the update manager, fully resolved. */
export interface ManagerSettings extends OrchestrationSettings {
  readonly connection: {
    readonly broker: string;
    readonly keepAliveMs: number;
    readonly disconnectTimeoutMs: number;
    readonly username: string;
    readonly password: string;
    readonly connectTimeoutMs: number;
    /** For the broker to acknowledge a publication; 0: what the link takes for it. */
    readonly acknowledgeTimeoutMs: number;
    readonly subscribeTimeoutMs: number;
    /** PEM files; empty: none. */
    readonly caCert: string;
    readonly cert: string;
    readonly key: string;
  };
  readonly log: {
    /** Empty: standard error. */
    readonly logFile: string;
    readonly logLevel: 'ERROR' | 'WARN' | 'INFO' | 'DEBUG' | 'TRACE';
    /** Megabytes. */
    readonly logFileSize: number;
    readonly logFileCount: number;
    /** Days. */
    readonly logFileMaxAge: number;
  };
}

/** One thing wrong with a key, or remarkable. */
export interface SettingsFinding {
  /** `connection.keepAlive`; of a variable or flag, its name. */
  readonly key: string;
  readonly message: string;
}

export type SettingsResult =
  | { readonly ok: true; readonly value: ManagerSettings; readonly warnings: readonly SettingsFinding[] }
  | {
      readonly ok: false;
      readonly mistakes: readonly SettingsFinding[];
      readonly warnings: readonly SettingsFinding[];
    };

export interface SettingsSources {
  /** What the file, or the section of our own configuration, holds; absent: nothing. */
  readonly file?: unknown;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Flags that were given, by name. */
  readonly flags: ReadonlyMap<string, string>;
  /** Of the build. */
  readonly version: string;
  /** `incomplete` where the manager runs alone in the reference's place, else `suspend` (UM-RES-5). */
  readonly onStop: OrchestrationSettings['onStop'];
}

/** A flag of the command line, as `parseGoFlags` takes it. */
export interface ManagerFlag {
  readonly name: string;
  readonly default: string;
  readonly usage: string;
  readonly isBoolean?: boolean;
}

/** The flags of the reference (spec 10.2); each agent has its own. */
export function managerFlags(agents: readonly string[]): ManagerFlag[] {
  const flagOf = (name: string, { kind, default: byDefault, description }: ManagerKey): ManagerFlag => ({
    name,
    default: String(byDefault),
    usage: description,
    ...(kind === 'flag' ? { isBoolean: true } : {}),
  });
  return [
    { name: 'config-file', default: '', usage: 'The config.json to read.' },
    { name: 'version', default: 'false', usage: 'Print the version and end.', isBoolean: true },
    { name: 'domains', default: '', usage: 'The agents, separated by commas.' },
    ...MANAGER_KEYS.flatMap((each) => (each.flag === undefined ? [] : flagOf(each.flag, each))),
    ...agents.flatMap((agent) =>
      AGENT_KEYS.flatMap((each) => (each.flag === undefined ? [] : flagOf(`${agent}-${each.flag}`, each))),
    ),
  ];
}

/** The names of the agents: those of the file, unless `domains` says otherwise. */
export function managerAgents({ file, environment, flags }: Pick<SettingsSources, 'file' | 'environment' | 'flags'>) {
  const named = flags.get('domains') ?? environment['DOMAINS'];
  if (named !== undefined && named !== '') return splitList(named);
  const agents = memberAt(file, ['agents']);
  return isObject(agents) ? Object.keys(agents) : agents === undefined ? ['containers'] : [];
}

/** Resolves a configuration: flag over environment over file over default; all mistakes at once. */
export function readManagerSettings(sources: SettingsSources): SettingsResult {
  return new SettingsReader(sources).read();
}

type Value = ManagerKey['default'];

class SettingsReader {
  private readonly mistakes: SettingsFinding[] = [];
  private readonly warnings: SettingsFinding[] = [];

  constructor(private readonly sources: SettingsSources) {}

  read(): SettingsResult {
    const { file, version, onStop } = this.sources;
    if (file !== undefined && !isObject(file)) {
      return { ok: false, mistakes: [{ key: '', message: 'expected an object' }], warnings: [] };
    }
    this.warnOfUnknown(file);
    const values = new Map(MANAGER_KEYS.map((each) => [each.path, this.valueOf(each)]));
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
        logLevel: logLevelOf(textOf('log.logLevel')),
        logFileSize: numberOf('log.logFileSize'),
        logFileCount: numberOf('log.logFileCount'),
        logFileMaxAge: numberOf('log.logFileMaxAge'),
      },
    };
    this.checkTogether(value);
    const { mistakes, warnings } = this;
    return mistakes.length > 0 ? { ok: false, mistakes, warnings } : { ok: true, value, warnings };
  }

  private agents(): Record<string, AgentSettings> {
    const all = memberAt(this.sources.file, ['agents']);
    if (all !== undefined && !isObject(all)) this.mistakes.push(mistaken('agents', 'an object', all));
    const entries = managerAgents(this.sources).map((name) => {
      const entry = isObject(all) && Object.hasOwn(all, name) ? all[name] : undefined;
      if (entry !== undefined && entry !== null && !isObject(entry)) {
        this.mistakes.push(mistaken(`agents.${name}`, 'an object', entry));
      }
      const prefix = name.toUpperCase().replaceAll('-', '_');
      const [rebootRequired, readTimeoutMs, rollbackAck] = AGENT_KEYS.map((each) =>
        this.valueOf({
          ...each,
          path: `agents.${name}.${each.path}`,
          segments: ['agents', name, each.path],
          ...(each.flag === undefined
            ? {}
            : {
                flag: `${name}-${each.flag}`,
                environment: `${prefix}_${each.flag.toUpperCase().replaceAll('-', '_')}`,
              }),
        }),
      );
      return [name, { rebootRequired, readTimeoutMs, rollbackAck } as AgentSettings] as const;
    });
    return Object.fromEntries(entries);
  }

  /** A key's value; a duration's in milliseconds. */
  private valueOf(key: ManagerKey): Value {
    const { flag, environment, path, kind } = key;
    const given = this.fromFile(key);
    let value = given ?? key.default;
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

  private fromFile({ path, segments = path.split('.'), kind, isSecret }: ManagerKey): Value | undefined {
    const value = memberAt(this.sources.file, segments);
    if (value === undefined) return undefined;
    const [isFit, expected] = FITS[kind];
    if (isFit(value)) return value as Value;
    this.mistakes.push(mistaken(path, expected, isSecret === true ? NOT_SHOWN : value));
    return undefined;
  }

  /** Of a variable or a flag; what cannot be read is passed over. */
  private fromText({ kind }: ManagerKey, name: string, text: string): Value | undefined {
    if (kind === 'commands') return splitList(text).map((command) => command.toUpperCase());
    if (kind === 'text' || kind === 'duration') return text;
    const value = kind === 'flag' ? parseGoBoolean(text) : /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
    if (value === undefined) this.warnings.push({ key: name, message: `${JSON.stringify(text)} is ignored` });
    return value;
  }

  private durationOf({ path, default: byDefault, whenEmpty }: ManagerKey, text: string): number {
    const ms = parseGoDuration(text === '' ? (whenEmpty ?? text) : text);
    if (ms !== undefined && ms >= 0) return ms;
    this.warnings.push({ key: path, message: `${JSON.stringify(text)} is no duration; it is ${byDefault}` });
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
    if (!URL.canParse(broker)) {
      // What stands before an `@` may be a password.
      this.mistakes.push(mistaken('connection.broker', 'a URL', broker.includes('@') ? NOT_SHOWN : broker));
    } else if (SECURE.has(new URL(broker).protocol.toLowerCase()) && caCert === '') {
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
      if (!isKnown && !isGroup) this.warnings.push({ key, message: 'there is no such key; it is ignored' });
    }
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a path whose keys match in any case; `null` is absence. */
function memberAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  // The name of an agent is its own.
  for (const [index, name] of path.entries()) {
    if (!isObject(value)) return undefined;
    value = index === 1 && path[0] === 'agents' ? value[name] : memberOf(value, name);
  }
  return value ?? undefined;
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

const isText = (value: unknown) => typeof value === 'string';
const isTextList = (value: unknown) => Array.isArray(value) && value.every(isText);

const FITS: Readonly<Record<ManagerKey['kind'], readonly [(value: unknown) => boolean, string]>> = {
  text: [isText, 'a string'],
  duration: [isText, 'a duration such as "30s"'],
  flag: [(value) => typeof value === 'boolean', 'true or false'],
  count: [Number.isInteger, 'an integer'],
  commands: [isTextList, 'a list of strings'],
};

/** UM-CON-7 */
const SECURE = new Set(['wss:', 'ssl:', 'tls:', 'mqtts:', 'mqtt+ssl:', 'tcps:']);

const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

const NOT_SHOWN = '(not shown)';

const mistaken = (key: string, expected: string, value: unknown): SettingsFinding => ({
  key,
  message: `expected ${expected}, got ${JSON.stringify(value)}`,
});

function logLevelOf(text: string): ManagerSettings['log']['logLevel'] {
  const levels = ['ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'] as const;
  return levels.find((level) => level === text.toUpperCase()) ?? 'ERROR';
}
