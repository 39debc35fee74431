/** What a reader that drops may be trimmed to while nothing can be written (DUR-9). */
export interface TrimOptions {
  /** Lower ones are trimmed first. */
  readonly priority: number;
  /** What it keeps in any case, bytes as its bound counts them. */
  readonly keepBytes: number;
}

export interface Trimmable extends TrimOptions {
  /** What it holds. */
  readonly bytes: number;
}

/**
 * How much of each to drop so that `wantedBytes` become free: of the lowest priority first, within one of the largest
 * excess first, and of none more than its excess. Those that nothing is taken of are left out.
 */
export function planTrim<Buffer extends Trimmable>(
  buffers: readonly Buffer[],
  wantedBytes: number,
): Array<{ readonly buffer: Buffer; readonly bytes: number }> {
  let wanted = wantedBytes;
  return buffers
    .map((buffer) => ({ buffer, excess: buffer.bytes - buffer.keepBytes }))
    .sort((a, b) => a.buffer.priority - b.buffer.priority || b.excess - a.excess)
    .map(({ buffer, excess }) => {
      const bytes = Math.max(0, Math.min(excess, wanted));
      wanted -= bytes;
      return { buffer, bytes };
    })
    .filter(({ bytes }) => bytes > 0);
}
