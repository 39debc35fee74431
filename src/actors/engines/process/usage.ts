import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { Limits, StatsSample } from '../engine.js';
import { ofSession, type ProcessId } from './processes.js';

/** What the kernel counts processor time in: 100 a second, on every architecture that Linux shows to programs. */
const NS_PER_TICK = 1e9 / 100;

/** What the processes of a container use. They share the network of the machine, so that nothing is counted there. */
export async function usageOf(main: ProcessId, limits: Limits): Promise<StatsSample> {
  const members = await ofSession(main.pid);
  const used = await Promise.all(members.map(({ pid }) => memoryAndDisk(pid)));
  const sum = (of: (each: (typeof used)[number]) => number): number =>
    used.reduce((total, each) => total + of(each), 0);
  return {
    cpuNs: members.reduce((total, { ticks }) => total + ticks, 0) * NS_PER_TICK,
    hostCpuNs: await hostTicks().then((ticks) => ticks * NS_PER_TICK),
    memoryBytes: sum(({ bytes }) => bytes),
    inactiveFileBytes: 0,
    memoryLimitBytes: Math.min(limits.memory ?? Number.POSITIVE_INFINITY, totalmem()),
    readBytes: sum(({ readBytes }) => readBytes),
    writeBytes: sum(({ writeBytes }) => writeBytes),
    rxBytes: 0,
    txBytes: 0,
    pids: members.length,
  };
}

async function memoryAndDisk(pid: number) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const io = await readFile(`/proc/${pid}/io`, 'utf8').catch(() => '');
  const counter = (text: string, name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    bytes: counter(status, 'VmRSS') * 1024,
    readBytes: counter(io, 'read_bytes'),
    writeBytes: counter(io, 'write_bytes'),
  };
}

/** User to steal of the first line: times of guests are in those of users already. */
async function hostTicks(): Promise<number> {
  const [first = ''] = (await readFile('/proc/stat', 'utf8')).split('\n', 1);
  return first
    .trim()
    .split(/\s+/)
    .slice(1, 9)
    .reduce((total, ticks) => total + Number(ticks), 0);
}
