/**
 * Records in streams of Kinesis (spec 5.4), a batch in as few PutRecords requests as hold it.
 *
 * Invariants
 * - KID-1 A record is confirmed when the service has given it a sequence number and everything of its vehicle before it is
 *   confirmed or refused.
 * - KID-2 Of a request that was taken in part, what failed is put again together with all of the same vehicles behind it:
 *   the last copies of a vehicle's records are in order, and what lies between is a repetition. Requests of one stream
 *   follow each other.
 * - KID-3 As long as each request brings some records in, the rest is tried again; after `maxRetries` that brought none, or
 *   without an answer, the rest waits in the spool.
 * - KID-4 A request that the service calls invalid is halved until the record at fault stands alone; that one is refused.
 */
import type { KinesisDispatcherSettings } from '../../../protocols/fleet-telemetry/kinesis-settings.js';
import { delayMs } from '../../../runtime/backoff.js';
import type { Clock } from '../../../runtime/clock.js';
import { pause } from '../../../runtime/wait.js';
import { deliverByDestination, type Placed } from '../by-destination.js';
import { CLIENT_PACKAGES, loadPackage } from '../client-package.js';
import type { Delivery, Dispatcher, RecordFormats } from '../dispatcher.js';
import { givenUp, notConnected } from '../errors.js';
import { formOf, reasonOf } from '../form.js';
import type { FleetRecord } from '../record.js';
import { sendInRequests } from '../requests.js';
import type { Settlement } from '../settlement.js';
import { KinesisConnection, type Library, loadClient, nameOf, SILENCE_MS } from './connection.js';
import { type Entry, entryOf, MOST_BYTES, MOST_RECORDS, type StreamPlace, sift } from './put-plan.js';

export interface KinesisDispatcherOptions extends KinesisDispatcherSettings {
  readonly formats: RecordFormats;
  readonly clock: Clock;
  /** Told of each confirmed record. */
  readonly onPublished?: (type: string, bytes: number) => void;
  /** Likewise, with where it is. */
  readonly onPlaced?: (record: FleetRecord, place: StreamPlace) => void;
  /** Loads the client library. */
  readonly load?: () => Promise<Library>;
}

/** Pause after a request of which records failed, which are mostly throttled; doubles while nothing is taken. */
const RETRY = { immediate: false, firstMs: 100, capMs: 5_000, jitter: 0 } as const;

/** What the service answers to a request that it will never take as it is. */
const INVALID: ReadonlySet<string> = new Set([
  'ValidationException',
  'InvalidArgumentException',
  'SerializationException',
  'RequestEntityTooLargeException',
]);

/** How records are read for this dispatcher: as many as one request holds. */
export function kinesisPacing({ maxRetries }: KinesisDispatcherSettings) {
  return {
    batch: { items: MOST_RECORDS, bytes: 4 * 1024 * 1024 },
    // Longer than it waits by itself, whose own errors say more.
    deliverTimeoutMs: (maxRetries + 1) * (SILENCE_MS + RETRY.capMs) + 30_000,
  };
}

export function createKinesisDispatcher(options: KinesisDispatcherOptions): Dispatcher {
  return new KinesisDispatcher(options);
}

class KinesisDispatcher implements Dispatcher {
  readonly kind = 'kinesis';
  readonly confirmation = 'stored';
  readonly window = 1;
  private connection: KinesisConnection | undefined;

  constructor(private readonly options: KinesisDispatcherOptions) {}

  async connect(signal: AbortSignal): Promise<void> {
    await this.close();
    const load = this.options.load ?? loadClient;
    const library = await loadPackage(CLIENT_PACKAGES.kinesis, load);
    const connection = new KinesisConnection(library, this.options);
    try {
      await connection.check(signal);
    } catch (error) {
      connection.destroy();
      throw signal.aborted ? givenUp() : error;
    }
    this.connection = connection;
  }

  async deliver(
    records: readonly FleetRecord[],
    signal: AbortSignal,
    progress: (delivery: Delivery) => void = () => {},
  ): Promise<Delivery> {
    const { connection } = this;
    if (!connection) return notConnected();
    return deliverByDestination(
      records,
      progress,
      (record, index) => this.place(record, index),
      (stream, entries, settlement) => this.putAll(connection, stream, entries, settlement, signal),
    );
  }

  async close(): Promise<void> {
    this.connection?.destroy();
    this.connection = undefined;
  }

  onLost(): () => void {
    // There is no connection between requests that could be lost.
    return () => {};
  }

  /** An entry for its stream; what has no stream, has no form, or would never be taken, is refused. */
  private place(record: FleetRecord, index: number): Placed<Entry> | string {
    const { formats, streams } = this.options;
    const stream = streams.get(record.type);
    if (stream === undefined) return unnamed(record.type);
    const form = formOf(formats.topic, record);
    if (!form.ok) return reasonOf(form.error);
    const entry = entryOf(index, record, form.value.body);
    return typeof entry === 'string' ? entry : { destination: stream, entry };
  }

  private async putAll(
    connection: KinesisConnection,
    stream: string,
    entries: readonly Entry[],
    settlement: Settlement,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, maxRetries, onPublished, onPlaced } = this.options;
    let inVain = 0;
    await sendInRequests(entries, settlement, {
      most: { entries: MOST_RECORDS, bytes: MOST_BYTES },
      send: async (request) => {
        const { taken, again, failure } = sift(request, await connection.put(stream, request, signal));
        for (const { entry, place } of taken) {
          onPublished?.(entry.record.type, entry.data.length);
          onPlaced?.(entry.record, place);
        }
        settlement.settleAll(taken.map(({ entry }) => entry.index));
        if (!failure) return again;
        inVain = taken.length > 0 ? 0 : inVain + 1;
        if (inVain > maxRetries) throw new Error(`${failure.code}: ${failure.message}`);
        await pause(clock, delayMs(inVain, RETRY, 0), signal);
        return again;
      },
      judge: (error) => {
        if (signal.aborted) return givenUp();
        if (!INVALID.has(nameOf(error))) return connection.failureOf(error, stream);
        return { of: 'record', reason: `DISPATCH_KINESIS_REFUSED: ${nameOf(error)}: ${(error as Error).message}` };
      },
    });
  }
}

/** Of a record that waited while its type was taken from this dispatcher: nothing says any more what stream is meant. */
const unnamed = (type: string): string =>
  `DISPATCH_KINESIS_STREAM_UNNAMED: no stream is configured for ${type}, which records does not send to kinesis any more`;
