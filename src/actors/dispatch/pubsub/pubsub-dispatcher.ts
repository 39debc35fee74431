/**
 * Records as messages on topics of Google Cloud Pub/Sub (spec 5.4).
 *
 * Invariants
 * - PSD-1 A record is confirmed when the service has given it an id.
 * - PSD-2 Publications on a topic follow each other in the order of the records; subscribers get them in any, because
 *   there are no ordering keys.
 * - PSD-3 A publication that the service calls invalid is halved until the record at fault stands alone; that one is
 *   refused. Any other failure ends the batch: the rest waits in the spool.
 * - PSD-4 Each topic is asked for once on a connection, and made if it is missing: those of the configuration when it is
 *   opened, that of a type which only waiting records have before its first publication.
 */
import type { PubsubDispatcherSettings } from '../../../protocols/fleet-telemetry/pubsub-settings.js';
import { deliverByDestination, type Placed } from '../by-destination.js';
import { CLIENT_PACKAGES, loadPackage } from '../client-package.js';
import type { Delivery, Dispatcher, RecordFormats } from '../dispatcher.js';
import { DispatchError, notConnected, TopicError } from '../errors.js';
import { formOf, reasonOf } from '../form.js';
import type { FleetRecord } from '../record.js';
import { sendInRequests } from '../requests.js';
import type { Settlement } from '../settlement.js';
import { unlessAborted } from '../unless-aborted.js';
import { CALL_TIMEOUT_MS, codeOf, type Library, type Message, PubsubConnection, STATUS } from './connection.js';

export interface PubsubDispatcherOptions extends PubsubDispatcherSettings {
  readonly formats: RecordFormats;
  /** Told of each confirmed record. */
  readonly onPublished?: (type: string, bytes: number) => void;
  /** Told of a type whose topic is there for the first time, or was made. */
  readonly onTopic?: (type: string, topic: string, isMade: boolean) => void;
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
  // Longer than it waits by itself, whose own errors say more: a topic is asked for, made and published to.
  deliverTimeoutMs: 3 * CALL_TIMEOUT_MS + 30_000,
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
  /** Topics that {@link PubsubDispatcherOptions.onTopic} was told of. */
  private readonly told = new Set<string>();

  constructor(private readonly options: PubsubDispatcherOptions) {}

  async connect(signal: AbortSignal): Promise<void> {
    await this.close();
    const load = this.options.load ?? (() => import('@google-cloud/pubsub'));
    const library = await loadPackage(CLIENT_PACKAGES.pubsub, load);
    const connection = await PubsubConnection.open(library, this.options).catch((error: unknown) => {
      const message = `pubsub_connect_error ${PubsubConnection.explain(error)}`;
      throw new DispatchError('DISPATCH_PUBSUB_UNREACHABLE', message, { cause: error, retryable: true });
    });
    try {
      await unlessAborted(this.provideAll(connection), signal);
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
    if (!connection) return notConnected();
    return deliverByDestination(
      records,
      progress,
      (record, index) => this.place(record, index),
      (topic, entries, settlement) => this.publishAll(connection, topic, entries, settlement, signal),
    );
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

  private async provideAll(connection: PubsubConnection): Promise<void> {
    for (const [type, topic] of this.options.topics) await this.provide(connection, type, topic);
  }

  /** PSD-4. */
  private async provide(connection: PubsubConnection, type: string, topic: string): Promise<void> {
    if (connection.has(topic)) return;
    const { onTopic, onNotConnected } = this.options;
    try {
      const found = await connection.provide(type, topic);
      if (found === 'unseen' || (found === 'there' && this.told.has(topic))) return;
      this.told.add(topic);
      onTopic?.(type, topic, found === 'made');
    } catch (error) {
      if (error instanceof TopicError) onNotConnected?.(type);
      throw error;
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

  private async publish(connection: PubsubConnection, topic: string, messages: readonly Entry[]): Promise<void> {
    const [first] = messages;
    if (first) await this.provide(connection, first.type, topic);
    await connection.publish(topic, messages);
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
        await unlessAborted(this.publish(connection, topic, messages), signal);
        for (const { type, data } of messages) this.options.onPublished?.(type, data.length);
        settlement.settleAll(messages.map(({ index }) => index));
        return [];
      },
      judge: (error) => {
        if (error instanceof DispatchError) return error;
        if (codeOf(error) !== STATUS.invalidArgument) return connection.failureOf(error, topic);
        return { of: 'record', reason: `DISPATCH_PUBSUB_REFUSED: ${(error as Error).message}` };
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
