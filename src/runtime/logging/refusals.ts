/**
 * What every boundary does with what it refuses (ARCHITECTURE section 9): count it, and log it once per peer and reason
 * per minute.
 *
 * Invariants
 * - REF-1 Every refusal is counted under its reason.
 * - REF-2 A peer and reason is logged at most once a minute; the next line says how many were left out in between.
 * - REF-3 However many peers there are, or one peer pretends to be, memory and lines a minute are bounded.
 */
import type { Counter } from 'prom-client';
import type { Clock } from '../clock.js';
import type { Metrics } from '../metrics.js';
import type { Fields, Logger } from './log.js';

const MINUTE_MS = 60_000;
const LONGEST_PEER = 128;
const MOST_REASONS = 64;

export interface RefusalsOptions {
  /** The boundary, in snake_case: `http` makes the counter `http_rejected_total`. */
  readonly boundary: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** How many pairs of peer and reason are remembered. @default 4 096 */
  readonly capacity?: number;
  /** How many lines are written a minute at most. @default 600 */
  readonly linesPerMinute?: number;
}

/** What a line about a refusal says, where it is not ours. */
export interface RefusalLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  /** Beside those that every such line has. */
  readonly fields?: Fields;
}

interface Seen {
  loggedAt: number;
  unlogged: number;
}

const OURS: readonly RefusalLine[] = [{ level: 'warn', message: 'input refused' }];

export class Refusals {
  private readonly rejected: Counter<'reason'>;
  private readonly seen = new Map<string, Seen>();
  private readonly reasons = new Set<string>();
  private readonly capacity: number;
  private readonly linesPerMinute: number;
  private minuteStart = Number.NEGATIVE_INFINITY;
  private lines = 0;

  constructor(private readonly options: RefusalsOptions) {
    this.capacity = options.capacity ?? 4_096;
    this.linesPerMinute = options.linesPerMinute ?? 600;
    this.rejected = options.metrics.counter({
      name: `${options.boundary}_rejected_total`,
      help: `What the ${options.boundary} boundary refused, by reason.`,
      labels: ['reason'],
    });
  }

  /**
   * @param peer who sent it: an address, a certificate's subject
   * @param reason a short snake_case word of the boundary's own, never a peer's
   * @param fields what else helps to see what is wrong
   * @param lines what is logged instead of `input refused`, bounded alike
   */
  refuse(peer: string, reason: string, fields: Fields = {}, lines: readonly RefusalLine[] = OURS): void {
    this.rejected.inc({ reason: this.label(reason) });
    this.tell(peer, reason, fields, lines);
  }

  /** Logs what is no refusal by itself and bounded like one; says the same. */
  tell(peer: string, reason: string, fields: Fields, lines: readonly RefusalLine[]): void {
    const now = this.options.clock.monotonic();
    const shortPeer = peer.slice(0, LONGEST_PEER);
    const pair = `${reason} ${shortPeer}`;
    const seen = this.seen.get(pair);
    if (seen && now - seen.loggedAt < MINUTE_MS) {
      seen.unlogged++;
      return;
    }
    if (!this.mayLog(now)) return;
    // Set anew, so that the map's first pair is the one whose line is the oldest.
    this.seen.delete(pair);
    this.seen.set(pair, { loggedAt: now, unlogged: 0 });
    this.forgetOldest();
    const repeated = seen && seen.unlogged > 0 ? { repeated: seen.unlogged } : {};
    for (const { level, message, fields: own = {} } of lines) {
      const common = { boundary: this.options.boundary, peer: shortPeer, reason, ...repeated };
      this.options.logger[level]({ ...fields, ...common, ...own }, message);
    }
  }

  private mayLog(now: number): boolean {
    if (now - this.minuteStart >= MINUTE_MS) {
      this.minuteStart = now;
      this.lines = 0;
    }
    this.lines++;
    if (this.lines === this.linesPerMinute + 1) {
      this.options.logger.warn(
        { boundary: this.options.boundary },
        'too many refusals, not logged until the next minute',
      );
    }
    return this.lines <= this.linesPerMinute;
  }

  private forgetOldest(): void {
    if (this.seen.size <= this.capacity) return;
    for (const pair of this.seen.keys()) {
      this.seen.delete(pair);
      return;
    }
  }

  private label(reason: string): string {
    if (this.reasons.has(reason)) return reason;
    if (this.reasons.size >= MOST_REASONS) return 'other';
    this.reasons.add(reason);
    return reason;
  }
}
