import { isObject } from '../../protocols/json-object.js';
import { settingAt, splitList } from '../../protocols/update-agent/index.js';
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
  const agents = settingAt(file, ['agents']);
  return isObject(agents) ? Object.keys(agents) : agents === undefined ? ['containers'] : [];
}
