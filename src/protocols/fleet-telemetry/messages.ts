import { VALUE_MEMBERS } from './value-members.js';

/** Number, name as in the .proto file, type, and what it is more than one value of that type. */
export type FieldRow = readonly [number: number, protoName: string, type: string, form?: 'repeated' | 'oneof value'];

export interface MessageRow {
  readonly package: string;
  readonly fields: readonly FieldRow[];
}

export const TIMESTAMP = 'google.protobuf.Timestamp';

/** The only map type of this schema; both its keys and values are text. */
export const TEXT_MAP = 'map<string,string>';

const DATA = 'telemetry.vehicle_data';
const ALERTS = 'telemetry.vehicle_alerts';
const ERRORS = 'telemetry.vehicle_error';
const CONNECTIVITY = 'telemetry.vehicle_connectivity';
const METRICS = 'telemetry.vehicle_metrics';

const TIRES = [
  'front_left',
  'front_right',
  'rear_left',
  'rear_right',
  'semi_middle_axle_left_2',
  'semi_middle_axle_right_2',
  'semi_rear_axle_left',
  'semi_rear_axle_right',
  'semi_rear_axle_left_2',
  'semi_rear_axle_right_2',
];

const DOORS = ['DriverFront', 'DriverRear', 'PassengerFront', 'PassengerRear', 'TrunkFront', 'TrunkRear'];

/** Every message of the schema (section 3), by name. The files in `proto/fleet-telemetry` say the same. */
export const MESSAGES: Readonly<Record<string, MessageRow>> = {
  Payload: {
    package: DATA,
    fields: [
      [1, 'data', 'Datum', 'repeated'],
      [2, 'created_at', TIMESTAMP],
      [3, 'vin', 'string'],
      [4, 'is_resend', 'bool'],
    ],
  },
  Datum: {
    package: DATA,
    fields: [
      [1, 'key', 'Field'],
      [2, 'value', 'Value'],
    ],
  },
  Value: {
    package: DATA,
    fields: VALUE_MEMBERS.map(({ number, protoName, type }) => [number, protoName, type, 'oneof value']),
  },
  LocationValue: {
    package: DATA,
    fields: [
      [1, 'latitude', 'double'],
      [2, 'longitude', 'double'],
    ],
  },
  Doors: { package: DATA, fields: DOORS.map((name, index) => [index + 1, name, 'bool']) },
  TireLocation: { package: DATA, fields: TIRES.map((name, index) => [index + 1, name, 'bool']) },
  Time: {
    package: DATA,
    fields: [
      [1, 'hour', 'int32'],
      [2, 'minute', 'int32'],
      [3, 'second', 'int32'],
    ],
  },
  VehicleAlerts: {
    package: ALERTS,
    fields: [
      [1, 'alerts', 'VehicleAlert', 'repeated'],
      [2, 'created_at', TIMESTAMP],
      [3, 'vin', 'string'],
    ],
  },
  VehicleAlert: {
    package: ALERTS,
    fields: [
      [1, 'name', 'string'],
      [2, 'audiences', 'Audience', 'repeated'],
      [3, 'started_at', TIMESTAMP],
      [4, 'ended_at', TIMESTAMP],
    ],
  },
  VehicleErrors: {
    package: ERRORS,
    fields: [
      [1, 'errors', 'VehicleError', 'repeated'],
      [2, 'created_at', TIMESTAMP],
      [3, 'vin', 'string'],
    ],
  },
  VehicleError: {
    package: ERRORS,
    fields: [
      [1, 'created_at', TIMESTAMP],
      [2, 'name', 'string'],
      [3, 'tags', TEXT_MAP],
      [4, 'body', 'string'],
    ],
  },
  VehicleConnectivity: {
    package: CONNECTIVITY,
    fields: [
      [1, 'vin', 'string'],
      [2, 'connection_id', 'string'],
      [3, 'status', 'ConnectivityEvent'],
      [4, 'created_at', TIMESTAMP],
      [5, 'network_interface', 'string'],
    ],
  },
  VehicleMetrics: {
    package: METRICS,
    fields: [
      [1, 'metrics', 'Metric', 'repeated'],
      [2, 'created_at', TIMESTAMP],
      [3, 'vin', 'string'],
    ],
  },
  Metric: {
    package: METRICS,
    fields: [
      [1, 'name', 'string'],
      [2, 'tags', TEXT_MAP],
      [3, 'value', 'double'],
    ],
  },
};

/** The package of each enum; all others belong to the vehicle data. */
export const ENUM_PACKAGES: Readonly<Record<string, string>> = { Audience: ALERTS, ConnectivityEvent: CONNECTIVITY };

export const DATA_PACKAGE = DATA;

/** Topics whose payload is a protobuf message that the server knows, with its root message (section 3). */
export const ROOT_MESSAGES = {
  V: 'Payload',
  alerts: 'VehicleAlerts',
  errors: 'VehicleErrors',
  connectivity: 'VehicleConnectivity',
} as const;

export type KnownTopic = keyof typeof ROOT_MESSAGES;

/** Whether payloads of `topic` are checked and rewritten; all others pass as received (FT-TX-5). */
export function isKnownTopic(topic: string): topic is KnownTopic {
  return Object.hasOwn(ROOT_MESSAGES, topic);
}
