import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { until } from './until.js';

/** Why tests with the real mosquitto cannot run here; false if they can. For the `skip` option of a test. */
export function withoutMosquitto(): string | false {
  const missing = ['mosquitto', 'mosquitto_pub', 'mosquitto_sub'].filter(
    (program) => spawnSync(program, ['-h'], { env: ENVIRONMENT }).error,
  );
  return missing.length > 0 && `not installed: ${missing.join(', ')} (apt-get install mosquitto mosquitto-clients)`;
}

/** Daemons are often outside a user's path. */
const ENVIRONMENT = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin` };

const MOST_ATTEMPTS = 5;
/** So that it tells when it is up, where not all is told. */
const SAYS = ['log_dest stderr', 'log_type information', 'log_type error'];

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
    const lines = [`listener ${port} 127.0.0.1`, configuration, ...(configuration.includes('log_type') ? SAYS : [])];
    writeFileSync(join(this.folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
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
    for (let attempt = 1; ; attempt++) {
      const mosquitto = await Mosquitto.prepare(t, configuration);
      try {
        await mosquitto.start();
        return mosquitto;
      } catch (error) {
        // Somebody else has got the port since it was looked for.
        if (attempt === MOST_ATTEMPTS || !String(error).includes('Address already in use')) throw error;
      }
    }
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const { log } = this;
    const before = log.length;
    const process = spawn('mosquitto', ['-c', join(this.folder, 'mosquitto.conf')], { env: ENVIRONMENT });
    this.process = process;
    process.stderr.on('data', (line: Buffer) => log.push(line.toString()));
    let isOver = false;
    process.once('close', () => {
      isOver = true;
    });
    // Not by a connection: whoever else has the port takes that as well.
    const isUp = (): boolean => log.slice(before).join('').includes(' running\n');
    await until(() => isUp() || isOver, 'mosquitto is up');
    assert.ok(isUp(), `mosquitto did not start:\n${log.join('')}`);
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
