/** What metrics are asked for, and how often (THG-21, THG-23). */
import { Mismatch, objectOf, parseGoDuration, type Read, text } from '../update-agent/index.js';
import { boundedListOf } from './lists.js';

/** One is enough to let a measurement through. */
export interface MetricsFilter {
  /** `cpu.utilization`, `cpu.*`, `cpu`; none: all. */
  readonly ids: readonly string[];
  /** Empty: any. */
  readonly originator: string;
}

export interface MetricsRequest {
  /** Milliseconds; 0: no reports. */
  readonly periodMs: number;
  /** None: all measurements. */
  readonly filter: readonly MetricsFilter[];
}

const SHORTEST_MS = 1_000;
const LONGEST_MS = 366 * 86_400_000;
const MOST_FILTERS = 100;

const frequency: Read<number> = (value, path) => {
  if (value === undefined || value === null) return 0;
  const ms = typeof value === 'number' ? value * 1_000 : typeof value === 'string' ? parseGoDuration(value) : undefined;
  if (ms === undefined || Number.isNaN(ms)) throw new Mismatch(path, 'a duration, or a number of seconds', value);
  return ms <= 0 ? 0 : Math.round(Math.min(Math.max(ms, SHORTEST_MS), LONGEST_MS));
};

const filter = objectOf(
  (member): MetricsFilter => ({
    ids: member('id', boundedListOf(MOST_FILTERS, text)),
    originator: member('originator', text),
  }),
);

export const readMetricsRequest = objectOf(
  (member): MetricsRequest => ({
    periodMs: member('frequency', frequency),
    filter: member('filter', boundedListOf(MOST_FILTERS, filter)),
  }),
);

/** Whether a measurement of an originator is wanted. */
export function isWanted(filters: readonly MetricsFilter[], originator: string, id: string): boolean {
  if (filters.length === 0) return true;
  return filters.some(
    (each) =>
      (each.originator === '' || each.originator === originator) &&
      (each.ids.length === 0 || each.ids.some((wanted) => id.startsWith(wanted.replaceAll('*', '')))),
  );
}
