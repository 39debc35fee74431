export { timeOf } from '../../runtime/event-facts.js';

/** How long presence outlasts a connection, milliseconds. */
export interface PresenceTiming {
  readonly offlineAfterMs: number;
  readonly restartGraceMs: number;
}

export const DEFAULT_TIMING: PresenceTiming = { offlineAfterMs: 30_000, restartGraceMs: 120_000 };

/** One connection of a vehicle. */
export interface VehicleConnection {
  readonly id: string;
  readonly deviceType: string;
  readonly networkInterface: string;
  readonly clientVersion: string;
  /** Epoch milliseconds. */
  readonly since: number;
}

/** A live connection as telemetry knows it. */
export interface ConnectionFacts {
  readonly id: string;
  readonly vin: string;
  readonly deviceType: string;
  readonly networkInterface: string;
  readonly clientVersion: string;
  readonly remote: string;
  readonly since: number;
  readonly records: number;
  readonly bytes: number;
  readonly lastRecordAt: number | undefined;
}

export interface PresenceInput {
  readonly vin: string;
  readonly timing: PresenceTiming;
}

/** Persisted context, since version 1. Times are epoch milliseconds. */
export interface PresenceContext {
  readonly vin: string;
  readonly timing: PresenceTiming;
  /** The live ones, oldest first, at most {@link MOST_CONNECTIONS}. */
  readonly connections: readonly VehicleConnection[];
  /** The last one that was made, live or not. */
  readonly latest: VehicleConnection | null;
  /** Since when the vehicle is online, or offline. */
  readonly since: number;
  /** When it last connected, was heard or went away. */
  readonly lastSeenAt: number;
  /** How many times it came online. */
  readonly sessions: number;
  /** How many connections it has made. */
  readonly connectionsTotal: number;
  /** How many times it was back before it counted as offline. */
  readonly shortDrops: number;
  /** Since when nothing comes although it is connected. */
  readonly silentSince: number | null;
  /** What it missed when the hub was down; null once it is back. */
  readonly outage: { readonly from: number; readonly to: number } | null;
}

/** One vehicle has no more; of a flood the newest count. */
export const MOST_CONNECTIONS = 32;

export type PresenceEvent =
  | { readonly type: 'CONNECTED'; readonly connection: VehicleConnection; readonly timing?: PresenceTiming }
  | { readonly type: 'DISCONNECTED'; readonly id: string }
  /** Nothing has come since `since` although it is connected. */
  | { readonly type: 'SILENT'; readonly since: number }
  /** Something came again. */
  | { readonly type: 'HEARD'; readonly at: number }
  /** The hub is up again: no connection from before lives. */
  | { readonly type: 'HUB_RESTARTED'; readonly downSince: number; readonly upAt: number };

export type PresenceName = 'online' | 'silent' | 'leaving' | 'returning' | 'offline';

export type PresenceOutput =
  /** For logs, counts and whoever watches. */
  | {
      readonly type: 'presence';
      readonly from: PresenceName;
      readonly to: PresenceName;
      readonly presence: PresenceContext;
    }
  /** Records are or were missing; `to` null while that lasts. */
  | {
      readonly type: 'gap';
      readonly vin: string;
      readonly kind: 'silent' | 'outage';
      readonly from: number;
      readonly to: number | null;
    };
