import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './runtime.js';

const CHILD = fileURLToPath(new URL('../crash/broker-process-child.js', import.meta.url));

/** The embedded broker as a process of its own, which keeps its store and its port over kills. */
export class BrokerProcess {
  port = 0;
  private child: ChildProcess | undefined;
  private readonly directory: string;

  private constructor(t: TestContext) {
    t.after(() => this.kill());
    this.directory = temporaryFolder(t);
  }

  static async start(t: TestContext): Promise<BrokerProcess> {
    const broker = new BrokerProcess(t);
    await broker.start();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, ['--enable-source-maps', CHILD, this.directory, `${this.port}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.child = child;
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('the broker ended by itself')));
    ended.catch(() => {});
    const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer];
    this.port = Number(line.toString());
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }
}
