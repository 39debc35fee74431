export { decodeRecord } from './decode.js';
export { decodedJson, decodedPayload } from './decoded-json.js';
export {
  type AlertInput,
  type ConnectivityInput,
  type DatumInput,
  type ErrorInput,
  encodeAlerts,
  encodeConnectivity,
  encodeErrors,
  encodeVehicleData,
  type VehicleAlertsInput,
  type VehicleDataInput,
  type VehicleErrorsInput,
} from './encode.js';
export { FIELD_NAMES, fieldName, fieldNumber } from './field-names.js';
export { shortestFloat32 } from './float32.js';
export { exactInteger } from './integers.js';
export { type LogLine, type LogOptions, logLines } from './log-lines.js';
export { isKnownTopic, type KnownTopic } from './messages.js';
export { type MqttForm, type MqttMessage, mqttMessages } from './mqtt-messages.js';
export { preparePayload } from './payload.js';
export type { PayloadErrorCode, PayloadFailure, PayloadResult } from './payload-result.js';
export type {
  Datum,
  Doors,
  Int64,
  LocationValue,
  TimeOfDay,
  Timestamp,
  TireLocation,
  Value,
  VehicleAlert,
  VehicleAlerts,
  VehicleConnectivity,
  VehicleData,
  VehicleError,
  VehicleErrors,
  VehicleRecord,
} from './record-types.js';
export { signalCount } from './signal-count.js';
export { memberOf, type PlainValue, plainValue } from './signal-values.js';
export type { ValueInput } from './value-encoding.js';
export type { EnumMemberName, ValueKind, ValueMember } from './value-members.js';
