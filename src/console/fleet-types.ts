/** What the HTTP API of a hub says of vehicles. Types only. Times are epoch milliseconds. */

/** An entry of `GET /api/v1/vehicles`. */
export interface VehicleRowView {
  readonly vin: string;
  readonly online: boolean;
  readonly state: 'online' | 'silent' | 'leaving' | 'returning' | 'offline';
  /** Since when it is online, or offline. */
  readonly since: number;
  readonly lastSeenAt: number;
  /** How many times it came online. */
  readonly sessions: number;
  readonly connectionCount: number;
  readonly networkInterface: string;
  readonly clientVersion: string;
}

export interface VehiclesAnswer {
  readonly vehicles: readonly VehicleRowView[];
  /** The cursor of the next page; null on the last. */
  readonly next: string | null;
  /** Vehicles by state. */
  readonly states: Readonly<Record<string, number>>;
}

/** `GET /api/v1/vehicles/{vin}`. */
export interface VehicleDetailView extends VehicleRowView {
  readonly lastRecordAt: number | null;
  readonly connectionsTotal: number;
  readonly shortDrops: number;
  readonly connections: readonly VehicleConnectionView[];
}

export interface VehicleConnectionView {
  readonly id: string;
  readonly networkInterface: string;
  readonly clientVersion: string;
  readonly remote: string;
  readonly since: number;
  readonly records: number;
  readonly bytes: number;
  readonly lastRecordAt: number | null;
}

/** An entry of `GET /api/v1/vehicles/{vin}/signals`. */
export interface SignalView {
  readonly name: string;
  readonly state: 'valid' | 'invalid' | 'unknown';
  readonly type?: string;
  readonly value?: string | number | boolean | Readonly<Record<string, number | boolean>>;
  readonly createdAt: number;
  readonly receivedAt: number;
  readonly changedAt: number;
  /** The vehicle's clock was ahead. */
  readonly clockAhead?: boolean;
  readonly cut?: boolean;
}

export interface SignalsAnswer {
  readonly signals: readonly SignalView[];
}

/** An entry of `GET /api/v1/vehicles/{vin}/gaps`. */
export interface GapView {
  readonly kind: 'missing' | 'resend' | 'silent' | 'outage';
  readonly from: number;
  /** Null while it lasts. */
  readonly to: number | null;
  readonly times: number;
  readonly records?: number;
  readonly late?: number;
}

export interface GapsAnswer {
  readonly gaps: readonly GapView[];
}

export interface AlertView {
  readonly name: string;
  readonly audiences: readonly string[];
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export interface VehicleErrorView {
  readonly name: string;
  readonly body: string;
  readonly createdAt: number | null;
  readonly receivedAt: number;
}

/** `GET /api/v1/vehicles/{vin}/alerts`. */
export interface AlertsAnswer {
  readonly active: readonly AlertView[];
  readonly ended: readonly AlertView[];
  readonly errors: readonly VehicleErrorView[];
}
