/**
 * Carries records from a dispatcher's part of the spool to its destination.
 *
 * Invariants
 * - PUMP-1 The position moves only over records that the destination confirmed or refused, in the order of the spool.
 * - PUMP-2 A refused record is handed to `onRefused` before its position is confirmed, a delivered one to
 *   `onConfirmed` after: a crash between repeats, it never loses.
 * - PUMP-3 What is in flight is bounded by `window` batches of `batch` items and bytes.
 * - PUMP-4 A run that failed over its first records is followed by one that offers them one by one until one is
 *   settled, so that a record which brings the destination down does not take its neighbours along. Where the
 *   destination is `blamable`, a record that was offered alone five times in a row, each time over a connection that
 *   was up and failed, is refused.
 * - PUMP-5 After its end a run touches neither the spool nor the callbacks.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js';
import type { FleetchartError } from '../../runtime/errors.js';
import type { Delivery, Dispatcher } from './dispatcher.js';
import { DispatchError, dispatchError, NOT_CONNECTED } from './errors.js';
import { decodeRecord, type FleetRecord } from './record.js';

export interface SpoolItem {
  readonly seq: number;
  readonly payload: Uint8Array;
}

/** A dispatcher's own reader of the spool (DUR-15). */
export interface Spool {
  /** Flushed entries after the last one read, at least one if there is any, however large. */
  read(maxItems: number, maxBytes: number): readonly SpoolItem[];
  /** Moves the position to `seq`. */
  confirm(seq: number): void;
  /** Reads again from the position. */
  rewind(): void;
  onAvailable(callback: () => void): () => void;
  pending(): { readonly items: number; readonly bytes: number; readonly oldestAt?: number };
  /** Entries lost at the bound of the log, where its policy is to drop. */
  readonly dropped?: number;
}

/** A record that no delivery can help: the destination will not take it, or its bytes cannot be read. */
export interface RefusedRecord {
  readonly seq: number;
  readonly reason: string;
  /** As it stands in the spool. */
  readonly bytes: Uint8Array;
  /** Absent if the bytes cannot be read. */
  readonly record?: FleetRecord;
}

export interface PumpOptions {
  readonly spool: Spool;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly batch: { readonly items: number; readonly bytes: number };
  /** Levels of this dispatcher's part of the spool, in bytes, between which it counts as neither high nor low. */
  readonly watermarks: { readonly highBytes: number; readonly lowBytes: number };
  /** For one batch, after which the destination counts as lost. */
  readonly deliverTimeoutMs: number;
  readonly onConfirmed?: (record: FleetRecord) => void;
  readonly onRefused?: (refused: RefusedRecord) => void;
}

/** PUMP-4: a record that failed so often by itself is the cause, not its victim. */
const MOST_LONE_OFFERS = 5;

/** A record that was offered alone, how often that failed, and how the last time. */
interface Suspect {
  readonly seq: number;
  readonly offers: number;
  readonly error: Error;
}

export type BacklogEvent = { readonly type: 'BACKLOG_HIGH' } | { readonly type: 'BACKLOG_LOW' };

export interface PumpCounts {
  delivered: number;
  deliveredBytes: number;
  refused: number;
}

export class Pump {
  readonly counts: PumpCounts = { delivered: 0, deliveredBytes: 0, refused: 0 };
  /** PUMP-4. */
  private oneByOne = false;
  private suspect: Suspect | undefined;
  private readonly emptied = new Set<() => void>();

  constructor(private readonly options: PumpOptions) {}

  /**
   * Delivers until `signal` is aborted or the destination is lost, and rejects with the reason then. `send` is told
   * the level of the backlog at the start and when it changes.
   */
  run(signal: AbortSignal, send: (event: BacklogEvent) => void): Promise<never> {
    return new Promise((_, reject) => {
      const run = new PumpRun(this.options, this.oneByOne, this.condemned, {
        send,
        settled: (counts) => this.settled(counts),
        failed: (error, { overFirst, loneSeq }) => {
          this.oneByOne = overFirst;
          if (loneSeq !== undefined) this.suspectRecord(loneSeq, error);
          reject(error);
        },
      });
      run.start(signal);
    });
  }

