/** Buckets per power of two; a value is known to about 3 %. */
const SUB_BITS = 5;
const SUB_BUCKETS = 1 << SUB_BITS;
/** 2^31 microseconds are 35 minutes. */
const LARGEST = 2 ** 31 - 1;
const BUCKETS = (31 - SUB_BITS + 1) * SUB_BUCKETS;

/** What is told of a distribution of times, in milliseconds. Everything is 0 while there are none. */
export interface LatencySummary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Counts of times in log-linear buckets: constant memory and cost, and percentiles that are good to about 3 %. */
export class LatencyHistogram {
  private readonly counts = new Float64Array(BUCKETS);
  private total = 0;
  private sumMs = 0;
  private maxMs = 0;

  get count(): number {
    return this.total;
  }

  record(ms: number): void {
    const micros = Math.min(LARGEST, Math.max(0, Math.round(ms * 1000)));
    const bucket = bucketOf(micros);
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.total += 1;
    this.sumMs += ms;
    if (ms > this.maxMs) this.maxMs = ms;
  }

  /** The time that `share` (0…1) of all were at most, in milliseconds. */
  percentile(share: number): number {
    const rank = Math.ceil(this.total * share);
    if (rank === 0) return 0;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.counts[bucket] as number;
      if (seen >= rank) return Math.min(upperMicros(bucket) / 1000, this.maxMs);
    }
    return this.maxMs;
  }

  summary(): LatencySummary {
    return {
      count: this.total,
      mean: this.total === 0 ? 0 : this.sumMs / this.total,
      p50: this.percentile(0.5),
      p90: this.percentile(0.9),
      p99: this.percentile(0.99),
      p999: this.percentile(0.999),
      max: this.maxMs,
    };
  }

  reset(): void {
    this.counts.fill(0);
    this.total = 0;
    this.sumMs = 0;
    this.maxMs = 0;
  }
}

/** Below two rows of sub-buckets a bucket is one microsecond wide, above it doubles its width with each power of two. */
function bucketOf(micros: number): number {
  if (micros < 2 * SUB_BUCKETS) return micros;
  const shift = 31 - Math.clz32(micros) - SUB_BITS;
  return shift * SUB_BUCKETS + (micros >>> shift);
}

function upperMicros(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  const sub = bucket - shift * SUB_BUCKETS;
  return (sub + 1) * 2 ** shift - 1;
}
