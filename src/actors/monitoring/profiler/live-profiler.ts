import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, errorRecord, type Logger, type TimerHandle } from '../../../runtime/index.js';
import { CpuProfiling } from './inspector-session.js';

/** As often as Go's profiler looks; this one may run for minutes. */
const INTERVAL_US = 10_000;
/** Samples are kept in memory until the end: then it ends by itself, and what it has is written. */
const LONGEST_MS = 15 * 60_000;

export interface LiveProfilerDeps {
  /** A file, or a folder if it ends in a slash. */
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A CPU profile that an operator switches on and off; each one is written to a file when it ends. */
export class LiveProfiler {
  private profiling: CpuProfiling | undefined;
  private timer: TimerHandle;
  private work: Promise<unknown> = Promise.resolve();

  constructor(private readonly deps: LiveProfilerDeps) {}

  /** Whether that changed anything. */
  switch(isOn: boolean): Promise<boolean> {
    const turn = this.work.then(() => (isOn ? this.begin() : this.end()));
    this.work = turn.catch(() => {});
    return turn;
  }

  /** Off, whatever becomes of the file. */
  async stop(): Promise<void> {
    const { path, logger } = this.deps;
    await this.switch(false).catch((error: unknown) => {
      logger.error({ path, err: errorRecord(error) }, 'profile_not_written');
    });
  }

  private async begin(): Promise<boolean> {
    if (this.profiling) return false;
    const { clock, path } = this.deps;
    // Where nothing can be written, one is told so now and not when the profile is lost.
    await mkdir(path.endsWith('/') ? path : dirname(path), { recursive: true });
    this.profiling = await CpuProfiling.start(clock.now(), INTERVAL_US);
    this.timer = clock.setTimeout(() => void this.stop(), LONGEST_MS);
    return true;
  }

  private async end(): Promise<boolean> {
    const { profiling } = this;
    if (!profiling) return false;
    this.profiling = undefined;
    this.deps.clock.clearTimeout(this.timer);
    const profile = await profiling.stop();
    const file = fileFor(this.deps.path, profiling.startedAtMs);
    // Paths and names of the program stand in it; and whoever reads it finds a whole one.
    await writeFile(`${file}.part`, JSON.stringify(profile), { mode: 0o600 });
    await rename(`${file}.part`, file);
    this.deps.logger.info({ file, samples: profile.samples?.length ?? 0 }, 'profile_written');
    return true;
  }
}

function fileFor(path: string, startedAtMs: number): string {
  if (!path.endsWith('/')) return path;
  return join(path, `fleetchart-${new Date(startedAtMs).toISOString().replaceAll(':', '-')}.cpuprofile`);
}
