import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { freePort } from './mosquitto.js';
import { until } from './until.js';

/** Why tests with the real Redis cannot run here; false if they can. For the `skip` option of a test. */
export function withoutRedis(): string | false {
  const isMissing = spawnSync('redis-server', ['--version'], { env: ENVIRONMENT }).error !== undefined;
  return isMissing && 'not installed: redis-server (apt-get install redis-server)';
}

/** Daemons are often outside a user's path. */
const ENVIRONMENT = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/usr/local/sbin` };

export interface RedisSetUp {
  /** Options of the server, as in its configuration file. */
  readonly options?: Readonly<Record<string, string>>;
  /** What a client needs to get in. */
  readonly password?: string;
}

/** The real server on a port of its own, which it keeps over restarts; nothing is kept on disk. */
export class RedisServer {
  /** What it wrote, in pieces. */
  readonly log: string[] = [];
  private process: ChildProcess | undefined;
  private starts = 0;
  private readonly folder = mkdtempSync(join(tmpdir(), 'fleetchart-redis-'));

  private constructor(
    private readonly t: TestContext,
    readonly port: number,
    private readonly setUp: RedisSetUp,
  ) {
    t.after(async () => {
      await this.kill();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** Prepared, not started. */
  static async prepare(t: TestContext, setUp: RedisSetUp = {}): Promise<RedisServer> {
    return new RedisServer(t, await freePort(), setUp);
  }

  static async start(t: TestContext, setUp?: RedisSetUp): Promise<RedisServer> {
    const server = await RedisServer.prepare(t, setUp);
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const { log } = this;
    const options: Record<string, string> = {
      port: `${this.port}`,
      bind: '127.0.0.1',
      dir: this.folder,
      save: '',
      appendonly: 'no',
      'client-output-buffer-limit': 'pubsub 0 0 0',
      ...this.setUp.options,
    };
    const args = Object.entries(options).flatMap(([name, value]) => [
      `--${name}`,
      ...(value === '' ? [''] : value.split(' ')),
    ]);
    const process = spawn('redis-server', args, { env: ENVIRONMENT, cwd: this.folder });
    this.process = process;
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('data', (line: Buffer) => log.push(line.toString()));
    }
    await until(() => {
      assert.equal(process.exitCode, null, `redis-server did not start:\n${log.join('')}`);
      return log.join('').split('Ready to accept connections').length - 1 > this.starts;
    }, 'the start of redis-server');
    this.starts++;
  }

  /** A client that waits for the server, and comes back to it. */
  client(): Redis {
    const client = new Redis({ port: this.port, password: this.setUp.password, retryStrategy: () => 50 });
    client.on('error', () => {});
    this.t.after(() => client.disconnect());
    return client;
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

/** All that is published, as it comes. */
export class RedisSubscriber {
  readonly messages: { readonly channel: string; readonly body: Buffer }[] = [];

  private constructor(private readonly client: Redis) {
    client.on('pmessageBuffer', (_: Buffer, channel: Buffer, body: Buffer) => {
      this.messages.push({ channel: channel.toString(), body });
    });
  }

  static async to(server: RedisServer): Promise<RedisSubscriber> {
    const subscriber = new RedisSubscriber(server.client());
    await subscriber.subscribe();
    return subscriber;
  }

  /** Resolves once everything published from now on will come. */
  async subscribe(): Promise<void> {
    await this.client.psubscribe('*');
  }

  get channels(): string[] {
    return this.messages.map(({ channel }) => channel);
  }

  /** The numbers of the sample records in the order they came. */
  get numbers(): number[] {
    return this.messages.flatMap(({ body }) => {
      const { txid } = JSON.parse(body.toString()) as { txid?: string };
      return txid ? [Number(txid.slice('tx-'.length))] : [];
    });
  }
}
