import type { Registries } from '../engines/index.js';

/** A configuration of container management, fully resolved. */
export interface ManagementSettings {
  readonly log: {
    /** Empty: standard output, or syslog. */
    readonly logFile: string;
    readonly logLevel: LogLevel;
    /** Megabytes. */
    readonly logFileSize: number;
    readonly logFileCount: number;
    /** Days. */
    readonly logFileMaxAge: number;
    readonly syslog: boolean;
  };
  readonly deployment: {
    readonly isEnabled: boolean;
    readonly mode: 'init' | 'update';
    readonly homeDir: string;
    readonly folder: string;
  };
  readonly homeDir: string;
  readonly stopTimeoutS: number;
  readonly registries: Registries;
  readonly images: {
    /** Undefined: they are kept for ever. */
    readonly expiryMs: number | undefined;
    readonly decryption: { readonly keys: readonly string[]; readonly recipients: readonly string[] };
    readonly verifier: 'none' | 'notation';
    /** Of notation: `configDir`, `libexecDir` (REG-6). */
    readonly verifierConfig: Readonly<Record<string, string>>;
    readonly pullTimeoutMs: number;
  };
  readonly things: {
    readonly isEnabled: boolean;
    readonly homeDir: string;
    readonly features: readonly string[];
  };
  readonly agent: {
    readonly isEnabled: boolean;
    readonly domain: string;
    readonly systemContainers: readonly string[];
    readonly verboseInventory: boolean;
    readonly autoCommands: boolean;
    readonly name: string;
  };
  readonly engine: {
    readonly kind: 'auto' | 'engine-api' | 'process' | 'simulated';
    /** Empty: the usual places. */
    readonly socket: string;
    /** Empty: below the home folder. */
    readonly imageRoot: string;
  };
  readonly stopContainersOnExit: boolean;
  /** Where it runs alone; 0: none. */
  readonly httpPort: number;
  /** Empty: none. */
  readonly registriesFile: string;
  readonly connection: {
    readonly broker: string;
    readonly keepAliveMs: number;
    readonly username: string;
    readonly password: string;
    readonly connectTimeoutMs: number;
    /** 0: for ever. */
    readonly acknowledgeTimeoutMs: number;
    readonly disconnectTimeoutMs: number;
    /** PEM files; empty: none. */
    readonly caCert: string;
    readonly cert: string;
    readonly key: string;
  };
  /** Keys that were set and are without effect here. */
  readonly withoutEffect: readonly string[];
}

export type LogLevel = 'ERROR' | 'WARN' | 'INFO' | 'DEBUG' | 'TRACE';

export interface SettingsSources {
  /** What the file, or the section of our own configuration, holds; absent: nothing. */
  readonly file?: unknown;
  /** Flags that were given, by name. */
  readonly flags: ReadonlyMap<string, string>;
}
