import { CliError, exitCodes } from './exit-code.js';

/** A flag of a peer that is written in Go: `-config=F`, `-config F`, `--config F`. Values are text. */
export interface GoFlag {
  readonly name: string;
  readonly default: string;
  readonly usage: string;
  /** Without a value: `-verbose`, `-verbose=false`. @default false */
  readonly isBoolean?: boolean;
  /** Given more than once, the values add up, separated by commas. @default false: the last one counts */
  readonly isList?: boolean;
  /** An empty one would mean the working folder. @default false */
  readonly needsText?: boolean;
}

export interface GoFlagsResult {
  /** Flag name → its text, or its default. */
  readonly values: ReadonlyMap<string, string>;
  /** Those that were given. */
  readonly given: ReadonlyMap<string, string>;
  /** What follows the flags: from the first argument that is none, or after `--`. */
  readonly rest: readonly string[];
  /** `-h`, `-help`, `--help` was given. */
  readonly help: boolean;
}

/** Parses arguments as Go's flag package does: one dash or two, `=` or the next argument, the last of several counts. */
export function parseGoFlags(args: readonly string[], flags: readonly GoFlag[]): GoFlagsResult {
  const known = new Map(flags.map((flag) => [flag.name, flag]));
  const values = new Map(flags.map((flag) => [flag.name, flag.default]));
  const given = new Map<string, string>();
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? '';
    if (argument === '--') return { values, given, rest: args.slice(index + 1), help: false };
    const match = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(argument);
    if (!match) {
      if (argument.length > 1 && argument.startsWith('-')) throw wrongUsage(`bad flag syntax: ${argument}`, flags);
      return { values, given, rest: args.slice(index), help: false };
    }
    const [, name = '', inline] = match;
    const flag = known.get(name);
    if (!flag) {
      if (name === 'h' || name === 'help') return { values, given, rest: args.slice(index + 1), help: true };
      throw wrongUsage(`flag provided but not defined: -${name}`, flags);
    }
    const value = inline ?? (flag.isBoolean ? 'true' : args[++index]);
    if (value === undefined || (flag.needsText && value === ''))
      throw wrongUsage(`flag needs an argument: -${name}`, flags);
    const before = flag.isList ? given.get(name) : undefined;
    const whole = before === undefined ? value : `${before},${value}`;
    values.set(name, whole);
    given.set(name, whole);
  }
  return { values, given, rest: [], help: false };
}

/** The flags with their defaults, one a line. */
export function goFlagsUsage(flags: readonly GoFlag[]): string {
  return flags
    .map(({ name, usage, default: text }) => `  -${name}\t${usage} (default ${JSON.stringify(text)})`)
    .join('\n');
}

function wrongUsage(message: string, flags: readonly GoFlag[]): CliError {
  const hint = `known flags: ${flags.map(({ name }) => `-${name}`).join(', ')}, -h`;
  return new CliError(message, { code: 'CLI_USAGE', exitCode: exitCodes.wrongUsage, hint });
}

/** The flag of fleet-telemetry, and ours. */
export const fleetTelemetryFlags: readonly GoFlag[] = [
  { name: 'config', default: 'config.json', usage: 'the server_config.json to read' },
  { name: 'device-ca', default: '', usage: "PEM file of the CA that signed the vehicles' certificates" },
  {
    name: 'data',
    default: './data/fleet-telemetry',
    usage: 'where records wait until they are dispatched',
    needsText: true,
  },
];
