/** The reference's command line and environment (SUA §9). */
import { type AgentSettings, DEFAULT_SETTINGS } from './settings.js';

/** What each argument and variable of the reference sets. */
interface AgentOption {
  /** Every spelling; an environment variable stands alone. */
  readonly names: readonly string[];
  readonly meaning: string;
  /** What its value is; absent: it takes none. */
  readonly value?: string;
  /** What the value comes to, or undefined if it is wrong. Absent: it ends the command line. */
  readonly read?: (text: string) => Partial<AgentSettings> | undefined;
}

const readServer = (text: string) => {
  const port = Number(/^tcp:\/\/(?:[^/:\s]+|\[[\da-f:.]+\]):(\d{1,5})$/i.exec(text)?.[1]);
  return port >= 1 && port <= 65_535 ? { server: text.replace(/^tcp/i, 'tcp') } : undefined;
};
const readMode = (text: string) => (['download', 'stream', 'dummy'] as const).find((mode) => mode === text);

export const AGENT_OPTIONS: readonly AgentOption[] = [
  { names: ['-h', '--help'], meaning: 'Show this help' },
  { names: ['-v', '--version'], meaning: 'Show the build number' },
  {
    names: ['-s', '--server'],
    value: 'tcp://host:port',
    meaning: `The MQTT broker; beats SUA_SERVER (default ${DEFAULT_SETTINGS.server})`,
    read: readServer,
  },
  {
    names: ['-i', '--installer'],
    value: 'download|stream|dummy',
    meaning: `How bundles are installed (default ${DEFAULT_SETTINGS.mode})`,
    read: (text) => {
      const mode = readMode(text);
      return mode && { mode };
    },
  },
  {
    names: ['-p', '--path'],
    value: 'folder',
    meaning: `Where bundles are stored (default ${DEFAULT_SETTINGS.path})`,
    read: (path) => (path ? { path } : undefined),
  },
  {
    names: ['-c', '--ca-directory', '--ca-path'],
    value: 'folder',
    meaning: `Certificates of the authorities of download servers (default ${DEFAULT_SETTINGS.caDirectory})`,
    read: (caDirectory) => (caDirectory ? { caDirectory } : undefined),
  },
  {
    names: ['-f', '--ca-filepath', '--ca-file'],
    value: 'file',
    meaning: 'Likewise one PEM file; beats the folder',
    read: (caFile) => (caFile ? { caFile } : undefined),
  },
];

export const AGENT_ENVIRONMENT: readonly AgentOption[] = [
  { names: ['SUA_SERVER'], value: 'tcp://host:port', meaning: 'The MQTT broker', read: readServer },
  {
    names: ['SUA_MESSAGE_DELAY'],
    value: 'seconds',
    meaning: `Between two messages of progress (default ${DEFAULT_SETTINGS.feedbackIntervalS})`,
    read: (text) => (/^\d{1,4}$/.test(text) ? { feedbackIntervalS: Number(text) } : undefined),
  },
];

export type AgentCommandLine =
  | { readonly ok: true; readonly value: { readonly kind: 'run'; readonly settings: AgentSettings } }
  | { readonly ok: true; readonly value: { readonly kind: 'help' | 'version' } }
  /** The reference ends with 1 (SUA-47). */
  | { readonly ok: false; readonly error: { readonly code: 'CLI_USAGE'; readonly detail: string } };

/** Reads the reference's command line (without the program's name) and environment (SUA-47). */
export function readAgentSettings(input: {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}): AgentCommandLine {
  let given: Partial<AgentSettings> = {};
  const rest = [...input.argv];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const { name, inline } = splitArgument(argument);
    const option = AGENT_OPTIONS.find(({ names }) => names.includes(name));
    if (!option) return wrong(`Invalid argument '${argument}'`);
    if (!option.read) {
      if (inline !== undefined) return wrong(`Invalid argument '${argument}'`);
      return { ok: true, value: { kind: option.names.includes('--help') ? 'help' : 'version' } };
    }
    const text = inline ?? rest.shift();
    if (text === undefined) return wrong(`Missing value of '${name}'`);
    const read = option.read(text);
    if (!read) return wrong(`Invalid value '${text}' of '${name}', expected ${option.value}`);
    given = { ...given, ...read };
  }
  for (const { names, read, value } of AGENT_ENVIRONMENT) {
    const [name = ''] = names;
    const text = input.env[name];
    if (text === undefined || text === '') continue;
    const found = read?.(text);
    if (!found) return wrong(`Invalid value '${text}' of '${name}', expected ${value}`);
    given = { ...found, ...given };
  }
  return { ok: true, value: { kind: 'run', settings: { ...DEFAULT_SETTINGS, ...given } } };
}

/** The help of the command line; `more` are variables of the caller's own. */
export function agentUsage(more: readonly Omit<AgentOption, 'read'>[] = []): string {
  const lines = (options: readonly Omit<AgentOption, 'read'>[]): string =>
    options
      .map(({ names, value, meaning }) => `  ${names.join(', ')}${value ? ` <${value}>` : ''}\n      ${meaning}`)
      .join('\n');
  return [
    'Usage: fleetchart run self-update-agent [options]',
    `Options:\n${lines(AGENT_OPTIONS)}`,
    `Environment:\n${lines([...AGENT_ENVIRONMENT, ...more])}`,
    'Example:\n  $ fleetchart run self-update-agent --server tcp://mosquitto:1883 --path /data/selfupdates',
  ].join('\n\n');
}

/** `--name=value`, `-nvalue`, or the name alone. */
function splitArgument(argument: string): { name: string; inline?: string } {
  const long = /^(--[^=]+)=([\s\S]*)$/.exec(argument);
  if (long) return { name: long[1] ?? '', inline: long[2] ?? '' };
  return /^-[^-]./.test(argument) ? { name: argument.slice(0, 2), inline: argument.slice(2) } : { name: argument };
}

const wrong = (detail: string) => ({ ok: false, error: { code: 'CLI_USAGE', detail } }) as const;
