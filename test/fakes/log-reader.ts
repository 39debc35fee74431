/** An append log in memory with one reader: what DUR-15 promises, without a disk. */
export interface FakeItem {
  readonly seq: number;
  readonly at: number;
  readonly payload: Buffer;
}

export class FakeLogReader {
  readonly name = 'fake';
  dropped = 0;
  /** Positions confirmed, in order. */
  readonly confirmations: number[] = [];
  private readonly items: FakeItem[] = [];
  private readonly listeners = new Set<() => void>();
  private lastSeq = 0;
  private position = 0;
  private lastRead = 0;

  append(payload: Uint8Array, at = 0): number {
    const seq = ++this.lastSeq;
    this.items.push({ seq, at, payload: Buffer.from(payload) });
    for (const listener of [...this.listeners]) listener();
    return seq;
  }

  read(maxItems: number, maxBytes: number): FakeItem[] {
    const read: FakeItem[] = [];
    let bytes = 0;
    for (const item of this.items) {
      if (item.seq <= this.lastRead) continue;
      if (read.length >= maxItems || (read.length > 0 && bytes + item.payload.length > maxBytes)) break;
      read.push(item);
      bytes += item.payload.length;
    }
    this.lastRead = read.at(-1)?.seq ?? this.lastRead;
    return read;
  }

  confirm(seq: number): void {
    this.confirmations.push(seq);
    this.position = Math.max(this.position, seq);
    while (this.items[0] && this.items[0].seq <= this.position) this.items.shift();
  }

  rewind(): void {
    this.lastRead = this.position;
  }

  onAvailable(callback: () => void): () => void {
    this.listeners.add(callback);
    return () => this.listeners.delete(callback);
  }

  pending(): { items: number; bytes: number; oldestAt?: number } {
    const bytes = this.items.reduce((sum, { payload }) => sum + payload.length, 0);
    const oldest = this.items[0];
    return { items: this.items.length, bytes, ...(oldest ? { oldestAt: oldest.at } : {}) };
  }

  /** How many callbacks listen. */
  get listening(): number {
    return this.listeners.size;
  }
}
