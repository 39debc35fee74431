import type { StatsSample } from '../engine.js';

type Counts = Readonly<Record<string, number | undefined>>;

interface RawStats {
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number }; readonly system_cpu_usage?: number };
  readonly memory_stats?: { readonly usage?: number; readonly limit?: number; readonly stats?: Counts };
  readonly blkio_stats?: { readonly io_service_bytes_recursive?: readonly BlockCount[] | null };
  readonly networks?: Readonly<Record<string, Counts>> | null;
  readonly pids_stats?: { readonly current?: number };
}

interface BlockCount {
  readonly op?: string;
  readonly value?: number;
}

/** One sample; `precpu_stats` is not used, as podman leaves it empty (POD-15). Undefined if nothing was measured. */
export function statsSample(answer: unknown): StatsSample | undefined {
  const { cpu_stats, memory_stats, blkio_stats, networks, pids_stats } = (answer ?? {}) as RawStats;
  const cpuNs = cpu_stats?.cpu_usage?.total_usage;
  if (cpuNs === undefined) return undefined;
  const hostCpuNs = cpu_stats?.system_cpu_usage ?? 0;
  const blocks = blkio_stats?.io_service_bytes_recursive ?? [];
  const bytes = (operation: string): number =>
    sum(blocks.filter(({ op }) => op?.toLowerCase() === operation).map(({ value }) => value));
  const network = (key: string): number => sum(Object.values(networks ?? {}).map((counts) => counts[key]));
  return {
    cpuNs,
    ...(hostCpuNs > 0 ? { hostCpuNs } : {}),
    memoryBytes: memory_stats?.usage ?? 0,
    inactiveFileBytes: memory_stats?.stats?.['total_inactive_file'] ?? memory_stats?.stats?.['inactive_file'] ?? 0,
    memoryLimitBytes: memory_stats?.limit ?? 0,
    readBytes: bytes('read'),
    writeBytes: bytes('write'),
    rxBytes: network('rx_bytes'),
    txBytes: network('tx_bytes'),
    pids: pids_stats?.current ?? 0,
  };
}

const sum = (values: ReadonlyArray<number | undefined>): number =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);
