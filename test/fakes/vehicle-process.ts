import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Ending } from './mosquitto.js';
import { eventually } from './runtime.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export interface VehicleUrls {
  readonly http: string;
  readonly mqtt: string;
}

/** `fleetchart …` of the vehicle side as a process of its own. */
export class VehicleProcess {
  output = '';
  errors = '';
  exit: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  private readonly process: ChildProcess;
  private readonly exited: Promise<unknown>;

  /** @param program what is run instead, with the same arguments */
  constructor(
    t: Ending,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    program?: string,
  ) {
    this.process = spawn(program ?? process.execPath, program ? args : [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    this.exited = new Promise((resolve) => {
      this.process.once('close', (code, signal) => {
        this.exit = { code, signal };
        resolve(undefined);
      });
    });
    t.after(() => this.kill('SIGKILL'));
  }

  /** Waits until everything runs; for commands with `--json`. */
  async urls(): Promise<VehicleUrls> {
    const read = (): { urls: VehicleUrls } | undefined => {
      try {
        return JSON.parse(this.output) as { urls: VehicleUrls };
      } catch {
        return undefined;
      }
    };
    await eventually(() => read() !== undefined || this.exit !== undefined, 'it runs', 60_000);
    const found = read();
    if (!found) throw new Error(`it ended: ${this.errors}`);
    return found.urls;
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.exit === undefined) this.process.kill(signal);
    await this.exited;
  }
}
