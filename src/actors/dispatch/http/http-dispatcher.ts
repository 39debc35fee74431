/**
 * Records as the bodies of HTTP requests, many in one.
 *
 * Invariants
 * - HTD-1 A record is confirmed when a request that held it was answered with 2xx.
 * - HTD-2 Records of one vehicle are in the same lane; the requests of a lane follow each other.
 * - HTD-3 A request that is refused for its content is divided until the records at fault stand alone; only they are
 *   refused.
 * - HTD-4 After any other failure nothing is sent until {@link Dispatcher.connect}, and not before the time that the
 *   receiver asked for.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { HttpDispatcherSettings } from '../../../protocols/fleet-telemetry/http-settings.js';
import type { Clock } from '../../../runtime/clock.js';
import type { FleetchartError } from '../../../runtime/errors.js';
import type { Delivery, Dispatcher, RecordFormats } from '../dispatcher.js';
import type { DestinationOptions } from '../effects.js';
import { DispatchError, givenUp, notConnected } from '../errors.js';
import { reasonOf } from '../form.js';
import type { FleetRecord } from '../record.js';
import { Settlement } from '../settlement.js';
import { excerptOf, retryAfterMs, verdictOf } from './answer.js';
import { type BodyFormat, batchId, inRequests, jsonBody, type Part, protobufBody, recordId } from './body.js';
import { type Answer, Exchange } from './exchange.js';
import { SIGNATURE_HEADER, signatureOf } from './signature.js';

export interface HttpDispatcherOptions extends HttpDispatcherSettings {
  readonly formats: RecordFormats;
  readonly clock: Clock;
  /** Told of each request that ended: the hundreds of its status, `2xx`, or `none` without an answer. */
  readonly onRequest?: (outcome: string, bodyBytes: number) => void;
  /** Told of each confirmed record and its bytes in the body before compression. */
  readonly onPublished?: (type: string, bytes: number) => void;
}

/** Throws {@link DispatchError} `DISPATCH_URL_INVALID` for an address that is none. */
export function createHttpDispatcher(options: HttpDispatcherOptions): Dispatcher {
  return new HttpDispatcher(options);
}

/** How records are gathered for it, and how long it may take over them. */
export function httpBatching(
  settings: HttpDispatcherSettings,
): Pick<DestinationOptions, 'batch' | 'gather' | 'deliverTimeoutMs'> {
  const { maxBatchRecords, maxBatchBytes, maxBatchDelayMs, maxInFlight, timeoutMs } = settings;
  return {
    batch: {
      items: maxBatchRecords * maxInFlight,
      bytes: Math.max(maxBatchBytes, Math.min(MOST_BYTES_AT_ONCE, maxBatchBytes * maxInFlight)),
    },
    gather: { items: maxBatchRecords, bytes: maxBatchBytes, ms: maxBatchDelayMs },
    // Each request has its own time; until one record stands alone there are as many as halves.
    deliverTimeoutMs: timeoutMs * (2 + Math.ceil(Math.log2(maxBatchRecords + 1))),
  };
}

/** Of records in memory at once, unless one request holds more. */
const MOST_BYTES_AT_ONCE = 16 * 1_048_576;

const compress = promisify(gzip);
/** How long one {@link Dispatcher.connect} waits for the time that the receiver asked for; within its own timeout. */
const LONGEST_WAIT_MS = 30_000;

class HttpDispatcher implements Dispatcher {
  readonly kind = 'http';
  readonly confirmation = 'stored';
  readonly window = 1;
  private readonly url: URL;
  private readonly format: BodyFormat;
  private exchange: Exchange | undefined;
  /** HTD-4, as the clock tells. */
  private notBefore = 0;

  constructor(private readonly options: HttpDispatcherOptions) {
    if (!URL.canParse(options.url)) throw new DispatchError('DISPATCH_URL_INVALID', 'expected an http or https URL');
    this.url = new URL(options.url);
    this.format = options.format === 'protobuf' ? protobufBody : jsonBody(options.formats);
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.close();
    await this.waitAsAsked(signal);
    const { maxInFlight, timeoutMs, clock, tls } = this.options;
    const shown = `${this.url.origin}${this.url.pathname}`;
    let exchange: Exchange | undefined;
    try {
      exchange = await Exchange.create({ url: this.url, tls, maxInFlight, timeoutMs, clock });
      await exchange.probe(signal);
    } catch (error) {
      exchange?.close();
      if ((error as FleetchartError).code === 'DISPATCH_ABORTED') throw error;
      throw new DispatchError('DISPATCH_HTTP_UNREACHABLE', `cannot reach ${shown}: ${explain(error as Error)}`, {
        cause: error,
        retryable: true,
      });
    }
    this.exchange = exchange;
  }

  async deliver(
    records: readonly FleetRecord[],
    signal: AbortSignal,
    progress: (delivery: Delivery) => void = () => {},
  ): Promise<Delivery> {
    const { exchange } = this;
    if (records.length === 0) return { delivered: 0 };
    if (!exchange) return notConnected();
    const settlement = new Settlement(records.length, progress);
    const parts = this.encode(records, settlement);
    await Promise.all(
      this.inLanes(records, parts).map((lane) => this.sendLane(lane, { records, settlement, exchange, signal })),
    );
    const { outcome } = settlement;
    if (outcome.failure && this.exchange === exchange) await this.close();
    return outcome;
  }

  async close(): Promise<void> {
    this.exchange?.close();
    this.exchange = undefined;
  }

  /** There is no connection to lose while nothing is sent. */
  onLost(): () => void {
    return () => {};
  }

