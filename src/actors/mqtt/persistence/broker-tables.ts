import { createHash } from 'node:crypto';
import type { GroupCommit } from '../../../runtime/store/group-commit.js';
import type { Table, TableOptions } from '../../../runtime/table/table.js';
import type { Packet, Subscription } from './packets.js';

/** What the broker needs of the actor system. */
export interface BrokerStore {
  readonly commit: Pick<GroupCommit, 'flushed'>;
  table<Row>(options: TableOptions<Row>): Table<Row>;
}

export interface SessionLimits {
  /** Messages kept for a client (MQT-3). */
  readonly messages: number;
  /** Likewise in bytes. */
  readonly bytes: number;
  /** Bytes of all clients together. */
  readonly totalBytes: number;
  readonly sessions: number;
  /** How long the session of a client that is away is kept, milliseconds. */
  readonly expiryMs: number;
  readonly retainedMessages: number;
  readonly retainedBytes: number;
}

/** A persistent session, by its number. */
export interface SessionRow {
  readonly clientId: string;
  /** Epoch milliseconds; none while the client is connected. */
  readonly leftAt: number | null;
  readonly subscriptions: readonly Subscription[];
}

/** A message on its way to a session, by its number and the session's, so that new ones lie side by side. */
export interface QueuedRow {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly qos: number;
}

/** The packet id of a message that was sent, by the same key. */
export interface SentRow {
  readonly messageId: number;
}

export interface BrokerTables {
  readonly sessions: Table<SessionRow>;
  readonly queued: Table<QueuedRow>;
  readonly sent: Table<SentRow>;
  /** Those for which PUBREC has come: what is left to send is PUBREL. */
  readonly released: Table<SentRow>;
  /** QoS 2 messages between PUBLISH and PUBREL, by session and packet id. */
  readonly received: Table<Packet>;
  readonly retained: Table<Packet>;
  readonly wills: Table<Packet>;
}

const MIB = 1_048_576;

export function openBrokerTables(store: BrokerStore, limits: SessionLimits): BrokerTables {
  const { totalBytes, sessions, retainedMessages, retainedBytes } = limits;
  const open = <Row>(name: string, mostRows: number, mostBytes: number, keysOnce = false): Table<Row> =>
    store.table<Row>({ name: `mqtt-${name}`, mostRows, mostBytes, overflow: 'reject', keysOnce });
  return {
    sessions: open('sessions', sessions, 256 * MIB),
    queued: open('queued', Number.POSITIVE_INFINITY, totalBytes, true),
    sent: open('sent', Number.POSITIVE_INFINITY, 256 * MIB, true),
    released: open('released', Number.POSITIVE_INFINITY, 256 * MIB, true),
    received: open('received', Number.POSITIVE_INFINITY, 64 * MIB),
    retained: open('retained', retainedMessages, retainedBytes),
    wills: open('wills', Number.POSITIVE_INFINITY, 64 * MIB),
  };
}

const LONGEST_NAME = 400;

/** The key of a topic or a client id, which may be longer than a key can be. */
export function keyOfName(name: string): string {
  return name.length <= LONGEST_NAME ? `=${name}` : `#${createHash('sha256').update(name).digest('hex')}`;
}
