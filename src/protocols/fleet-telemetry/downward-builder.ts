/**
 * Writes a flatbuffer the way the general builders do, from the end of a buffer to its start (section 2.4). Positions are
 * distances from the end.
 */
export class DownwardBuilder {
  private readonly bytes: Buffer;
  private used = 0;
  private alignment = 1;
  /** Of the table being written: where it began, and where each slot's field stands (0: absent). */
  private tableStart = 0;
  private readonly fields: number[] = [];

  /** `capacity` must hold the whole message, padding included. */
  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  /** A byte vector with a NUL behind it; returns its position. */
  vector(value: Uint8Array): number {
    this.prepare(4, value.length + 1);
    this.zeros(1);
    this.used += value.length;
    this.bytes.set(value, this.bytes.length - this.used);
    this.u32(value.length);
    return this.used;
  }

  startTable(): void {
    this.tableStart = this.used;
    this.fields.length = 0;
  }

  offsetField(slot: number, target: number): void {
    this.prepare(4, 0);
    this.u32(this.used + 4 - target);
    this.fields[slot] = this.used;
  }

  u32Field(slot: number, value: number): void {
    this.prepare(4, 0);
    this.u32(value);
    this.fields[slot] = this.used;
  }

  u64Field(slot: number, value: number): void {
    this.prepare(8, 0);
    this.u32(Math.floor(value / 2 ** 32));
    this.u32(value % 2 ** 32);
    this.fields[slot] = this.used;
  }

  u8Field(slot: number, value: number): void {
    this.used += 1;
    this.bytes[this.bytes.length - this.used] = value;
    this.fields[slot] = this.used;
  }

  /**
   * Writes the vtable and returns the position of the table, whose first word says how far in front of it the
   * vtable stands.
   */
  endTable(): number {
    this.prepare(4, 0);
    this.used += 4;
    const table = this.used;
    for (let slot = this.fields.length - 1; slot >= 0; slot--) {
      const field = this.fields[slot];
      this.u16(field === undefined ? 0 : table - field);
    }
    this.u16(table - this.tableStart);
    this.u16(4 + 2 * this.fields.length);
    this.bytes.writeInt32LE(this.used - table, this.bytes.length - table);
    return table;
  }

  finish(root: number): Uint8Array {
    this.prepare(this.alignment, 4);
    this.u32(this.used + 4 - root);
    return this.bytes.subarray(this.bytes.length - this.used);
  }

  /** Zeros, so that after `extra` more bytes the distance from the end is a multiple of `size`. */
  private prepare(size: number, extra: number): void {
    if (size > this.alignment) this.alignment = size;
    this.zeros(-(this.used + extra) & (size - 1));
  }

  private zeros(count: number): void {
    for (let i = 0; i < count; i++) {
      this.used += 1;
      this.bytes[this.bytes.length - this.used] = 0;
    }
  }

  private u16(value: number): void {
    this.used += 2;
    const at = this.bytes.length - this.used;
    this.bytes[at] = value;
    this.bytes[at + 1] = value >>> 8;
  }

  private u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value);
  }
}
