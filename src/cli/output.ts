import type { Command } from 'commander';
import { ConfigError, renderMistake } from '../config/mistake.js';
import { CliError, type ExitCode, exitCodes, QuietExit } from './exit-code.js';

/** Where a command writes and what it reads of its surroundings; tests bring their own. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether a person watches standard error, so that a line may be rewritten. */
  readonly isInteractive: boolean;
  readonly columns: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The terminal of this process. */
export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  get isInteractive() {
    return process.stderr.isTTY === true;
  },
  get columns() {
    return process.stderr.columns ?? 80;
  },
  environment: process.env,
};

const terminals = new WeakMap<Command, Terminal>();

/** Gives a program, and with it all of its commands, a terminal. */
export function attachTerminal(program: Command, terminal: Terminal): void {
  terminals.set(program, terminal);
}

/** The terminal of the program that a command belongs to. */
export function terminalOf(command: Command): Terminal {
  for (let current: Command | null = command; current; current = current.parent) {
    const terminal = terminals.get(current);
    if (terminal) return terminal;
  }
  return processTerminal;
}

/** What a command reports with: results on standard output, everything about them on standard error. */
export interface Output {
  readonly json: boolean;
  readonly terminal: Terminal;
  /** The result: text for people, or `data` as JSON under `--json`. */
  result(text: string, data: unknown): void;
  /** One line a person should know of; silent under `--json`. */
  note(line: string): void;
  progress(): Progress;
}

/** A line that is rewritten in place; silent where nobody watches. */
export interface Progress {
  update(line: string): void;
  /** Leaves the last line standing. */
  done(): void;
}

/** The output of a command, as its options ask. */
export function outputOf(command: Command): Output {
  const terminal = terminalOf(command);
  const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
  return {
    json,
    terminal,
    result: (text, data) => terminal.out(json ? `${JSON.stringify(data, null, 2)}\n` : withNewline(text)),
    note: (line) => {
      if (!json) terminal.err(withNewline(line));
    },
    progress: () => (terminal.isInteractive && !json ? rewritingLine(terminal) : silent),
  };
}

const silent: Progress = { update: () => {}, done: () => {} };

function rewritingLine(terminal: Terminal): Progress {
  let isDirty = false;
  return {
    update: (line) => {
      terminal.err(`\r\u001b[2K${line.slice(0, terminal.columns - 1)}`);
      isDirty = true;
    },
    done: () => {
      if (isDirty) terminal.err('\n');
      isDirty = false;
    },
  };
}

/** What a person, or under `--json` a program, is told of an error, and what the process ends with. */
export function renderError(error: unknown, json: boolean): { text: string; exitCode: ExitCode } {
  if (error instanceof QuietExit) return { text: '', exitCode: error.exitCode };
  const described = describeError(error);
  if (json) return { text: `${JSON.stringify({ error: described.data })}\n`, exitCode: described.exitCode };
  return { text: withNewline(described.text), exitCode: described.exitCode };
}

const PERMISSIONS = 'see that this user may read and write there, or name another place';
const KIND = 'one of them is no folder, or is one: move it away, or name another place';

/** What to do about errors of the system, which say only what and where. */
const SYSTEM_HINTS: Readonly<Record<string, string>> = {
  EACCES: PERMISSIONS,
  EPERM: PERMISSIONS,
  EROFS: PERMISSIONS,
  ENOTDIR: KIND,
  EISDIR: KIND,
  EEXIST: 'move it away, or name another place',
  ENOENT: 'check the path: it is relative to where the command is started',
  ENOSPC: 'make room on that disk',
  EDQUOT: 'make room on that disk',
  EMFILE: 'raise the limit of open files: `ulimit -n`, or LimitNOFILE= of a systemd unit',
};

function describeError(error: unknown): { text: string; data: Record<string, unknown>; exitCode: ExitCode } {
  if (error instanceof ConfigError) {
    const { code, message, mistakes, warnings } = error;
    // What was misspelt is often why something else is missing.
    const unknown = warnings.filter((warning) => warning.code === 'CONFIG_UNKNOWN_KEY');
    return {
      text: [message, ...unknown.map((warning) => `warning: ${renderMistake(warning)}`)].join('\n'),
      data: { code, message, mistakes, warnings },
      exitCode: exitCodes.wrongConfiguration,
    };
  }
  if (error instanceof CliError) {
    const { code, message, hint, exitCode } = error;
    const text = hint === undefined ? `error: ${message}` : `error: ${message}\n    ${hint}`;
    return { text, data: { code, message, ...(hint === undefined ? {} : { hint }) }, exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code === 'string') {
    // Node's own messages begin with their code.
    const text = `error: ${message.startsWith(code) ? message : `${code}: ${message}`}`;
    const hint = SYSTEM_HINTS[code];
    return {
      text: hint === undefined ? text : `${text}\n    ${hint}`,
      data: { code, message, ...(hint === undefined ? {} : { hint }) },
      exitCode: exitCodes.failed,
    };
  }
  const trace = error instanceof Error ? (error.stack ?? message) : message;
  const text = `internal error: ${trace}\n    this is a defect of fleetchart; please report it with the lines above`;
  return { text, data: { code: 'CLI_INTERNAL', message }, exitCode: exitCodes.failed };
}

function withNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
