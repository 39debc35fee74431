import type { EventObject } from 'xstate';
import type { OutputEffect } from '../actor-type.js';
import { type Address, isAddress, typeOf } from '../address.js';
import type { Asks } from '../asks.js';
import { ActorError } from '../errors.js';
import type { Outbox } from '../store/outbox.js';
import type { StoredInbox, StoredMessage } from '../store/stored-inbox.js';
import type { Tables } from '../table/tables.js';
import type { CellId } from './cell-host.js';
import type { Message } from './message.js';
import type { PreparedType } from './prepared-type.js';

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

/** Puts a row into a table in the turn's transaction. */
export interface RowPutOutput {
  readonly type: 'row.put';
  readonly table: string;
  readonly key: string;
  readonly row: unknown;
}

/** Removes a row likewise, if there is one. */
export interface RowDeleteOutput {
  readonly type: 'row.delete';
  readonly table: string;
  readonly key: string;
}

/** Outputs that the runtime carries out itself (RT-11). All others go to the effect registered for their type. */
export type RuntimeOutput =
  | TellOutput
  | StartOutput
  | StopOutput
  | ReplyOutput
  | LogAppendOutput
  | RowPutOutput
  | RowDeleteOutput;

/** A turn's outputs, checked and encoded: from here on nothing of them can fail (CE-1). */
export interface RoutedOutputs {
  /** Puts the rows; called within the commit of the slice. */
  write(): void;
  /** Carries out the rest, when the slice is released. */
  release(): void;
  /** Whether {@link release} has anything to do. */
  readonly isReleased: boolean;
}

/** What is done with outputs, gathered before any of it happens. */
class Plan implements RoutedOutputs {
  readonly writes: Array<() => void> = [];
  readonly releases: Array<() => void> = [];
  /** Rows of the outbox, known once they are written. */
  sent: string[] | undefined;

  write(): void {
    for (const step of this.writes) step();
  }

  release(): void {
    for (const step of this.releases) step();
  }

  get isReleased(): boolean {
    return this.releases.length > 0;
  }
}

const NO_OUTPUTS: RoutedOutputs = { write: () => {}, release: () => {}, isReleased: false };

export interface RouterOptions {
  readonly inbox: StoredInbox;
  readonly outbox: Outbox;
  readonly asks: Asks;
  /** The effect registered for an output of an actor. */
  readonly effect: (address: Address, outputType: string) => OutputEffect | undefined;
  readonly typeNamed: (name: string) => PreparedType | undefined;
  readonly deliver: (address: Address, message: Message) => void;
  readonly append: (output: LogAppendOutput) => boolean;
  readonly tables: Tables;
  readonly deadLetter: (address: Address, message: unknown, error: unknown) => void;
  readonly guard: (address: Address, callback: () => void) => void;
  readonly now: () => number;
  /** An id that no other output has. */
  readonly nextId: () => string;
}

/** Carries a turn's outputs: rows with its commit, the rest when the turn is released. */
export class OutputRouter {
  private readonly never = new AbortController().signal;

  constructor(private readonly options: RouterOptions) {}

  /** Throws on outputs that cannot be stored. */
  route(cell: CellId, outputs: readonly EventObject[]): RoutedOutputs {
    if (outputs.length === 0) return NO_OUTPUTS;
    const plan = new Plan();
    for (const output of outputs as ReadonlyArray<RuntimeOutput | EventObject>) {
      switch (output.type) {
        case 'tell': {
          const { to, event } = output as TellOutput;
          if (typeof (event as Partial<EventObject> | undefined)?.type !== 'string') {
            this.refuse(cell.address, output, new ActorError('OUTPUT_INVALID', 'what is told is no event'), plan);
          } else this.move(cell, to, { kind: 'event', event, at: this.options.now() }, plan);
          break;
        }
        case 'start': {
          const { address, input } = output as StartOutput;
          const message: StoredMessage = { kind: 'start', input, startedBy: cell.address, at: this.options.now() };
          this.move(cell, address, message, plan);
          break;
        }
        case 'stop': {
          const { address } = output as StopOutput;
          this.move(cell, address, { kind: 'stop', requestedBy: cell.address, at: this.options.now() }, plan);
          break;
        }
        case 'reply': {
          const { to, value } = output as ReplyOutput;
          plan.releases.push(() => this.options.asks.answer(to, value));
          break;
        }
        case 'log.append':
          plan.writes.push(() => this.append(cell, output as LogAppendOutput));
          break;
        case 'row.put':
        case 'row.delete':
          this.change(cell, output as RowPutOutput | RowDeleteOutput, plan);
          break;
        default:
          this.emit(cell, output, plan);
      }
    }
    return plan;
  }

