/**
 * What the broker keeps for one persistent session until it is acknowledged (MQT-3, MQT-4). Messages lie in the store;
 * what is in memory is where they stand.
 *
 * Invariants
 * - OQ-1 No client holds more than its messages and bytes, nor all together more than theirs; the oldest message of
 *   the client that goes past a bound is dropped and counted.
 * - OQ-2 What may have been sent before is known, over restarts too, so that it is repeated with `dup` (MQTT-3.3.1-1),
 *   under the packet id it had if that is on disk.
 * - OQ-3 A connection gets a message once: from what waits for it or as it is published, whichever comes first.
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
  /** Before that it gets to nobody, then to those who are connected. */
  isPublished: boolean;
  /** The connection that gets the message, and whether from what waited for it. */
  claimedBy: object | undefined;
  isFromQueue: boolean;
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
const MOST_ID = 65_535;

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
    this.insert({
      ...stored,
      brokerId: broker.id,
      counter: ++broker.counter,
      isPublished: true,
      claimedBy: undefined,
      isFromQueue: false,
    });
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
    const fresh = {
      messageId: undefined,
      isReleased: false,
      wasSent: false,
      isPublished: false,
      claimedBy: undefined,
      isFromQueue: false,
    };
    return this.insert({ key, length, brokerId, counter, ...fresh });
  }

  /** The message is on disk and about to be published, under the number that it has or another one. */
  publish(entry: Entry, counter: number): void {
    if (!this.entries.has(entry)) return;
    if (this.byCounter.get(entry.counter) === entry) this.byCounter.delete(entry.counter);
    entry.counter = counter;
    entry.isPublished = true;
    this.byCounter.set(counter, entry);
  }

  /** Notes the packet id that a message is sent under, or that it has become a PUBREL; one that was dropped is none. */
  update(packet: OutgoingPacket): void {
    const { cmd, messageId, qos } = packet;
    if (messageId === undefined) return;
    if (cmd === 'pubrel') {
      const sent = this.byId.get(messageId);
      if (sent) this.release(sent, messageId);
      return;
    }
    const entry = this.entryOf(packet);
    if (!entry || entry.messageId !== undefined) return;
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

  /** Forgets a message unless it is being sent to `client`. */
  removeUnsent(packet: OutgoingPacket, client: object): void {
    const entry = this.entryOf(packet);
    if (!entry || entry.messageId !== undefined || (entry.claimedBy === client && entry.isFromQueue)) return;
    this.remove(entry);
  }

  /** Whether a connection is to get a message as it is published: not if it has got it already. */
  claim(packet: OutgoingPacket, client: object): boolean {
    const entry = this.entryOf(packet);
    if (entry?.claimedBy === client) return false;
    if (entry) Object.assign(entry, { claimedBy: client, isFromQueue: false });
    return true;
  }

  /** Whether a message has no packet id yet. */
  isUnsent(packet: OutgoingPacket): boolean {
    const entry = this.entryOf(packet);
    return entry !== undefined && entry.messageId === undefined;
  }

  /** `messageId`, or the next one after it that no message of the queue is sent under. */
  freeId(messageId: number): number {
    let id = messageId;
    while (this.byId.has(id)) id = (id % MOST_ID) + 1;
    return id;
  }

  /** What waits for a client that comes back, oldest first, and whether it may have been sent before. */
  *waiting(client: object): Generator<[packet: OutgoingPacket, wasSent: boolean]> {
    for (const entry of [...this.entries]) {
      if (!entry.isPublished || entry.claimedBy === client || !this.entries.has(entry)) continue;
      Object.assign(entry, { claimedBy: client, isFromQueue: true });
      const packet = this.packetOf(entry);
      if (packet) yield [packet, entry.wasSent || entry.messageId !== undefined];
    }
  }

  discard(): void {
    for (const entry of this.entries) this.remove(entry);
  }

  private entryOf({ brokerId, brokerCounter = 0 }: OutgoingPacket): Entry | undefined {
    const entry = this.byCounter.get(brokerCounter);
    return entry?.brokerId === brokerId ? entry : undefined;
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