  /** Resolves once nothing is left to deliver; never if `signal` is aborted before. */
  drained(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.options.spool.pending().items === 0) resolve();
      else {
        this.emptied.add(resolve);
        signal.addEventListener('abort', () => this.emptied.delete(resolve), { once: true });
      }
    });
  }

  private suspectRecord(seq: number, error: Error): void {
    const before = this.suspect?.seq === seq ? this.suspect.offers : 0;
    this.suspect = { seq, offers: before + 1, error };
  }

  /** The record to refuse rather than to offer again. */
  private get condemned(): Suspect | undefined {
    const { suspect, options } = this;
    return options.dispatcher.blamable && suspect && suspect.offers >= MOST_LONE_OFFERS ? suspect : undefined;
  }

  private settled(counts: PumpCounts): void {
    this.oneByOne = false;
    this.suspect = undefined;
    this.counts.delivered += counts.delivered;
    this.counts.deliveredBytes += counts.deliveredBytes;
    this.counts.refused += counts.refused;
    if (this.emptied.size === 0 || this.options.spool.pending().items > 0) return;
    for (const resolve of this.emptied) resolve();
    this.emptied.clear();
  }
}

interface Batch {
  readonly items: readonly SpoolItem[];
  /** By index in `items`; undefined where the bytes cannot be read. */
  readonly decoded: readonly (FleetRecord | undefined)[];
  /** The readable ones, and for each its index in `items`. */
  readonly records: readonly FleetRecord[];
  readonly itemOf: readonly number[];
  /** Reasons by index in `items`. */
  readonly refused: Map<number, string>;
  delivery?: Delivery;
  timer?: TimerHandle;
}

interface RunFailure {
  /** Nothing was settled before. */
  readonly overFirst: boolean;
  /** Of the record that was offered alone. */
  readonly loneSeq: number | undefined;
}

interface RunEvents {
  readonly send: (event: BacklogEvent) => void;
  readonly settled: (counts: PumpCounts) => void;
  readonly failed: (error: Error, failure: RunFailure) => void;
}

/** One connection's worth of pumping. */
class PumpRun {
  private readonly inFlight: Batch[] = [];
  private readonly ending = new AbortController();
  private readonly listeners: (() => void)[] = [];
  private level: 'high' | 'low' | undefined;
  private moved = false;
  private filling = false;
  private lostBecause: FleetchartError | undefined;

