import type { Address } from '../address.js';
import { ActorError } from '../errors.js';
import type { CellId, MessageEnds } from './cell-host.js';
import { Deque } from './deque.js';
import type { Message } from './message.js';

/** Messages that are made an end of at a time: a few milliseconds' worth (MBX-3). */
const PAGE = 250;
/** The newest become dead letters; more would push out those of everybody else (SUP-7). */
const MOST_LETTERS = 100;

/** What a stop has overtaken (MBX-2): however much it is, making an end of it delays nobody. */
export class Overtaken {
  /** Oldest first: messages, and rows of the stored inbox that have not been read. */
  private readonly waiting = new Deque<Message | string>();
  private discarded = 0;
  private withoutLetter = 0;
  private readonly address: Address;

  constructor(
    private readonly id: CellId,
    private readonly ends: MessageEnds,
  ) {
    this.address = id.address;
  }

  /** What is younger than all others. */
  add(messages: readonly (Message | string)[]): void {
    this.waiting.unshift([...this.waiting.drain(), ...messages]);
  }

  /** Messages that are older than all others. */
  addFirst(messages: readonly Message[]): void {
    this.waiting.unshift(messages);
  }

  /** Makes an end of the oldest; false when none is left. */
  discardPage(): boolean {
    const error = new ActorError('ACTOR_STOPPED', `${this.address} was stopped`);
    for (let count = 0; count < PAGE; count++) {
      const isKept = this.waiting.length <= MOST_LETTERS;
      const next = this.waiting.shift();
      if (next === undefined) break;
      this.discarded++;
      if (isKept) this.keep(next, error);
      else this.ends.passOver(this.address, next);
      if (!isKept) this.withoutLetter++;
    }
    if (this.waiting.length > 0) return true;
    this.ends.overtaken(this.id, this.discarded, this.withoutLetter);
    return false;
  }

  /** Drops them all, with what is stored of them. */
  forgetAll(): void {
    for (const next of this.waiting.drain()) this.ends.passOver(this.address, next);
  }

  private keep(next: Message | string, error: unknown): void {
    const message = typeof next === 'string' ? this.ends.stored(this.address, next) : next;
    if (message) this.ends.discard(this.address, message, error);
  }
}
