import type { Clock, TimerHandle } from '../../runtime/clock.js';
import type { FleetchartError } from '../../runtime/errors.js';
import type { Delivery, Dispatcher } from './dispatcher.js';
import { DispatchError, dispatchError, NOT_CONNECTED } from './errors.js';
import { type Batch, readable, refusedBatch, type Suspect } from './pump-batch.js';
import type { FleetRecord } from './record.js';
import type { RefusedRecord, Spool, SpoolItem } from './spool.js';

export interface PumpOptions {
  readonly spool: Spool;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly batch: { readonly items: number; readonly bytes: number };
  /** Until so much waits, or for so long, nothing is read: for a destination that each call costs dear. */
  readonly gather?: { readonly items: number; readonly bytes: number; readonly ms: number };
  /** Levels of this dispatcher's part of the spool, in bytes, between which it counts as neither high nor low. */
  readonly watermarks: { readonly highBytes: number; readonly lowBytes: number };
  /** For the next confirmation, after which the destination counts as lost. */
  readonly deliverTimeoutMs: number;
  readonly onConfirmed?: (record: FleetRecord) => void;
  readonly onRefused?: (refused: RefusedRecord) => void;
  /** Told of the record over which a delivery failed; it is offered again. */
  readonly onUndelivered?: (record: FleetRecord) => void;
}

export type BacklogEvent = { readonly type: 'BACKLOG_HIGH' } | { readonly type: 'BACKLOG_LOW' };

export interface PumpCounts {
  delivered: number;
  deliveredBytes: number;
  refused: number;
}

export interface RunFailure {
  /** Nothing was settled before. */
  readonly overFirst: boolean;
  /** Of the record that was offered alone. */
  readonly loneSeq: number | undefined;
}

export interface RunEvents {
  readonly send: (event: BacklogEvent) => void;
  readonly settled: (counts: PumpCounts) => void;
  readonly failed: (error: Error, failure: RunFailure) => void;
}

/** One connection's worth of pumping. */
export class PumpRun {
  private readonly inFlight: Batch[] = [];
  private readonly ending = new AbortController();
  private readonly listeners: (() => void)[] = [];
  private level: 'high' | 'low' | undefined;
  private moved = false;
  private filling = false;
  private lostBecause: FleetchartError | undefined;
  private timer: TimerHandle;
  private gathering: TimerHandle;
  private hasGathered = false;

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
    if (!single && this.isGathering()) return;
    const items = spool.read(single ? 1 : batch.items, batch.bytes);
    if (items.length === 0) return;
    this.filling = true;
    setImmediate(() => {
      this.filling = false;
      this.proceed();
    });
    void this.deliver(this.isCondemned(items) ? refusedBatch(items, this.condemned as Suspect) : readable(items));
  }

  /** Whether it is worth while to wait for more records; looks again when they come or the time is over. */
  private isGathering(): boolean {
    const { gather, spool, clock } = this.options;
    if (!gather) return false;
    const { items, bytes } = spool.pending();
    if (items > 0 && !this.hasGathered && items < gather.items && bytes < gather.bytes) {
      this.gathering ??= clock.setTimeout(() => {
        this.hasGathered = true;
        this.proceed();
      }, gather.ms);
      return true;
    }
    clock.clearTimeout(this.gathering);
    this.gathering = undefined;
    this.hasGathered = false;
    return false;
  }

  private isCondemned([first, ...others]: readonly SpoolItem[]): boolean {
    return first !== undefined && others.length === 0 && first.seq === this.condemned?.seq;
  }

  private async deliver(batch: Batch): Promise<void> {
    this.inFlight.push(batch);
    if (this.inFlight.length === 1) this.watch();
    const progress = (delivery: Delivery): void => {
      batch.progress = delivery;
      this.watch();
    };
    try {
      const nothing = { delivered: 0 };
      batch.delivery = await (batch.records.length === 0
        ? nothing
        : this.options.dispatcher.deliver(batch.records, this.ending.signal, progress));
      this.settleInOrder();
    } catch (error) {
      this.fail(dispatchError('DISPATCH_FAILED', 'the destination failed', error));
    }
  }

  /** Waits from now on for the next confirmation, while something is in flight. */
  private watch(): void {
    const { clock, deliverTimeoutMs } = this.options;
    clock.clearTimeout(this.timer);
    if (this.ended || this.inFlight.length === 0) return;
    this.timer = clock.setTimeout(
      () => this.fail(new DispatchError('DISPATCH_TIMEOUT', `no confirmation within ${deliverTimeoutMs} ms`)),
      deliverTimeoutMs,
    );
  }

  private settleInOrder(): void {
    for (let batch = this.inFlight[0]; !this.ended && batch?.delivery; batch = this.inFlight[0]) {
      const { delivered, failure } = batch.delivery;
      this.settle(batch, batch.delivery);
      if (delivered < batch.records.length) {
        this.fail(failure ?? new DispatchError('DISPATCH_INCOMPLETE', 'the destination took a part'));
        return;
      }
      this.inFlight.shift();
      this.watch();
    }
    if (this.lostBecause) this.lose(this.lostBecause);
    else if (!this.ended) this.proceed();
  }

  private settle(batch: Batch, delivery: Delivery): void {
    const { spool, onConfirmed, onRefused } = this.options;
    batch.progress = undefined;
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
  }

  /** What is in flight says first how far it came. */
  private lose(error: FleetchartError): void {
    this.lostBecause = error;
    if (this.inFlight.length === 0) this.fail(error);
  }

  private fail(error: FleetchartError): void {
    if (this.ended) return;
    this.tellUndelivered();
    this.end();
    const overFirst = !this.moved && this.inFlight.length > 0;
    this.events.failed(error, { overFirst, loneSeq: BLAMELESS.has(error.code) ? undefined : this.loneSeq });
  }

  private tellUndelivered(): void {
    const [first] = this.inFlight;
    const record = first?.records[(first.delivery ?? first.progress)?.delivered ?? 0];
    if (record) this.options.onUndelivered?.(record);
  }

  private get loneSeq(): number | undefined {
    const [first, ...others] = this.inFlight.flatMap(({ items }) => items);
    return others.length === 0 ? first?.seq : undefined;
  }

  private end(): void {
    if (this.ended) return;
    const [first] = this.inFlight;
    if (first?.progress) this.settle(first, first.progress);
    this.ending.abort();
    this.options.clock.clearTimeout(this.timer);
    this.options.clock.clearTimeout(this.gathering);
    for (const stop of this.listeners.splice(0)) stop();
  }
}

/**
 * What says nothing of the record that was offered: it never reached an open destination, or that only keeps silent, as
 * one that hangs does over any record.
 */
const BLAMELESS: ReadonlySet<string> = new Set([
  NOT_CONNECTED,
  'DISPATCH_SPOOL_FAILED',
  'DISPATCH_TIMEOUT',
  'DISPATCH_MQTT_TIMEOUT',
]);
