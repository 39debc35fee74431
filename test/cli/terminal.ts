import type { Terminal } from '../../src/cli/output.js';
import { runProgram } from '../../src/cli/program.js';

/** A terminal that remembers what was written. */
export class FakeTerminal implements Terminal {
  stdout = '';
  stderr = '';
  isInteractive = false;
  columns = 80;

  constructor(readonly environment: Readonly<Record<string, string | undefined>> = {}) {}

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }
}

/** Runs a command line and returns what it wrote and ended with. */
export async function runCommand(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const terminal = new FakeTerminal(environment);
  const exitCode = await runProgram(args, terminal);
  return { exitCode, stdout: terminal.stdout, stderr: terminal.stderr };
}
