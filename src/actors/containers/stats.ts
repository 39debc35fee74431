import { limitsOf, type Resources } from '../../protocols/containers/index.js';
import type { Clock } from '../../runtime/index.js';
import type { Engine, StatsSample } from '../engines/index.js';
import { sleep } from './patience.js';

/** What a running container uses; null where it does not run, or the engine does not tell. */
export interface ContainerUsage {
  readonly isRunning: boolean;
  /** Of one core: 200 are two cores. */
  readonly cpuPercent: number | null;
  /** Without file cache that can be dropped. */
  readonly memoryBytes: number | null;
  readonly memoryLimitBytes: number | null;
  readonly readBytes: number | null;
  readonly writeBytes: number | null;
  readonly rxBytes: number | null;
  readonly txBytes: number | null;
  readonly pids: number | null;
}

const IDLE: ContainerUsage = {
  isRunning: false,
  cpuPercent: null,
  memoryBytes: null,
  memoryLimitBytes: null,
  readBytes: null,
  writeBytes: null,
  rxBytes: null,
  txBytes: null,
  pids: null,
};

interface Taken {
  /** Monotonic, milliseconds. */
  readonly at: number;
  readonly sample: StatsSample;
}

/** Between two samples, at least; an earlier one counts for no longer than the second of these. */
const APART_MS = 500;
const OLDEST_MS = 60_000;
/** Samples that are kept: the one that was taken first goes. */
const MOST_KEPT = 1_000;

/** The share of the CPU is the difference of two samples, of which the earlier one is kept (POD-15). */
export class UsageMeter {
  private readonly kept = new Map<string, Taken>();

  constructor(
    private readonly engine: Pick<Engine, 'stats'>,
    private readonly clock: Clock,
  ) {}

  /** The limit is the one that is on record: an engine may show that of the start (POD-5). */
  async usage(id: string, resources: Resources, signal: AbortSignal): Promise<ContainerUsage> {
    const before = await this.earlier(id, signal);
    const now = before && (await this.take(id, signal));
    if (!before || !now) {
      this.kept.delete(id);
      return IDLE;
    }
    this.keep(id, now);
    const { sample } = now;
    return {
      isRunning: true,
      cpuPercent: cpuPercent(before, now),
      memoryBytes: Math.max(0, sample.memoryBytes - sample.inactiveFileBytes),
      memoryLimitBytes: limitsOf(resources).memory ?? sample.memoryLimitBytes,
      readBytes: sample.readBytes,
      writeBytes: sample.writeBytes,
      rxBytes: sample.rxBytes,
      txBytes: sample.txBytes,
      pids: sample.pids,
    };
  }

  /** The one before, or where that is too old or too young, one of now. */
  private async earlier(id: string, signal: AbortSignal): Promise<Taken | undefined> {
    const kept = this.kept.get(id);
    const ageMs = kept === undefined ? Number.POSITIVE_INFINITY : this.clock.monotonic() - kept.at;
    if (kept && ageMs >= APART_MS && ageMs <= OLDEST_MS) return kept;
    if (kept && ageMs < APART_MS) {
      await sleep(this.clock, APART_MS - ageMs, signal);
      return kept;
    }
    const first = await this.take(id, signal);
    if (first) await sleep(this.clock, APART_MS, signal);
    return first;
  }

  private async take(id: string, signal: AbortSignal): Promise<Taken | undefined> {
    const sample = await this.engine.stats(id, signal);
    return sample && { at: this.clock.monotonic(), sample };
  }

  private keep(id: string, taken: Taken): void {
    this.kept.delete(id);
    this.kept.set(id, taken);
    const [oldest] = this.kept.keys();
    if (this.kept.size > MOST_KEPT && oldest !== undefined) this.kept.delete(oldest);
  }
}

/** To a tenth; null after a restart in between, as counters begin anew. */
function cpuPercent(before: Taken, now: Taken): number | null {
  const usedNs = now.sample.cpuNs - before.sample.cpuNs;
  const elapsedNs = (now.at - before.at) * 1_000_000;
  return usedNs < 0 || elapsedNs <= 0 ? null : Math.round((usedNs * 1_000) / elapsedNs) / 10;
}
