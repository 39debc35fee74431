/** Why a message was not taken: its actor's mailbox or stored inbox was full, or a stop overtook it (MBX-6). */
export type DropReason = 'drop-oldest' | 'drop-newest' | 'inbox-full' | 'stop';

/** What the runtime counts of each actor type since the start of the process. */
export interface RuntimeCounts {
  slices: number;
  records: number;
  largestRecord: number;
  refused: number;
  readonly dropped: Record<DropReason, number>;
  failures: number;
  restarts: number;
  parked: number;
  quarantined: number;
  passivated: number;
  slowSlices: number;
}

const countsOf = (): RuntimeCounts => ({
  slices: 0,
  records: 0,
  largestRecord: 0,
  refused: 0,
  dropped: { 'drop-oldest': 0, 'drop-newest': 0, 'inbox-full': 0, stop: 0 },
  failures: 0,
  restarts: 0,
  parked: 0,
  quarantined: 0,
  passivated: 0,
  slowSlices: 0,
});

/** The counts of each actor type, from its first on. */
export class CountsByType {
  readonly types = new Map<string, RuntimeCounts>();

  of(type: string): RuntimeCounts {
    const known = this.types.get(type);
    if (known) return known;
    const counts = countsOf();
    this.types.set(type, counts);
    return counts;
  }
}
