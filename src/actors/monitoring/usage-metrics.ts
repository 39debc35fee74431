import { readFileSync } from 'node:fs';
import type { Clock, GcWatch, Metrics } from '../../runtime/index.js';

export interface UsageDeps {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly gc: GcWatch;
}

/**
 * What the reference tells of its own process, by its names (section 8.1), read when somebody collects. `num_goroutine`
 * is left out: nothing here is like it.
 */
export function measureUsage({ metrics, clock, gc }: UsageDeps): void {
  const gauge = (name: string, help: string, value: () => number | undefined): void => {
    const collect = (metric: { set(value: number): void }): void => {
      const found = value();
      if (found !== undefined) metric.set(found);
    };
    metrics.gauge({ name, help, collect });
  };
  const startedAt = clock.monotonic();
  gauge('uptime_sec', 'Seconds since the start.', () => Math.floor((clock.monotonic() - startedAt) / 1000));
  gauge('memory_allocated_bytes', 'Bytes of objects and of buffers beside the heap.', () => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  });
  gauge('memory_heap', 'Bytes of objects on the heap.', () => process.memoryUsage().heapUsed);
  gauge('memory_stack', 'Bytes of the stack of the main thread, on Linux.', stackBytes);
  gauge('gc_total_pause', 'Milliseconds that garbage collection took in total.', () => gc.totalPauseMs);
  gauge(
    'gc_pause_per_second',
    'Milliseconds a second that garbage collection took, over the last minute.',
    () => gc.perSecond().pauseMs,
  );
  gauge('gc_per_second', 'Garbage collections a second, over the last minute.', () => gc.perSecond().count);
}

/** What Node does not tell; undefined where the system has no such file. */
function stackBytes(): number | undefined {
  try {
    const [, kilobytes] = /^VmStk:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
