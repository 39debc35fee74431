import type { Clock } from '../../runtime/index.js';
import type { Authority } from '../provisioning/index.js';
import { type DeviceCredentials, issueCredentials } from './credentials.js';
import type { LoadOptions } from './options.js';
import { openScratchSystem } from './scratch-system.js';
import { createSimulation, type Simulation } from './simulation.js';
import type { SimulationStats } from './statistics.js';
import type { TargetOptions } from './target.js';

export interface RunLoadOptions extends LoadOptions, TargetOptions {
  readonly connections: number;
  /** What is measured, ms. */
  readonly durationMs: number;
  /** Load before that, which does not count. @default 0 */
  readonly warmupMs?: number;
  /** Issues the certificates of the vehicles; or the certificates themselves, as many as there are connections. */
  readonly certificates: Authority | readonly DeviceCredentials[];
  /** For what is un-acked at the end, ms. @default 10 000 */
  readonly drainMs?: number;
}

/** What a load came to. Counts are of the measured time; of records then un-acked, the acks that came after it too. */
export interface LoadResult extends SimulationStats {
  readonly sentPerSecond: number;
  readonly ackedPerSecond: number;
  /** User and system CPU time of this process in the measured time, microseconds a record acked in it. */
  readonly cpuMicrosPerAck: number;
}

/** Loads a server and says how it took it: connects everybody, warms up, measures, waits for the last acks. */
export async function runLoad(options: RunLoadOptions): Promise<LoadResult> {
  const { connections, certificates } = options;
  const vehicles = isIssued(certificates)
    ? certificates.slice(0, connections)
    : await issueCredentials(certificates, connections);
  const { system, close } = await openScratchSystem();
  try {
    return await measure(createSimulation({ ...options, vehicles }, { system }), system.clock, options);
  } finally {
    await close();
  }
}

async function measure(
  simulation: Simulation,
  clock: Clock,
  { durationMs, warmupMs = 0, drainMs }: RunLoadOptions,
): Promise<LoadResult> {
  try {
    const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms));
    simulation.start();
    await simulation.connected();
    await pause(warmupMs);
    simulation.resetStats();
    const cpuBefore = process.cpuUsage();
    await pause(durationMs);
    const cpu = process.cpuUsage(cpuBefore);
    const measured = simulation.stats();
    await simulation.stop(drainMs);
    const perSecond = (count: number): number => (count * 1000) / measured.durationMs;
    return {
      ...simulation.stats(),
      durationMs: measured.durationMs,
      vehicles: measured.vehicles,
      sentPerSecond: perSecond(measured.sent),
      ackedPerSecond: perSecond(measured.acked),
      cpuMicrosPerAck: measured.acked === 0 ? 0 : (cpu.user + cpu.system) / measured.acked,
    };
  } finally {
    await simulation.stop(0);
  }
}

const isIssued = (certificates: RunLoadOptions['certificates']): certificates is readonly DeviceCredentials[] =>
  Array.isArray(certificates);
