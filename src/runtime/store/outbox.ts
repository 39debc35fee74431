/**
 * Outputs of `durable` actors on their way out of the process (DUR-4): written in the turn's transaction, carried out
 * after the flush, in order per actor, until the effect has resolved; what a crash left is carried out again.
 */
import type { EventObject } from 'xstate';
import type { OutputEffect } from '../actor-type.js';
import type { Address } from '../address.js';
import { delayMs, RESTART_BACKOFF } from '../backoff.js';
import { Deque } from '../cell/deque.js';
import type { Clock, TimerHandle } from '../clock.js';
import { ActorError } from '../errors.js';
import type { Ids } from '../ids.js';
import type { DeadLetters } from './dead-letters.js';
import type { GroupCommit } from './group-commit.js';
import type { RecordCodec } from './record-codec.js';
import type { RowSequence } from './row-sequence.js';
import { joinKey, splitKey } from './store-keys.js';

interface Lane {
  /** Rows that are on disk and were released by their turn. */
  readonly rows: Deque<string>;
  sending: boolean;
  attempts: number;
  timer: TimerHandle;
}

export interface OutboxOptions {
  readonly commit: GroupCommit;
  readonly codec: RecordCodec;
  readonly sequence: RowSequence;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly deadLetters: DeadLetters;
  /** The effect registered for an output of an actor. */
  readonly effect: (address: Address, outputType: string) => OutputEffect | undefined;
  /** Rows held at most; past it an output is a dead letter. @default 100000 */
  readonly bound?: number;
}

/** Attempts after which an output is a dead letter: about fifty minutes with the delays of SUP-5. */
const MOST_ATTEMPTS = 100;
const HOPELESS = new Set(['OUTPUT_UNKNOWN', 'OUTPUT_UNREADABLE']);

export class Outbox {
  private readonly lanes = new Map<Address, Lane>();
  private readonly abort = new AbortController();
  private count = 0;
  private stopped = false;

  constructor(private readonly options: OutboxOptions) {
    for (const [key] of options.commit.range('outbox', '', '\uffff')) {
      const [address = '', row = ''] = splitKey(key);
      this.lane(address).rows.push(row);
      this.count++;
    }
  }

  /** Outputs that wait. */
  get size(): number {
    return this.count;
  }

  /** Whether there is an effect for an output of an actor. */
  carries(address: Address, outputType: string): boolean {
    return this.options.effect(address, outputType) !== undefined;
  }

  /**
   * Takes an output that is of no turn, with the batch that gathers, and carries it out after that. Throws on one that
   * cannot be stored, and `OUTBOX_FULL`.
   */
  accept(address: Address, output: EventObject): void {
    const bytes = this.encode(output);
    if (this.isFull) throw this.fullError();
    const row = this.put(address, output, bytes);
    if (row !== undefined) this.options.commit.afterFlush(() => this.send(address, [row]));
  }

  /** Throws on an output that cannot be stored. */
  encode(output: EventObject): Buffer {
    return this.options.codec.encode(output);
  }

  /** Stores an encoded output; returns its row, for {@link send} after its flush, or nothing when there is no room. */
  put(address: Address, output: EventObject, bytes: Buffer): string | undefined {
    const { commit, sequence, deadLetters } = this.options;
    if (this.isFull) {
      deadLetters.add(address, output, this.fullError(), { isWhole: true });
      return undefined;
    }
    const row = sequence.next();
    commit.put('outbox', joinKey(address, row), bytes);
    this.count++;
    return row;
  }

  /**
   * Carries out what a crash left behind. Outputs of actors whose type is not known stay in the store for when it is
   * back (DUR-10); returns how many of which actor.
   */
  start(isKnown: (address: Address) => boolean): Map<Address, number> {
    const left = new Map<Address, number>();
    for (const [address, lane] of [...this.lanes]) {
      if (isKnown(address)) {
        this.run(address, lane);
        continue;
      }
      left.set(address, lane.rows.length);
      this.count -= lane.rows.length;
      this.lanes.delete(address);
    }
    return left;
  }

  /** Carries out outputs of an actor, which are on disk by now, after those before them. */
  send(address: Address, rows: readonly string[]): void {
    const lane = this.lane(address);
    for (const row of rows) lane.rows.push(row);
    this.run(address, lane);
  }

  /**
   * Stops sending; what is left stays in the store. An output whose effect ends from now on may be carried out once
   * more by the next run: the store may be closed already.
   */
  stop(): void {
    this.stopped = true;
    this.abort.abort();
    for (const lane of this.lanes.values()) this.options.clock.clearTimeout(lane.timer);
  }

  private get bound(): number {
    return this.options.bound ?? 100_000;
  }

  private get isFull(): boolean {
    return this.count >= this.bound;
  }

  private fullError(): ActorError {
    return new ActorError('OUTBOX_FULL', `the outbox holds ${this.bound} outputs`);
  }

  private run(address: Address, lane: Lane): void {
    if (lane.sending || this.stopped) return;
    lane.sending = true;
    void this.drain(address, lane);
  }

  private async drain(address: Address, lane: Lane): Promise<void> {
    const { commit } = this.options;
    for (let row = lane.rows.peek(); row && !this.stopped; row = lane.rows.peek()) {
      const bytes = commit.get('outbox', joinKey(address, row));
      let output: EventObject | undefined;
      try {
        output = bytes && this.decode(bytes);
        if (output) await this.carry(address, row, output);
      } catch (error) {
        if (this.stopped) return;
        if (!this.giveUp(error, ++lane.attempts)) {
          this.retry(address, lane);
          return;
        }
        this.options.deadLetters.add(address, output, error, { attempts: lane.attempts, isWhole: true });
      }
      if (this.stopped) return;
      lane.attempts = 0;
      lane.rows.shift();
      this.count--;
      commit.removeOnce('outbox', joinKey(address, row));
    }
    lane.sending = false;
    if (lane.rows.length === 0) this.lanes.delete(address);
  }

  private decode(bytes: Buffer): EventObject {
    try {
      return this.options.codec.decode(bytes) as EventObject;
    } catch (error) {
      throw new ActorError('OUTPUT_UNREADABLE', 'a stored output cannot be read', { cause: error });
    }
  }

  private async carry(address: Address, id: string, output: EventObject): Promise<void> {
    const effect = this.options.effect(address, output.type);
    if (!effect) throw new ActorError('OUTPUT_UNKNOWN', `no effect is registered for ${output.type}`);
    await effect(output, { address, id, signal: this.abort.signal });
  }

  private giveUp(error: unknown, attempts: number): boolean {
    return attempts >= MOST_ATTEMPTS || (error instanceof ActorError && HOPELESS.has(error.code));
  }

  private retry(address: Address, lane: Lane): void {
    const { clock, ids } = this.options;
    lane.timer = clock.setTimeout(
      () => {
        lane.sending = false;
        this.run(address, lane);
      },
      delayMs(lane.attempts, RESTART_BACKOFF, ids.uniform()),
    );
  }

  private lane(address: Address): Lane {
    let lane = this.lanes.get(address);
    if (!lane) {
      lane = { rows: new Deque(), sending: false, attempts: 0, timer: undefined };
      this.lanes.set(address, lane);
    }
    return lane;
  }
}