  private encode(records: readonly FleetRecord[], settlement: Settlement): Part[] {
    return records.flatMap((record, index) => {
      const id = recordId(record);
      const bytes = this.format.encode(record, id);
      if (bytes.ok) return [{ index, id, bytes: bytes.value }];
      settlement.settle(index, reasonOf(bytes.error));
      return [];
    });
  }

  /** As many lanes as there are requests to fill, by the vehicle (HTD-2). */
  private inLanes(records: readonly FleetRecord[], parts: readonly Part[]): Part[][] {
    const { maxInFlight, maxBatchRecords, maxBatchBytes } = this.options;
    const bytes = parts.reduce((sum, part) => sum + part.bytes.length, 0);
    const full = Math.ceil(Math.max(parts.length / maxBatchRecords, bytes / maxBatchBytes));
    const lanes: Part[][] = Array.from({ length: Math.max(1, Math.min(maxInFlight, full)) }, () => []);
    const laneOf = new Map<string, Part[]>();
    for (const part of parts) {
      const { vehicle } = records[part.index] as FleetRecord;
      // A vehicle that comes new joins those in the shortest lane.
      const lane = laneOf.get(vehicle) ?? lanes.reduce((a, b) => (b.length < a.length ? b : a));
      laneOf.set(vehicle, lane);
      lane.push(part);
    }
    return lanes;
  }

  private async sendLane(lane: readonly Part[], call: Call): Promise<void> {
    const { maxBatchRecords, maxBatchBytes } = this.options;
    for (const parts of inRequests(lane, maxBatchRecords, maxBatchBytes)) await this.send(parts, call);
  }

  /** HTD-3. */
  private async send(parts: readonly Part[], call: Call): Promise<void> {
    const { settlement, records } = call;
    if (settlement.failure) return;
    try {
      const answer = await this.post(parts, call);
      const verdict = verdictOf(answer.status, this.options.holdStatuses);
      if (verdict === 'taken') {
        for (const { index, bytes } of parts) {
          settlement.settle(index);
          this.options.onPublished?.((records[index] as FleetRecord).type, bytes.length);
        }
      } else if (verdict === 'later') settlement.fail(this.failureOf(answer));
      else if (parts.length === 1)
        settlement.settle((parts[0] as Part).index, `DISPATCH_HTTP_REFUSED: ${said(answer)}`);
      else {
        const half = Math.ceil(parts.length / 2);
        await this.send(parts.slice(0, half), call);
        await this.send(parts.slice(half), call);
      }
    } catch (error) {
      this.options.onRequest?.('none', 0);
      settlement.fail(lossOf(error as Error));
    }
  }

  private async post(parts: readonly Part[], { exchange, signal }: Call): Promise<Answer> {
    const { clock, secret, gzip: isCompressed, onRequest } = this.options;
    const plain = Buffer.concat(parts.map(({ bytes }) => bytes));
    const body = isCompressed ? await compress(plain) : plain;
    const headers: Record<string, string> = {
      'Content-Type': this.format.contentType,
      'User-Agent': 'fleetchart',
      'Idempotency-Key': batchId(parts),
      'Fleetchart-Records': `${parts.length}`,
      ...(isCompressed ? { 'Content-Encoding': 'gzip' } : {}),
      ...(secret ? { [SIGNATURE_HEADER]: signatureOf(secret, Math.floor(clock.now() / 1000), body) } : {}),
    };
    const answer = await exchange.post(headers, body, signal);
    onRequest?.(`${Math.floor(answer.status / 100)}xx`, body.length);
    return answer;
  }

  private failureOf(answer: Answer): FleetchartError {
    const now = this.options.clock.now();
    const wish = retryAfterMs(answer.headers['retry-after'], now);
    this.notBefore = Math.max(this.notBefore, now + wish);
    const until = wish > 0 ? `; it asks to be left alone for ${Math.ceil(wish / 1000)} s` : '';
    return new DispatchError('DISPATCH_HTTP_STATUS', `${said(answer)}${until}`, { retryable: true });
  }

  /** HTD-4. The chart waits by itself for what is longer than one try may take. */
  private async waitAsAsked(signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    const left = this.notBefore - clock.now();
    if (left <= 0) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        clock.clearTimeout(timer);
        reject(givenUp());
      };
      const timer = clock.setTimeout(
        () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.min(left, LONGEST_WAIT_MS),
      );
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
    const rest = this.notBefore - clock.now();
    if (rest <= 0) return;
    const message = `the receiver asks to be left alone for ${Math.ceil(rest / 1000)} s more`;
    throw new DispatchError('DISPATCH_HTTP_HELD_OFF', message, { retryable: true });
  }
}

/** What the requests of one `deliver` call have in common. */
interface Call {
  readonly records: readonly FleetRecord[];
  readonly settlement: Settlement;
  readonly exchange: Exchange;
  readonly signal: AbortSignal;
}

function said({ status, body, headers }: Answer): string {
  const excerpt = excerptOf(body);
  const target = status >= 300 && status < 400 ? ` to ${headers.location ?? 'nowhere'}, which is not followed` : '';
  return `the receiver answered ${status}${target}${excerpt ? `: ${excerpt}` : ''}`;
}

function lossOf(error: Error): FleetchartError {
  if (error instanceof DispatchError) return error;
  return new DispatchError('DISPATCH_HTTP_LOST', `no answer: ${explain(error)}`, { cause: error, retryable: true });
}

function explain(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'nobody listens there; is the receiver running?';
  if (code === 'ENOTFOUND') return 'the host name is unknown';
  return error.message || String(code);
}
