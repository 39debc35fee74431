/** What an engine tells while it pulls, one an item of the stream. */
export interface PullItem {
  readonly id?: unknown;
  readonly status?: unknown;
  readonly error?: unknown;
  readonly progressDetail?: unknown;
}

const MOST_PERCENT = 99;

/**
 * Whole percent below 100 that never fall: by bytes where the engine counts them, else by layers that are complete, as
 * podman does not (POD-3). Podman's own pull names no layers, so that there is no progress (POD-32).
 */
export class PullProgress {
  private readonly layers = new Map<string, number>();
  private percent = 0;

  /** The new percentage; undefined if it is the old one. */
  take({ id, status, progressDetail }: PullItem): number | undefined {
    if (typeof id !== 'string' || typeof status !== 'string') return undefined;
    const share = shareOf(status, progressDetail);
    if (share === undefined) return undefined;
    this.layers.set(id, Math.max(share, this.layers.get(id) ?? 0));
    const total = [...this.layers.values()].reduce((sum, each) => sum + each, 0);
    const percent = Math.min(MOST_PERCENT, Math.floor((100 * total) / this.layers.size));
    if (percent <= this.percent) return undefined;
    this.percent = percent;
    return percent;
  }
}

function shareOf(status: string, detail: unknown): number | undefined {
  if (/^(?:download complete|already exists|verifying checksum|extracting|pull complete)/i.test(status)) return 1;
  if (/^(?:pulling fs layer|waiting|retrying)/i.test(status)) return 0;
  if (!/^downloading/i.test(status)) return undefined;
  const { current, total } = (detail ?? {}) as { current?: unknown; total?: unknown };
  return typeof current === 'number' && typeof total === 'number' && total > 0 ? Math.min(1, current / total) : 0;
}
