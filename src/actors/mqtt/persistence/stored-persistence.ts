/**
 * aedes' store over tables (MQT-4): sessions, retained messages, wills and what is in flight survive `kill -9`.
 *
 * Invariants
 * - SP-1 What resolves with a promise of this store and leads to a packet that takes a duty off somebody (PUBACK,
 *   PUBREC, PUBREL, PUBCOMP, SUBACK) is on disk by then.
 * - SP-2 A QoS 2 message that was received and what it becomes for its receivers are of one batch: nothing here waits
 *   between {@link incomingStorePacket} and {@link enqueue}.
 * - SP-3 The packet id of a QoS 2 message is on disk before it is sent under it.
 */
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { filterTakes } from '../../../protocols/mqtt/index.js';
import { BrokerError } from '../errors.js';
import { type BrokerStore, keyOfName } from './broker-tables.js';
import type { Entry, OutgoingQueue } from './outgoing-queue.js';
import type { BrokerRef, ClientRef, OutgoingPacket, Packet, Subscription, SubscriptionIndex } from './packets.js';
import { receivedKey, type SessionDeps, Sessions } from './sessions.js';
import { isWild } from './topic-filter.js';

export interface StoredPersistenceDeps extends SessionDeps {
  readonly commit: BrokerStore['commit'];
  /** Finds subscriptions by topic. */
  readonly index: SubscriptionIndex;
}

/** A message in the queues of its receivers. */
export type Enqueued = ReadonlyArray<{ readonly queue: OutgoingQueue; readonly entry: Entry }>;

export class StoredPersistence {
  readonly sessions: Sessions;
  /** Topics of retained messages. */
  private readonly retained = new Set<string>();
  /** What clients without a session have sent at QoS 2: it ends with their connection. */
  private readonly received = new Map<string, Map<number, Packet>>();
  /** Set by {@link setup}; aedes' own tests read it. */
  broker: BrokerRef = { id: '', counter: 0 };

  constructor(protected readonly deps: StoredPersistenceDeps) {
    // The index is in memory and has forgotten them when the call returns.
    this.sessions = new Sessions(deps, (id) => void deps.index.cleanSubscriptions({ id }));
  }

  async setup(broker: BrokerRef): Promise<void> {
    const { tables, index } = this.deps;
    this.broker = broker;
    this.sessions.load(broker);
    for (const { clientId, subscriptions } of this.sessions) {
      await index.addSubscriptions({ id: clientId }, [...subscriptions.values()]);
    }
    for (const [, { topic }] of tables.retained.range()) this.retained.add(topic);
  }

  async destroy(): Promise<void> {
    await this.flushed();
  }

  // Retained messages.

  async storeRetained(packet: Packet): Promise<void> {
    const { tables, counts } = this.deps;
    const { topic } = packet;
    if (packet.payload.length === 0) {
      this.retained.delete(topic);
      tables.retained.remove(keyOfName(topic));
    } else if (tables.retained.put(keyOfName(topic), { ...packet })) this.retained.add(topic);
    else counts.retainedRefused++;
  }

  createRetainedStream(filter: string): Readable {
    return this.createRetainedStreamCombi([filter]);
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(this.retainedFor(filters));
  }

  private *retainedFor(filters: readonly string[]): Generator<Packet> {
    const topics = new Set(filters.filter((filter) => this.retained.has(filter)));
    const wild = filters.filter(isWild);
    if (wild.length > 0) {
      for (const topic of this.retained) if (wild.some((filter) => filterTakes(filter, topic))) topics.add(topic);
    }
    for (const topic of topics) {
      const packet = this.deps.tables.retained.get(keyOfName(topic));
      if (packet) yield packet;
    }
  }

  // Subscriptions.

  async addSubscriptions(client: ClientRef, subscriptions: readonly Subscription[]): Promise<void> {
    const session = this.sessions.open(client.id);
    const added = subscriptions.map((subscription) => ({ ...subscription }));
    // A client that comes back often subscribes to what it has.
    if (added.some((each) => !isSame(session.subscriptions.get(each.topic), each))) {
      for (const each of added) session.subscriptions.set(each.topic, each);
      this.sessions.store(session);
    }
    await this.deps.index.addSubscriptions(client, added);
    await this.flushed();
  }

  async removeSubscriptions(client: ClientRef, topics: readonly string[]): Promise<void> {
    const session = this.sessions.get(client.id);
    if (!session) return;
    for (const topic of topics) session.subscriptions.delete(topic);
    this.sessions.store(session);
    await this.deps.index.removeSubscriptions(client, topics);
    await this.flushed();
  }

  async cleanSubscriptions({ id }: ClientRef): Promise<void> {
    const session = this.sessions.get(id);
    if (!session) return;
    this.sessions.discard(session);
    await this.flushed();
  }

  async subscriptionsByClient(client: ClientRef): Promise<Subscription[]> {
    return this.deps.index.subscriptionsByClient(client);
  }

  async subscriptionsByTopic(topic: string): Promise<Array<Subscription & { readonly clientId: string }>> {
    this.sessions.expire();
    return this.deps.index.subscriptionsByTopic(topic);
  }

  async countOffline(): Promise<unknown> {
    return this.deps.index.countOffline();
  }

  getClientList(topic: string): unknown {
    return this.deps.index.getClientList(topic);
  }

  // Messages to clients.

  async outgoingEnqueue(subscription: { readonly clientId: string }, packet: OutgoingPacket): Promise<void> {
    await this.outgoingEnqueueCombi([subscription], packet);
  }

