/** Figures of containers, from what an engine counts (THG-24). */
import type { Device } from './device.js';
import { containerFeature, METRICS } from './features.js';
import { isWanted, type MetricsFilter } from './metrics-request.js';
import { liveMessage, type Publication } from './publication.js';

/** Counters of a container at one moment, since its start. */
export interface Sample {
  readonly cpuNs: number;
  /** Of all cores together; absent if the engine does not tell. */
  readonly hostCpuNs?: number;
  readonly memoryBytes: number;
  /** Of it, file cache that can be dropped. */
  readonly inactiveFileBytes: number;
  /** 0: none. */
  readonly memoryLimitBytes: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly pids: number;
}

export interface Measured {
  readonly id: string;
  readonly sample: Sample;
  /** The one before, if there is one since the container was started. */
  readonly previous?: Sample;
  /** Whether the container has a network of its own, so that what is counted there is its own. */
  readonly hasNetwork: boolean;
}

export interface Measurement {
  readonly id: string;
  readonly value: number;
}

/** @param machineMemoryBytes what no limit exceeds; 0 if it is not known */
export function measurementsOf({ sample, previous, hasNetwork }: Measured, machineMemoryBytes: number): Measurement[] {
  const cpu = cpuUtilization(sample, previous);
  const total = memoryTotal(sample, machineMemoryBytes);
  const used = Math.max(0, sample.memoryBytes - sample.inactiveFileBytes);
  const figures: ReadonlyArray<readonly [string, number | undefined]> = [
    ['cpu.utilization', cpu],
    ['memory.total', total],
    ['memory.used', used],
    ['memory.utilization', total === undefined ? undefined : percent(used / total)],
    ['io.readBytes', sample.readBytes],
    ['io.writeBytes', sample.writeBytes],
    ['net.readBytes', hasNetwork ? sample.rxBytes : undefined],
    ['net.writeBytes', hasNetwork ? sample.txBytes : undefined],
    ['pids', sample.pids > 0 ? sample.pids : undefined],
  ];
  return figures.flatMap(([id, value]) => (value === undefined || !Number.isFinite(value) ? [] : [{ id, value }]));
}

/** Of all cores together; `undefined` without two samples of one run. */
function cpuUtilization(sample: Sample, previous: Sample | undefined): number | undefined {
  if (previous?.hostCpuNs === undefined || sample.hostCpuNs === undefined) return undefined;
  const hostNs = sample.hostCpuNs - previous.hostCpuNs;
  return hostNs <= 0 ? undefined : percent((sample.cpuNs - previous.cpuNs) / hostNs);
}

function memoryTotal({ memoryLimitBytes }: Sample, machineMemoryBytes: number): number | undefined {
  const limits = [memoryLimitBytes, machineMemoryBytes].filter((bytes) => bytes > 0);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

const percent = (share: number): number => Math.min(100, Math.max(0, share * 100));

/** The report of a moment; `undefined` if it would say nothing. @param at epoch milliseconds */
export function metricsReport(
  device: Device,
  measured: readonly Measured[],
  { filter, machineMemoryBytes, at }: { filter: readonly MetricsFilter[]; machineMemoryBytes: number; at: number },
): Publication | undefined {
  const snapshot = measured.flatMap((each) => {
    const originator = containerFeature(each.id);
    const measurements = measurementsOf(each, machineMemoryBytes).filter(({ id }) => isWanted(filter, originator, id));
    return measurements.length === 0 ? [] : [{ originator, measurements }];
  });
  if (snapshot.length === 0) return undefined;
  return liveMessage(device, METRICS, 'data', { snapshot, timestamp: Math.floor(at / 1_000) });
}
