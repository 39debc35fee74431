/** Records of a vehicle that are or may be missing; plain data, as they are stored. */
export interface Gap {
  /**
   * - `missing`: the vehicle's counter jumped, so records were made that never came.
   * - `resend`: the vehicle sent the latest values again; what they were in between is lost.
   * - `silent`: nothing came although it was connected.
   * - `outage`: the hub was down while the vehicle was online.
   */
  readonly kind: GapKind;
  /** Epoch milliseconds, of receipt. */
  readonly from: number;
  /** Null while it lasts. */
  readonly to: number | null;
  /** How many that followed each other closely are told as one. */
  readonly times: number;
  /** Of kind `missing`: how many records, how many of those came late, and the counters around them. */
  readonly records?: number;
  readonly late?: number;
  readonly prefix?: string;
  readonly after?: number;
  readonly before?: number;
}

export const GAP_KINDS = ['missing', 'resend', 'silent', 'outage'] as const;
export type GapKind = (typeof GAP_KINDS)[number];

/** Gaps of one kind that end closer to each other are one. */
const TOGETHER_MS = 60_000;

/** With a gap more, of which the newest `most` stay; whether it is a new one and not the last one going on. */
export function withGap(gaps: readonly Gap[], gap: Gap, most: number): { gaps: readonly Gap[]; isNew: boolean } {
  const index = gaps.findLastIndex(({ kind }) => kind === gap.kind);
  const last = gaps[index];
  if (last?.to === null) return { gaps: gaps.with(index, { ...gap, from: last.from }), isNew: false };
  if (!last || !continues(last, gap)) return { gaps: [...gaps, gap].slice(-most), isNew: true };
  const joined = {
    ...last,
    ...gap,
    from: last.from,
    times: last.times + 1,
    ...(last.after === undefined || last.prefix !== gap.prefix ? {} : { after: last.after }),
    ...(gap.records === undefined ? {} : { records: (last.records ?? 0) + gap.records, late: last.late ?? 0 }),
  };
  return { gaps: gaps.with(index, joined), isNew: false };
}

function continues(last: Gap, gap: Gap): boolean {
  const isCounted = gap.kind === 'missing' || gap.kind === 'resend';
  return isCounted && (gap.to ?? 0) - (last.to ?? 0) < TOGETHER_MS;
}

/** With a record that comes late counted where it was missing; the same list if it was not. */
export function withLate(gaps: readonly Gap[], prefix: string, count: number): readonly Gap[] {
  const index = gaps.findLastIndex(
    (gap) => gap.prefix === prefix && (gap.after ?? count) < count && count < (gap.before ?? count),
  );
  const gap = gaps[index];
  if (!gap) return gaps;
  return gaps.with(index, { ...gap, late: Math.min(gap.records ?? 0, (gap.late ?? 0) + 1) });
}
