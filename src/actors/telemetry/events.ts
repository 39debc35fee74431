import type { Identity, RateLimitRule, Verdict } from '../../protocols/fleet-telemetry/index.js';

/** Type of what a message leaves in the spool that is no record of a configured topic: its transaction id. */
export const PASSED_OVER = '';

/** What ingest does with messages; plain data, so that a recording carries it. */
export interface IngestSettings {
  /** Topic → the dispatchers it goes to. */
  readonly routes: Readonly<Record<string, readonly string[]>>;
  /** The reader of the spool that learns of messages of any other topic, too. */
  readonly follower?: string;
  /** Topic → the dispatcher whose confirmation is the acknowledgement (FT-ACK-2). */
  readonly reliableAckSources: Readonly<Record<string, string>>;
  /** For all other topics (FT-ACK-1). */
  readonly ackWhen: 'received' | 'spooled';
  readonly maxMessageBytes: number;
  /** Absent: nothing is refused (FT-RL-4). */
  readonly rateLimit?: RateLimitRule;
  readonly doubleAckUnknownType: boolean;
  readonly strictSenderId: boolean;
  /** Payloads must have a JSON form (FT-TX-6, FT-JS-6). */
  readonly transmitDecodedRecords: boolean;
}

/** Whether a message that is no record is acknowledged once the spool has its id; others are at once (FT-ACK-6). */
export const waitsForNote = (
  { reason }: Pick<Verdict, 'reason'>,
  { ackWhen }: Pick<IngestSettings, 'ackWhen'>,
): boolean => reason === 'unmapped_topic' && ackWhen !== 'received';

/** What is known of a connection when its upgrade is done. */
export interface ConnectionInput {
  readonly connectionId: string;
  /** Tells its socket from those that had the same connection id before. */
  readonly socketId: string;
  readonly identity: Identity;
  /** Header `X-Network-Interface` (FT-WS-2). */
  readonly networkInterface: string;
  /** Header `Version`. */
  readonly clientVersion: string;
  /** Address and port of the peer. */
  readonly remote: string;
  readonly settings: IngestSettings;
}

/** Persisted context, since version 1: enough to say `DISCONNECTED` for a connection that a crash left open (FT-CON-4). */
export interface ConnectionContext {
  readonly connectionId: string;
  readonly vin: string;
  readonly clientType: string;
  readonly networkInterface: string;
  readonly clientVersion: string;
  readonly remote: string;
  /** Close code, once it is closed. */
  readonly closeCode: number | null;
}

export type ConnectionEvent =
  /** The socket is open and the vehicle known. */
  | { readonly type: 'CONNECTED' }
  /** Messages over the rate limit are being dropped (FT-RL-1). */
  | { readonly type: 'LIMIT_EXCEEDED' }
  | { readonly type: 'WITHIN_LIMIT' }
  /** That has gone on for so long that the connection ends (FT-RL-6). */
  | { readonly type: 'LIMIT_EXCEEDED_TOO_LONG' }
  /** The socket has not been read for a while, for want of room (MBX-4). */
  | { readonly type: 'HELD' }
  | { readonly type: 'READ_AGAIN' }
  /** The server stops. */
  | { readonly type: 'DRAIN' }
  | { readonly type: 'DISCONNECTED'; readonly code: number }
  | { readonly type: 'runtime.restored'; readonly cause: string };

export type ConnectionOutput =
  /** Becomes a record of topic `connectivity`, where that is configured (FT-CON-1). */
  | {
      readonly type: 'connectivity';
      readonly status: 'CONNECTED' | 'DISCONNECTED';
      readonly connection: ConnectionContext;
    }
  /** Ends the socket once what is under way is acknowledged. */
  | { readonly type: 'socket.close'; readonly code: number; readonly reason: string }
  /** Ends it at once. */
  | { readonly type: 'socket.terminate' };
