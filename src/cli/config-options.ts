import type { Command } from 'commander';
import type { Assignment } from '../config/assignments.js';
import type { ConfigInput } from '../hub-config.js';
import { terminalOf } from './output.js';

interface ConfigOptionValues {
  readonly config?: string;
  readonly data?: string;
  readonly set?: readonly string[];
}

/** Adds `--config`, `--set` and, for what runs, `--data`. */
export function withConfigOptions(command: Command, options: { data: boolean }): Command {
  command.option('--config <file>', 'YAML or JSON file; without one, defaults');
  withSetOption(command);
  if (options.data) command.option('--data <dir>', 'where everything is stored (dataDir)');
  return command;
}

/** Adds `--set`. */
export function withSetOption(command: Command): Command {
  return command.option('--set <path=value>', 'one value over file and environment; may be repeated', append);
}

/** What the options above, and the environment, say; for `checkHubConfig`. */
export function configInputOf(command: Command): ConfigInput {
  const { config, data, set = [] } = command.opts<ConfigOptionValues>();
  return {
    file: config,
    environment: terminalOf(command).environment,
    sets: set,
    assignments: data === undefined ? [] : [optionAssignment('--data', ['dataDir'], data)],
  };
}

/** A value that an option of a command sets, over everything else. */
export function optionAssignment(option: string, path: readonly string[], value: unknown): Assignment {
  return { path, value, source: { kind: 'option', option } };
}

function append(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}
