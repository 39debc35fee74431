/** Key `fleetchart.presence`. */
export interface PresenceSection {
  readonly offlineAfterSeconds?: number;
  readonly restartGraceSeconds?: number;
  readonly silentAfterMinutes?: number | 'off';
}

/** Key `fleetchart.lastValues`. */
export interface LastValuesSection {
  readonly enabled?: boolean;
  readonly maxVehicles?: number;
  readonly maxTextBytes?: number;
  readonly maxGaps?: number;
  readonly maxNotices?: number;
  readonly boundBytes?: number;
}

/** When a vehicle counts as online (FT-CON-4). */
export interface PresenceSettings {
  /** How long after its last connection it is still taken for online: a change of network takes seconds. */
  readonly offlineAfterMs: number;
  /** How long vehicles have to come back after a restart of the server. */
  readonly restartGraceMs: number;
  /** A connected vehicle of which nothing came for so long is silent; undefined: none is. */
  readonly silentAfterMs: number | undefined;
}

/** What is kept of each vehicle: its last values, alerts, errors and gaps. */
export interface LastValuesSettings {
  /** Vehicles past which new ones are not kept. */
  readonly maxVehicles: number;
  /** Longer texts are cut. */
  readonly maxTextBytes: number;
  /** Per vehicle, the newest. */
  readonly maxGaps: number;
  /** Alerts and errors each, per vehicle, the newest. */
  readonly maxNotices: number;
  /** Records that may wait to be read for it in the spool; past it the oldest are passed over. */
  readonly boundBytes: number;
}
