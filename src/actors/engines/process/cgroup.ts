import { access, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Limits } from '../engine.js';

const NAME = 'fleetchart';
const ROOT = '/sys/fs/cgroup';
const UNLIMITED = -1;

/** Limits of memory by the kernel, of version 1 or 2 of its control groups. Undefined where they may not be written. */
export class ControlGroups {
  private constructor(
    private readonly folder: string,
    private readonly version: 1 | 2,
  ) {}

  static async open(root = ROOT): Promise<ControlGroups | undefined> {
    const isSecond = await access(join(root, 'cgroup.controllers')).then(
      () => true,
      () => false,
    );
    const parent = isSecond ? root : join(root, 'memory');
    const folder = join(parent, NAME);
    try {
      if (isSecond) await writeFile(join(parent, 'cgroup.subtree_control'), '+memory');
      await mkdir(folder, { recursive: true });
      if (isSecond) await writeFile(join(folder, 'cgroup.subtree_control'), '+memory');
      await access(join(folder, isSecond ? 'cgroup.subtree_control' : 'memory.limit_in_bytes'));
      return new ControlGroups(folder, isSecond ? 2 : 1);
    } catch {
      return undefined;
    }
  }

  /** An empty one with these limits; the file that a process writes itself into. */
  async make(id: string, limits: Limits): Promise<string> {
    await this.remove(id);
    const folder = join(this.folder, id);
    await mkdir(folder, { recursive: true });
    await this.limit(id, limits);
    return join(folder, 'cgroup.procs');
  }

  async limit(id: string, { memory, memoryReservation, memorySwap }: Limits): Promise<void> {
    const write = (file: string, value: number | string): Promise<void> =>
      writeFile(join(this.folder, id, file), String(value));
    if (this.version === 2) {
      const swap = memorySwap === undefined || memorySwap < 0 ? 'max' : Math.max(0, memorySwap - (memory ?? 0));
      await write('memory.max', memory ?? 'max');
      await write('memory.low', memoryReservation ?? 0);
      // Not every kernel counts swap.
      await write('memory.swap.max', swap).catch(() => {});
      return;
    }
    // Each of the two may never pass the other: the wider one first.
    await write('memory.memsw.limit_in_bytes', UNLIMITED).catch(() => {});
    await write('memory.limit_in_bytes', memory ?? UNLIMITED);
    await write('memory.soft_limit_in_bytes', memoryReservation ?? UNLIMITED);
    if (memorySwap !== undefined) await write('memory.memsw.limit_in_bytes', memorySwap).catch(() => {});
  }

  async exists(id: string): Promise<boolean> {
    return access(join(this.folder, id)).then(
      () => true,
      () => false,
    );
  }

  /** Whether the kernel ended one of its processes for want of memory since it was made. */
  async sawKill(id: string): Promise<boolean> {
    const file = this.version === 2 ? 'memory.events' : 'memory.oom_control';
    const text = await readFile(join(this.folder, id, file), 'utf8').catch(() => '');
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0;
  }

  /** Left where it is while something runs in it. */
  async remove(id: string): Promise<void> {
    await rmdir(join(this.folder, id)).catch(() => {});
  }
}
