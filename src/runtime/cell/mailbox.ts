import { Deque } from './deque.js';
import { isSystemMessage, type Message } from './message.js';

/** What happens to a message that finds a full mailbox (MBX-2). */
export type OverflowPolicy = 'reject' | 'drop-oldest' | 'drop-newest';

/** Those that drop something. */
export type DropPolicy = Exclude<OverflowPolicy, 'reject'>;

export interface MailboxOptions {
  /** Messages held at most. @default 1000 */
  readonly capacity?: number;
  /** @default 'reject' */
  readonly policy?: OverflowPolicy;
}

export interface Watermarks {
  /** The mailbox has reached 80 % of its capacity: sources pause. */
  readonly high: () => void;
  /** It is back under 50 %: sources resume. */
  readonly low: () => void;
}

const HIGH = 0.8;
const LOW = 0.5;

/** The bounded queue in front of an actor (MBX-1, 2, 4). */
export class Mailbox {
  private readonly system = new Deque<Message>();
  private readonly ordinary = new Deque<Message>();
  private watchers: Set<Watermarks> | undefined;
  private isHigh = false;
  readonly capacity: number;
  private readonly policy: OverflowPolicy;

  constructor(
    options: MailboxOptions,
    private readonly dropped: (message: Message, policy: DropPolicy) => void,
  ) {
    this.capacity = options.capacity ?? 1_000;
    this.policy = options.policy ?? 'reject';
  }

  get depth(): number {
    return this.system.length + this.ordinary.length;
  }

  get isFull(): boolean {
    return this.ordinary.length >= this.capacity;
  }

  /** Whether a source looks at the watermarks. */
  get isWatched(): boolean {
    return (this.watchers?.size ?? 0) > 0;
  }

  /** Whether a stop is next; of an actor that is gone there are no timers before it. */
  get hasStop(): boolean {
    return this.system.peek()?.kind === 'stop';
  }

  /** When the oldest waiting message came, epoch milliseconds. */
  get oldestAt(): number | undefined {
    return this.ordinary.peek()?.enqueuedAt;
  }

  /** Returns false only under `reject`, when there is no room. */
  push(message: Message): boolean {
    if (isSystemMessage(message)) {
      this.system.push(message);
      return true;
    }
    if (this.isFull) {
      if (this.policy === 'reject') return false;
      if (this.policy === 'drop-newest') {
        this.dropped(message, this.policy);
        return true;
      }
      const oldest = this.ordinary.shift();
      if (oldest) this.dropped(oldest, this.policy);
    }
    this.ordinary.push(message);
    if (!this.isHigh && this.watchers && this.ordinary.length >= this.capacity * HIGH) {
      this.isHigh = true;
      for (const watcher of this.watchers) watcher.high();
    }
    return true;
  }

  shift(): Message | undefined {
    const message = this.system.shift() ?? this.ordinary.shift();
    if (this.isHigh && this.ordinary.length <= this.capacity * LOW) {
      this.isHigh = false;
      for (const watcher of this.watchers ?? []) watcher.low();
    }
    return message;
  }

  /** Puts back what a discarded slice had taken, each in its own queue; the bound does not apply. */
  putBack(messages: readonly Message[]): void {
    this.system.unshift(messages.filter(isSystemMessage));
    this.ordinary.unshift(messages.filter((message) => !isSystemMessage(message)));
  }

  /** Forgets timers of an actor that is gone. */
  dropTimers(): void {
    this.system.unshift(this.system.drain().filter(({ kind }) => kind !== 'timer'));
  }

  /** Takes all out that has to wait its turn. */
  drain(): Message[] {
    return this.ordinary.drain();
  }

  /** One that comes while the mailbox is full is told at once. */
  watch(watcher: Watermarks): () => void {
    this.watchers ??= new Set();
    this.watchers.add(watcher);
    this.isHigh ||= this.ordinary.length >= this.capacity * HIGH;
    if (this.isHigh) watcher.high();
    return () => this.watchers?.delete(watcher);
  }
}
