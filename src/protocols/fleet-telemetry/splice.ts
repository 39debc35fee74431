/** Replacements in one payload, noted in order of position and done at once, so that an unchanged payload costs nothing. */
export class Splice {
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly pieces: Uint8Array[] = [];

  /** Notes that `piece` stands for the bytes from `start` to `end`, which is not before any earlier `end`. */
  replace(start: number, end: number, piece: Uint8Array): void {
    this.starts.push(start);
    this.ends.push(end);
    this.pieces.push(piece);
  }

  apply(bytes: Uint8Array): Uint8Array {
    let length = bytes.length;
    for (const [index, piece] of this.pieces.entries()) {
      length += piece.length - ((this.ends[index] as number) - (this.starts[index] as number));
    }
    const result = Buffer.allocUnsafe(length);
    let from = 0;
    let to = 0;
    for (const [index, piece] of this.pieces.entries()) {
      const start = this.starts[index] as number;
      result.set(bytes.subarray(from, start), to);
      to += start - from;
      result.set(piece, to);
      to += piece.length;
      from = this.ends[index] as number;
    }
    result.set(bytes.subarray(from), to);
    return result;
  }
}
