import { getHeapStatistics } from 'node:v8';
import type { GcWatch } from '../../../runtime/index.js';

const MILLISECOND_NS = 1_000_000;

/**
 * What `/gc_stats` answers: the fields of the reference, in nanoseconds and with the latest first, and what Node's heap
 * has besides.
 */
export function gcStats({ count, totalPauseMs, pauses }: GcWatch): object {
  const latest = [...pauses].reverse();
  const last = latest[0];
  return {
    LastGC: new Date(last?.at ?? 0).toISOString(),
    NumGC: count,
    PauseTotal: Math.round(totalPauseMs * MILLISECOND_NS),
    Pause: latest.map(({ ms }) => Math.round(ms * MILLISECOND_NS)),
    PauseEnd: latest.map(({ at }) => new Date(at).toISOString()),
    PauseQuantiles: quantiles(pauses.map(({ ms }) => Math.round(ms * MILLISECOND_NS))),
    Heap: getHeapStatistics(),
  };
}

/** Smallest, 25 %, 50 %, 75 %, largest. */
function quantiles(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0
    ? []
    : [0, 0.25, 0.5, 0.75, 1].map((q) => sorted[Math.floor(q * (sorted.length - 1))] ?? 0);
}
