import type { WebSocket } from 'ws';
import type { Clock } from '../../runtime/index.js';
import type { IngestBudget, Waiter } from './ingest-budget.js';

/** Bytes that were read and are not answered yet, past which the socket is not read any more (MBX-4). */
const HIGH_BYTES = 4 * 1024 * 1024;
const LOW_BYTES = 1024 * 1024;
/** A socket that is not read for so long is worth a turn of the chart. */
const HELD_AFTER_MS = 1_000;

/** Shared by all connections, of which there may be many. */
export interface InflowDeps {
  readonly budget: IngestBudget;
  readonly clock: Clock;
}

/** The connection whose messages they are; it proceeds when there is room in the budget again. */
export interface InflowOwner extends Waiter {
  /** Hands a message to the connection's actor; false if it has no room. */
  take(message: Uint8Array): boolean;
  /** The socket has not been read for a while, or is read again; false if the actor has no room for that either. */
  held(isHeld: boolean): boolean;
}

/** The messages of one socket on their way to the actor: in their order (FT-WS-10), and no more than there is room for. */
export class Inflow {
  /** Messages with the actor. */
  inFlight = 0;
  /** Of those, and of those that wait. */
  private bytes = 0;
  /** Messages that came after the actor had no more room: what the socket had read already. */
  private waiting: Uint8Array[] = [];
  /** Since when the socket is not read. */
  private pausedAt: number | undefined;
  /** The chart knows that it is not. */
  private isHeld = false;

  constructor(
    private readonly ws: Pick<WebSocket, 'pause' | 'resume'>,
    private readonly owner: InflowOwner,
    private readonly deps: InflowDeps,
  ) {}

  get isAnswered(): boolean {
    return this.inFlight === 0 && this.waiting.length === 0;
  }

  add(message: Uint8Array): void {
    const { budget } = this.deps;
    this.bytes += message.length;
    budget.take(message.length);
    if (this.waiting.length > 0 || !this.hand(message)) {
      this.waiting.push(message);
      this.pause();
    }
    if (this.bytes > HIGH_BYTES) this.pause();
    if (!budget.isSpent) return;
    budget.wait(this.owner);
    this.pause();
  }

  /** One message has its answer. One that was never taken, such as a dead letter that is replayed, does not count. */
  answered(bytes: number): void {
    if (this.inFlight === 0) return;
    this.inFlight--;
    const given = Math.min(bytes, this.bytes);
    this.bytes -= given;
    this.deps.budget.give(given);
  }

  /** Hands over what waited for room. */
  handOver(): void {
    while (this.waiting.length > 0) {
      const [first] = this.waiting;
      if (!first || !this.hand(first)) break;
      this.waiting.shift();
    }
  }

  /** Reads on if there is room. */
  readOn(): void {
    if (this.waiting.length === 0 && this.bytes <= LOW_BYTES && !this.deps.budget.holds(this.owner)) this.resume();
  }

  pause(): void {
    if (this.pausedAt !== undefined) return;
    this.pausedAt = this.deps.clock.monotonic();
    this.ws.pause();
  }

  resume(): void {
    if (this.pausedAt === undefined) return;
    this.pausedAt = undefined;
    this.ws.resume();
  }

  /** Tells the chart what lasts; whether the socket is read. */
  tend(now: number): boolean {
    const isHeld = this.pausedAt !== undefined && now - this.pausedAt >= HELD_AFTER_MS;
    if (isHeld !== this.isHeld && this.owner.held(isHeld)) this.isHeld = isHeld;
    return this.pausedAt === undefined;
  }

  /** Nothing comes any more, and nothing is answered. */
  end(): void {
    this.deps.budget.forget(this.owner);
    this.deps.budget.give(this.bytes);
    this.bytes = 0;
  }

  private hand(message: Uint8Array): boolean {
    if (!this.owner.take(message)) return false;
    this.inFlight++;
    return true;
  }
}
