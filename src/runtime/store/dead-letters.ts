import { inspect } from 'node:util';
import type { Address } from '../address.js';
import type { Clock } from '../clock.js';
import { type ErrorRecord, errorRecord } from '../errors.js';
import type { Table } from '../table/table.js';
import type { Tables } from '../table/tables.js';
import type { RecordCodec } from './record-codec.js';
import type { RowSequence } from './row-sequence.js';

/** A message that nobody took, or that its receiver failed on (SUP-7). */
export interface DeadLetter {
  readonly id: string;
  readonly address: Address;
  /** A large one is cut to a {@link CutMessage}. */
  readonly message: unknown;
  readonly error: ErrorRecord;
  readonly attempts: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What is kept of a message that is too large to keep; it cannot be sent again. */
export interface CutMessage {
  readonly kind: string;
  readonly cut: { readonly bytes: number; readonly beginning: string };
}

const MOST_LETTERS = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;
/** Past it a message is cut. */
const MOST_MESSAGE_BYTES = 64 * 1024;
const BEGINNING_CHARACTERS = 1_024;
/** Stored bytes that one list reads; it ends with the letter that reaches them. */
const MOST_LIST_BYTES = 4 * 1024 * 1024;

/** Kept for an operator to read and to replay; past a bound the oldest go. */
export class DeadLetters {
  /** By id, which sorts by age. */
  private readonly table: Table<Omit<DeadLetter, 'id'>>;
  /** All since the start of the process, dropped ones included. */
  total = 0;

  constructor(
    tables: Tables,
    private readonly codec: RecordCodec,
    private readonly sequence: RowSequence,
    private readonly clock: Clock,
  ) {
    this.table = tables.open({
      name: 'dead-letters',
      mostRows: MOST_LETTERS,
      mostBytes: MOST_BYTES,
      overflow: 'drop-first',
      keysOnce: true,
    });
  }

  add(address: Address, message: unknown, error: unknown, attempts = 1): void {
    const kept = this.storable(message);
    this.table.put(this.sequence.next(), {
      address,
      message: kept,
      error: errorRecord(error),
      attempts,
      at: this.clock.now(),
    });
    this.total++;
  }

  /** What cannot be stored is kept by name: a dead letter must not fail. */
  private storable(message: unknown): unknown {
    try {
      const size = this.codec.encode(message).length;
      return size <= MOST_MESSAGE_BYTES ? message : cutMessage(message, size);
    } catch {
      const { kind, event } = (message ?? {}) as { kind?: unknown; event?: { type?: unknown } };
      return { kind: String(kind ?? 'output'), unstorable: String(event?.type) };
    }
  }

  /** Newest first: at most `limit`, and fewer when they are large. */
  list(limit = 100): DeadLetter[] {
    const letters: DeadLetter[] = [];
    let bytes = 0;
    for (const [id, letter, size] of this.table.range({ isReverse: true })) {
      if (letters.length >= limit || bytes >= MOST_LIST_BYTES) break;
      bytes += size;
      letters.push({ id, ...letter });
    }
    return letters;
  }

  /** Nothing if there is none, or none that can be read. */
  get(id: string): DeadLetter | undefined {
    const letter = this.table.get(id);
    return letter && { id, ...letter };
  }

  remove(id: string): boolean {
    return this.table.remove(id);
  }
}

function cutMessage(message: unknown, bytes: number): CutMessage {
  const { kind } = (message ?? {}) as { kind?: unknown };
  const text = inspect(message, { depth: 4, maxStringLength: BEGINNING_CHARACTERS, maxArrayLength: 100 });
  return { kind: String(kind ?? 'output'), cut: { bytes, beginning: text.slice(0, BEGINNING_CHARACTERS) } };
}
