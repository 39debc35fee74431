// Every enum of the schema but `Field`: its names, at their numbers. All are dense from 0.
const NAMES = {
  ChargingState: `
    ChargeStateUnknown ChargeStateDisconnected ChargeStateNoPower ChargeStateStarting ChargeStateCharging
    ChargeStateComplete ChargeStateStopped
  `,
  DetailedChargeStateValue: `
    DetailedChargeStateUnknown DetailedChargeStateDisconnected DetailedChargeStateNoPower
    DetailedChargeStateStarting DetailedChargeStateCharging DetailedChargeStateComplete DetailedChargeStateStopped
  `,
  ShiftState: `ShiftStateUnknown ShiftStateInvalid ShiftStateP ShiftStateR ShiftStateN ShiftStateD ShiftStateSNA`,
  FollowDistance: `
    FollowDistanceUnknown FollowDistance1 FollowDistance2 FollowDistance3 FollowDistance4 FollowDistance5
    FollowDistance6 FollowDistance7
  `,
  ForwardCollisionSensitivity: `
    ForwardCollisionSensitivityUnknown ForwardCollisionSensitivityOff ForwardCollisionSensitivityLate
    ForwardCollisionSensitivityAverage ForwardCollisionSensitivityEarly
  `,
  GuestModeMobileAccess: `
    GuestModeMobileAccessUnknown GuestModeMobileAccessInit GuestModeMobileAccessNotAuthenticated
    GuestModeMobileAccessAuthenticated GuestModeMobileAccessAbortedDriving
    GuestModeMobileAccessAbortedUsingRemoteStart GuestModeMobileAccessAbortedUsingBLEKeys
    GuestModeMobileAccessAbortedValetMode GuestModeMobileAccessAbortedGuestModeOff
    GuestModeMobileAccessAbortedDriveAuthTimeExceeded GuestModeMobileAccessAbortedNoDataReceived
    GuestModeMobileAccessRequestingFromMothership GuestModeMobileAccessRequestingFromAuthD
    GuestModeMobileAccessAbortedFetchFailed GuestModeMobileAccessAbortedBadDataReceived
    GuestModeMobileAccessShowingQRCode GuestModeMobileAccessSwipedAway GuestModeMobileAccessDismissedQRCodeExpired
    GuestModeMobileAccessSucceededPairedNewBLEKey
  `,
  LaneAssistLevel: `LaneAssistLevelUnknown LaneAssistLevelNone LaneAssistLevelWarning LaneAssistLevelAssist`,
  ScheduledChargingModeValue: `
    ScheduledChargingModeUnknown ScheduledChargingModeOff ScheduledChargingModeStartAt
    ScheduledChargingModeDepartBy
  `,
  SentryModeState: `
    SentryModeStateUnknown SentryModeStateOff SentryModeStateIdle SentryModeStateArmed SentryModeStateAware
    SentryModeStatePanic SentryModeStateQuiet
  `,
  SpeedAssistLevel: `SpeedAssistLevelUnknown SpeedAssistLevelNone SpeedAssistLevelDisplay SpeedAssistLevelChime`,
  BMSStateValue: `
    BMSStateUnknown BMSStateStandby BMSStateDrive BMSStateSupport BMSStateCharge BMSStateFEIM BMSStateClearFault
    BMSStateFault BMSStateWeld BMSStateTest BMSStateSNA
  `,
  BuckleStatus: `BuckleStatusUnknown BuckleStatusUnlatched BuckleStatusLatched BuckleStatusFaulted`,
  CarTypeValue: `
    CarTypeUnknown CarTypeModelS CarTypeModelX CarTypeModel3 CarTypeModelY CarTypeSemiTruck CarTypeCybertruck
  `,
  ChargePortValue: `ChargePortUnknown ChargePortUS ChargePortEU ChargePortGB ChargePortCCS`,
  ChargePortLatchValue: `
    ChargePortLatchUnknown ChargePortLatchSNA ChargePortLatchDisengaged ChargePortLatchEngaged
    ChargePortLatchBlocking
  `,
  DriveInverterState: `
    DriveInverterStateUnknown DriveInverterStateUnavailable DriveInverterStateStandby DriveInverterStateFault
    DriveInverterStateAbort DriveInverterStateEnable
  `,
  HvilStatus: `HvilStatusUnknown HvilStatusFault HvilStatusOK`,
  WindowState: `WindowStateUnknown WindowStateClosed WindowStatePartiallyOpen WindowStateOpened`,
  SeatFoldPosition: `
    SeatFoldPositionUnknown SeatFoldPositionSNA SeatFoldPositionFaulted SeatFoldPositionNotConfigured
    SeatFoldPositionFolded SeatFoldPositionUnfolded
  `,
  TractorAirStatus: `
    TractorAirStatusUnknown TractorAirStatusNotAvailable TractorAirStatusError TractorAirStatusCharged
    TractorAirStatusBuildingPressureIntermediate TractorAirStatusExhaustingPressureIntermediate
    TractorAirStatusExhausted
  `,
  TrailerAirStatus: `
    TrailerAirStatusUnknown TrailerAirStatusSNA TrailerAirStatusInvalid TrailerAirStatusBobtailMode
    TrailerAirStatusCharged TrailerAirStatusBuildingPressureIntermediate
    TrailerAirStatusExhaustingPressureIntermediate TrailerAirStatusExhausted
  `,
  HvacAutoModeState: `HvacAutoModeStateUnknown HvacAutoModeStateOn HvacAutoModeStateOverride`,
  CabinOverheatProtectionModeState: `
    CabinOverheatProtectionModeStateUnknown CabinOverheatProtectionModeStateOff CabinOverheatProtectionModeStateOn
    CabinOverheatProtectionModeStateFanOnly
  `,
  ClimateOverheatProtectionTempLimit: `
    ClimateOverheatProtectionTempLimitUnknown ClimateOverheatProtectionTempLimitHigh
    ClimateOverheatProtectionTempLimitMedium ClimateOverheatProtectionTempLimitLow
  `,
  DefrostModeState: `
    DefrostModeStateUnknown DefrostModeStateOff DefrostModeStateNormal DefrostModeStateMax
    DefrostModeStateAutoDefog
  `,
  ClimateKeeperModeState: `
    ClimateKeeperModeStateUnknown ClimateKeeperModeStateOff ClimateKeeperModeStateOn ClimateKeeperModeStateDog
    ClimateKeeperModeStateParty
  `,
  HvacPowerState: `
    HvacPowerStateUnknown HvacPowerStateOff HvacPowerStateOn HvacPowerStatePrecondition
    HvacPowerStateOverheatProtect
  `,
  FastCharger: `
    FastChargerUnknown FastChargerSupercharger FastChargerCHAdeMO FastChargerGB FastChargerACSingleWireCAN
    FastChargerCombo FastChargerMCSingleWireCAN FastChargerOther FastChargerSNA
  `,
  CableType: `CableTypeUnknown CableTypeIEC CableTypeSAE CableTypeGB_AC CableTypeGB_DC CableTypeSNA`,
  TonneauTentModeState: `
    TonneauTentModeStateUnknown TonneauTentModeStateInactive TonneauTentModeStateMoving TonneauTentModeStateFailed
    TonneauTentModeStateActive
  `,
  TonneauPositionState: `
    TonneauPositionStateUnknown TonneauPositionStateInvalid TonneauPositionStateClosed
    TonneauPositionStatePartiallyOpen TonneauPositionStateFullyOpen
  `,
  PowershareState: `
    PowershareStateUnknown PowershareStateInactive PowershareStateHandshaking PowershareStateInit
    PowershareStateEnabled PowershareStateEnabledReconnectingSoon PowershareStateStopped
  `,
  PowershareStopReasonStatus: `
    PowershareStopReasonStatusUnknown PowershareStopReasonStatusNone PowershareStopReasonStatusSOCTooLow
    PowershareStopReasonStatusRetry PowershareStopReasonStatusFault PowershareStopReasonStatusUser
    PowershareStopReasonStatusReconnecting PowershareStopReasonStatusAuthentication
  `,
  PowershareTypeStatus: `
    PowershareTypeStatusUnknown PowershareTypeStatusNone PowershareTypeStatusLoad PowershareTypeStatusHome
  `,
  DisplayState: `
    DisplayStateUnknown DisplayStateOff DisplayStateDim DisplayStateAccessory DisplayStateOn DisplayStateDriving
    DisplayStateCharging DisplayStateLock DisplayStateSentry DisplayStateDog DisplayStateEntertainment
  `,
  DistanceUnit: `DistanceUnitUnknown DistanceUnitMiles DistanceUnitKilometers`,
  TemperatureUnit: `TemperatureUnitUnknown TemperatureUnitFahrenheit TemperatureUnitCelsius`,
  PressureUnit: `PressureUnitUnknown PressureUnitPsi PressureUnitBar`,
  ChargeUnitPreference: `ChargeUnitUnknown ChargeUnitDistance ChargeUnitPercent`,
  SunroofInstalledState: `
    SunroofInstalledStateUnknown SunroofInstalledStateNotInstalled SunroofInstalledStateGen1Installed
    SunroofInstalledStateGen2Installed
  `,
  TurnSignalState: `
    TurnSignalStateUnknown TurnSignalStateOff TurnSignalStateLeft TurnSignalStateRight TurnSignalStateBoth
  `,
  MediaStatus: `MediaStatusUnknown MediaStatusStopped MediaStatusPlaying MediaStatusPaused`,
  Audience: `Unknown Customer Service ServiceFix`,
  ConnectivityEvent: `UNKNOWN CONNECTED DISCONNECTED`,
} as const;

export type EnumType = keyof typeof NAMES;

/** Names of each enum type but `Field`; the index is the number. */
export const ENUM_NAMES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(NAMES).map(([type, names]) => [type, names.trim().split(/\s+/)]),
);

/** The name of a value of an enum, or for a number that this schema does not know its decimal form. */
export function enumText(type: EnumType, number: number): string {
  return ENUM_NAMES.get(type)?.[number] ?? String(number);
}