  /** Writes the message into the receiver's stored inbox, or keeps it for later where one of the two is not stored. */
  private move(cell: CellId, to: Address, message: StoredMessage, plan: Plan): void {
    const { inbox, deliver, typeNamed } = this.options;
    const type = isAddress(to) ? typeNamed(typeOf(to)) : undefined;
    if (!type) {
      this.refuse(String(to), message, new ActorError('ACTOR_TYPE_UNKNOWN', `no actor type for ${to}`), plan);
      return;
    }
    const { at, ...rest } = message;
    if (cell.type.stored && type.stored) {
      const bytes = inbox.encode(message);
      plan.writes.push(() => deliver(to, { ...rest, row: inbox.put(to, bytes), enqueuedAt: at }));
    } else plan.releases.push(() => deliver(to, { ...rest, enqueuedAt: at }));
  }

  /** Puts the output into the outbox, or has its effect carry it at the release. */
  private emit(cell: CellId, output: EventObject, plan: Plan): void {
    const { outbox, effect, guard, deadLetter, nextId } = this.options;
    const carry = effect(cell.address, output.type);
    if (!carry) {
      const error = new ActorError('OUTPUT_UNKNOWN', `no effect is registered for ${output.type}`);
      this.refuse(cell.address, output, error, plan);
      return;
    }
    if (cell.type.durability === 'durable') {
      const bytes = outbox.encode(output);
      const sent = plan.sent ?? this.sendAtRelease(cell, plan);
      plan.writes.push(() => {
        const row = outbox.put(cell.address, output, bytes);
        if (row !== undefined) sent.push(row);
      });
      return;
    }
    plan.releases.push(() =>
      guard(cell.address, () => {
        const carried = carry(output, { address: cell.address, id: nextId(), signal: this.never });
        if (carried instanceof Promise) {
          carried.catch((error: unknown) => deadLetter(cell.address, output, error));
        }
      }),
    );
  }

  private sendAtRelease(cell: CellId, plan: Plan): string[] {
    const sent: string[] = [];
    plan.sent = sent;
    plan.releases.push(() => this.options.outbox.send(cell.address, sent));
    return sent;
  }

  private append(cell: CellId, output: LogAppendOutput): void {
    const { append, deadLetter } = this.options;
    if (!append(output)) deadLetter(cell.address, output, new ActorError('LOG_FULL', 'the log took no entry'));
  }

  private change(cell: CellId, output: RowPutOutput | RowDeleteOutput, plan: Plan): void {
    const table = this.options.tables.named(output.table);
    if (!table) {
      this.refuse(cell.address, output, new ActorError('TABLE_UNKNOWN', `there is no table ${output.table}`), plan);
      return;
    }
    if (output.type === 'row.delete') {
      plan.writes.push(() => void table.remove(output.key));
      return;
    }
    const row = table.encode(output.key, output.row);
    plan.writes.push(() => {
      if (table.write(row)) return;
      this.options.deadLetter(cell.address, output, new ActorError('TABLE_FULL', `no room in ${table.name}`));
    });
  }

  private refuse(address: Address, message: unknown, error: ActorError, plan: Plan): void {
    plan.writes.push(() => this.options.deadLetter(address, message, error));
  }
}
