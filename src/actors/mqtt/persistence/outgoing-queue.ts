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
import type { BrokerTables, SentRow, SessionLimits } from './broker-tables.js';
import type { BrokerRef, OutgoingPacket } from './packets.js';

/** A message in the queue, or the PUBREL that it has become. */
export interface Entry {
  readonly seq: number;
  readonly bytes: number;
  readonly brokerId: string | undefined;
  /** By which aedes knows it again. */
  counter: number;
  messageId: number | undefined;
  isReleased: boolean;
  wasSent: boolean;
}

export interface QueueDeps {
  readonly tables: Pick<BrokerTables, 'queued' | 'sent'>;
  readonly limits: Pick<SessionLimits, 'messages' | 'bytes'>;
  readonly counts: { dropped: number };
}

/** About what an entry weighs in memory. */
const ENTRY_BYTES = 64;

export class OutgoingQueue {
  /** Oldest first. */
  private readonly entries = new Map<number, Entry>();
  private readonly byCounter = new Map<number, Entry>();
  private readonly byId = new Map<number, Entry>();
  private bytes = 0;
  private lastSeq = 0;

  constructor(
    private readonly session: string,
    private readonly deps: QueueDeps,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** Takes up what an earlier run has left; in order. */
  load(seq: number, bytes: number, sent: SentRow | undefined, wasSent: boolean, broker: BrokerRef): void {
    const entry: Entry = {
      seq,
      bytes: bytes + ENTRY_BYTES,
      brokerId: broker.id,
      counter: ++broker.counter,
      messageId: sent?.messageId,
      isReleased: sent?.isReleased ?? false,
      wasSent: wasSent || sent !== undefined,
    };
    this.lastSeq = seq;
    this.insert(entry);
    if (sent) this.byId.set(sent.messageId, entry);
  }

  /** Stores a message, its row encoded before; nothing if there is no room for it. */
  add({ brokerId, brokerCounter = 0 }: OutgoingPacket, row: EncodedRow): Entry | undefined {
    const { tables, limits, counts } = this.deps;
    const seq = ++this.lastSeq;
    const bytes = row.bytes.length + ENTRY_BYTES;
    const stored = { ...row, key: this.keyOf(seq) };
    while (this.entries.size >= limits.messages || this.bytes + bytes > limits.bytes || !tables.queued.write(stored)) {
      counts.dropped++;
      const [oldest] = this.entries.values();
      if (!oldest) return undefined;
      this.remove(oldest);
    }
    const entry = { seq, bytes, brokerId, counter: brokerCounter, messageId: undefined };
    return this.insert({ ...entry, isReleased: false, wasSent: false });
  }

  /** aedes gives the message another number. */
  renumber(entry: Entry, counter: number): void {
    if (this.byCounter.get(entry.counter) === entry) this.byCounter.delete(entry.counter);
    entry.counter = counter;
    if (this.entries.has(entry.seq)) this.byCounter.set(counter, entry);
  }

  /** Notes the packet id that a message is sent under, or that it has become a PUBREL; one that was dropped is none. */
  update({ cmd, brokerId, brokerCounter = 0, messageId }: OutgoingPacket): void {
    if (messageId === undefined) return;
    if (cmd === 'pubrel') {
      const released = this.byId.get(messageId);
      if (released) this.release(released, messageId);
      return;
    }
    const entry = this.byCounter.get(brokerCounter);
    if (!entry || entry.brokerId !== brokerId || entry.messageId === messageId) return;
    entry.messageId = messageId;
    this.byId.set(messageId, entry);
    this.deps.tables.sent.put(this.keyOf(entry.seq), { messageId, isReleased: false });
  }

  /** Forgets the message that was sent under a packet id, and returns it. */
  acknowledge(messageId: number): OutgoingPacket | undefined {
    const entry = this.byId.get(messageId);
    if (!entry) return undefined;
    const packet = this.packetOf(entry);
    this.remove(entry);
    return packet;
  }

  /** Forgets a message unless it is being sent. */
  removeUnsent({ brokerId, brokerCounter = 0 }: OutgoingPacket): void {
    const entry = this.byCounter.get(brokerCounter);
    if (entry && entry.brokerId === brokerId && entry.messageId === undefined) this.remove(entry);
  }

  /** What waits for a client that comes back, oldest first, and whether it may have been sent before. */
  *waiting(): Generator<[packet: OutgoingPacket, wasSent: boolean]> {
    for (const entry of [...this.entries.values()]) {
      const packet = this.packetOf(entry);
      if (packet) yield [packet, entry.wasSent || entry.messageId !== undefined];
    }
  }

  discard(): void {
    for (const entry of this.entries.values()) this.remove(entry);
  }

  private keyOf(seq: number): string {
    return this.session + seq.toString(16).padStart(12, '0');
  }

  private insert(entry: Entry): Entry {
    this.entries.set(entry.seq, entry);
    this.byCounter.set(entry.counter, entry);
    this.bytes += entry.bytes;
    return entry;
  }

  private release(entry: Entry, messageId: number): void {
    if (entry.isReleased) return;
    entry.isReleased = true;
    this.deps.tables.sent.put(this.keyOf(entry.seq), { messageId, isReleased: true });
    this.deps.tables.queued.remove(this.keyOf(entry.seq));
  }

  private remove(entry: Entry): void {
    const { queued, sent } = this.deps.tables;
    const key = this.keyOf(entry.seq);
    this.entries.delete(entry.seq);
    this.bytes -= entry.bytes;
    if (this.byCounter.get(entry.counter) === entry) this.byCounter.delete(entry.counter);
    if (!entry.isReleased) queued.remove(key);
    if (entry.messageId === undefined) return;
    if (this.byId.get(entry.messageId) === entry) this.byId.delete(entry.messageId);
    sent.remove(key);
  }

  private packetOf({ seq, brokerId, counter, messageId, isReleased }: Entry): OutgoingPacket | undefined {
    if (isReleased) return { cmd: 'pubrel', messageId };
    const row = this.deps.tables.queued.get(this.keyOf(seq));
    return row && { cmd: 'publish', ...row, retain: false, dup: false, brokerId, brokerCounter: counter, messageId };
  }
}
