/**
 * Dead letters on their way back to where they were refused, because an operator wants it (SUP-7).
 *
 * Invariants
 * - DL-1 A letter is removed with the batch that stores what was in it, so that a crash finds one of the two. Only what is
 *   for actors that are not stored themselves, or is data for a hot function, is handed over in memory.
 * - DL-2 What cannot go back stays a letter, and whoever asked is told why.
 * - DL-3 A replay of many ends: what becomes a letter again meanwhile is none of them.
 */
import type { EventObject } from 'xstate';
import { type Address, isAddress } from './address.js';
import { ActorError, DeadLetterError, FleetchartError } from './errors.js';
import type { Host } from './host.js';
import type { CutMessage, DeadLetter, DeadLetters } from './store/dead-letters.js';

export interface ReplayRequest {
  readonly address: Address;
  /** Letters at most; it may be fewer. */
  readonly limit: number;
  /** {@link ReplayReport.next} of the request before. */
  readonly cursor?: string | undefined;
}

export interface ReplayReport {
  readonly replayed: number;
  /** Letters that stay, and why. */
  readonly refused: readonly { readonly id: string; readonly code: string; readonly message: string }[];
  /** The cursor of the next request; null when all that were there at the first one have been looked at. */
  readonly next: string | null;
}

/** What a letter holds. */
interface Held extends Partial<CutMessage> {
  /** Of a message for an actor; anything else has none. */
  readonly kind?: string;
  readonly event?: EventObject;
  readonly message?: unknown;
}

const SEPARATOR = '-';

/** The form of {@link ReplayReport.next}. */
export const CURSOR = /^[0-9a-f]{0,20}-[0-9a-f]{1,20}$/;

export class DeadLetterReplay {
  constructor(
    private readonly host: Pick<Host, 'cells' | 'commit' | 'messages' | 'outbox'>,
    private readonly letters: DeadLetters,
  ) {}

  /** Resolves once the letter is on its way and cannot be lost. Rejects with a {@link FleetchartError} that says why not. */
  async one(id: string): Promise<void> {
    const letter = this.letters.get(id);
    if (!letter) throw new DeadLetterError('DEAD_LETTER_UNKNOWN', `there is no dead letter ${id}`);
    this.move(letter);
    await this.host.commit.flushed();
  }

  /**
   * The next letters of an address, oldest first. Those that can never be sent again are passed over; rejects as
   * {@link one} does where the first one can not be sent now, and ends before any later one of which that is so.
   */
  async some({ address, limit, cursor }: ReplayRequest): Promise<ReplayReport> {
    const [after = '', until = this.newest] = cursor?.split(SEPARATOR) ?? [];
    const { letters, next } = this.letters.oldest({ address, limit }, after, until);
    const refused: { id: string; code: string; message: string }[] = [];
    let last = next;
    let replayed = 0;
    for (const [index, letter] of letters.entries()) {
      try {
        this.move(letter);
        replayed++;
      } catch (error) {
        if (!(error instanceof FleetchartError)) throw error;
        const { code, message } = error;
        if (code === 'DEAD_LETTER_CONFLICT') refused.push({ id: letter.id, code, message });
        else if (index === 0) throw error;
        else {
          last = letters[index - 1]?.id;
          break;
        }
      }
    }
    await this.host.commit.flushed();
    return { replayed, refused, next: last === undefined ? null : `${last}${SEPARATOR}${until}` };
  }

  private get newest(): string {
    return this.letters.list(1)[0]?.id ?? '0';
  }

  private move(letter: DeadLetter): void {
    const { degraded } = this.host.commit;
    if (degraded) throw degraded;
    this.send(letter);
    this.letters.remove(letter.id);
  }

  private send({ address, message }: DeadLetter): void {
    const { cells } = this.host;
    const type = isAddress(address) ? cells.typeOf(address) : undefined;
    if (!type) throw new DeadLetterError('DEAD_LETTER_GONE', `there is nothing any more for which ${address} stands`);
    const held = (message ?? {}) as Held;
    if (held.cut) {
      const text = `of its ${held.cut.bytes} bytes only the beginning was kept: there is nothing left to send`;
      throw new DeadLetterError('DEAD_LETTER_CONFLICT', text);
    }
    if (held.kind === undefined) this.carry(address, type.replay ? type.replay(address, message) : message);
    else this.tell(address, held);
  }

  private tell(address: Address, { kind, event, message }: Held): void {
    const { cells, messages } = this.host;
    const cell = cells.target(address);
    if (event && cell.type.stored) {
      messages.tellStored(cell, event);
      return;
    }
    if (!event && kind !== 'hot') {
      throw new DeadLetterError('DEAD_LETTER_CONFLICT', `a message of the kind ${kind} is not sent again`);
    }
    const isTaken = event ? messages.tell(cell, event) : messages.hot(cell, message);
    if (!isTaken) throw new ActorError('ACTOR_BUSY', `${address} has no room for messages`);
  }

  /** Nothing is there to carry where the type has taken back what it refused. */
  private carry(address: Address, output: unknown): void {
    if (output === undefined) return;
    const { outbox } = this.host;
    const { type } = (output ?? {}) as Partial<EventObject>;
    if (typeof type !== 'string' || !outbox.carries(address, type)) {
      throw new DeadLetterError('DEAD_LETTER_CONFLICT', `nothing carries out ${type ?? 'what it holds'}`);
    }
    outbox.accept(address, output as EventObject);
  }
}
