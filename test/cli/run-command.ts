import { runProgram } from '../../src/cli/program.js';
import { FakeTerminal } from './fake-terminal.js';

/** Runs a command line and returns what it wrote and ended with. */
export async function runCommand(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const terminal = new FakeTerminal(environment);
  const exitCode = await runProgram(args, terminal);
  return { exitCode, stdout: terminal.stdout, stderr: terminal.stderr };
}
