import { SimulationError } from './errors.js';
import type { VehicleTiming } from './events.js';
import { checkMix, DEFAULT_MIX, type RecordMix } from './record-mix.js';

/** What load to make. Everything but the vehicles has a default. */
export interface LoadOptions {
  /** Records a second of each vehicle; 0: as fast as the window lets. @default 1 */
  readonly perSecond?: number | undefined;
  /** Most un-acked records of a vehicle; 0: no window, the rate alone decides (open loop). @default 32 */
  readonly window?: number | undefined;
  /** Records of all vehicles together after which none is made any more. @default no end */
  readonly records?: number | undefined;
  /** Share of each topic. @default 90 % V, 5 % alerts, 5 % errors */
  readonly mix?: RecordMix | undefined;
  /** Signals in a `V` record, 1 to 250. @default 8 */
  readonly fields?: number | undefined;
  /** Size of the payload of a `V` record; 0: what its signals take. @default 0 */
  readonly payloadBytes?: number | undefined;
  /** How long a reply may take before values are sent again, ms (FT-CLI-3). @default 30 000 */
  readonly resendAfterMs?: number | undefined;
  /** Vehicles told to connect each second. @default 200 */
  readonly rampPerSecond?: number | undefined;
  /** The same seed gives the same drives and the same order of topics; txids differ in each run. @default 1 */
  readonly seed?: number | string | undefined;
  /** Header `X-Network-Interface`. @default 'lte' */
  readonly networkInterface?: string | undefined;
  /** Header `Version`. @default '1.2.0' */
  readonly clientVersion?: string | undefined;
  /** The server sends each message back instead of replies, as one to compare with does. @default false */
  readonly countsEcho?: boolean | undefined;
  readonly timing?: Partial<VehicleTiming> | undefined;
  /** A window that has been full for so long shows in the chart, ms. @default 1 000 */
  readonly fullAfterMs?: number | undefined;
}

type Load = Omit<LoadOptions, 'timing'>;

export type ResolvedLoad = { readonly [Name in keyof Load]-?: Exclude<Load[Name], undefined> };

const DEFAULTS: ResolvedLoad = {
  perSecond: 1,
  window: 32,
  records: Number.POSITIVE_INFINITY,
  mix: DEFAULT_MIX,
  fields: 8,
  payloadBytes: 0,
  resendAfterMs: 30_000,
  rampPerSecond: 200,
  seed: 1,
  networkInterface: 'lte',
  clientVersion: '1.2.0',
  countsEcho: false,
  fullAfterMs: 1_000,
};

/** What stands for no window: memory has an end. */
const MOST_UNACKED = 10_000;
/** As many as there are names of signals, and room to spare. */
const MOST_FIELDS = 250;

interface Range {
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
}

const RANGES: Readonly<Partial<Record<keyof ResolvedLoad, Range>>> = {
  perSecond: { least: 0, most: 100_000, isWhole: false },
  window: { least: 0, most: MOST_UNACKED, isWhole: true },
  fields: { least: 1, most: MOST_FIELDS, isWhole: true },
  payloadBytes: { least: 0, most: 1_000_000, isWhole: true },
  resendAfterMs: { least: 1, most: 86_400_000, isWhole: false },
  rampPerSecond: { least: 0.1, most: 100_000, isWhole: false },
  fullAfterMs: { least: 0, most: 86_400_000, isWhole: false },
};

/**
 * Every option with its value.
 *
 * @throws SimulationError SIMULATION_OPTION
 */
export function resolveLoad(options: LoadOptions): ResolvedLoad {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const load: ResolvedLoad = { ...DEFAULTS, ...given };
  for (const [name, range] of Object.entries(RANGES)) check(name, load[name as keyof ResolvedLoad] as number, range);
  checkMix(load.mix);
  if (load.perSecond === 0 && load.window === 0) {
    throw new SimulationError(
      'SIMULATION_OPTION',
      'as fast as possible without a window would have no end',
      'give a rate, or a window of 1 or more',
    );
  }
  return { ...load, window: load.window === 0 ? MOST_UNACKED : load.window };
}

function check(name: string, value: number, { least, most, isWhole }: Range): void {
  if (value >= least && value <= most && (!isWhole || Number.isInteger(value))) return;
  const kind = isWhole ? 'a whole number' : 'a number';
  throw new SimulationError('SIMULATION_OPTION', `${name} is ${value}`, `give ${kind} from ${least} to ${most}`);
}
