import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Daemons are often outside a user's path. */
export const PATH = `${process.env['PATH']}:/usr/sbin:/sbin:/usr/local/sbin`;
const START_MS = 60_000;

/** Where a program is; undefined if it is not installed. */
export const pathOf = (program: string): string | undefined =>
  PATH.split(':')
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file));

/** A daemon of a lab. It ends with this process, even if that is killed. */
export class LabProcess {
  /** Its last words. */
  log = '';
  private readonly child: ChildProcess;
  private readonly kill = (): void => {
    this.child.kill('SIGKILL');
  };

  constructor(
    program: string,
    args: readonly string[],
    options: { readonly folder: string; readonly env?: NodeJS.ProcessEnv },
  ) {
    // Engines leave marks in their working directory (LAB-5).
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
      env: { ...process.env, PATH, ...options.env },
      cwd: options.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const take = (text: Buffer): void => {
      this.log = `${this.log}${text.toString()}`.slice(-20_000);
    };
    this.child.stdout?.on('data', take);
    this.child.stderr?.on('data', take);
    this.child.on('error', (error) => take(Buffer.from(`${program}: ${error.message}\n`)));
    process.once('exit', this.kill);
  }

  async until(what: string, isThere: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + START_MS;
    while (!(await isThere())) {
      assert.ok(performance.now() < end && !this.isOver, `${what} did not come:\n${this.log}`);
      await sleep(20);
    }
  }

  /** Killed if it does not go. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    process.off('exit', this.kill);
    if (this.isOver) return;
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    const late = setTimeout(this.kill, 15_000);
    await exited;
    clearTimeout(late);
  }

  private get isOver(): boolean {
    return !this.child.pid || this.child.exitCode !== null || this.child.signalCode !== null;
  }
}

/** Whether a container engine answers on its socket. */
export const answers = (socketPath: string): Promise<boolean> =>
  engineCall(socketPath, { method: 'GET', path: '/_ping', timeoutMs: 5_000 }).then(
    ({ status }) => status === 200,
    () => false,
  );

export interface EngineCall {
  readonly method: string;
  readonly path: string;
  /** JSON, or an archive. */
  readonly body?: object | Readable;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default 120000 */
  readonly timeoutMs?: number;
}

/** A call of an engine's API as anybody may make it. */
export function engineCall(socketPath: string, call: EngineCall): Promise<{ status: number; text: string }> {
  const { method, path, body, timeoutMs = 120_000 } = call;
  const isArchive = body instanceof Readable;
  const headers = { 'content-type': isArchive ? 'application/x-tar' : 'application/json', ...call.headers };
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, headers, agent: false, timeout: timeoutMs }, (response) => {
      textOf(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer`)));
    sent.on('error', reject);
    if (isArchive) pipeline(body, sent).catch(reject);
    else sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
