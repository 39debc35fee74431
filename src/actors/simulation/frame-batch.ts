const FIRST_BYTES = 65_536;

/** Frames that go out in one write: one call into TLS and the kernel for many records. Shared by all vehicles. */
export class FrameBatch {
  private bytes = Buffer.allocUnsafe(FIRST_BYTES);
  private used = 0;

  get length(): number {
    return this.used;
  }

  /** Where to write the next frames. */
  get buffer(): Buffer {
    return this.bytes;
  }

  /** Makes room for a frame of that length in {@link buffer} and returns where it starts. */
  reserve(length: number): number {
    const start = this.used;
    if (start + length > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, start + length));
      larger.set(this.bytes.subarray(0, start));
      this.bytes = larger;
    }
    this.used = start + length;
    return start;
  }

  add(frame: Uint8Array): void {
    const at = this.reserve(frame.length);
    this.bytes.set(frame, at);
  }

  /** A copy of what has been added since the last time, for the socket to keep. */
  cut(): Buffer {
    const frames = Buffer.allocUnsafe(this.used);
    frames.set(this.bytes.subarray(0, this.used));
    this.used = 0;
    return frames;
  }
}
