import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createSimulation,
  type DeviceCredentials,
  issueCredentialsFrom,
  openScratchSystem,
  parseMix,
  readCredentials,
  type Simulation,
  SimulationError,
  type SimulationOptions,
} from '../actors/simulation/index.js';
import { type Clock, systemClock } from '../runtime/index.js';
import { CliError, exitCodes, QuietExit } from './exit-code.js';
import type { Output, Progress } from './output.js';
import { progressLine, renderSummary, summaryData } from './simulate-report.js';
import { StopSignals } from './stop-signals.js';

export interface SimulateOptions {
  readonly url: string;
  readonly vehicles: number;
  readonly rate: number;
  readonly ca?: string;
  readonly certDir?: string;
  readonly deviceCa?: string;
  readonly vinPrefix?: string;
  readonly duration?: number;
  readonly records?: number;
  readonly mix?: string;
  readonly fields?: number;
  readonly payloadBytes?: number;
  readonly window?: number;
  readonly resendAfter?: number;
  readonly ramp?: number;
  readonly drain: number;
  readonly seed?: string;
  readonly insecure?: true;
  readonly yesLoad?: string;
  readonly allowUnacked?: true;
}

const PROGRESS_MS = 1_000;

/** Loads a server as the options say, and tells what came of it. */
export async function runSimulate(options: SimulateOptions, output: Output): Promise<void> {
  const { stats, end } = await asCliErrors(() => simulate(options, output));
  const failed = (stats.unacked > 0 && !options.allowUnacked) || stats.vehicles.neverConnected > 0;
  output.result(renderSummary(stats, options.url, end), summaryData(stats, options.url, !failed, end));
  if (failed) throw new QuietExit(exitCodes.failed);
}

async function simulate(options: SimulateOptions, output: Output) {
  const clock = systemClock;
  const load = await simulationOptions(options, clock);
  const { system, close } = await openScratchSystem();
  const signals = new StopSignals(clock);
  try {
    const progress = output.progress();
    const simulation = createSimulation(load, {
      system,
      onRefused: ({ vin, check, whatToDo }) => {
        progress.done();
        output.note(`${vin} cannot connect: ${check}\n    ${whatToDo}`);
      },
    });
    simulation.start();
    const stopShowing = show(simulation, progress, clock);
    const duration = elapsed(options.duration, clock);
    try {
      await Promise.race([simulation.finished(), signals.first, duration.over]);
      const { vehicles, durationMs } = simulation.stats();
      const end = await simulation.stop(options.drain * 1000);
      return { stats: { ...simulation.stats(), vehicles, durationMs }, end };
    } finally {
      duration.cancel();
      stopShowing();
      await simulation.stop(0);
    }
  } finally {
    signals.release();
    await close();
  }
}

async function simulationOptions(options: SimulateOptions, clock: Clock): Promise<SimulationOptions> {
  const { url, rate, records, mix, fields, payloadBytes, window, resendAfter, ramp, seed, insecure, yesLoad } = options;
  return {
    url,
    mix: mix === undefined ? undefined : parseMix(mix),
    ca: await authoritiesOf(options),
    insecure,
    loadHost: yesLoad,
    vehicles: await vehiclesOf(options, clock),
    perSecond: rate,
    records,
    fields,
    payloadBytes,
    window,
    resendAfterMs: resendAfter === undefined ? undefined : resendAfter * 1000,
    rampPerSecond: ramp,
    seed,
  };
}

async function vehiclesOf(options: SimulateOptions, clock: Clock): Promise<readonly DeviceCredentials[]> {
  const { vehicles, deviceCa, certDir, vinPrefix } = options;
  if (certDir !== undefined && deviceCa === undefined) return readCredentials(certDir, vehicles);
  if (deviceCa !== undefined && certDir === undefined) {
    return issueCredentialsFrom(deviceCa, vehicles, { now: clock.now(), vinPrefix });
  }
  throw new CliError(
    deviceCa === undefined
      ? 'vehicles need certificates to connect with'
      : '--device-ca and --cert-dir exclude each other',
    {
      code: 'CLI_USAGE',
      exitCode: exitCodes.wrongUsage,
      hint: 'give --device-ca DIR to have them issued (a hub that made demo certificates has one), or --cert-dir DIR',
    },
  );
}

/** The authorities that the server's certificate is held against; undefined: those of this machine. */
async function authoritiesOf({ ca, deviceCa, certDir }: SimulateOptions): Promise<string | undefined> {
  if (ca !== undefined) return readText(ca);
  const beside = join(deviceCa ?? certDir ?? '.', 'ca.crt');
  const isThere = await access(beside).then(
    () => true,
    () => false,
  );
  return isThere ? readText(beside) : undefined;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CliError(`${path} cannot be read: ${(cause as Error).message}`, {
      code: 'CLI_FILE',
      hint: 'give --ca a PEM file with the authority of the server',
      cause,
    });
  }
}

/** Shows how the load goes, once a second, until the function returned is called. */
function show(simulation: Simulation, progress: Progress, clock: Clock): () => void {
  let before = simulation.stats();
  let timer: unknown;
  const next = (): void => {
    timer = clock.setTimeout(() => {
      const stats = simulation.stats();
      progress.update(progressLine(stats, before, simulation.recentLatency()));
      before = stats;
      next();
    }, PROGRESS_MS);
  };
  next();
  return () => {
    clock.clearTimeout(timer);
    progress.done();
  };
}

function elapsed(seconds: number | undefined, clock: Clock): { over: Promise<void>; cancel: () => void } {
  let timer: unknown;
  const over = new Promise<void>((resolve) => {
    if (seconds !== undefined) timer = clock.setTimeout(resolve, seconds * 1000);
  });
  return { over, cancel: () => clock.clearTimeout(timer) };
}

/** Errors of the load as the command line tells them: what happened, and what to do next. */
async function asCliErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    const { code, message, hint } = error;
    const isUsage = code === 'SIMULATION_OPTION' || code === 'SIMULATION_TARGET';
    throw new CliError(message, {
      code,
      exitCode: isUsage ? exitCodes.wrongUsage : exitCodes.failed,
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}
