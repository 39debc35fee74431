/**
 * Persistent sessions: who has subscribed to what, what waits for whom, since when who is away (MQT-4).
 *
 * Invariants
 * - SE-1 A session ends with its rows: when its client begins anew, when it has been away for too long, when a new one
 *   needs its place and no other has been away for longer, or when its client leaves with nothing to keep.
 * - SE-2 What was on its way to a client that was connected when the broker broke down may have been sent (OQ-2).
 * - SE-3 No step of the wall clock ages a session: how long one has been away is measured by the monotonic clock, and
 *   over a restart by the wall clock as far as that can be trusted (TIM-4).
 */
import { offTime } from '../../../runtime/append-log/elapsed-time.js';
import type { Clock } from '../../../runtime/clock.js';
import { BrokerError } from '../errors.js';
import type { BrokerTables, SessionLimits } from './broker-tables.js';
import { OutgoingQueue, type QueueDeps, type StoredEntry } from './outgoing-queue.js';
import type { BrokerRef, Subscription } from './packets.js';

export interface Session {
  readonly clientId: string;
  readonly key: string;
  readonly queue: OutgoingQueue;
  readonly subscriptions: Map<string, Subscription>;
  /** Packet ids of QoS 2 messages that it has sent and not released. */
  readonly received: Set<number>;
  /** Epoch milliseconds; none while the client is connected. */
  leftAt: number | null;
  /** The same on the monotonic scale of this process. */
  leftMonotonicMs: number;
}

export interface SessionDeps {
  readonly tables: BrokerTables;
  readonly limits: SessionLimits;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Since the start of the process. */
  readonly counts: BrokerCounts;
}

export interface BrokerCounts {
  /** Messages lost at the bound of a queue. */
  dropped: number;
  /** Messages that were not retained for want of room. */
  retainedRefused: number;
  /** Sessions that ended because of their age or of newer ones. */
  sessionsExpired: number;
}

const KEY_DIGITS = 8;
const NUMBER_DIGITS = 12;

export class Sessions {
  private readonly byClient = new Map<string, Session>();
  /** Those whose client is away, the longest first. */
  private readonly away = new Map<string, Session>();
  private lastNumber = 0;
  private lastMessage = 0;
  private readonly queueDeps: QueueDeps;

  constructor(
    private readonly deps: SessionDeps,
    /** Told of each session that ends. */
    private readonly ended: (clientId: string) => void,
  ) {
    const nextKey = (session: string): string =>
      (++this.lastMessage).toString(16).padStart(NUMBER_DIGITS, '0') + session;
    this.queueDeps = { ...deps, nextKey };
  }

  get size(): number {
    return this.byClient.size;
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.byClient.values();
  }

  /** Reads the store; called once, before all others. */
  load(broker: BrokerRef): void {
    const { tables, clock } = this.deps;
    const byKey = new Map<string, Session>();
    const wereConnected = new Set<Session>();
    for (const [key, { clientId, leftAt, subscriptions }] of tables.sessions.range()) {
      const session = this.make(clientId, key, leftAt ?? clock.now());
      for (const subscription of subscriptions) session.subscriptions.set(subscription.topic, subscription);
      if (leftAt === null) wereConnected.add(session);
      byKey.set(key, session);
      this.lastNumber = Math.max(this.lastNumber, Number.parseInt(key, 16));
    }
    for (const [key] of tables.received.range()) {
      const session = byKey.get(key.slice(0, KEY_DIGITS));
      if (session) session.received.add(Number.parseInt(key.slice(KEY_DIGITS), 16));
      else tables.received.remove(key);
    }
    for (const { key, ...stored } of this.storedEntries()) {
      const session = byKey.get(key.slice(NUMBER_DIGITS));
      this.lastMessage = Number.parseInt(key.slice(0, NUMBER_DIGITS), 16);
      const wasSent = stored.messageId !== undefined || (session !== undefined && wereConnected.has(session));
      if (session) session.queue.load({ key, ...stored, wasSent }, broker);
      else for (const table of [tables.queued, tables.sent, tables.released]) table.remove(key);
    }
    for (const session of [...this.byClient.values()].sort((a, b) => a.leftMonotonicMs - b.leftMonotonicMs)) {
      if (this.isEmpty(session)) this.discard(session);
      else this.away.set(session.clientId, session);
    }
    for (const session of wereConnected) if (this.byClient.has(session.clientId)) this.store(session);
    this.expire();
  }

