import type { EventObject } from 'xstate';
import type { Address } from './address.js';
import type { Cell } from './cell/cell.js';
import type { CellId, MessageEnds } from './cell/cell-host.js';
import type { DropPolicy } from './cell/mailbox.js';
import type { Message } from './cell/message.js';
import type { Cells } from './cells.js';
import type { Clock } from './clock.js';
import type { CountsByType } from './counts.js';
import { ActorError } from './errors.js';
import type { RuntimeLog } from './logging/runtime-log.js';
import type { Storage } from './store/storage.js';
import type { StoredRow } from './store/stored-inbox.js';

/** Messages that one actor's stored inbox holds (DUR-4). */
const STORED_PER_ACTOR = 100_000;

export interface DeliveryOptions {
  readonly clock: Clock;
  readonly cells: Cells;
  readonly storage: Storage;
  readonly counts: CountsByType;
  readonly log: RuntimeLog;
  readonly ready: (cell: Cell) => void;
}

/** Brings messages to their cells, and those that none takes to their end. */
export class Delivery implements MessageEnds {
  private isStopped = false;

  constructor(private readonly options: DeliveryOptions) {}

  /** No message is taken from a source any more. */
  stop(): void {
    this.isStopped = true;
  }

  /** From a source: refused when the actor has no room. */
  push(cell: Cell, message: Message): boolean {
    const { storage, counts, ready } = this.options;
    if (this.isStopped || (storage.commit.degraded && cell.type.durability === 'durable')) return false;
    if (cell.queue.isCrowded || !cell.queue.mailbox.push(message)) {
      counts.of(cell.type.name).refused++;
      return false;
    }
    ready(cell);
    return true;
  }

  tell(cell: Cell, event: EventObject, acknowledged?: () => void): boolean {
    return this.push(cell, { kind: 'event', event, acknowledged, enqueuedAt: this.options.clock.now() });
  }

  hot(cell: Cell, message: unknown): boolean {
    return this.push(cell, { kind: 'hot', message, enqueuedAt: this.options.clock.now() });
  }

  /** From a source that must not lose it: with the next flush it is as safe as it gets (DUR-4). */
  tellStored(cell: Cell, event: EventObject): void {
    const { clock, storage } = this.options;
    const { address } = cell;
    if (storage.commit.degraded) throw storage.commit.degraded;
    if (cell.queue.storedDepth >= STORED_PER_ACTOR) throw busy(address);
    const at = clock.now();
    const row = storage.inbox.add(address, { kind: 'event', event, at });
    this.enqueue(cell, { kind: 'event', event, row, enqueuedAt: at });
  }

  /** From an actor: never refused; what finds no room waits in the store. */
  deliver(address: Address, message: Message): void {
    const { cells } = this.options;
    const type = cells.typeOf(address);
    if (type) this.enqueue(cells.at(address, type), message);
    else this.deadLetter(address, message, new ActorError('ACTOR_TYPE_UNKNOWN', `no actor type for ${address}`));
  }

  enqueue(cell: Cell, message: Message): void {
    if (message.kind === 'stop') {
      if (cell.status === 'parked') this.options.storage.parked.remove(cell.address);
      cell.stopComes();
    }
    const row = 'row' in message ? message.row : undefined;
    const isBehind = cell.queue.backlog.length > 0 && row !== undefined;
    if (isBehind || !cell.queue.mailbox.push(message)) {
      if (row === undefined || cell.queue.storedDepth >= STORED_PER_ACTOR) {
        this.options.counts.of(cell.type.name).dropped['inbox-full']++;
        this.discard(cell.address, message, busy(cell.address));
        return;
      }
      cell.queue.backlog.push(row);
    }
    this.options.ready(cell);
  }

  /**
   * A message that an earlier run of the process left in the store, in its order; a stop overtakes those before it as
   * it did then (MBX-2). False, and it stays, if its type is not known.
   */
  resume({ address, row, isStop }: StoredRow): boolean {
    const { cells, ready } = this.options;
    const type = cells.typeOf(address);
    if (!type) return false;
    const cell = cells.at(address, type);
    cell.wakesFor('boot');
    const message = isStop ? this.stored(address, row) : undefined;
    if (message) this.enqueue(cell, message);
    else cell.queue.backlog.push(row);
    ready(cell);
    return true;
  }

  stored(address: Address, row: string): Message | undefined {
    const { inbox, deadLetters } = this.options.storage;
    try {
      return inbox.read(address, row);
    } catch (error) {
      inbox.remove(address, row);
      deadLetters.add(address, { kind: 'unreadable', row }, error);
      return undefined;
    }
  }

  discard(address: Address, message: Message, error?: unknown): void {
    const { storage } = this.options;
    if ('row' in message && message.row !== undefined) storage.inbox.remove(address, message.row);
    if (error === undefined) return;
    this.deadLetter(address, message, error);
    this.acknowledge(message);
  }

  passOver(address: Address, message: Message | string): void {
    const row = typeof message === 'string' ? message : 'row' in message ? message.row : undefined;
    if (row !== undefined) this.options.storage.inbox.remove(address, row);
    if (typeof message !== 'string') this.acknowledge(message);
  }

  overtaken({ address, type }: CellId, count: number, withoutLetter: number): void {
    const { counts, log } = this.options;
    counts.of(type.name).dropped.stop += count;
    if (withoutLetter > 0) log.warn({ actor: address, count: withoutLetter }, 'messages_without_letter');
  }

  dropped({ address, type }: CellId, message: Message, policy: DropPolicy): void {
    const { counts, log } = this.options;
    counts.of(type.name).dropped[policy]++;
    this.discard(address, message);
    log.debug({ actor: address, policy }, 'message_dropped');
  }

  /** Its sender is not to send it again. */
  private acknowledge(message: Message): void {
    if (message.kind === 'event' && message.acknowledged) {
      this.options.storage.commit.afterFlush(message.acknowledged);
    }
  }

  deadLetter(address: Address, message: Message, error: unknown): void {
    const { kind } = message;
    const kept =
      kind === 'event'
        ? { kind, event: message.event }
        : kind === 'hot'
          ? { kind, message: message.message }
          : { kind, ...(kind === 'start' ? { input: message.input } : {}) };
    this.options.storage.deadLetters.add(address, kept, error);
  }
}

const busy = (address: Address): ActorError => new ActorError('ACTOR_BUSY', `${address} has no room for messages`);
