import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import {
  createSimulation,
  type DeviceCredentials,
  issueCredentialsFrom,
  openScratchSystem,
  parseMix,
  type RecordMix,
  readCredentials,
  type Simulation,
  SimulationError,
  type SimulationOptions,
} from '../actors/simulation/index.js';
import { type Clock, systemClock } from '../runtime/index.js';
import { leafCommand } from './command.js';
import { CliError, exitCodes, QuietExit } from './exit-code.js';
import { type Output, outputOf, type Progress } from './output.js';
import { positive } from './quantities.js';
import { progressLine, renderSummary, summaryData } from './simulate-report.js';
import { StopSignals } from './stop-signals.js';

interface SimulateOptions {
  readonly url: string;
  readonly vehicles: number;
  readonly rate: number;
  readonly ca?: string;
  readonly certDir?: string;
  readonly deviceCa?: string;
  readonly vinPrefix?: string;
  readonly duration?: number;
  readonly records?: number;
  readonly mix?: RecordMix;
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

/** `fleetchart simulate`: vehicles that load a server of the fleet-telemetry protocol. */
export function simulateCommand(): Command {
  const command = leafCommand('simulate', {
    summary: 'Load a fleet-telemetry server with simulated vehicles and count what it acknowledges',
    example: 'fleetchart simulate --url wss://localhost:4443 --device-ca certs --vehicles 200 --rate 5 --duration 60',
  })
    .requiredOption('--url <url>', 'the server: wss://HOST:PORT')
    .option('--vehicles <n>', 'how many, each with its own certificate and connection', wholeNumber, 10)
    .option('--rate <r>', "records a second of each vehicle, or 'max': as fast as the window lets", rate, 1)
    .option('--device-ca <dir>', 'issue certificates with the authority in this folder (ca.crt, ca.key)')
    .option('--cert-dir <dir>', "use the certificates in this folder, from 'fleetchart provision device'")
    .option('--vin-prefix <text>', 'what VINs start with when certificates are issued')
    .option('--ca <file>', "authorities of the server's certificate; default: the ca.crt of the folder above")
    .option('--duration <s>', 'seconds to make records for; default: until Ctrl-C', positive)
    .option('--records <n>', 'records to make, all vehicles together', wholeNumber)
    .option('--mix <shares>', 'share of each topic: V=0.9,alerts=0.05,errors=0.05', mix)
    .option('--fields <n>', 'signals in a V record (default: 8)', wholeNumber)
    .option('--payload-bytes <n>', 'size of the payload of a V record (default: what its signals take)', wholeNumber)
    .option('--window <n>', 'most un-acked records of a vehicle; 0: no limit, an open loop (default: 32)', count)
    .option('--resend-after <s>', 'seconds without reply after which values are sent again (default: 30)', positive)
    .option('--ramp <n>', 'vehicles that connect each second (default: 200)', positive)
    .option('--drain <s>', 'seconds to wait for the last acks', positive, 10)
    .option('--seed <text>', 'the same seed gives the same drives (default: 1)')
    .option('--insecure', "do not verify the server's certificate; this machine only")
    .option('--yes-load <host>', 'the host in the URL, if that is not this machine: leave to load it')
    .option('--allow-unacked', 'exit with 0 even if records are un-acked at the end');
  return command.action(async (options: SimulateOptions) => {
    const output = outputOf(command);
    const stats = await asCliErrors(() => simulate(options, output));
    const failed = (stats.unacked > 0 && !options.allowUnacked) || stats.vehicles.neverConnected > 0;
    output.result(renderSummary(stats, options.url), summaryData(stats, options.url, !failed));
    if (failed) throw new QuietExit(exitCodes.failed);
  });
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
      await simulation.stop(options.drain * 1000);
      return { ...simulation.stats(), vehicles, durationMs };
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
    ca: await authoritiesOf(options),
    insecure,
    loadHost: yesLoad,
    vehicles: await vehiclesOf(options, clock),
    perSecond: rate,
    records,
    mix,
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

function count(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function wholeNumber(text: string): number {
  const value = count(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

function rate(text: string): number {
  return text === 'max' ? 0 : positive(text);
}

function mix(text: string): RecordMix {
  try {
    return parseMix(text);
  } catch (error) {
    const { message, hint } = error as SimulationError;
    throw new InvalidArgumentError(`${message}; ${hint}.`);
  }
}