  /** Messages and PUBRELs of all queues, in their order. */
  private storedEntries(): Array<Omit<StoredEntry, 'wasSent'>> {
    const { queued, sent, released } = this.deps.tables;
    const entries: Array<Omit<StoredEntry, 'wasSent'>> = [];
    for (const [key, , length] of queued.range()) {
      entries.push({ key, length, messageId: sent.get(key)?.messageId, isReleased: false });
    }
    for (const [key, { messageId }] of released.range()) entries.push({ key, length: 0, messageId, isReleased: true });
    return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  get(clientId: string): Session | undefined {
    return this.byClient.get(clientId);
  }

  /** The session of a client that is connected; throws `BROKER_SESSIONS_FULL`. */
  open(clientId: string): Session {
    const known = this.byClient.get(clientId);
    if (known) return known;
    this.expire();
    if (this.byClient.size >= this.deps.limits.sessions) {
      const [longest] = this.away.values();
      if (longest) this.end(longest);
    }
    const session = this.make(clientId, (++this.lastNumber).toString(16).padStart(KEY_DIGITS, '0'), null);
    try {
      this.store(session);
    } catch (error) {
      this.byClient.delete(clientId);
      throw error;
    }
    return session;
  }

  /** Writes who a session belongs to and what it has subscribed to. */
  store({ key, clientId, leftAt, subscriptions }: Session): void {
    if (this.deps.tables.sessions.put(key, { clientId, leftAt, subscriptions: [...subscriptions.values()] })) return;
    throw new BrokerError('BROKER_SESSIONS_FULL', `there is no room for the session of ${clientId}`);
  }

  discard(session: Session): void {
    const { sessions, received } = this.deps.tables;
    this.byClient.delete(session.clientId);
    this.away.delete(session.clientId);
    session.queue.discard();
    for (const messageId of session.received) received.remove(receivedKey(session, messageId));
    sessions.remove(session.key);
    this.ended(session.clientId);
  }

  /** A client with a session is connected. */
  arrived(clientId: string): void {
    this.expire();
    const session = this.away.get(clientId);
    if (!session) return;
    this.away.delete(clientId);
    session.leftAt = null;
    this.store(session);
  }

  left(clientId: string): void {
    const session = this.byClient.get(clientId);
    if (!session) return;
    if (this.isEmpty(session)) {
      this.discard(session);
      return;
    }
    const { clock } = this.deps;
    session.leftAt = clock.now();
    session.leftMonotonicMs = clock.monotonic();
    this.away.delete(clientId);
    this.away.set(clientId, session);
    this.store(session);
  }

  /** Ends sessions that have been away for too long. */
  expire(): void {
    const { limits, clock } = this.deps;
    for (const session of this.away.values()) {
      if (clock.monotonic() - session.leftMonotonicMs < limits.expiryMs) return;
      this.end(session);
    }
  }

  private end(session: Session): void {
    this.deps.counts.sessionsExpired++;
    this.discard(session);
  }

  private isEmpty({ subscriptions, queue, received }: Session): boolean {
    return subscriptions.size === 0 && queue.size === 0 && received.size === 0;
  }

  private make(clientId: string, key: string, leftAt: number | null): Session {
    const queue = new OutgoingQueue(key, this.queueDeps);
    const { clock } = this.deps;
    const leftMonotonicMs = clock.monotonic() - offTime(leftAt ?? clock.now(), clock.now());
    const kept = { subscriptions: new Map(), received: new Set<number>() };
    const session = { clientId, key, queue, ...kept, leftAt, leftMonotonicMs };
    this.byClient.set(clientId, session);
    return session;
  }
}

export const receivedKey = ({ key }: Session, messageId: number): string =>
  key + messageId.toString(16).padStart(4, '0');
