import { inspect } from 'node:util';
import type { Address } from '../address.js';
import type { Clock } from '../clock.js';
import { type ErrorRecord, errorRecord } from '../errors.js';
import type { RowRange, Table } from '../table/table.js';
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

export interface LetterOptions {
  /** @default 1 */
  readonly attempts?: number;
  /** It cannot be had again, so that it is kept up to 16 MiB. @default false: up to 64 KiB */
  readonly isWhole?: boolean;
}

export interface LetterSelection {
  /** @default all */
  readonly address?: Address | undefined;
  readonly limit: number;
}

/** Fewer letters than asked for where they are large, or those that are asked for lie far apart. */
export interface LetterPage {
  readonly letters: readonly DeadLetter[];
  /** Where to go on, if there may be more. */
  readonly next: string | undefined;
}

const MOST_LETTERS = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;
/** Past it a message is cut. */
const MOST_MESSAGE_BYTES = 64 * 1024;
const MOST_WHOLE_BYTES = 16 * 1024 * 1024;
const BEGINNING_CHARACTERS = 1_024;
/** Stored bytes that one page reads; it ends with the letter that reaches them. */
const MOST_PAGE_BYTES = 4 * 1024 * 1024;
/** Letters of other addresses that one page reads. */
const MOST_PASSED_OVER = 1_000;

/** Kept for an operator to read and to replay; past a bound the oldest go. */
export class DeadLetters {
  /** By id, which sorts by age. */
  private readonly table: Table<Omit<DeadLetter, 'id'>>;
  /** All since the start of the process, dropped ones included. */
  total = 0;
  private readonly listeners: ((letter: DeadLetter) => void)[] = [];

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
      onDropped: (id, letter) => {
        for (const listener of this.listeners) listener({ id, ...letter });
      },
    });
  }

  /** Letters that are there. */
  get kept(): number {
    return this.table.size;
  }

  /** Letters that were deleted at the bound since the start of the process. */
  get dropped(): number {
    return this.table.counts.dropped;
  }

  /** Tells of each letter that is deleted at the bound: what it held is lost. */
  onDropped(listener: (letter: DeadLetter) => void): void {
    this.listeners.push(listener);
  }

  add(address: Address, message: unknown, error: unknown, options: LetterOptions = {}): void {
    const { attempts = 1, isWhole = false } = options;
    const kept = this.storable(message, isWhole ? MOST_WHOLE_BYTES : MOST_MESSAGE_BYTES);
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
  private storable(message: unknown, mostBytes: number): unknown {
    try {
      const size = this.codec.encode(message).length;
      return size <= mostBytes ? message : cutMessage(message, size);
    } catch {
      const { kind, event } = (message ?? {}) as { kind?: unknown; event?: { type?: unknown } };
      return { kind: String(kind ?? 'output'), unstorable: String(event?.type) };
    }
  }

  /** Newest first: at most `limit`, and fewer when they are large. */
  list(limit = 100): readonly DeadLetter[] {
    return this.newest({ limit }).letters;
  }

  /** Newest first: those before the id, where one is given. */
  newest(selection: LetterSelection, before?: string): LetterPage {
    return this.page(selection, { isReverse: true, ...(before === undefined ? {} : { to: before }) });
  }

  /** Oldest first, behind one id and up to another. */
  oldest(selection: LetterSelection, after: string, until: string): LetterPage {
    // No id begins with another, and nothing in one sorts before a blank.
    return this.page(selection, { from: `${after} `, to: `${until} ` });
  }

  private page({ address, limit }: LetterSelection, range: RowRange): LetterPage {
    const letters: DeadLetter[] = [];
    let bytes = 0;
    let passedOver = 0;
    let last: string | undefined;
    for (const [id, letter, size] of this.table.range(range)) {
      if (letters.length >= limit || bytes >= MOST_PAGE_BYTES || passedOver >= MOST_PASSED_OVER) {
        return { letters, next: last };
      }
      bytes += size;
      last = id;
      if (address === undefined || letter.address === address) letters.push({ id, ...letter });
      else passedOver++;
    }
    return { letters, next: undefined };
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
