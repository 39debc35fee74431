import type { Clock, TimerHandle } from '../../runtime/index.js';

/** A live connection, as far as silence goes. */
export interface WatchedConnection {
  readonly vin: string;
  readonly since: number;
  /** When the last record came over it. */
  readonly lastRecordAt: number | undefined;
}

export interface SilenceWatchDeps {
  readonly clock: Clock;
  readonly silentAfterMs: number;
  readonly connections: () => Iterable<WatchedConnection>;
  /** Nothing has come from a vehicle since then. */
  readonly silent: (vin: string, since: number) => void;
  readonly heard: (vin: string, at: number) => void;
}

const LONGEST_PAUSE_MS = 30_000;

/** Looks from time to time which of the connected vehicles send nothing: that costs records nothing. */
export class SilenceWatch {
  /** Those that are told of, and since when nothing came. */
  private readonly silences = new Map<string, number>();
  private timer: TimerHandle;

  constructor(private readonly deps: SilenceWatchDeps) {}

  start(): void {
    const { clock, silentAfterMs } = this.deps;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, silentAfterMs / 2);
    clock.clearTimeout(this.timer);
    const look = (): void => {
      this.look(clock.now());
      this.timer = clock.setTimeout(look, pauseMs);
    };
    this.timer = clock.setTimeout(look, pauseMs);
  }

  stop(): void {
    this.deps.clock.clearTimeout(this.timer);
    this.silences.clear();
  }

  private look(now: number): void {
    const { connections, silentAfterMs, silent, heard } = this.deps;
    const lastHeard = new Map<string, number>();
    for (const { vin, since, lastRecordAt = since } of connections()) {
      lastHeard.set(vin, Math.max(lastHeard.get(vin) ?? 0, lastRecordAt));
    }
    for (const [vin, at] of lastHeard) {
      const isSilent = now - at >= silentAfterMs;
      if (isSilent && !this.silences.has(vin)) {
        this.silences.set(vin, at);
        silent(vin, at);
      } else if (!isSilent && this.silences.delete(vin)) heard(vin, at);
    }
    for (const vin of this.silences.keys()) if (!lastHeard.has(vin)) this.silences.delete(vin);
  }
}
