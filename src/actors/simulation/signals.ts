import type { DriveState } from './drive.js';

/** The form in which a vehicle sends a signal. */
export type SignalForm = 'number' | 'place' | 'gear';

/** A signal of a virtual vehicle. */
export interface Signal {
  /** As in the enum `Field`. */
  readonly name: string;
  readonly form: SignalForm;
  /** Its value; of a place nothing, as that is two numbers of the state itself. */
  read(drive: DriveState): number;
}

/** Numbers of the enum ShiftState. */
export const GEAR = { parked: 2, drive: 5 } as const;

const numeric = (name: string, read: (drive: DriveState) => number): Signal => ({ name, form: 'number', read });

/** Rounded as a sensor would, so that values repeat as they do in a fleet. */
const steps = (value: number, step: number): number => Math.round(value / step) * step;

/** Power that driving takes, kilowatts; negative while braking recovers some. */
const power = ({ speed, acceleration }: DriveState): number => 0.004 * speed ** 2 + 0.9 * acceleration * speed + 0.4;

const voltage = ({ charge }: DriveState): number => 320 + 0.8 * charge;

/** A slow swing around `middle`. */
const swing = ({ elapsedS }: DriveState, middle: number, by: number, periodS: number): number =>
  middle + by * Math.sin((2 * Math.PI * elapsedS) / periodS);

/** The signals that vehicles send, most telling first. */
const CATALOGUE: readonly Signal[] = [
  { name: 'Location', form: 'place', read: () => 0 },
  numeric('VehicleSpeed', ({ speed }) => steps(speed, 0.5)),
  { name: 'Gear', form: 'gear', read: ({ isParked }) => (isParked ? GEAR.parked : GEAR.drive) },
  numeric('Soc', ({ charge }) => steps(charge, 0.1)),
  numeric('Odometer', ({ odometer }) => odometer),
  numeric('GpsHeading', ({ heading }) => steps(heading, 0.1)),
  numeric('LongitudinalAcceleration', ({ acceleration }) => steps(acceleration, 0.01)),
  numeric('PackVoltage', (drive) => steps(voltage(drive) - 0.05 * power(drive), 0.1)),
  numeric('PackCurrent', (drive) => steps((-1000 * power(drive)) / voltage(drive), 0.1)),
  numeric('PedalPosition', ({ acceleration, speed }) => steps(Math.max(0, 8 * acceleration + 0.3 * speed), 0.4)),
  numeric('BatteryLevel', ({ charge }) => steps(charge, 0.1)),
  numeric('RatedRange', ({ charge }) => steps(3.03 * charge, 0.1)),
  numeric('EstBatteryRange', ({ charge }) => steps(2.61 * charge, 0.1)),
  numeric('EnergyRemaining', ({ charge }) => steps(0.75 * charge, 0.02)),
  numeric('OutsideTemp', (drive) => steps(swing(drive, drive.outsideTemperature, 1.5, 3600), 0.5)),
  numeric('InsideTemp', (drive) => steps(swing(drive, 21, 0.8, 900), 0.1)),
  numeric('ModuleTempMax', (drive) => steps(swing(drive, 31, 3, 1800), 0.5)),
  numeric('ModuleTempMin', (drive) => steps(swing(drive, 28, 3, 1800), 0.5)),
  numeric('TpmsPressureFl', (drive) => steps(swing(drive, 2.9, 0.05, 7200), 0.025)),
  numeric('TpmsPressureFr', (drive) => steps(swing(drive, 2.9, 0.05, 6900), 0.025)),
  numeric('TpmsPressureRl', (drive) => steps(swing(drive, 2.85, 0.05, 7100), 0.025)),
  numeric('TpmsPressureRr', (drive) => steps(swing(drive, 2.85, 0.05, 7300), 0.025)),
];

/** A signal that none of the catalogue is, for records larger than that: a number that swings. */
const filler = (name: string, index: number): Signal =>
  numeric(name, (drive) => swing(drive, 10 * index, 5, 60 + 7 * index));

/**
 * The signals of a vehicle that sends `fields` of them in a record: the catalogue, and where that does not reach,
 * others of `names` with made-up values.
 */
export function signalsFor(fields: number, names: readonly string[]): readonly Signal[] {
  if (fields <= CATALOGUE.length) return CATALOGUE;
  const known = new Set(CATALOGUE.map(({ name }) => name));
  const others = names.filter((name) => name !== 'Unknown' && name !== PADDING_SIGNAL && !known.has(name));
  return [...CATALOGUE, ...others.slice(0, fields - CATALOGUE.length).map(filler)];
}

/** The signal whose text fills a record up to the bytes that are asked for. */
export const PADDING_SIGNAL = 'VehicleName';

/** Of the signals in each record when not all fit into one: where the vehicle is and how fast. */
const ALWAYS = 2;

/**
 * Which signals (by index) go into the records of a vehicle, one list after another: a record holds `fields` of them,
 * and a round of records holds each at least once, as vehicles send what has changed rather than everything.
 */
export function rotations(signals: number, fields: number): readonly (readonly number[])[] {
  const all = Array.from({ length: signals }, (_, index) => index);
  if (fields >= signals) return [all];
  const kept = fields > ALWAYS ? all.slice(0, ALWAYS) : [];
  const turning = all.slice(kept.length);
  const perRecord = fields - kept.length;
  return Array.from({ length: Math.ceil(turning.length / perRecord) }, (_, record) => [
    ...kept,
    ...Array.from({ length: perRecord }, (_, place) => {
      return turning[(record * perRecord + place) % turning.length] as number;
    }),
  ]);
}
