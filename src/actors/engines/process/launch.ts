import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { LogSettings } from '../../../protocols/containers/model.js';
import { type Clock, pause } from '../../../runtime/index.js';
import { EngineError } from '../errors.js';
import { replacePrivate } from '../private-file.js';
import { killWithChildren } from './processes.js';
import { forgetRun } from './run-state.js';
import { WRAPPER } from './wrapper.js';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** In the folder of the container; a shell that runs one keeps the file that it began with. */
const WRAPPER_FILE = 'wrapper.sh';
const UNITS = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;
const DEFAULT_LOG_BYTES = 100 * 1024 ** 2;

export interface Launch {
  /** Of the container. */
  readonly folder: string;
  readonly workFolder: string;
  readonly cmd: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly log: LogSettings;
  /** `cgroup.procs` of its group; undefined: no limits. */
  readonly group: string | undefined;
  readonly clock: Clock;
}

/** A wrapper takes milliseconds, unless it waits for a disk. */
const READY_WITHIN_S = 30;

/**
 * Starts a container's process below its wrapper and returns once that has written both down.
 *
 * One that does not come so far in time is killed with what it started; after an abort it goes on, as it would without the
 * agent.
 *
 * @throws EngineError if there is no such command; `ENGINE_TIMEOUT`
 */
export async function launch(
  { folder, workFolder, cmd, env, log, group, clock }: Launch,
  signal: AbortSignal,
): Promise<void> {
  await checkCommand(cmd[0], workFolder, env.get('PATH') ?? PATH);
  const lines = [...env].map(([name, value]) => `export ${name}=${quoted(value)}`);
  await replacePrivate(join(folder, 'env.sh'), `unset LC_ALL\n${lines.join('\n')}\n`);
  const files = log.driver === 'none' ? 0 : Math.max(1, log.maxFiles);
  const settings = [folder, workFolder, String(bytesOf(log.maxSize)), String(files), group ?? ''];
  // Until the wrapper has written itself down, the folder says of no process that it is this one's.
  await forgetRun(folder);
  const wrapper = join(folder, WRAPPER_FILE);
  await replacePrivate(wrapper, WRAPPER);
  const child = spawn('/bin/sh', [wrapper, ...settings, ...cmd], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { PATH, LC_ALL: 'C' },
  });
  child.unref();
  const said = await saidWithin(child, clock, signal);
  if (said === undefined) {
    if (child.pid !== undefined) await killWithChildren(child.pid);
    throw new EngineError('ENGINE_TIMEOUT', `the process was not started within ${READY_WITHIN_S} s`, {
      retryable: true,
    });
  }
  if (!said.endsWith('ready\n'))
    throw new EngineError('ENGINE_REFUSED', `the process cannot be started: ${said.trim()}`);
}

/** What a wrapper writes on descriptor 3 until it closes that; undefined if it does not in time. */
async function saidWithin(child: ChildProcess, clock: Clock, signal: AbortSignal): Promise<string | undefined> {
  const pipe = child.stdio[3];
  const over = new AbortController();
  const said = new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = [];
    child.once('error', reject);
    pipe?.on('data', (chunk: Buffer) => chunks.push(chunk));
    pipe?.once('close', () => resolve(Buffer.concat(chunks).toString()));
  });
  const late = pause(clock, READY_WITHIN_S * 1_000, AbortSignal.any([signal, over.signal]));
  try {
    return (await Promise.race([said, late])) ?? undefined;
  } finally {
    over.abort();
    pipe?.destroy();
  }
}

/** What a container finds in its environment: the machine's usual, the image's, its own. */
export function environmentOf(
  image: readonly string[],
  own: readonly string[],
  hostName: string,
): ReadonlyMap<string, string> {
  const env = new Map([
    ['PATH', PATH],
    ['HOME', '/'],
    ['HOSTNAME', hostName],
  ]);
  for (const variable of [...image, ...own]) {
    const [name = '', ...value] = variable.split('=');
    if (value.length === 0) env.delete(name);
    else env.set(name, value.join('='));
  }
  return env;
}

/** Whether a wrapper of this folder runs: one that was started and has not written itself down yet. */
export async function hasWrapper(folder: string): Promise<boolean> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(names.map((name) => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')));
  return lines.some((line) => line.includes(`\0${join(folder, WRAPPER_FILE)}\0`));
}

/** The engine of containers says it at the start; a shell would write it into a log. */
async function checkCommand(program: string | undefined, workFolder: string, path: string): Promise<void> {
  if (!(await stat(workFolder).catch(() => undefined))?.isDirectory()) {
    throw new EngineError('ENGINE_REFUSED', `the working directory ${workFolder} is not there`);
  }
  if (!program) throw new EngineError('ENGINE_REFUSED', 'the image names no command, and the container none either');
  const places = program.includes('/')
    ? [isAbsolute(program) ? program : join(workFolder, program)]
    : path.split(delimiter).map((place) => join(place, program));
  for (const place of places) {
    const isProgram = await access(place, constants.X_OK).then(
      async () => (await stat(place)).isFile(),
      () => false,
    );
    if (isProgram) return;
  }
  throw new EngineError('ENGINE_REFUSED', `exec: "${program}": executable file not found`);
}

/** `100M`, `1.5 g`; what is none is the default of the configuration. */
function bytesOf(size: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?) ?([kmg])$/i.exec(size) ?? [];
  if (count === undefined || unit === undefined) return DEFAULT_LOG_BYTES;
  return Math.max(1, Math.floor(Number(count) * UNITS[unit.toLowerCase() as keyof typeof UNITS]));
}

const quoted = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;
