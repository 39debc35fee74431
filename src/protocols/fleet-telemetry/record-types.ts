import type { EnumMemberName } from './value-members.js';

// Records as objects. Names are those of protojson (FT-JS-1); messages that are not set are null, lists that are not
// set are empty, everything else that is not set has the default of its type.

/** A 64-bit integer without loss (FT-PB-4): its halves, the lower one to be read as unsigned. */
export interface Int64 {
  readonly low: number;
  readonly high: number;
}

export interface Timestamp {
  readonly seconds: Int64;
  readonly nanos: number;
}

/** Degrees; south and west are negative. */
export interface LocationValue {
  readonly latitude: number;
  readonly longitude: number;
}

export interface Doors {
  readonly DriverFront: boolean;
  readonly DriverRear: boolean;
  readonly PassengerFront: boolean;
  readonly PassengerRear: boolean;
  readonly TrunkFront: boolean;
  readonly TrunkRear: boolean;
}

export interface TireLocation {
  readonly frontLeft: boolean;
  readonly frontRight: boolean;
  readonly rearLeft: boolean;
  readonly rearRight: boolean;
  readonly semiMiddleAxleLeft2: boolean;
  readonly semiMiddleAxleRight2: boolean;
  readonly semiRearAxleLeft: boolean;
  readonly semiRearAxleRight: boolean;
  readonly semiRearAxleLeft2: boolean;
  readonly semiRearAxleRight2: boolean;
}

export interface TimeOfDay {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

interface ValueMembers {
  readonly stringValue: string;
  readonly intValue: number;
  readonly longValue: Int64;
  /** As a double: `shortestFloat32` gives the number that was meant. */
  readonly floatValue: number;
  readonly doubleValue: number;
  readonly booleanValue: boolean;
  readonly locationValue: LocationValue;
  readonly invalid: boolean;
  readonly doorValue: Doors;
  readonly timeValue: TimeOfDay;
  readonly tireLocationValue: TireLocation;
}

/** What a signal is worth: at most one member, the only own property. Enums are numbers, which may be unknown ones. */
export type Value = Partial<ValueMembers & Readonly<Record<EnumMemberName, number>>>;

export interface Datum {
  /** Number of the signal; `fieldName` has its name. */
  readonly key: number;
  readonly value: Value | null;
}

/** Topic `V`. */
export interface VehicleData {
  readonly data: readonly Datum[];
  readonly createdAt: Timestamp | null;
  readonly vin: string;
  readonly isResend: boolean;
}

export interface VehicleAlert {
  readonly name: string;
  readonly audiences: readonly number[];
  readonly startedAt: Timestamp | null;
  /** Null while the alert is active. */
  readonly endedAt: Timestamp | null;
}

/** Topic `alerts`. */
export interface VehicleAlerts {
  readonly alerts: readonly VehicleAlert[];
  readonly createdAt: Timestamp | null;
  readonly vin: string;
}

export interface VehicleError {
  readonly createdAt: Timestamp | null;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Topic `errors`. */
export interface VehicleErrors {
  readonly errors: readonly VehicleError[];
  readonly createdAt: Timestamp | null;
  readonly vin: string;
}

/** Topic `connectivity`. */
export interface VehicleConnectivity {
  readonly vin: string;
  readonly connectionId: string;
  /** 1 connected, 2 disconnected. */
  readonly status: number;
  readonly createdAt: Timestamp | null;
  readonly networkInterface: string;
}

/** A record of one of the four topics that have a protobuf message. */
export type VehicleRecord =
  | { readonly topic: 'V'; readonly message: VehicleData }
  | { readonly topic: 'alerts'; readonly message: VehicleAlerts }
  | { readonly topic: 'errors'; readonly message: VehicleErrors }
  | { readonly topic: 'connectivity'; readonly message: VehicleConnectivity };
