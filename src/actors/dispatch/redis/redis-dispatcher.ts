/**
 * Records as publications on the channels of their vehicles (section 5.3).
 *
 * Invariants
 * - RDD-1 A record is confirmed when the server has answered each of its publications, one after another; the first that
 *   fails stops the rest (FT-RED-5).
 * - RDD-2 Records of one vehicle follow each other; those of others go on beside them.
 * - RDD-3 A connection on which a command failed or was not answered in time is given up: what it held is published
 *   again from the spool, over the next one.
 */
import type { RedisDispatcherSettings } from '../../../protocols/fleet-telemetry/redis-settings.js';
import type { Clock } from '../../../runtime/clock.js';
import type { FleetchartError } from '../../../runtime/errors.js';
import { CurrentConnection } from '../current-connection.js';
import type { Delivery, Dispatcher, RecordFormats } from '../dispatcher.js';
import { DispatchError, givenUp } from '../errors.js';
import { formOf, reasonOf } from '../form.js';
import type { FleetRecord } from '../record.js';
import { Settlement } from '../settlement.js';
import { RedisConnection } from './connection.js';
import type { Library } from './redis-client.js';

export interface RedisDispatcherOptions extends RedisDispatcherSettings {
  readonly formats: RecordFormats;
  readonly clock: Clock;
  /** For the first answer (FT-RED-4). @default 10000 */
  readonly pingTimeoutMs?: number;
  /** Told of each confirmed publication, for `redis_publish_total` and its bytes. */
  readonly onPublished?: (type: string, bytes: number) => void;
  /** Told of each record that could not be published, for `redis_err`. */
  readonly onError?: (type: string) => void;
  /** Loads the client library. */
  readonly load?: () => Promise<Library>;
}

export function createRedisDispatcher(options: RedisDispatcherOptions): Dispatcher {
  return new RedisDispatcher(options);
}

class RedisDispatcher implements Dispatcher {
  readonly kind = 'redis';
  readonly confirmation = 'relayed';
  readonly window = 1;
  private readonly current = new CurrentConnection<RedisConnection>();

  constructor(private readonly options: RedisDispatcherOptions) {}

  connect(signal: AbortSignal): Promise<void> {
    const { clock, publishTimeoutMs, pingTimeoutMs = 10_000 } = this.options;
    const load = this.options.load ?? (() => import('ioredis'));
    const opening = { client: this.options, load, clock, pingTimeoutMs, publishTimeoutMs };
    return this.current.replace(() => RedisConnection.open(opening, signal));
  }

  deliver(
    records: readonly FleetRecord[],
    signal: AbortSignal,
    progress: (delivery: Delivery) => void = () => {},
  ): Promise<Delivery> {
    return this.current.deliver((connection) => {
      const settlement = new Settlement(records.length, progress);
      return new Publications(records, connection, this.options, settlement).publish(signal);
    });
  }

  close(deadlineMs: number): Promise<void> {
    return this.current.end(deadlineMs);
  }

  onLost(callback: (error: FleetchartError) => void): () => void {
    return this.current.onLost(callback);
  }
}

/** The publications of one `deliver` call. */
class Publications {
  /** Read once for all records of a call that ask for the same. */
  private readonly leases = new Map<string, Promise<readonly Buffer[]>>();

  constructor(
    private readonly records: readonly FleetRecord[],
    private readonly connection: RedisConnection,
    private readonly options: RedisDispatcherOptions,
    private readonly settlement: Settlement,
  ) {}

  async publish(signal: AbortSignal): Promise<Delivery> {
    const lanes = new Map<string, number[]>();
    for (const [index, { vehicle }] of this.records.entries()) {
      const lane = lanes.get(vehicle);
      if (lane) lane.push(index);
      else lanes.set(vehicle, [index]);
    }
    await Promise.all([...lanes.values()].map((indexes) => this.publishInTurn(indexes, signal)));
    return this.settlement.outcome;
  }

  private async publishInTurn(indexes: readonly number[], signal: AbortSignal): Promise<void> {
    const { settlement, connection } = this;
    for (const index of indexes) {
      if (signal.aborted) settlement.fail(givenUp());
      if (connection.loss) settlement.fail(connection.loss);
      if (settlement.failure) return;
      const record = this.records[index] as FleetRecord;
      try {
        settlement.settle(index, await this.publishRecord(record));
      } catch (error) {
        this.options.onError?.(record.type);
        const refusal = refusalOf(error);
        if (refusal === undefined) settlement.fail(failureOf(error));
        else settlement.settle(index, refusal);
      }
    }
  }

  /** Returns why the record is refused, if it is. */
  private async publishRecord(record: FleetRecord): Promise<string | undefined> {
    const { formats, subscriberSetPrefix, publishVinTopics, onPublished } = this.options;
    const form = formOf(formats.redis, record);
    if (!form.ok) return reasonOf(form.error);
    const { channel, subscribers, body } = form.value;
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const others = subscriberSetPrefix === '' ? [] : await this.subscribersOf(subscribers);
    for (const target of publishVinTopics ? [...others, channel] : others) {
      await this.connection.publish(target, bytes);
      onPublished?.(record.type, bytes.length);
    }
    return undefined;
  }

  private subscribersOf(key: string): Promise<readonly Buffer[]> {
    const nowS = Math.floor(this.options.clock.now() / 1000);
    const leases = this.leases.get(key) ?? this.connection.leases(key, nowS);
    this.leases.set(key, leases);
    return leases;
  }
}

/** What is wrong with a vehicle's own set holds up nobody else. */
function refusalOf(error: unknown): string | undefined {
  const text = error instanceof Error ? error.message : '';
  return text.startsWith('WRONGTYPE')
    ? `DISPATCH_REDIS_REFUSED: the key of its subscribers is no sorted set`
    : undefined;
}

/** Without the error of the library as its cause: that holds the command with all its arguments. */
function failureOf(error: unknown): FleetchartError {
  const code = error instanceof DispatchError ? error.code : 'DISPATCH_REDIS_FAILED';
  const reason = error instanceof Error ? error.message : String(error);
  return new DispatchError(code, `redis_err ${reason}`, { retryable: true });
}
