import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, type LogLine } from './ingest-hub.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const HELD = new URL('./held-process.js', import.meta.url).href;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `fleetchart …` as a process of its own, whose log is read line by line. */
export class HubProcess {
  readonly log: LogLine[] = [];
  /** What stood on standard error without being a line of the log. */
  readonly words: string[] = [];
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;
  private readonly process: ChildProcess;

  /** A process that has loaded most of the program and does nothing before {@link begin}. */
  static held(t: TestContext, args: readonly string[]): HubProcess {
    return new HubProcess(t, args, [process.execPath, '--import', HELD]);
  }

  constructor(t: TestContext, args: readonly string[], command: readonly string[] = [process.execPath]) {
    const [program = '', ...before] = command;
    this.process = spawn(program, [...before, MAIN, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    // A process that was killed reads no more.
    this.process.stdin?.on('error', () => {});
    const { stderr } = this.process;
    if (stderr) createInterface({ input: stderr }).on('line', (line) => this.read(line));
    this.exited = new Promise((resolve) => {
      this.process.once('close', (code, signal) => {
        this.exit = { code, signal };
        resolve(this.exit);
      });
    });
    t.after(() => this.kill('SIGKILL'));
  }

  begin(): void {
    this.process.stdin?.write('.');
  }

  /** Waits for a line of the log; fails as soon as the process has ended without it. */
  async logged(message: string, isWanted: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    const find = (): LogLine | undefined => this.log.find((line) => line.msg === message && isWanted(line));
    await eventually(() => find() !== undefined || this.exit !== undefined, `a line ${message}`, 20_000);
    const line = find();
    if (!line) throw new Error(`ended without ${message}:\n${this.words.join('\n')}\n${JSON.stringify(this.log)}`);
    return line;
  }

  /** Waits until it takes vehicles, and says on which port. */
  async port(): Promise<number> {
    return Number((await this.logged('starting_server'))['port']);
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  kill(signal: NodeJS.Signals): Promise<Exit> {
    if (this.exit === undefined) this.process.kill(signal);
    return this.exited;
  }

  private read(line: string): void {
    if (line.startsWith('{')) this.log.push(JSON.parse(line) as LogLine);
    else this.words.push(line);
  }
}
