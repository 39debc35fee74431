import type { EventObject } from 'xstate';
import { type Address, isAddress, typeOf } from './address.js';
import type { Asks } from './asks.js';
import type { Cell } from './cell.js';
import { ActorError } from './errors.js';
import type { Message } from './message.js';
import type { Outbox } from './outbox.js';
import type { PreparedType } from './prepared-type.js';
import type { StoredInbox, StoredMessage } from './stored-inbox.js';

/** Sends an event to another actor; it is moved there in the sender's transaction if both are stored (DUR-4). */
export interface TellOutput {
  readonly type: 'tell';
  readonly to: Address;
  readonly event: EventObject;
}

/** Makes an actor; its end comes back as `actor.done`. */
export interface StartOutput {
  readonly type: 'start';
  readonly address: Address;
  readonly input?: unknown;
}

/** Ends and erases an actor; `actor.stopped` comes back. */
export interface StopOutput {
  readonly type: 'stop';
  readonly address: Address;
}

/** Answers a question (RT-9): `to` is the `replyTo` of the event that asked. */
export interface ReplyOutput {
  readonly type: 'reply';
  readonly to: string;
  readonly value: unknown;
}

/** Appends to a log in the turn's transaction. */
export interface LogAppendOutput {
  readonly type: 'log.append';
  readonly log: string;
  readonly payload: Uint8Array;
  readonly readers: readonly string[];
}

/** Outputs that the runtime carries out itself (RT-11). All others go to the effect registered for their type. */
export type RuntimeOutput = TellOutput | StartOutput | StopOutput | ReplyOutput | LogAppendOutput;

export interface RouterOptions {
  readonly inbox: StoredInbox;
  readonly outbox: Outbox;
  readonly asks: Asks;
  readonly typeNamed: (name: string) => PreparedType | undefined;
  readonly deliver: (address: Address, message: Message) => void;
  readonly append: (output: LogAppendOutput) => boolean;
  readonly deadLetter: (address: Address, message: unknown, error: unknown) => void;
  readonly guard: (cell: Cell, callback: () => void) => void;
  readonly now: () => number;
}

/** Carries a turn's outputs: rows now, the rest when the turn is released. */
export class OutputRouter {
  private readonly never = new AbortController().signal;

  constructor(private readonly options: RouterOptions) {}

  route(cell: Cell, outputs: readonly EventObject[]): (() => void) | undefined {
    const later: Array<() => void> = [];
    let sends = false;
    for (const output of outputs as ReadonlyArray<RuntimeOutput | EventObject>) {
      switch (output.type) {
        case 'tell': {
          const { to, event } = output as TellOutput;
          this.move(cell, to, { kind: 'event', event, at: this.options.now() }, later);
          break;
        }
        case 'start': {
          const { address, input } = output as StartOutput;
          const message: StoredMessage = { kind: 'start', input, startedBy: cell.address, at: this.options.now() };
          this.move(cell, address, message, later);
          break;
        }
        case 'stop': {
          const { address } = output as StopOutput;
          this.move(cell, address, { kind: 'stop', requestedBy: cell.address, at: this.options.now() }, later);
          break;
        }
        case 'reply': {
          const { to, value } = output as ReplyOutput;
          later.push(() => this.options.asks.answer(to, value));
          break;
        }
        case 'log.append': {
          const refused = !this.options.append(output as LogAppendOutput);
          if (refused)
            this.options.deadLetter(cell.address, output, new ActorError('LOG_FULL', 'the log took no entry'));
          break;
        }
        default:
          sends = this.emit(cell, output, later) || sends;
      }
    }
    if (sends) later.push(() => this.options.outbox.send(cell.address));
    return later.length === 0 ? undefined : () => runAll(later);
  }

  /** Writes the message into the receiver's stored inbox, or keeps it for later where one of the two is not stored. */
  private move(cell: Cell, to: Address, message: StoredMessage, later: Array<() => void>): void {
    const { inbox, deliver, typeNamed, deadLetter } = this.options;
    const type = isAddress(to) ? typeNamed(typeOf(to)) : undefined;
    if (!type) {
      deadLetter(to, message, new ActorError('ACTOR_TYPE_UNKNOWN', `no actor type for ${to}`));
      return;
    }
    const { at, ...rest } = message;
    if (cell.type.stored && type.stored) {
      const row = inbox.add(to, message);
      deliver(to, { ...rest, row, enqueuedAt: at });
    } else later.push(() => deliver(to, { ...rest, enqueuedAt: at }));
  }

  /** Returns whether the output waits in the outbox. */
  private emit(cell: Cell, output: EventObject, later: Array<() => void>): boolean {
    const { outbox, guard, deadLetter } = this.options;
    const carry = cell.type.outputs?.[output.type];
    if (!carry) {
      deadLetter(cell.address, output, new ActorError('OUTPUT_UNKNOWN', `no effect is registered for ${output.type}`));
      return false;
    }
    if (cell.type.durability === 'durable') {
      outbox.add(cell.address, output);
      return true;
    }
    const id = `${cell.address}#${this.options.now()}`;
    later.push(() =>
      guard(cell, () => {
        const carried = carry(output, { address: cell.address, id, signal: this.never });
        if (carried instanceof Promise) {
          carried.catch((error: unknown) => deadLetter(cell.address, output, error));
        }
      }),
    );
    return false;
  }
}

const runAll = (steps: ReadonlyArray<() => void>): void => {
  for (const step of steps) step();
};
