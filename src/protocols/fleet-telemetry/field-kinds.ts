import { FIELD_NAMES } from './field-names.js';

/** What a signal is by its meaning, whatever the firmware of a vehicle sends it as (section 6.2). */
export type FieldKind = 'number' | 'boolean' | 'position' | 'other';

const NUMBERS = `
  VehicleSpeed Odometer PackVoltage PackCurrent Soc IsolationResistance PedalPosition DiHeatsinkTR DiAxleSpeedR
  DiTorquemotor DiStatorTempR DiVBatR DiMotorCurrentR GpsHeading NumBrickVoltageMax BrickVoltageMax NumBrickVoltageMin
  BrickVoltageMin NumModuleTempMax ModuleTempMax NumModuleTempMin ModuleTempMin RatedRange DCChargingEnergyIn
  DCChargingPower ACChargingEnergyIn ACChargingPower ChargeLimitSoc EstBatteryRange IdealBatteryRange BatteryLevel
  TimeToFullCharge ChargeAmps ChargerPhases ChargeCurrentRequest ChargeCurrentRequestMax CurrentLimitMph TpmsPressureFl
  TpmsPressureFr TpmsPressureRl TpmsPressureRr SemitruckTpmsPressureRe1L0 SemitruckTpmsPressureRe1L1
  SemitruckTpmsPressureRe1R0 SemitruckTpmsPressureRe1R1 SemitruckTpmsPressureRe2L0 SemitruckTpmsPressureRe2L1
  SemitruckTpmsPressureRe2R0 SemitruckTpmsPressureRe2R1 InsideTemp OutsideTemp SeatHeaterLeft SeatHeaterRight
  SeatHeaterRearLeft SeatHeaterRearRight SeatHeaterRearCenter LateralAcceleration LongitudinalAcceleration
  CruiseSetSpeed LifetimeEnergyUsed LifetimeEnergyUsedDrive BrakePedalPos MilesToArrival MinutesToArrival
  PairedPhoneKeyAndKeyFobQty LifetimeEnergyGainedRegen DiHeatsinkTF DiHeatsinkTREL DiHeatsinkTRER DiAxleSpeedF
  DiAxleSpeedREL DiAxleSpeedRER DiSlaveTorqueCmd DiTorqueActualR DiTorqueActualF DiTorqueActualREL DiTorqueActualRER
  DiStatorTempF DiStatorTempREL DiStatorTempRER DiVBatF DiVBatREL DiVBatRER DiMotorCurrentF DiMotorCurrentREL
  DiMotorCurrentRER EnergyRemaining DiInverterTR DiInverterTF DiInverterTREL DiInverterTRER ChargerVoltage
  EstimatedHoursToChargeTermination ExpectedEnergyPercentAtTripArrival HomelinkDeviceCount HvacFanSpeed HvacFanStatus
  HvacLeftTemperatureRequest HvacRightTemperatureRequest HvacSteeringWheelHeatLevel PowershareHoursLeft
  PowershareInstantaneousPowerKW RouteTrafficMinutesDelay SoftwareUpdateDownloadPercentComplete
  SoftwareUpdateExpectedDurationMinutes SoftwareUpdateInstallationPercentComplete TonneauOpenPercent
  ClimateSeatCoolingFrontLeft ClimateSeatCoolingFrontRight MediaAudioVolume MediaNowPlayingDuration
  MediaNowPlayingElapsed MediaAudioVolumeIncrement MediaAudioVolumeMax ChargeRateMilePerHour MilesSinceReset
  SelfDrivingMilesSinceReset
`;

const BOOLEANS = `
  DriveRail BmsFullchargecomplete DCDCEnable BrakePedal GpsState FastChargerPresent ScheduledChargingPending
  PreconditioningEnabled ChargeEnableRequest ChargePortColdWeatherMode BatteryHeaterOn NotEnoughPowerToHeat
  SuperchargerSessionTripPlanner Locked SpeedLimitMode AutoSeatClimateLeft AutoSeatClimateRight DriverSeatOccupied
  GuestModeEnabled PinToDriveEnabled AutomaticBlindSpotCamera BlindSpotCollisionWarningChime
  EmergencyLaneDepartureAvoidance AutomaticEmergencyBrakingOff ServiceMode ChargePortDoorOpen
  DefrostForPreconditioning EuropeVehicle HomelinkNearby HvacACEnabled HvacSteeringWheelHeatAuto
  OffroadLightbarPresent RearDisplayHvacEnabled RemoteStartEnabled RightHandDrive ValetModeEnabled WiperHeatEnabled
  LocatedAtHome LocatedAtWork LocatedAtFavorite Setting24HourTime LightsHazardsActive LightsHighBeams SeatVentEnabled
  RearDefrostEnabled
`;

const POSITIONS = 'Location OriginLocation DestinationLocation';

const KINDS: readonly FieldKind[] = kindsByNumber({ number: NUMBERS, boolean: BOOLEANS, position: POSITIONS });

function kindsByNumber(named: Readonly<Record<Exclude<FieldKind, 'other'>, string>>): FieldKind[] {
  const kinds = new Map<string, FieldKind>();
  for (const [kind, names] of Object.entries(named)) {
    for (const name of names.trim().split(/\s+/)) kinds.set(name, kind as FieldKind);
  }
  return FIELD_NAMES.map((name) => kinds.get(name) ?? 'other');
}

/** Of a number of `Field`. */
export function fieldKind(field: number): FieldKind {
  return KINDS[field] ?? 'other';
}
