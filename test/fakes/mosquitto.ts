import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Why tests with the real mosquitto cannot run here; false if they can. For the `skip` option of a test. */
export function withoutMosquitto(): string | false {
  const missing = ['mosquitto', 'mosquitto_pub', 'mosquitto_sub'].filter(
    (program) => spawnSync(program, ['-h'], { env: ENVIRONMENT }).error,
  );
  return missing.length > 0 && `not installed: ${missing.join(', ')} (apt-get install mosquitto mosquitto-clients)`;
}

/** Daemons are often outside a user's path. */
const ENVIRONMENT = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin` };

/** Whatever ends what was begun for it: a test, or a benchmark. */
export type Ending = Pick<TestContext, 'after'>;

/** The real broker on a port of its own, which it keeps over restarts. */
export class Mosquitto {
  /** What it wrote, in pieces. */
  readonly log: string[] = [];
  private process: ChildProcess | undefined;
  private readonly folder: string;

  private constructor(
    t: Ending,
    readonly port: number,
    configuration: string,
  ) {
    this.folder = mkdtempSync(join(tmpdir(), 'fleetchart-mosquitto-'));
    writeFileSync(join(this.folder, 'mosquitto.conf'), `listener ${port} 127.0.0.1\n${configuration}\n`);
    t.after(async () => {
      await this.kill();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** Prepared, not started. */
  static async prepare(t: Ending, configuration = 'allow_anonymous true'): Promise<Mosquitto> {
    return new Mosquitto(t, await freePort(), configuration);
  }

  static async start(t: Ending, configuration?: string): Promise<Mosquitto> {
    const mosquitto = await Mosquitto.prepare(t, configuration);
    await mosquitto.start();
    return mosquitto;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const { log } = this;
    const process = spawn('mosquitto', ['-c', join(this.folder, 'mosquitto.conf')], { env: ENVIRONMENT });
    this.process = process;
    process.stderr.on('data', (line: Buffer) => log.push(line.toString()));
    const end = performance.now() + 60_000;
    while (!(await accepts(this.port))) {
      assert.ok(process.exitCode === null && performance.now() < end, `mosquitto did not start:\n${log.join('')}`);
    }
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const { process } = this;
    this.process = undefined;
    if (!process || process.exitCode !== null) return;
    const exited = new Promise((resolve) => process.once('exit', resolve));
    process.kill('SIGCONT');
    process.kill('SIGKILL');
    await exited;
  }

  /** Stops it where it is: connections stay and nothing answers. */
  freeze(): void {
    this.process?.kill('SIGSTOP');
  }
}

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** A mosquitto client that is under way. */
export class MosquittoClient {
  output = '';
  readonly done: Promise<Ran>;
  private readonly process: ChildProcess;

  constructor(t: TestContext, program: 'mosquitto_pub' | 'mosquitto_sub', args: readonly string[], input?: string) {
    const process = spawn(program, args, { env: ENVIRONMENT });
    this.process = process;
    const take = (chunk: Buffer): void => {
      this.output += chunk.toString();
    };
    process.stdout.on('data', take);
    process.stderr.on('data', take);
    process.stdin.end(input);
    this.done = new Promise((resolve) => process.once('close', (code) => resolve({ code, output: this.output })));
    t.after(() => this.stop());
  }

  get lines(): string[] {
    return this.output.split('\n').slice(0, -1);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ran> {
    this.process.kill(signal);
    return this.done;
  }
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => setImmediate(resolve, false));
    socket.once('connect', () => socket.destroy());
  });
}
