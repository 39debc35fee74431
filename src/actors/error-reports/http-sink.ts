/**
 * Reports of errors by HTTP, one after another.
 *
 * Invariants
 * - ERP-1 What waits is bounded; past the bound the new report is given up and counted.
 * - ERP-2 No more than so many reports a minute are sent, and none while the receiver asks for patience.
 * - ERP-3 A report is sent once: one that fails is given up. That reports fail is logged once, until one arrives.
 */
import type { Clock, Logger, Metrics } from '../../runtime/index.js';
import { within } from '../../runtime/index.js';
import type { Answer, Exchange } from '../dispatch/index.js';
import type { ErrorReport, ErrorSink } from './report.js';

const MOST_WAITING = 100;
const MOST_A_MINUTE = 60;
const MINUTE_MS = 60_000;
/** Longest that a receiver may ask to wait. */
const LONGEST_DELAY_MS = 600_000;

export interface HttpSinkOptions {
  /** For lines and counters: `airbrake`. */
  readonly name: string;
  /** Opens nothing yet, but reads certificates. */
  readonly exchange: () => Promise<Exchange>;
  readonly encode: (report: ErrorReport) => {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
  };
  /** How long the receiver asks to wait, if it does. */
  readonly askedDelayMs: (status: number, headers: Answer['headers']) => number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

type Outcome = 'sent' | 'failed' | 'dropped';

export class HttpSink implements ErrorSink {
  private readonly waiting: ErrorReport[] = [];
  private readonly count;
  private readonly abort = new AbortController();
  private exchange: Exchange | undefined;
  private running: Promise<void> | undefined;
  private isFailing = false;
  private minuteStart = Number.NEGATIVE_INFINITY;
  private sentInMinute = 0;
  private heldUntil = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: HttpSinkOptions) {
    this.count = options.metrics.counter({
      name: 'error_reports_total',
      help: 'Reports of errors to airbrake or a webhook, by what became of them.',
      labels: ['sink', 'outcome'],
    });
  }

  report(report: ErrorReport): void {
    if (this.abort.signal.aborted) return;
    if (this.waiting.length >= MOST_WAITING || this.isOverRate()) {
      this.counted('dropped');
      return;
    }
    this.sentInMinute++;
    this.waiting.push(report);
    this.run();
  }

  async close(deadlineMs: number): Promise<void> {
    const { clock } = this.options;
    await within(clock, this.running ?? Promise.resolve(), deadlineMs);
    this.abort.abort();
    await this.running;
    for (const _ of this.waiting.splice(0)) this.counted('dropped');
    this.exchange?.close();
  }

  /** ERP-2. */
  private isOverRate(): boolean {
    const now = this.options.clock.monotonic();
    if (now - this.minuteStart >= MINUTE_MS) {
      this.minuteStart = now;
      this.sentInMinute = 0;
    }
    return this.sentInMinute >= MOST_A_MINUTE || now < this.heldUntil;
  }

  private run(): void {
    this.running ??= this.sendAll().finally(() => {
      this.running = undefined;
      if (this.waiting.length > 0 && !this.abort.signal.aborted) this.run();
    });
  }

  private async sendAll(): Promise<void> {
    const { signal } = this.abort;
    while (!signal.aborted) {
      const report = this.waiting.shift();
      if (!report) return;
      try {
        this.exchange ??= await this.options.exchange();
        const { headers, body } = this.options.encode(report);
        this.answered(await this.exchange.post(headers, body, signal));
      } catch (error) {
        this.failed(error instanceof Error ? error.message : String(error));
      }
    }
  }

  private answered({ status, headers }: Answer): void {
    if (status >= 200 && status < 300) {
      this.counted('sent');
      if (this.isFailing) this.options.logger.info({ sink: this.options.name }, 'error_reports_arrive_again');
      this.isFailing = false;
      return;
    }
    const delayMs = this.options.askedDelayMs(status, headers);
    if (delayMs !== undefined) {
      this.heldUntil = this.options.clock.monotonic() + Math.min(delayMs, LONGEST_DELAY_MS);
      for (const _ of this.waiting.splice(0)) this.counted('dropped');
    }
    this.failed(`answered with ${status}${HINTS[status] ?? ''}`);
  }

  /** ERP-3. */
  private failed(error: string): void {
    this.counted('failed');
    if (this.abort.signal.aborted || this.isFailing) return;
    this.isFailing = true;
    this.options.logger.error({ sink: this.options.name, error }, 'error_report_failed');
  }

  private counted(outcome: Outcome): void {
    this.count.inc({ sink: this.options.name, outcome });
  }
}

const HINTS: Readonly<Record<number, string>> = {
  401: ': the key is not the one of the project',
  403: ': the key is not the one of the project',
  404: ': is the project id right?',
};
