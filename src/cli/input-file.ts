import { readFileSync } from 'node:fs';
import { CliError, exitCodes } from './exit-code.js';

/** What was wrong with the words of a command, and what to write instead. */
export const usage = (message: string, hint: string): CliError =>
  new CliError(message, { code: 'CLI_USAGE', exitCode: exitCodes.wrongUsage, hint });

/** A file that an option names. */
export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw usage(`${file} cannot be read: ${(error as Error).message}`, 'correct the path, or the rights of the file');
  }
}

/** The same for JSON; `hint` says which file is meant. */
export function jsonOf(file: string, hint: string): unknown {
  const text = textOf(file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usage(`${file} is no JSON: ${(error as Error).message}`, hint);
  }
}
