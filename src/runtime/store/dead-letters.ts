import { inspect } from 'node:util';
import type { Address } from '../address.js';
import type { Clock } from '../clock.js';
import { type ErrorRecord, errorRecord } from '../errors.js';
import type { GroupCommit } from './group-commit.js';
import type { RecordCodec } from './record-codec.js';
import type { RowSequence } from './row-sequence.js';
import type { UnreadableRows } from './unreadable-rows.js';

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
  /** Stored bytes by id, oldest first. */
  private readonly sizes = new Map<string, number>();
  private bytes = 0;
  /** All since the start of the process, dropped ones included. */
  total = 0;

  constructor(
    private readonly commit: GroupCommit,
    private readonly codec: RecordCodec,
    private readonly sequence: RowSequence,
    private readonly clock: Clock,
    private readonly unreadable: UnreadableRows,
  ) {
    for (const [key, bytes] of commit.range('deadLetters', '', '\uffff')) this.count(key, bytes.length);
    this.dropOldest();
  }

  add(address: Address, message: unknown, error: unknown, attempts = 1): void {
    const id = this.sequence.next();
    const bytes = this.encode({ id, address, message, error: errorRecord(error), attempts, at: this.clock.now() });
    this.commit.put('deadLetters', id, bytes);
    this.count(id, bytes.length);
    this.total++;
    this.dropOldest();
  }

  /** What cannot be stored is kept by name: a dead letter must not fail. */
  private encode(letter: DeadLetter): Buffer {
    try {
      const bytes = this.codec.encode(letter);
      if (bytes.length <= MOST_MESSAGE_BYTES) return bytes;
      const size = this.codec.encode(letter.message).length;
      return size <= MOST_MESSAGE_BYTES
        ? bytes
        : this.codec.encode({ ...letter, message: cutMessage(letter.message, size) });
    } catch {
      const { kind, event } = (letter.message ?? {}) as { kind?: unknown; event?: { type?: unknown } };
      return this.codec.encode({
        ...letter,
        message: { kind: String(kind ?? 'output'), unstorable: String(event?.type) },
      });
    }
  }

  /** Newest first: at most `limit`, and fewer when they are large. */
  list(limit = 100): DeadLetter[] {
    const letters: DeadLetter[] = [];
    let bytes = 0;
    for (const id of [...this.sizes.keys()].reverse()) {
      if (letters.length >= limit || bytes >= MOST_LIST_BYTES) break;
      bytes += this.sizes.get(id) ?? 0;
      const letter = this.get(id);
      if (letter) letters.push(letter);
    }
    return letters;
  }

  /** Nothing if there is none, or none that can be read. */
  get(id: string): DeadLetter | undefined {
    const bytes = this.commit.get('deadLetters', id);
    return bytes && this.unreadable.guard('deadLetters', id, () => this.decode(bytes));
  }

  remove(id: string): boolean {
    const bytes = this.sizes.get(id);
    if (bytes === undefined) return false;
    this.sizes.delete(id);
    this.bytes -= bytes;
    this.commit.remove('deadLetters', id);
    return true;
  }

  private count(id: string, bytes: number): void {
    this.sizes.set(id, bytes);
    this.bytes += bytes;
  }

  private dropOldest(): void {
    for (const id of this.sizes.keys()) {
      if (this.sizes.size <= MOST_LETTERS && this.bytes <= MOST_BYTES) return;
      this.remove(id);
    }
  }

  private decode(bytes: Buffer): DeadLetter {
    const letter = this.codec.decode(bytes) as Partial<DeadLetter> | undefined;
    if (typeof letter?.address !== 'string' || typeof letter.error !== 'object') throw new Error('not a dead letter');
    return letter as DeadLetter;
  }
}

function cutMessage(message: unknown, bytes: number): CutMessage {
  const { kind } = (message ?? {}) as { kind?: unknown };
  const text = inspect(message, { depth: 4, maxStringLength: BEGINNING_CHARACTERS, maxArrayLength: 100 });
  return { kind: String(kind ?? 'output'), cut: { bytes, beginning: text.slice(0, BEGINNING_CHARACTERS) } };
}
