export { delayMs } from '../../runtime/backoff.js';
export { stampOf } from '../../runtime/event-facts.js';
/** How a vehicle waits, in milliseconds. */
export interface VehicleTiming {
  /** For TCP, TLS and the upgrade together, and for its turn among those that connect at the same time. */
  readonly connectTimeoutMs: number;
  /** Pause before the first try again; doubles with each further one, half of it jitter (FT-CLI-5). */
  readonly retryMs: number;
  readonly longestRetryMs: number;
  /** Connected for so long, the next loss starts again with the shortest pause. */
  readonly steadyAfterMs: number;
}

export const DEFAULT_TIMING: VehicleTiming = {
  connectTimeoutMs: 30_000,
  retryMs: 500,
  longestRetryMs: 30_000,
  // A server that accepts a vehicle and drops it at once (FT-WS-9) must not be redialled at the shortest pause.
  steadyAfterMs: 10_000,
};

export interface VehicleInput {
  readonly vin: string;
  readonly timing: VehicleTiming;
}

/** Why a connection did not come about, or ended. */
export interface ConnectionEnd {
  /** A word for counters: `unknown_issuer`, `closed_1001`. */
  readonly reason: string;
  readonly message: string;
  /** Epoch milliseconds; null where the machine runs without the runtime. */
  readonly at: number | null;
}

export interface VehicleContext extends VehicleInput {
  /** Tries that failed, and connections that were lost, since it was last steady. */
  readonly failures: number;
  readonly pauseMs: number;
  readonly lastEnd: ConnectionEnd | null;
}

export type VehicleEvent =
  /** Its turn in the ramp. */
  | { readonly type: 'CONNECT' }
  /** As many records are un-acked as may be, and no reply has come for a while. */
  | { readonly type: 'WINDOW_FULL' }
  | { readonly type: 'WINDOW_OPEN' }
  /** The load is over and records of this vehicle have no reply: long pauses would outlast the wait for them. */
  | { readonly type: 'HURRY' }
  | { readonly type: 'STOP' };

/** What the effects of the chart get. */
export interface ConnectionInput {
  readonly vin: string;
}
