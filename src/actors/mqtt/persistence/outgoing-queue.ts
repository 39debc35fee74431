/**
 * What the broker keeps for one persistent session until it is acknowledged (MQT-3, MQT-4). Messages lie in the store;
 * what is in memory is where they stand.
 *
 * Invariants
 * - OQ-1 No client holds more than its messages and bytes, nor all together more than theirs; the oldest message of
 *   the client that goes past a bound is dropped and counted.
 * - OQ-2 What may have been sent before is known, over restarts too, so that it is repeated with `dup` (MQTT-3.3.1-1),
 *   under the packet id it had if that is on disk.
 */
import type { EncodedRow } from '../../../runtime/table/table.js';
import type { BrokerTables, SessionLimits } from './broker-tables.js';
import type { BrokerRef, OutgoingPacket } from './packets.js';

/** A message in the queue, or the PUBREL that it has become. */
export interface Entry {
  /** In all tables. */
  readonly key: string;
  /** Of its row, encoded. */
  readonly length: number;
  readonly brokerId: string | undefined;
  /** By which aedes knows it again. */
  counter: number;
  messageId: number | undefined;
  isReleased: boolean;
  wasSent: boolean;
}

/** What was left of an entry by an earlier run. */
export interface StoredEntry {
  readonly key: string;
  readonly length: number;
  readonly messageId: number | undefined;
  readonly isReleased: boolean;
  readonly wasSent: boolean;
}

export interface QueueDeps {
  readonly tables: Pick<BrokerTables, 'queued' | 'sent' | 'released'>;
  readonly limits: Pick<SessionLimits, 'messages' | 'bytes'>;
  readonly counts: { dropped: number };
  /** A key that no message has had. */
  readonly nextKey: (session: string) => string;
}

/** About what an entry weighs in memory. */
const ENTRY_BYTES = 64;

export class OutgoingQueue {
  /** Oldest first. */
  private readonly entries = new Set<Entry>();
  private readonly byCounter = new Map<number, Entry>();
  private readonly byId = new Map<number, Entry>();
  private bytes = 0;

  constructor(
    private readonly session: string,
    private readonly deps: QueueDeps,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** Takes up what an earlier run has left; in order. */
  load(stored: StoredEntry, broker: BrokerRef): void {
    this.insert({ ...stored, brokerId: broker.id, counter: ++broker.counter });
  }

  /** Stores a message, its row encoded before; nothing if there is no room for it. */
  add({ brokerId, brokerCounter: counter = 0 }: OutgoingPacket, row: EncodedRow): Entry | undefined {
    const { tables, limits, counts, nextKey } = this.deps;
    const { length } = row.bytes;
    const key = nextKey(this.session);
    const isFull = (): boolean =>
      this.entries.size >= limits.messages || this.bytes + length + ENTRY_BYTES > limits.bytes;
    while (isFull() || !tables.queued.write({ ...row, key })) {
      counts.dropped++;
      const [oldest] = this.entries;
      if (!oldest) return undefined;
      this.remove(oldest);
    }
    return this.insert({ key, length, brokerId, counter, messageId: undefined, isReleased: false, wasSent: false });
  }

  /** aedes gives the message another number. */
  renumber(entry: Entry, counter: number): void {
    if (!this.entries.has(entry)) return;
    if (this.byCounter.get(entry.counter) === entry) this.byCounter.delete(entry.counter);
    entry.counter = counter;
    this.byCounter.set(counter, entry);
  }

  /** Notes the packet id that a message is sent under, or that it has become a PUBREL; one that was dropped is none. */
  update({ cmd, brokerId, brokerCounter = 0, messageId, qos }: OutgoingPacket): void {
    if (messageId === undefined) return;
    if (cmd === 'pubrel') {
      const sent = this.byId.get(messageId);
      if (sent) this.release(sent, messageId);
      return;
    }
    const entry = this.byCounter.get(brokerCounter);
    if (!entry || entry.brokerId !== brokerId || entry.messageId !== undefined) return;
    // For a subscription of QoS 0: nobody will acknowledge it.
    if (qos === 0) {
      this.remove(entry);
      return;
    }
    entry.messageId = messageId;
    this.byId.set(messageId, entry);
    this.deps.tables.sent.put(entry.key, { messageId });
  }

  /** The packet that was sent under an id. */
  find(messageId: number): OutgoingPacket | undefined {
    const entry = this.byId.get(messageId);
    return entry && this.packetOf(entry);
  }

  /** Forgets the message that was sent under a packet id. */
  acknowledge(messageId: number): void {
    const entry = this.byId.get(messageId);
    if (entry) this.remove(entry);
  }

  /** Forgets a message unless it is being sent. */
  removeUnsent({ brokerId, brokerCounter = 0 }: OutgoingPacket): void {
    const entry = this.byCounter.get(brokerCounter);
    if (entry && entry.brokerId === brokerId && entry.messageId === undefined) this.remove(entry);
  }

  /** What waits for a client that comes back, oldest first, and whether it may have been sent before. */
  *waiting(): Generator<[packet: OutgoingPacket, wasSent: boolean]> {
    for (const entry of [...this.entries]) {
      const packet = this.packetOf(entry);
      if (packet) yield [packet, entry.wasSent || entry.messageId !== undefined];
    }
  }

  discard(): void {
    for (const entry of this.entries) this.remove(entry);
  }

  private insert(entry: Entry): Entry {
    this.entries.add(entry);
    this.byCounter.set(entry.counter, entry);
    if (entry.messageId !== undefined) this.byId.set(entry.messageId, entry);
    this.bytes += entry.length + ENTRY_BYTES;
    return entry;
  }

  private release(entry: Entry, messageId: number): void {
    if (entry.isReleased) return;
    this.removeRows(entry);
    entry.isReleased = true;
    this.deps.tables.released.put(entry.key, { messageId });
  }

  private remove(entry: Entry): void {
    this.entries.delete(entry);
    this.bytes -= entry.length + ENTRY_BYTES;
    if (this.byCounter.get(entry.counter) === entry) this.byCounter.delete(entry.counter);
    if (entry.messageId !== undefined && this.byId.get(entry.messageId) === entry) this.byId.delete(entry.messageId);
    this.removeRows(entry);
  }

  private removeRows({ key, length, messageId, isReleased }: Entry): void {
    const { queued, sent, released } = this.deps.tables;
    if (isReleased) released.remove(key);
    else {
      queued.removeKnown(key, length);
      if (messageId !== undefined) sent.remove(key);
    }
  }

  private packetOf({ key, brokerId, counter, messageId, isReleased }: Entry): OutgoingPacket | undefined {
    if (isReleased) return { cmd: 'pubrel', messageId };
    const row = this.deps.tables.queued.get(key);
    return row && { cmd: 'publish', ...row, retain: false, dup: false, brokerId, brokerCounter: counter, messageId };
  }
}
