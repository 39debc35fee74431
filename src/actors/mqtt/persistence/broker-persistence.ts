import { Readable } from 'node:stream';
import type { ClientRef, OutgoingPacket, Packet, Subscription } from './packets.js';
import { StoredPersistence, type StoredPersistenceDeps } from './stored-persistence.js';

export interface BrokerPersistenceDeps extends StoredPersistenceDeps {
  readonly mayPublish: (client: object, topic: string) => boolean;
  readonly isSubscribed: (client: object, filter: string) => boolean;
}

const NO_PAYLOAD = Buffer.alloc(0);

/** The store with what the broker needs beyond what aedes asks of one. */
export class BrokerPersistence extends StoredPersistence {
  /** To be called when the packet of a number is on disk. */
  private readonly awaited = new Map<number, () => void>();
  /** Lists of a SUBSCRIBE, and when they are stored. */
  private readonly stored = new WeakMap<readonly Subscription[], Promise<void>>();
  /** Packets that wait for their flush. */
  private unflushed = 0;

  constructor(protected override readonly deps: BrokerPersistenceDeps) {
    super(deps);
  }

  /** Calls back once the packet of this number cannot be lost any more; returns how to forget that, if it has not been called. */
  whenStored(brokerCounter: number, callback: () => void): () => boolean {
    this.awaited.set(brokerCounter, callback);
    return () => this.awaited.delete(brokerCounter);
  }

  /** Stored wills of clients that an earlier broker has lost. */
  lostWills(): Packet[] {
    return [...this.wills(({ brokerId }) => brokerId !== this.broker.id)];
  }

  /**
   * Packets leave here in the order in which they came, whether they wait for the flush or have nothing to store. Each
   * gets a new number: receivers take a packet whose number is lower than one that overtook it for a repetition.
   */
  override async outgoingEnqueueCombi(
    subscriptions: ReadonlyArray<{ readonly clientId: string }>,
    packet: OutgoingPacket,
  ): Promise<void> {
    const enqueued = this.enqueue(subscriptions, packet);
    if (enqueued.length > 0 || packet.retain || packet.qos === 2 || this.unflushed > 0) {
      this.unflushed++;
      await this.flushed();
      this.unflushed--;
    }
    const { brokerCounter = 0 } = packet;
    packet.brokerCounter = ++this.broker.counter;
    for (const { queue, entry } of enqueued) queue.publish(entry, packet.brokerCounter);
    this.awaited.get(brokerCounter)?.();
    this.awaited.delete(brokerCounter);
  }

  /**
   * aedes hands over the whole list of a SUBSCRIBE with each of its filters, as soon as that one is let in, and stores
   * those that it refuses, too. Once the last one was looked at the list is stored, once.
   */
  override addSubscriptions(client: ClientRef, subscriptions: readonly Subscription[]): Promise<void> {
    const stored = this.stored.get(subscriptions) ?? this.storeList(client, subscriptions);
    this.stored.set(subscriptions, stored);
    return stored;
  }

  private async storeList(client: ClientRef, subscriptions: readonly Subscription[]): Promise<void> {
    await Promise.resolve();
    await super.addSubscriptions(
      client,
      subscriptions.filter(({ topic }) => this.deps.isSubscribed(client, topic)),
    );
  }

  /** aedes asks when a client comes back to its session. What is sent to it from now on may have been sent (SE-2). */
  override async subscriptionsByClient(client: ClientRef): Promise<Subscription[]> {
    this.sessions.arrived(client.id);
    await this.flushed();
    return super.subscriptionsByClient(client);
  }

  /** Whether a client gets a message as it is published, rather than from what waited for it (OQ-3). */
  claim(client: ClientRef, packet: OutgoingPacket): boolean {
    if (client.clean || packet.qos === 0 || packet.messageId !== undefined) return true;
    return this.sessions.get(client.id)?.queue.claim(packet, client) ?? true;
  }

  /** aedes begins with any packet id when a client comes back, though messages may still be sent under it. */
  override outgoingUpdate(client: ClientRef, packet: OutgoingPacket): Promise<void> {
    const queue = this.sessions.get(client.id)?.queue;
    if (queue && packet.cmd === 'publish' && queue.isUnsent(packet)) {
      packet.messageId = queue.freeId(packet.messageId ?? 1);
    }
    return super.outgoingUpdate(client, packet);
  }

  /** Which message it was is nothing to the broker: it need not be read. */
  override async outgoingClearMessageId(client: ClientRef, packet: OutgoingPacket): Promise<undefined> {
    if (packet.messageId === undefined) await super.outgoingClearMessageId(client, packet);
    else this.sessions.get(client.id)?.queue.acknowledge(packet.messageId);
    return undefined;
  }

  /** Repetitions say that they are (MQTT-3.3.1-1). */
  override outgoingStream(client: ClientRef): Readable {
    const repeated = (packet: OutgoingPacket, wasSent: boolean): OutgoingPacket =>
      wasSent && packet.cmd === 'publish' ? { ...packet, dup: true } : packet;
    return Readable.from(this.waiting(client, repeated));
  }

  /** Between PUBLISH and PUBREL only the packet id matters. */
  override incomingStorePacket(client: ClientRef, packet: Packet): Promise<void> {
    return super.incomingStorePacket(client, { ...packet, topic: '', payload: NO_PAYLOAD });
  }

  /** After a crash nobody knows any more what the client may do. */
  override async putWill(client: ClientRef, will: Packet): Promise<void> {
    if (this.deps.mayPublish(client, will.topic)) await super.putWill(client, will);
  }
}
