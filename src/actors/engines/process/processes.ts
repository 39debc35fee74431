import { readdir, readFile } from 'node:fs/promises';

/** A process, told from a later one of the same number by when it began, in ticks since the boot. */
export interface ProcessId {
  readonly pid: number;
  readonly born: string;
}

/** What `/proc/<pid>/stat` tells of a process. */
export interface ProcessStatus extends ProcessId {
  /** `R`, `S`, `T` (stopped), `Z` (dead, not yet waited for) … */
  readonly state: string;
  readonly parent: number;
  readonly session: number;
  /** User and system, its own and of the children that it waited for. */
  readonly ticks: number;
}

/** Undefined if there is none, or a later one of its number. */
export async function statusOf({ pid, born }: ProcessId): Promise<ProcessStatus | undefined> {
  const found = await readStatus(pid);
  return found?.born === born && found.state !== 'Z' && found.state !== 'X' ? found : undefined;
}

/** All processes of a session: a container's, unless they left it. */
export async function ofSession(session: number): Promise<readonly ProcessStatus[]> {
  return (await all()).filter((status) => status.session === session);
}

/** Kills the leader of a session, a child of this process, with all in that session and in those of its children. */
export async function killWithChildren(leader: number): Promise<void> {
  // What it might start meanwhile would be missed.
  send(leader, 'SIGSTOP');
  const found = await all();
  const children = found.filter(({ parent }) => parent === leader);
  const sessions = new Set([leader, ...children.map(({ session }) => session)]);
  for (const { pid, session } of found) if (sessions.has(session)) send(pid, 'SIGKILL');
}

/** Signals a group and, where it must not go on, whatever else is in its session. Who is gone is left alone. */
export async function signalAll(main: ProcessId, name: NodeJS.Signals): Promise<void> {
  const members = name === 'SIGKILL' ? await ofSession(main.pid) : [];
  if (await statusOf(main)) send(-main.pid, name);
  for (const { pid } of members) send(pid, name);
}

export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function all(): Promise<readonly ProcessStatus[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return (await Promise.all(pids.map(readStatus))).filter((status) => status !== undefined);
}

async function readStatus(pid: number): Promise<ProcessStatus | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The name of a process may have blanks and brackets in it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const at = (index: number): number => Number(fields[index]);
  return {
    pid,
    born: fields[19] ?? '',
    state: fields[0] ?? '',
    parent: at(1),
    session: at(3),
    ticks: at(11) + at(12) + at(13) + at(14),
  };
}
