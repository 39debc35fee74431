import type { EventObject } from 'xstate';
import type { Address } from '../../runtime/index.js';

/** An event for an actor. */
export interface Tell {
  readonly to: Address;
  readonly event: EventObject;
}

export interface InboundMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Kept by the broker, and sent anew to each subscription. */
  readonly retain?: boolean;
}

export interface Subscription {
  readonly filter: string;
  readonly qos: 0 | 1;
  /** Pure. Who is told what; nothing or nobody: the message is acknowledged, dropped and counted as refused. */
  readonly read: (message: InboundMessage) => readonly Tell[] | undefined;
  /**
   * Not made at each connection: `mqtt.subscribe` outputs make it, with filters within this one, for the connection that
   * there is. @default false
   */
  readonly onDemand?: boolean;
}

/** PEM files; read at each connection, so that renewed ones hold from the next on. */
export interface LinkTlsFiles {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface MqttLinkOptions {
  /** The link's address is `mqtt-link/NAME`. */
  readonly name: string;
  /** `host:port` or a URL (tcp, mqtt, ssl, tls, mqtts, ws, wss); a function where it is known later, and may change. */
  readonly url: string | (() => string | undefined);
  readonly clientId: string;
  /** Without it the broker keeps what comes while the link is away. */
  readonly clean: boolean;
  readonly keepAliveS: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: LinkTlsFiles;
  /** For the broker to accept the client and its subscriptions. @default 30000 */
  readonly connectTimeoutMs?: number;
  /** For the broker to acknowledge a publication that it has; past it the link connects anew. @default 60000 */
  readonly acknowledgeTimeoutMs?: number;
  /** On stop: for publications under way to be acknowledged, and for the broker to be left. @default 2000 */
  readonly closeMs?: number;
  /** The pause before the first try again, doubled up to the longest. @default 1 s to 60 s */
  readonly backoff?: { readonly firstMs: number; readonly longestMs: number };
  /** Made at each connection, in this order, before `up` is told; but those on demand. */
  readonly subscriptions: readonly Subscription[];
  /** Told after the subscriptions of each connection, in order with the messages. */
  readonly up?: readonly Tell[];
  /** Told when a connection is lost after that. */
  readonly down?: readonly Tell[];
  /** Called at each connection. */
  readonly onUp?: (() => void) | undefined;
  /** Messages stored and not taken yet, past which the link leaves the broker until half of them are (SUA-5). @default 1000 */
  readonly inboxBound?: number;
  /** Larger payloads are acknowledged, dropped and counted. @default 1 MiB */
  readonly maxPayloadBytes?: number;
}

/** An output of a role's chart: a publication. */
export interface PublishOutput {
  readonly type: 'mqtt.publish';
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** Who said it, of one that a link gave up before. */
  readonly from?: Address;
}

/**
 * Outputs of a role's chart that change what it hears, within its subscriptions on demand. They are for the connection
 * that there is, in order with its publications, and end with it: after the next `up` a role asks anew.
 */
export interface SubscribeOutput {
  readonly type: 'mqtt.subscribe' | 'mqtt.unsubscribe';
  readonly filter: string;
}
