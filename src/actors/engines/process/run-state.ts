import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replacePrivateIfThere, textIfPresent } from '../private-file.js';
import { bootId, type ProcessId, statusOf } from './processes.js';

/** How a container is doing, as its folder and `/proc` tell. */
export type RunState =
  | { readonly status: 'created' }
  | { readonly status: 'running' | 'paused'; readonly main: ProcessId; readonly startedMs: number }
  | {
      readonly status: 'exited';
      readonly exitCode: number;
      readonly startedMs: number;
      readonly finishedMs: number;
    };

type Running = Extract<RunState, { readonly status: 'running' | 'paused' }>;

export const isRunning = (state: RunState): state is Running => state.status === 'running' || state.status === 'paused';

/** Of a process whose end nobody saw: the machine or its wrapper went with it. */
const UNSEEN_CODE = 137;

/** And the process whose end it tells of: what is known late of an earlier one is not taken for that of a later one. */
export const EXIT_FILE = 'exit-';
const RUN_FILE = 'run';

/**
 * Looks at the files of the wrapper and at whether its processes are the ones that it wrote down. The end of one that went
 * with its wrapper is written here, so that it stays as it was seen first.
 */
export async function runStateOf(folder: string): Promise<RunState> {
  const run = await runOf(folder);
  if (!run) return { status: 'created' };
  const { main, wrapper, startedMs } = run;
  const isOfThisBoot = run.boot === (await bootId());
  // Looked at before the file: whoever is gone has written it by then, if at all.
  const isWatched = isOfThisBoot && (await statusOf(wrapper)) !== undefined;
  const exitFile = join(folder, `${EXIT_FILE}${main.pid}-${main.born}`);
  const ended = await exitOf(exitFile);
  if (ended) return { status: 'exited', startedMs, ...ended };
  const process = isOfThisBoot ? await statusOf(main) : undefined;
  if (process) return { status: process.state === 'T' ? 'paused' : 'running', main, startedMs };
  if (isWatched) return { status: 'running', main, startedMs };
  // Removed meanwhile, and not to be made again.
  if (!(await replacePrivateIfThere(exitFile, `${UNSEEN_CODE}\n`))) return { status: 'created' };
  const written = await exitOf(exitFile);
  return { status: 'exited', exitCode: UNSEEN_CODE, startedMs, finishedMs: startedMs, ...written };
}

/** As if it had never run. */
export async function forgetRun(folder: string): Promise<void> {
  await rm(join(folder, RUN_FILE), { force: true });
  for (const name of await readdir(folder)) {
    if (name.startsWith(EXIT_FILE)) await rm(join(folder, name), { force: true });
  }
}

/** Whom the wrapper wrote down. */
async function runOf(folder: string) {
  const path = join(folder, RUN_FILE);
  const text = await textIfPresent(path);
  const [boot = '', pid, born = '', mainPid, mainBorn = ''] = text?.trim().split(' ') ?? [];
  const startedMs = await writtenAt(path);
  if (text === undefined || startedMs === undefined) return undefined;
  const wrapper: ProcessId = { pid: Number(pid), born };
  const main: ProcessId = { pid: Number(mainPid), born: mainBorn };
  return { boot, wrapper, main, startedMs };
}

async function exitOf(path: string) {
  const text = await textIfPresent(path);
  const finishedMs = await writtenAt(path);
  return text === undefined || finishedMs === undefined ? undefined : { exitCode: Number(text), finishedMs };
}

async function writtenAt(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => Math.round(mtimeMs),
    () => undefined,
  );
}
