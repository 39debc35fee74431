import type { Clock } from '../../runtime/clock.js';
import type { Logger } from '../../runtime/index.js';
import type { TlsFiles } from '../../runtime/tls/tls-files.js';
import type { Authenticate } from './access.js';
import type { BrokerStore } from './persistence/broker-tables.js';

export interface BrokerOptions {
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** 0 takes a free one. @default 1883 */
  readonly port?: number;
  /** Without it the listener speaks plain TCP. */
  readonly tls?: TlsFiles | undefined;
  /** Told when certificates are loaded or cannot be. */
  readonly logger?: Pick<Logger, 'info' | 'error'>;
  /** Holds sessions, retained messages, wills and what is in flight (MQT-4); the actor system is one. */
  readonly store: BrokerStore;
  /** Who may connect. @default anybody on this machine, and then the host has to be a loopback address */
  readonly authenticate?: Authenticate;
  /** A client that sends a larger packet is disconnected (MQT-3). @default 1 MiB */
  readonly maxPacketBytes?: number;
  /** Further connections are closed at once. @default 10000 */
  readonly maxConnections?: number;
  /** What is kept for a client that is away (MQT-3). @default 1000 */
  readonly offlineMessages?: number;
  /** @default 10 MiB */
  readonly offlineBytes?: number;
  /** Of all clients together. @default 256 MiB */
  readonly offlineTotalBytes?: number;
  /** Persistent sessions; a new one takes the place of the one that has been away the longest. @default 10000 */
  readonly sessions?: number;
  /** How long the session of a client that is away is kept. @default 30 days */
  readonly sessionExpiryMs?: number;
  /** Past it messages are delivered but not retained. @default 100000 */
  readonly retainedMessages?: number;
  /** Of all retained messages together. @default 64 MiB */
  readonly retainedBytes?: number;
  /** A client that does not read for so long is disconnected (MQT-3). @default 15000 */
  readonly drainTimeoutMs?: number;
  /** Packets that a client may send before its CONNECT is answered (MQT-5). @default 1000 */
  readonly queueLimit?: number;
  /** Whether publications that nobody is acknowledged (QoS 0, not retained) are dropped at present (MBX-5). @default never */
  readonly shedsUnacked?: () => boolean;
  readonly clock: Clock;
  /** Told of each refusal, for the log. */
  readonly onRefused?: (refusal: BrokerRefusal) => void;
  /** Told when it cannot listen, and why; it tries again by itself. */
  readonly onFailed?: (error: unknown) => void;
}

export type RefusalReason =
  /** More clients than the limit. */
  | 'connection_limit'
  | 'tls_handshake'
  | 'login'
  | 'packet_too_large'
  | 'malformed_length'
  | 'system_topic'
  | 'shared_subscription'
  /** More filters than a connection may have. */
  | 'subscription_limit'
  /** The identity may not publish or subscribe there. */
  | 'not_permitted'
  /** Ended by the broker: what it sent is no MQTT 3.1.1, it fell silent or it did not read. */
  | 'connection_fault';

export interface BrokerRefusal {
  readonly reason: RefusalReason;
  readonly clientId: string | null;
  readonly remoteAddress: string | null;
  readonly detail: string | null;
}

export interface BrokerStats {
  /** Clients that are connected. */
  readonly connections: number;
  readonly sessions: number;
  /** Ended because of their age or of newer ones. */
  readonly sessionsExpired: number;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  /** Lost at the bound of a client's queue. */
  readonly droppedMessages: number;
  /** Publications of clients at QoS 0 that were dropped under overload. */
  readonly shedMessages: number;
  readonly retainedMessages: number;
  /** Delivered but not retained, for want of room. */
  readonly retainedRefused: number;
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
}