  async outgoingEnqueueCombi(
    subscriptions: ReadonlyArray<{ readonly clientId: string }>,
    packet: OutgoingPacket,
  ): Promise<void> {
    const enqueued = this.enqueue(subscriptions, packet);
    await this.flushed();
    for (const { queue, entry } of enqueued) queue.publish(entry, entry.counter);
  }

  /** A client gets a message once, however many of its subscriptions fit. */
  protected enqueue(subscriptions: ReadonlyArray<{ readonly clientId: string }>, packet: OutgoingPacket): Enqueued {
    if (subscriptions.length === 0) return [];
    const { topic = '', payload = '', qos = 0 } = packet;
    const row = this.deps.tables.queued.encode('-', { topic, payload, qos });
    const enqueued: Array<Enqueued[number]> = [];
    for (const clientId of new Set(subscriptions.map((subscription) => subscription.clientId))) {
      const { queue } = this.sessions.open(clientId);
      const entry = queue.add(packet, row);
      if (entry) enqueued.push({ queue, entry });
    }
    return enqueued;
  }

  async outgoingUpdate({ id }: ClientRef, packet: OutgoingPacket): Promise<void> {
    this.sessions.get(id)?.queue.update(packet);
    if (packet.cmd === 'pubrel' || packet.qos === 2) await this.flushed();
  }

  async outgoingClearMessageId(client: ClientRef, packet: OutgoingPacket): Promise<OutgoingPacket | undefined> {
    const queue = this.sessions.get(client.id)?.queue;
    const { messageId } = packet;
    if (messageId !== undefined) {
      const acknowledged = queue?.find(messageId);
      queue?.acknowledge(messageId);
      return acknowledged;
    }
    // aedes does not send it, because the client may not have it or gets it for another subscription: in this turn.
    await nextTurn();
    queue?.removeUnsent(packet, client);
    return undefined;
  }

  /** For aedes' own tests a client is no connection: it gets what waits as often as it asks. */
  outgoingStream({ id }: ClientRef): Readable {
    return Readable.from(this.waiting({ id }, (packet) => packet));
  }

  protected *waiting(
    client: ClientRef,
    as: (packet: OutgoingPacket, wasSent: boolean) => OutgoingPacket,
  ): Generator<OutgoingPacket> {
    const queue = this.sessions.get(client.id)?.queue;
    for (const [packet, wasSent] of queue?.waiting(client) ?? []) yield as(packet, wasSent);
  }

  // QoS 2 messages from clients.

  async incomingStorePacket(client: ClientRef, packet: Packet): Promise<void> {
    const { messageId = 0 } = packet;
    const { cmd, topic, payload, qos, retain, dup } = packet as Packet & OutgoingPacket;
    const kept = { cmd, topic, payload, qos, retain, dup, messageId } as Packet;
    if (client.clean) {
      const received = this.received.get(client.id) ?? new Map<number, Packet>();
      this.received.set(client.id, received.set(messageId, kept));
      return;
    }
    const session = this.sessions.open(client.id);
    if (!this.deps.tables.received.put(receivedKey(session, messageId), kept)) {
      throw new BrokerError('BROKER_SESSIONS_FULL', 'there is no room for another QoS 2 message');
    }
    session.received.add(messageId);
  }

  async incomingGetPacket(client: ClientRef, { messageId = 0 }: Partial<Packet>): Promise<Packet> {
    const session = this.sessions.get(client.id);
    const packet = session?.received.has(messageId)
      ? this.deps.tables.received.get(receivedKey(session, messageId))
      : this.received.get(client.id)?.get(messageId);
    if (!packet) throw new Error('no such packet');
    await this.flushed();
    return packet;
  }

  async incomingDelPacket(client: ClientRef, { messageId = 0 }: Partial<Packet>): Promise<void> {
    const session = this.sessions.get(client.id);
    if (session?.received.delete(messageId)) this.deps.tables.received.remove(receivedKey(session, messageId));
    else if (!this.received.get(client.id)?.delete(messageId)) throw new Error('no such packet');
    await this.flushed();
  }

  async cleanIncoming(client: ClientRef): Promise<void> {
    this.received.delete(client.id);
    const session = this.sessions.get(client.id);
    if (!session) return;
    for (const messageId of session.received) this.deps.tables.received.remove(receivedKey(session, messageId));
    session.received.clear();
    await this.flushed();
  }

  // Wills.

  async putWill(client: ClientRef, packet: Packet): Promise<void> {
    packet.brokerId = this.broker.id;
    packet.clientId = client.id;
    // Without room for it the will is not published after a crash, but still when its client is lost.
    this.deps.tables.wills.put(keyOfName(client.id), packet);
    await this.flushed();
  }

  async getWill({ id }: ClientRef): Promise<Packet | undefined> {
    return this.deps.tables.wills.get(keyOfName(id));
  }

  async delWill({ id }: ClientRef): Promise<Packet | undefined> {
    const { wills } = this.deps.tables;
    const will = wills.get(keyOfName(id));
    if (will) wills.remove(keyOfName(id));
    return will;
  }

  streamWill(brokers: Readonly<Record<string, unknown>> = {}): Readable {
    return Readable.from(this.wills((will) => !brokers[will.brokerId ?? '']));
  }

  protected *wills(isWanted: (will: Packet) => boolean): Generator<Packet> {
    for (const [, will] of this.deps.tables.wills.range()) if (isWanted(will)) yield will;
  }

  protected flushed(): Promise<void> {
    return this.deps.commit.flushed();
  }
}

function isSame(one: Subscription | undefined, other: Subscription): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}
