import type { EventObject } from 'xstate';
import type { Address } from '../address.js';
import type { Message } from '../cell/message.js';
import type { GroupCommit } from './group-commit.js';
import type { RecordCodec } from './record-codec.js';
import type { RowSequence } from './row-sequence.js';
import { joinKey, splitKey } from './store-keys.js';

/** A message as its row holds it. */
export type StoredMessage =
  | { readonly kind: 'event'; readonly event: EventObject; readonly at: number }
  | { readonly kind: 'start'; readonly input: unknown; readonly startedBy?: Address; readonly at: number }
  | { readonly kind: 'stop'; readonly requestedBy?: Address; readonly at: number };

/** Where a message of the stored inbox is found. */
export interface StoredRow {
  readonly address: Address;
  readonly row: string;
  readonly isStop: boolean;
}

/**
 * Messages on their way between stored actors (DUR-4): the sender's commit writes the row, the receiver's commit
 * removes it, so that one is never without the other.
 */
export class StoredInbox {
  constructor(
    private readonly commit: GroupCommit,
    private readonly codec: RecordCodec,
    private readonly sequence: RowSequence,
  ) {}

  add(address: Address, message: StoredMessage): string {
    return this.put(address, this.encode(message));
  }

  /** Throws on a message that cannot be stored. */
  encode(message: StoredMessage): Buffer {
    return this.codec.encode(message);
  }

  /** Writes an encoded message; returns its row. */
  put(address: Address, bytes: Buffer): string {
    const row = this.sequence.next();
    this.commit.put('inbox', joinKey(address, row), bytes);
    return row;
  }

  remove(address: Address, row: string): void {
    this.commit.removeOnce('inbox', joinKey(address, row));
  }

  /** Throws on bytes that are no message. */
  read(address: Address, row: string): Message | undefined {
    const bytes = this.commit.get('inbox', joinKey(address, row));
    if (!bytes) return undefined;
    const { at, ...message } = this.codec.decode(bytes) as StoredMessage;
    return { ...message, row, enqueuedAt: at };
  }

  /** When a message was told, epoch milliseconds; nothing if it cannot be read. */
  storedAt(address: Address, row: string): number | undefined {
    try {
      return this.read(address, row)?.enqueuedAt;
    } catch {
      return undefined;
    }
  }

  /** All rows, those of an address in the order they were written, for the start of the process. */
  *rows(): Generator<StoredRow> {
    for (const [key, bytes] of this.commit.range('inbox', '', '\uffff')) {
      const [address = '', row = ''] = splitKey(key);
      yield { address, row, isStop: this.isStop(bytes) };
    }
  }

  /** Reads no more than has to be read: the start of the process waits for it. */
  private isStop(bytes: Buffer): boolean {
    if (!bytes.includes('stop')) return false;
    try {
      return (this.codec.decode(bytes) as StoredMessage).kind === 'stop';
    } catch {
      return false;
    }
  }
}
