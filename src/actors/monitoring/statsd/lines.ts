import type { Sample } from '../../../runtime/index.js';

/** What fits one datagram on an Ethernet without being cut in pieces. */
export const MOST_PACKET_BYTES = 1_432;

/** Longest value of a tag: what is longer says no more in a graph. */
const MOST_TAG_CHARACTERS = 128;

/**
 * The lines that tell a StatsD server what has changed: prefix and name with nothing between, tags as InfluxDB takes them
 * (section 8.1). Of counters, and of gauges that only grow, the growth since the last lines; of other gauges the value.
 */
export class StatsdLines {
  /** By name and tags. Series are bounded where they are made. */
  private readonly told = new Map<string, number>();

  constructor(private readonly prefix: string) {}

  /** Of these series; what it returns counts as told. */
  of(samples: readonly Sample[]): string[] {
    return samples.flatMap((sample) => {
      const name = `${this.prefix}${sample.name}${tags(sample.labels)}`;
      if (!Number.isFinite(sample.value)) return [];
      if (sample.type === 'gauge' && !sample.onlyGrows) return [`${name}:${sample.value}|g`];
      const growth = sample.value - (this.told.get(name) ?? 0);
      if (growth === 0) return [];
      this.told.set(name, sample.value);
      return [sample.type === 'gauge' ? `${name}:+${growth}|g` : `${name}:${growth}|c`];
    });
  }
}

/** Lines joined into as few datagrams as hold them; one that is too long for any goes alone. */
export function packets(lines: readonly string[], mostBytes = MOST_PACKET_BYTES): Buffer[] {
  const joined: string[] = [];
  let bytes = 0;
  for (const line of lines) {
    const length = Buffer.byteLength(line);
    const last = joined.length - 1;
    if (last >= 0 && bytes + 1 + length <= mostBytes) {
      joined[last] += `\n${line}`;
      bytes += 1 + length;
    } else {
      joined.push(line);
      bytes = length;
    }
  }
  return joined.map((packet) => Buffer.from(packet));
}

/** An empty value is no tag, as nowhere it may be. */
function tags(labels: Sample['labels']): string {
  return Object.entries(labels)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([label, value]) => `,${label}=${clean(String(value))}`)
    .join('');
}

/** Without what would end a value, a tag, a line or a metric. */
const clean = (value: string): string => value.slice(0, MOST_TAG_CHARACTERS).replaceAll(/[\s,=:|@#"'\\\p{Cc}]/gu, '_');
