import { rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { textIfPresent } from '../private-file.js';
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
  const ended = await exitOf(folder);
  if (ended) return { status: 'exited', startedMs, ...ended };
  const process = isOfThisBoot ? await statusOf(main) : undefined;
  if (process) return { status: process.state === 'T' ? 'paused' : 'running', main, startedMs };
  if (isWatched) return { status: 'running', main, startedMs };
  await writeFile(join(folder, 'exit.new'), `${UNSEEN_CODE}\n`, { mode: 0o600 });
  await rename(join(folder, 'exit.new'), join(folder, 'exit'));
  const written = await exitOf(folder);
  return { status: 'exited', exitCode: UNSEEN_CODE, startedMs, finishedMs: startedMs, ...written };
}

/** Whom the wrapper wrote down. */
async function runOf(folder: string) {
  const path = join(folder, 'run');
  const text = await textIfPresent(path);
  const [boot = '', pid, born = '', mainPid, mainBorn = ''] = text?.trim().split(' ') ?? [];
  const startedMs = await writtenAt(path);
  if (text === undefined || startedMs === undefined) return undefined;
  const wrapper: ProcessId = { pid: Number(pid), born };
  const main: ProcessId = { pid: Number(mainPid), born: mainBorn };
  return { boot, wrapper, main, startedMs };
}

async function exitOf(folder: string) {
  const path = join(folder, 'exit');
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
