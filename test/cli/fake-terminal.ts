import type { Terminal } from '../../src/cli/output.js';

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
