import type { Address } from '../address.js';
import type { CellHost, CellId } from './cell-host.js';
import { Deque } from './deque.js';
import { Mailbox } from './mailbox.js';
import type { EventMessage, Message } from './message.js';
import { Overtaken } from './overtaken.js';

/** Behind every row that there is: new rows come after all others. */
const LAST_ROW = '\uffff';

const noneDeferred = (): EventMessage[] => [];

/** What waits for an actor: in its mailbox, in the store behind it (DUR-4), and what its type has put off (MBX-7). */
export class CellQueue {
  readonly mailbox: Mailbox;
  /** Rows of the stored inbox that found no room in the mailbox, oldest first. */
  readonly backlog = new Deque<string>();
  /** Messages that `defer` put off, oldest first. */
  deferred: EventMessage[] = [];

  private readonly address: Address;
  private overtaken: Overtaken | undefined;

  constructor(
    private readonly id: CellId,
    private readonly host: CellHost,
  ) {
    this.address = id.address;
    this.mailbox = new Mailbox(id.type.mailbox ?? {}, (message, policy) => host.messages.dropped(id, message, policy));
  }

  get isEmpty(): boolean {
    return this.mailbox.depth === 0 && this.backlog.length === 0;
  }

  /** Whether sources find no room: what waits in the store goes first, and what is deferred counts. */
  get isCrowded(): boolean {
    if (this.backlog.length > 0) return true;
    return this.deferred.length > 0 && this.deferred.length + this.mailbox.depth >= this.mailbox.capacity;
  }

  /** All messages that wait. */
  get depth(): number {
    return this.mailbox.depth + this.storedDepth;
  }

  /** When the oldest of them came, epoch milliseconds: what was put off is older than what has found room since. */
  get oldestAt(): number | undefined {
    const row = this.backlog.peek();
    const at = this.deferred[0]?.enqueuedAt ?? this.mailbox.oldestAt;
    return at === undefined && row !== undefined ? this.host.inbox.storedAt(this.address, row) : at;
  }

  /** Messages that wait in the store rather than in memory. */
  get storedDepth(): number {
    return this.backlog.length + this.deferred.length;
  }

  next(): Message | undefined {
    return this.mailbox.shift() ?? this.nextStored();
  }

  /** Removes the row of a message that is done with. */
  consume(message: Message): void {
    if (message.kind === 'timer' || message.kind === 'hot' || message.row === undefined) return;
    if (!this.deferred.includes(message as EventMessage)) this.host.inbox.remove(this.address, message.row);
  }

  /**
   * Sees that the rows of deferred messages are in their order, for the next start of the process: told ones have none
   * yet, and one that was told stored may have an earlier one. What is returned writes them.
   */
  storeDeferred(): () => EventMessage[] {
    if (this.deferred.length === 0) return noneDeferred;
    let last = '';
    const stored = this.deferred.map((message) => {
      if (message.row !== undefined && message.row > last) {
        last = message.row;
        return () => message;
      }
      last = LAST_ROW;
      return this.storedAnew(message);
    });
    return () => stored.map((store) => store());
  }

  /** A stop has come: nothing of what waits now is taken any more. */
  overtake(): void {
    const waiting = [...this.mailbox.drain(), ...this.backlog.drain()];
    if (waiting.length === 0) return;
    this.overtaken ??= new Overtaken(this.id, this.host.messages);
    this.overtaken.add(waiting);
  }

  /** Between slices: makes an end of some of what a stop has overtaken. While it returns true, there is more. */
  discardOvertaken(): boolean {
    if (this.mailbox.hasStop && this.deferred.length > 0) {
      this.overtaken ??= new Overtaken(this.id, this.host.messages);
      this.overtaken.addFirst(this.deferred);
      this.deferred = [];
    }
    if (this.overtaken?.discardPage()) return true;
    this.overtaken = undefined;
    return false;
  }

  /** Drops all that waits, and what is stored of it. */
  forgetAll(): void {
    for (const message of [...this.mailbox.drain(), ...this.deferred])
      this.host.messages.discard(this.address, message);
    this.deferred = [];
    for (let row = this.backlog.shift(); row; row = this.backlog.shift()) this.host.inbox.remove(this.address, row);
    this.overtaken?.forgetAll();
    this.overtaken = undefined;
  }

  private nextStored(): Message | undefined {
    for (let row = this.backlog.shift(); row; row = this.backlog.shift()) {
      const message = this.host.messages.stored(this.address, row);
      if (message) return message;
    }
    return undefined;
  }

  private storedAnew({ event, row: before, enqueuedAt }: EventMessage): () => EventMessage {
    const { inbox } = this.host;
    const bytes = inbox.encode({ kind: 'event', event, at: enqueuedAt });
    return () => {
      if (before !== undefined) inbox.remove(this.address, before);
      return { kind: 'event', event, row: inbox.put(this.address, bytes), enqueuedAt };
    };
  }
}
