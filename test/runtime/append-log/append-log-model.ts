import { ENTRY_OVERHEAD_BYTES } from '../../../src/runtime/append-log/log-entry.js';
import type { LogReaderOptions } from '../../../src/runtime/append-log/log-reader.js';

interface ModelEntry {
  readonly seq: number;
  readonly text: string;
  readonly readers: ReadonlySet<string>;
  readonly at: number;
}

interface ModelReader {
  readonly options: LogReaderOptions;
  position: number;
  /** The last entry read since the last rewind. */
  cursor: number;
  readonly dropped: { bytes: number; items: number; age: number; disk: number };
}

export type ModelResult = 'duplicate' | `full ${string}` | number;

/** What an append log promises, told with arrays and loops. */
export class LogModel {
  readonly readers: ModelReader[];
  private entries: ModelEntry[] = [];
  private readonly sequences = new Map<string, number>();
  private lastSeq = 0;
  private flushedSeq = 0;
  now = 0;

  constructor(options: readonly LogReaderOptions[]) {
    this.readers = options.map((reader) => ({
      options: reader,
      position: 0,
      cursor: 0,
      dropped: { bytes: 0, items: 0, age: 0, disk: 0 },
    }));
  }

  append(text: string, names: readonly string[], producer: string, sequence: number): ModelResult {
    if (sequence <= (this.sequences.get(producer) ?? 0)) return 'duplicate';
    const weight = text.length + ENTRY_OVERHEAD_BYTES;
    const routed = this.readers.filter((reader) => names.includes(reader.options.name));
    const full = routed.find((reader) => reader.options.overflow === 'reject' && this.bound(reader, 1, weight));
    if (full) return `full ${full.options.name}`;
    this.sequences.set(producer, sequence);
    if (routed.length === 0) return this.lastSeq;
    for (const reader of routed) this.drop(reader, 1, weight);
    this.entries.push({ seq: ++this.lastSeq, text, readers: new Set(names), at: this.now });
    return this.lastSeq;
  }

  read(reader: ModelReader, maxItems: number, maxBytes: number): ModelEntry[] {
    this.drop(reader, 0, 0);
    const items: ModelEntry[] = [];
    let bytes = 0;
    for (const entry of this.pending(reader)) {
      if (entry.seq <= reader.cursor || entry.seq > this.flushedSeq || items.length === maxItems) continue;
      bytes += entry.text.length;
      if (items.length > 0 && bytes > maxBytes) break;
      items.push(entry);
    }
    reader.cursor = items.at(-1)?.seq ?? reader.cursor;
    return items;
  }

  confirm(reader: ModelReader, seq: number): void {
    for (const entry of this.pending(reader)) if (entry.seq <= seq) reader.position = entry.seq;
    reader.cursor = Math.max(reader.cursor, reader.position);
  }

  rewind(reader: ModelReader): void {
    reader.cursor = reader.position;
  }

  flush(): void {
    this.flushedSeq = this.lastSeq;
  }

  restart(): void {
    for (const reader of this.readers) {
      this.rewind(reader);
      Object.assign(reader.dropped, { bytes: 0, items: 0, age: 0, disk: 0 });
      this.drop(reader, 0, 0);
    }
  }

  /** Entries that the reader has not passed. */
  pending(reader: ModelReader): ModelEntry[] {
    return this.entries.filter((entry) => entry.readers.has(reader.options.name) && entry.seq > reader.position);
  }

  bytes(reader: ModelReader): number {
    return this.pending(reader).reduce((bytes, entry) => bytes + entry.text.length + ENTRY_OVERHEAD_BYTES, 0);
  }

  /** The numbers of the entries that somebody waits for. */
  wanted(): number[] {
    const wanted = this.entries.filter((entry) => this.readers.some((reader) => this.pending(reader).includes(entry)));
    return wanted.map((entry) => entry.seq);
  }

  /** At each append for the reader, each read and at the start. */
  private drop(reader: ModelReader, items: number, weight: number): void {
    if (reader.options.overflow !== 'drop-oldest') return;
    for (let bound = this.bound(reader, items, weight); bound; bound = this.bound(reader, items, weight)) {
      reader.dropped[bound]++;
      reader.position = this.pending(reader)[0]?.seq ?? reader.position;
      reader.cursor = Math.max(reader.cursor, reader.position);
    }
  }

  private bound(reader: ModelReader, items: number, weight: number): 'age' | 'bytes' | 'items' | undefined {
    const pending = this.pending(reader);
    const { boundBytes, boundItems = Number.POSITIVE_INFINITY, maxAgeMs = Number.POSITIVE_INFINITY } = reader.options;
    if (pending[0] && this.now - pending[0].at > maxAgeMs) return 'age';
    if (pending.length + items <= 1) return undefined;
    if (this.bytes(reader) + weight > boundBytes) return 'bytes';
    return pending.length + items > boundItems ? 'items' : undefined;
  }
}