  constructor(
    private readonly options: PumpOptions,
    private readonly careful: boolean,
    private readonly condemned: Suspect | undefined,
    private readonly events: RunEvents,
  ) {}

  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    const { spool, dispatcher } = this.options;
    const end = (): void => this.end();
    signal.addEventListener('abort', end, { once: true });
    this.listeners.push(
      () => signal.removeEventListener('abort', end),
      dispatcher.onLost((error) => this.lose(error)),
      spool.onAvailable(() => this.proceed()),
    );
    spool.rewind();
    this.proceed();
  }

  private get ended(): boolean {
    return this.ending.signal.aborted;
  }

  private proceed(): void {
    try {
      this.tellLevel();
      this.fill();
    } catch (error) {
      this.fail(dispatchError('DISPATCH_SPOOL_FAILED', 'the spool cannot be read', error));
    }
  }

  private tellLevel(): void {
    if (this.ended) return;
    const { highBytes, lowBytes } = this.options.watermarks;
    const { bytes } = this.options.spool.pending();
    const level = bytes >= highBytes ? 'high' : bytes <= lowBytes ? 'low' : this.level;
    if (level === this.level || level === undefined) return;
    this.level = level;
    this.events.send({ type: level === 'high' ? 'BACKLOG_HIGH' : 'BACKLOG_LOW' });
  }

  /** Starts a batch and leaves the next one to the next turn of the loop: encoding a batch takes milliseconds. */
  private fill(): void {
    const { spool, dispatcher, batch } = this.options;
    const single = this.careful && !this.moved;
    if (this.lostBecause) return;
    if (this.ended || this.filling || this.inFlight.length >= (single ? 1 : dispatcher.window)) return;
    const items = spool.read(single ? 1 : batch.items, batch.bytes);
    if (items.length === 0) return;
    this.filling = true;
    setImmediate(() => {
      this.filling = false;
      this.proceed();
    });
    void this.deliver(this.isCondemned(items) ? refusedBatch(items, this.condemned as Suspect) : readable(items));
  }

  private isCondemned([first, ...others]: readonly SpoolItem[]): boolean {
    return first !== undefined && others.length === 0 && first.seq === this.condemned?.seq;
  }

  private async deliver(batch: Batch): Promise<void> {
    this.inFlight.push(batch);
    const { clock, deliverTimeoutMs, dispatcher } = this.options;
    batch.timer = clock.setTimeout(
      () => this.fail(new DispatchError('DISPATCH_TIMEOUT', `no confirmation within ${deliverTimeoutMs} ms`)),
      deliverTimeoutMs,
    );
    try {
      const nothing = { delivered: 0 };
      batch.delivery = await (batch.records.length === 0
        ? nothing
        : dispatcher.deliver(batch.records, this.ending.signal));
      this.settleInOrder();
    } catch (error) {
      this.fail(dispatchError('DISPATCH_FAILED', 'the destination failed', error));
    } finally {
      clock.clearTimeout(batch.timer);
    }
  }

  private settleInOrder(): void {
    for (let batch = this.inFlight[0]; !this.ended && batch?.delivery; batch = this.inFlight[0]) {
      this.settle(batch, batch.delivery);
      this.inFlight.shift();
    }
    if (this.lostBecause) this.lose(this.lostBecause);
    else if (!this.ended) this.proceed();
  }

  private settle(batch: Batch, delivery: Delivery): void {
    const { spool, onConfirmed, onRefused } = this.options;
    const whole = delivery.delivered >= batch.records.length;
    const end = whole ? batch.items.length : (batch.itemOf[Math.max(0, delivery.delivered)] as number);
    for (const { index, reason } of delivery.refused ?? []) {
      const item = batch.itemOf[index];
      if (item !== undefined && item < end) batch.refused.set(item, reason);
    }
    const last = batch.items[end - 1];
    if (last) {
      const counts: PumpCounts = { delivered: 0, deliveredBytes: 0, refused: 0 };
      for (const [item, reason] of batch.refused) {
        if (item >= end) continue;
        counts.refused++;
        const { seq, payload } = batch.items[item] as SpoolItem;
        const record = batch.decoded[item];
        onRefused?.({ seq, reason, bytes: payload, ...(record ? { record } : {}) });
      }
      spool.confirm(last.seq);
      this.moved = true;
      for (let item = 0; item < end; item++) {
        const record = batch.decoded[item];
        if (!record || batch.refused.has(item)) continue;
        counts.delivered++;
        counts.deliveredBytes += (batch.items[item] as SpoolItem).payload.length;
        onConfirmed?.(record);
      }
      this.events.settled(counts);
    }
    if (!whole) this.fail(delivery.failure ?? new DispatchError('DISPATCH_INCOMPLETE', 'the destination took a part'));
  }

  /** What is in flight says first how far it came. */
  private lose(error: FleetchartError): void {
    this.lostBecause = error;
    if (this.inFlight.length === 0) this.fail(error);
  }

  private fail(error: FleetchartError): void {
    if (this.ended) return;
    this.end();
    const overFirst = !this.moved && this.inFlight.length > 0;
    this.events.failed(error, { overFirst, loneSeq: isOffered(error) ? this.loneSeq : undefined });
  }

  private get loneSeq(): number | undefined {
    const [first, ...others] = this.inFlight.flatMap(({ items }) => items);
    return others.length === 0 ? first?.seq : undefined;
  }

  private end(): void {
    this.ending.abort();
    for (const { timer } of this.inFlight) this.options.clock.clearTimeout(timer);
    for (const stop of this.listeners.splice(0)) stop();
  }
}

/** A record that never reached an open destination cannot have brought it down. */
const isOffered = ({ code }: FleetchartError): boolean => code !== NOT_CONNECTED && code !== 'DISPATCH_SPOOL_FAILED';

/** One record that is not offered any more. */
function refusedBatch(items: readonly SpoolItem[], { offers, error }: Suspect): Batch {
  const reason = `DISPATCH_GIVEN_UP: offered alone, it failed ${offers} times in a row; the last time: ${error.message}`;
  const { decoded } = readable(items);
  return { items, decoded, records: [], itemOf: [], refused: new Map([[0, reason]]) };
}

/** Separates the entries that are records from those that cannot be read. */
function readable(items: readonly SpoolItem[]): Batch {
  const decoded: (FleetRecord | undefined)[] = [];
  const records: FleetRecord[] = [];
  const itemOf: number[] = [];
  const refused = new Map<number, string>();
  items.forEach(({ payload }, index) => {
    const result = decodeRecord(payload);
    decoded.push(result.ok ? result.value : undefined);
    if (result.ok) {
      records.push(result.value);
      itemOf.push(index);
    } else refused.set(index, `${result.error.code}: ${result.error.detail}`);
  });
  return { items, decoded, records, itemOf, refused };
}
