import { ENUM_NAMES, type EnumType } from './enum-names.js';

/** How a member of the oneof `value` is written on the wire. */
export type ValueKind =
  | 'string'
  | 'int32'
  | 'int64'
  | 'float'
  | 'double'
  | 'bool'
  | 'enum'
  | 'LocationValue'
  | 'Doors'
  | 'TireLocation'
  | 'Time';

export interface ValueMember {
  readonly number: number;
  /** As in the .proto file, e.g. `shift_state_value`. */
  readonly protoName: string;
  /** As in decoded objects and JSON, e.g. `shiftStateValue` (FT-JS-1). */
  readonly name: string;
  readonly type: string;
  readonly kind: ValueKind;
  /** Names by number where `kind` is `enum`, else empty. */
  readonly enumNames: readonly string[];
  /** Type key of the verbose logger (section 6.3); undefined for what the logger drops. */
  readonly loggerKey: string | undefined;
}

/** Number, name, type, key of the verbose logger. */
const ROWS = [
  [1, 'string_value', 'string', 'stringValue'],
  [2, 'int_value', 'int32', 'intValue'],
  [3, 'long_value', 'int64', 'longValue'],
  [4, 'float_value', 'float', 'floatValue'],
  [5, 'double_value', 'double', 'doubleValue'],
  [6, 'boolean_value', 'bool', 'booleanValue'],
  [7, 'location_value', 'LocationValue', 'locationValue'],
  [8, 'charging_value', 'ChargingState'],
  [9, 'shift_state_value', 'ShiftState', 'shiftStateValue'],
  [10, 'invalid', 'bool', 'invalid'],
  [11, 'lane_assist_level_value', 'LaneAssistLevel', 'laneAssistLevel'],
  [12, 'scheduled_charging_mode_value', 'ScheduledChargingModeValue', 'scheduledChargingMode'],
  [13, 'sentry_mode_state_value', 'SentryModeState', 'sentryModeState'],
  [14, 'speed_assist_level_value', 'SpeedAssistLevel', 'speedAssistLevel'],
  [15, 'bms_state_value', 'BMSStateValue', 'bmsState'],
  [16, 'buckle_status_value', 'BuckleStatus', 'buckleStatus'],
  [17, 'car_type_value', 'CarTypeValue', 'carType'],
  [18, 'charge_port_value', 'ChargePortValue', 'chargePort'],
  [19, 'charge_port_latch_value', 'ChargePortLatchValue', 'chargePortLatch'],
  [21, 'door_value', 'Doors', 'doorValue'],
  [22, 'drive_inverter_state_value', 'DriveInverterState', 'driveInverterState'],
  [23, 'hvil_status_value', 'HvilStatus', 'hvilStatus'],
  [24, 'window_state_value', 'WindowState', 'windowState'],
  [25, 'seat_fold_position_value', 'SeatFoldPosition', 'seatFoldPosition'],
  [26, 'tractor_air_status_value', 'TractorAirStatus', 'tractorAirStatus'],
  [27, 'follow_distance_value', 'FollowDistance', 'followDistance'],
  [28, 'forward_collision_sensitivity_value', 'ForwardCollisionSensitivity', 'forwardCollisionSensitivity'],
  [29, 'guest_mode_mobile_access_value', 'GuestModeMobileAccess', 'guestModeMobileAccess'],
  [30, 'trailer_air_status_value', 'TrailerAirStatus', 'trailerAirStatus'],
  [31, 'time_value', 'Time', 'time'],
  [32, 'detailed_charge_state_value', 'DetailedChargeStateValue', 'detailedChargeState'],
  [33, 'hvac_auto_mode_value', 'HvacAutoModeState', 'hvacAutoMode'],
  [34, 'cabin_overheat_protection_mode_value', 'CabinOverheatProtectionModeState', 'cabinOverheatProtectionMode'],
  [
    35,
    'cabin_overheat_protection_temperature_limit_value',
    'ClimateOverheatProtectionTempLimit',
    'cabinOverheatProtectionTemperatureLimit',
  ],
  [36, 'defrost_mode_value', 'DefrostModeState', 'defrostMode'],
  [37, 'climate_keeper_mode_value', 'ClimateKeeperModeState', 'climateKeeperMode'],
  [38, 'hvac_power_value', 'HvacPowerState', 'hvacPower'],
  [39, 'tire_location_value', 'TireLocation', 'tireLocation'],
  [40, 'fast_charger_value', 'FastCharger', 'fastChargerType'],
  [41, 'cable_type_value', 'CableType', 'chargingCableType'],
  [42, 'tonneau_tent_mode_value', 'TonneauTentModeState', 'tonneauTentMode'],
  [43, 'tonneau_position_value', 'TonneauPositionState', 'tonneauPosition'],
  [44, 'powershare_type_value', 'PowershareTypeStatus', 'powershareType'],
  [45, 'powershare_state_value', 'PowershareState', 'powershareStatus'],
  [46, 'powershare_stop_reason_value', 'PowershareStopReasonStatus', 'powershareStopReason'],
  [47, 'display_state_value', 'DisplayState', 'displayState'],
  [48, 'distance_unit_value', 'DistanceUnit', 'distanceUnit'],
  [49, 'temperature_unit_value', 'TemperatureUnit', 'temperatureUnit'],
  [50, 'pressure_unit_value', 'PressureUnit', 'pressureUnit'],
  [51, 'charge_unit_preference_value', 'ChargeUnitPreference', 'chargeUnit'],
  [52, 'turn_signal_state_value', 'TurnSignalState', 'turnSignalState'],
  [53, 'media_status_value', 'MediaStatus', 'mediaStatus'],
  [54, 'sunroof_installed_state_value', 'SunroofInstalledState', 'sunroofInstalledState'],
] as const satisfies readonly (readonly [number, string, ValueKind | EnumType, string?])[];

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

/** Names of the members that hold a number of an enum. */
export type EnumMemberName = CamelCase<
  Extract<(typeof ROWS)[number], readonly [number, string, EnumType, ...string[]]>[1]
>;

/** `snake_case` as protojson and protobufjs write it: `semi_rear_axle_left_2` becomes `semiRearAxleLeft2` (FT-JS-1). */
export function camelCase(protoName: string): string {
  return protoName.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The members of the oneof `value`, in order of declaration. */
export const VALUE_MEMBERS: readonly ValueMember[] = ROWS.map((row) => {
  const [number, protoName, type] = row;
  const enumNames = ENUM_NAMES.get(type);
  return {
    number,
    protoName,
    name: camelCase(protoName),
    type,
    kind: enumNames === undefined ? (type as ValueKind) : 'enum',
    enumNames: enumNames ?? [],
    loggerKey: row[3],
  };
});

const BY_NAME: ReadonlyMap<string, ValueMember> = new Map(VALUE_MEMBERS.map((member) => [member.name, member]));

/** The member of that camel-case name, or undefined. */
export function valueMember(name: string): ValueMember | undefined {
  return BY_NAME.get(name);
}
