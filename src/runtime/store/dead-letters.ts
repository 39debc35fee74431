import type { Address } from '../address.js';
import type { Clock } from '../clock.js';
import { type ErrorRecord, errorRecord } from '../errors.js';
import type { GroupCommit } from './group-commit.js';
import type { RecordCodec } from './record-codec.js';
import type { RowSequence } from './row-sequence.js';

/** A message that nobody took, or that its receiver failed on (SUP-7). */
export interface DeadLetter {
  readonly id: string;
  readonly address: Address;
  readonly message: unknown;
  readonly error: ErrorRecord;
  readonly attempts: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

const BOUND = 10_000;

/** Kept for an operator to read and to replay; past the bound the oldest go. */
export class DeadLetters {
  private readonly ids: string[];
  /** All since the start of the process, dropped ones included. */
  total = 0;

  constructor(
    private readonly commit: GroupCommit,
    private readonly codec: RecordCodec,
    private readonly sequence: RowSequence,
    private readonly clock: Clock,
  ) {
    this.ids = [...commit.range('deadLetters', '', '\uffff')].map(([key]) => key);
  }

  add(address: Address, message: unknown, error: unknown, attempts = 1): void {
    const id = this.sequence.next();
    const letter: DeadLetter = { id, address, message, error: errorRecord(error), attempts, at: this.clock.now() };
    this.commit.put('deadLetters', id, this.encode(letter));
    this.ids.push(id);
    this.total++;
    while (this.ids.length > BOUND) this.commit.remove('deadLetters', this.ids.shift() ?? '');
  }

  /** What cannot be stored is kept by name: a dead letter must not fail. */
  private encode(letter: DeadLetter): Buffer {
    try {
      return this.codec.encode(letter);
    } catch {
      const { kind, event } = (letter.message ?? {}) as { kind?: unknown; event?: { type?: unknown } };
      return this.codec.encode({
        ...letter,
        message: { kind: String(kind ?? 'output'), unstorable: String(event?.type) },
      });
    }
  }

  /** Newest first. */
  list(limit = 100): DeadLetter[] {
    return this.ids
      .slice(-limit)
      .reverse()
      .map((id) => this.get(id))
      .filter((letter) => letter !== undefined);
  }

  get(id: string): DeadLetter | undefined {
    const bytes = this.commit.get('deadLetters', id);
    return bytes ? (this.codec.decode(bytes) as DeadLetter) : undefined;
  }

  remove(id: string): boolean {
    const index = this.ids.indexOf(id);
    if (index < 0) return false;
    this.ids.splice(index, 1);
    this.commit.remove('deadLetters', id);
    return true;
  }
}
