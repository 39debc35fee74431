/**
 * Records as messages on topics of Google Cloud Pub/Sub (spec 5.4).
 *
 * Invariants
 * - PSD-1 A record is confirmed when the service has given it an id.
 * - PSD-2 Publications on a topic follow each other in the order of the records; subscribers get them in any, because
 *   there are no ordering keys.
 * - PSD-3 A publication that the service calls invalid is halved until the record at fault stands alone; that one is
 *   refused. Any other failure ends the batch: the rest waits in the spool.
 */
import type { PubsubDispatcherSettings } from '../../../protocols/fleet-telemetry/pubsub-settings.js';
import { byDestination, type Placed } from '../by-destination.js';
import { loadPackage } from '../client-package.js';
import type { Delivery, Dispatcher, RecordFormats } from '../dispatcher.js';
import { DispatchError, notConnected } from '../errors.js';
import { formOf, reasonOf } from '../form.js';
import type { FleetRecord } from '../record.js';
import { sendInRequests } from '../requests.js';
import { Settlement } from '../settlement.js';
import { unlessAborted } from '../unless-aborted.js';
import { CALL_TIMEOUT_MS, codeOf, type Library, type Message, PubsubConnection, STATUS } from './connection.js';

export interface PubsubDispatcherOptions extends PubsubDispatcherSettings {
  readonly formats: RecordFormats;
  /** Told of each confirmed record. */
  readonly onPublished?: (type: string, bytes: number) => void;
  /** Told of each type whose topic could not be had, for `pubsub_not_connected_total`. */
  readonly onNotConnected?: (type: string) => void;
  /** Loads the client library. */
  readonly load?: () => Promise<Library>;
}

/** Most messages and bytes of one publication. */
const MOST_MESSAGES = 1_000;
const MOST_BYTES = 10_000_000;
const LONGEST_ATTRIBUTE = 1_024;
/** What the service counts for a message beside its data and attributes, generously. */
const MESSAGE_BYTES = 64;

/** How records are read for this dispatcher. */
export const PUBSUB_PACING = {
  batch: { items: 500, bytes: 4 * 1024 * 1024 },
  // Longer than it waits by itself, whose own errors say more.
  deliverTimeoutMs: CALL_TIMEOUT_MS + 30_000,
};

interface Entry extends Message {
  /** In the batch. */
  readonly index: number;
  readonly type: string;
  readonly bytes: number;
}

export function createPubsubDispatcher(options: PubsubDispatcherOptions): Dispatcher {
  return new PubsubDispatcher(options);
}

class PubsubDispatcher implements Dispatcher {
  readonly kind = 'pubsub';
  readonly confirmation = 'stored';
  readonly window = 1;
  private connection: PubsubConnection | undefined;

  constructor(private readonly options: PubsubDispatcherOptions) {}

  async connect(signal: AbortSignal): Promise<void> {
    await this.close();
    const load = this.options.load ?? (() => import('@google-cloud/pubsub'));
    const library = await loadPackage({ dispatcher: 'pubsub', name: '@google-cloud/pubsub', major: 5 }, load);
    const connection = await PubsubConnection.open(library, this.options).catch((error: unknown) => {
      const message = `pubsub_connect_error ${PubsubConnection.explain(error)}`;
      throw new DispatchError('DISPATCH_PUBSUB_UNREACHABLE', message, { cause: error, retryable: true });
    });
    try {
      await unlessAborted(this.provision(connection), signal);
    } catch (error) {
      await connection.close();
      throw error;
    }
    this.connection = connection;
  }

  async deliver(
    records: readonly FleetRecord[],
    signal: AbortSignal,
    progress: (delivery: Delivery) => void = () => {},
  ): Promise<Delivery> {
    const { connection } = this;
    if (records.length === 0) return { delivered: 0 };
    if (!connection) return notConnected();
    const settlement = new Settlement(records.length, progress);
    const topics = byDestination(records, settlement, (record, index) => this.place(record, index));
    await Promise.all(
      [...topics].map(([topic, entries]) => this.publishAll(connection, topic, entries, settlement, signal)),
    );
    return settlement.outcome;
  }

  async close(): Promise<void> {
    const { connection } = this;
    this.connection = undefined;
    await connection?.close();
  }

  onLost(): () => void {
    // A connection that is lost is made again with the next call.
    return () => {};
  }

  private async provision(connection: PubsubConnection): Promise<void> {
    for (const [type, topic] of this.options.topics) {
      try {
        await connection.provision(topic);
      } catch (error) {
        this.options.onNotConnected?.(type);
        throw error;
      }
    }
  }

  /** A message for its topic; what has no form, or would never be taken, is refused. */
  private place(record: FleetRecord, index: number): Placed<Entry> | string {
    const { formats, topics } = this.options;
    const form = formOf(formats.topic, record);
    if (!form.ok) return reasonOf(form.error);
    const attributes = formOf(formats.attributes, record);
    if (!attributes.ok) return reasonOf(attributes.error);
    const entry = entryOf(index, record.type, form.value.body, attributes.value);
    if (typeof entry === 'string') return entry;
    return { destination: topics.get(record.type) ?? form.value.topic, entry };
  }

  private async publishAll(
    connection: PubsubConnection,
    topic: string,
    entries: readonly Entry[],
    settlement: Settlement,
    signal: AbortSignal,
  ): Promise<void> {
    await sendInRequests(entries, settlement, {
      most: { entries: MOST_MESSAGES, bytes: MOST_BYTES },
      send: async (messages) => {
        await unlessAborted(connection.publish(topic, messages), signal);
        for (const { type, data } of messages) this.options.onPublished?.(type, data.length);
        settlement.settleAll(messages.map(({ index }) => index));
        return [];
      },
      judge: (error) => {
        if (error instanceof DispatchError) return error;
        if (codeOf(error) !== STATUS.invalidArgument) return connection.failureOf(error, topic);
        return `DISPATCH_PUBSUB_REFUSED: ${(error as Error).message}`;
      },
    });
  }
}

/** A message, or why the service would refuse the whole publication over it. */
function entryOf(
  index: number,
  type: string,
  data: Uint8Array,
  attributes: Readonly<Record<string, string>>,
): Entry | string {
  let bytes = data.length + MESSAGE_BYTES;
  for (const [name, value] of Object.entries(attributes)) {
    const length = Buffer.byteLength(value);
    if (length > LONGEST_ATTRIBUTE) {
      return `DISPATCH_PUBSUB_REFUSED: the attribute ${name} has ${length} bytes, of ${LONGEST_ATTRIBUTE} at most`;
    }
    bytes += name.length + length + MESSAGE_BYTES;
  }
  if (bytes > MOST_BYTES) return `DISPATCH_PUBSUB_REFUSED: ${bytes} bytes, of ${MOST_BYTES} at most`;
  return { index, type, data, attributes, bytes };
}
