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

  /** Of these series; what it returns counts as told. Series whose tags are the same when clean are added up. */
  of(samples: readonly Sample[]): string[] {
    const series = new Map<string, Series>();
    for (const { name, labels, type, onlyGrows, value } of samples) {
      if (!Number.isFinite(value)) continue;
      const line = `${this.prefix}${name}${tags(labels)}`;
      series.set(line, { type, onlyGrows, value: value + (series.get(line)?.value ?? 0) });
    }
    return [...series].flatMap(([name, { type, onlyGrows, value }]) => {
      if (type === 'gauge' && !onlyGrows) {
        // A sign makes it a change of what was told before; both lines have to stay in one datagram.
        return value < 0 ? [`${name}:0|g\n${name}:${value}|g`] : [`${name}:${value}|g`];
      }
      const growth = value - (this.told.get(name) ?? 0);
      if (growth === 0) return [];
      this.told.set(name, value);
      return [type === 'gauge' ? `${name}:+${growth}|g` : `${name}:${growth}|c`];
    });
  }
}

type Series = Pick<Sample, 'type' | 'onlyGrows' | 'value'>;

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
