import { type FSWatcher, watch } from 'node:fs';
import type { Clock, TimerHandle } from '../../../runtime/index.js';
import { EXIT_FILE } from './run-state.js';

export interface WatchdogOptions {
  readonly clock: Clock;
  /** Even without a word from the system, each that is watched is looked at so often. Milliseconds. */
  readonly everyMs: number;
  folderOf(id: string): string;
  /** Looks whether it runs still. */
  look(id: string): Promise<void>;
}

/** Notices the end of processes that are no children of this one: their wrappers write it into their folders. */
export class Watchdog {
  private readonly watched = new Map<string, FSWatcher | undefined>();
  private timer: TimerHandle | undefined;

  constructor(private readonly options: WatchdogOptions) {}

  add(id: string): void {
    if (this.watched.has(id)) return;
    this.watched.set(id, this.watcherOf(id));
    this.timer ??= this.armed();
  }

  delete(id: string): void {
    this.watched.get(id)?.close();
    this.watched.delete(id);
    if (this.watched.size === 0) this.disarm();
  }

  clear(): void {
    for (const id of [...this.watched.keys()]) this.delete(id);
  }

  /** Undefined where the system has no more watches to give: then the timer has to do. */
  private watcherOf(id: string): FSWatcher | undefined {
    try {
      const watcher = watch(this.options.folderOf(id), { persistent: false }, (_event, file) => {
        if (file?.startsWith(EXIT_FILE)) this.look(id);
      });
      watcher.on('error', () => watcher.close());
      return watcher;
    } catch {
      return undefined;
    }
  }

  private armed(): TimerHandle {
    const { clock, everyMs } = this.options;
    return clock.setTimeout(() => {
      this.timer = this.armed();
      for (const id of this.watched.keys()) this.look(id);
    }, everyMs);
  }

  private disarm(): void {
    this.options.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private look(id: string): void {
    // What cannot be read now is looked at again.
    void this.options.look(id).catch(() => {});
  }
}
