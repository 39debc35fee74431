import { placeOnTrack } from './track.js';

/** How one vehicle drives, drawn once. */
export interface DriveProfile {
  /** Where on the track it is at second 0, metres. */
  readonly startM: number;
  /** Seconds into its first cycle at second 0. */
  readonly phaseS: number;
  /** Metres a second. */
  readonly cruiseSpeed: number;
  readonly accelerateS: number;
  readonly cruiseS: number;
  readonly standS: number;
  /** Of the battery at second 0, percent. */
  readonly charge: number;
  /** Before second 0, miles. */
  readonly odometer: number;
  /** Degrees Celsius. */
  readonly outsideTemperature: number;
}

/** All that signals are read from, at one time. Speed is in miles an hour and distances in miles, as vehicles send them. */
export interface DriveState {
  /** Seconds since the drive began. */
  readonly elapsedS: number;
  readonly latitude: number;
  readonly longitude: number;
  readonly heading: number;
  readonly speed: number;
  /** Metres a second, each second. */
  readonly acceleration: number;
  readonly isParked: boolean;
  readonly odometer: number;
  /** Percent. */
  readonly charge: number;
  readonly outsideTemperature: number;
}

const METRES_PER_MILE = 1609.344;
const MPH_PER_MPS = 3600 / METRES_PER_MILE;
/** Percent of the battery that a mile takes. */
const CHARGE_PER_MILE = 0.33;
/** A drive that has come down to this goes on with a full battery. */
const LOWEST_CHARGE = 10;
/** Standing longer than this, it is parked. */
const PARKED_AFTER_S = 5;

/** Draws how a vehicle drives. `uniform` gives numbers in [0, 1). */
export function drawProfile(uniform: () => number): DriveProfile {
  const between = (low: number, high: number): number => low + (high - low) * uniform();
  return {
    startM: between(0, 20_000),
    phaseS: between(0, 120),
    cruiseSpeed: between(9, 31),
    accelerateS: between(5, 12),
    cruiseS: between(30, 180),
    standS: between(3, 30),
    charge: between(40, 95),
    odometer: between(500, 90_000),
    outsideTemperature: between(2, 31),
  };
}

/**
 * The vehicle at a time of its drive: it accelerates, cruises, brakes and stands, over and over, along the track. A
 * closed form, so that the same profile and time always give the same state.
 */
export function driveAt(profile: DriveProfile, elapsedS: number): DriveState {
  const { cruiseSpeed, accelerateS, cruiseS, standS } = profile;
  const cycleS = 2 * accelerateS + cruiseS + standS;
  const cycleM = cruiseSpeed * (accelerateS + cruiseS);
  const sinceFirstCycleS = elapsedS + profile.phaseS;
  const cycles = Math.floor(sinceFirstCycleS / cycleS);
  const inCycleS = sinceFirstCycleS - cycles * cycleS;
  const rate = cruiseSpeed / accelerateS;

  let speed = 0;
  let acceleration = 0;
  let inCycleM = cycleM;
  let isParked = false;
  const brakeFromS = accelerateS + cruiseS;
  if (inCycleS < accelerateS) {
    acceleration = rate;
    speed = rate * inCycleS;
    inCycleM = (speed * inCycleS) / 2;
  } else if (inCycleS < brakeFromS) {
    speed = cruiseSpeed;
    inCycleM = cruiseSpeed * (inCycleS - accelerateS / 2);
  } else if (inCycleS < brakeFromS + accelerateS) {
    const leftS = brakeFromS + accelerateS - inCycleS;
    acceleration = -rate;
    speed = rate * leftS;
    inCycleM = cycleM - (speed * leftS) / 2;
  } else isParked = inCycleS > brakeFromS + accelerateS + PARKED_AFTER_S;

  const drivenM = cycles * cycleM + inCycleM;
  const drivenMiles = drivenM / METRES_PER_MILE;
  const place = placeOnTrack(profile.startM + drivenM);
  return {
    elapsedS,
    latitude: place.latitude,
    longitude: place.longitude,
    heading: place.heading,
    speed: speed * MPH_PER_MPS,
    acceleration,
    isParked,
    odometer: profile.odometer + drivenMiles,
    charge: chargeAfter(profile.charge, drivenMiles),
    outsideTemperature: profile.outsideTemperature,
  };
}

/** Charge falls with each mile and is back at 100 when it reaches the lowest. */
function chargeAfter(charge: number, miles: number): number {
  const usable = 100 - LOWEST_CHARGE;
  const used = (100 - charge + miles * CHARGE_PER_MILE) % usable;
  return 100 - used;
}
