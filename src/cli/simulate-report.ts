import type { DrainEnd, SimulationStats } from '../actors/simulation/index.js';

/** One line on how a load goes: the counts now, and what the last second brought. */
export function progressLine(
  now: SimulationStats,
  before: SimulationStats,
  recent: { readonly p50: number; readonly p99: number },
): string {
  const perSecond = (count: (stats: SimulationStats) => number): string =>
    whole(((count(now) - count(before)) * 1000) / Math.max(1, now.durationMs - before.durationMs));
  return [
    `${whole(now.vehicles.connected)}/${whole(now.vehicles.total)} connected`,
    `${perSecond(({ sent }) => sent)} sent/s`,
    `${perSecond(({ acked }) => acked)} acked/s`,
    `${whole(now.unacked)} un-acked`,
    `${whole(now.refused + now.unattributedRefusals)} refused`,
    `p50 ${ms(recent.p50)} p99 ${ms(recent.p99)}`,
  ].join(' · ');
}

/** What came of a load, for people. */
export function renderSummary(stats: SimulationStats, url: string, end: DrainEnd): string {
  const { vehicles, latency, byTopic } = stats;
  const seconds = stats.durationMs / 1000;
  const perSecond = (count: number): string => whole(count / Math.max(0.001, seconds));
  const rows: (readonly [string, string])[] = [
    ['sent', `${whole(stats.sent)} records, ${perSecond(stats.sent)} a second, ${bytes(stats.bytesSent)}`],
    ['acked', `${whole(stats.acked)}, ${perSecond(stats.acked)} a second`],
    ['refused', refusedText(stats)],
    ['un-acked', whole(stats.unacked)],
  ];
  if (stats.resent + stats.superseded > 0) {
    rows.push(['resent', `${whole(stats.resent)} messages; newer values stand for ${whole(stats.superseded)} records`]);
  }
  if (stats.skipped > 0) rows.push(['skipped', `${whole(stats.skipped)}: the window or the socket was full`]);
  for (const [topic, counts] of Object.entries(byTopic)) {
    if (counts.sent > 0) {
      const refused = counts.refused > 0 ? `, ${whole(counts.refused)} refused` : '';
      rows.push([`  ${topic}`, `${whole(counts.sent)} sent, ${whole(counts.acked)} acked${refused}`]);
    }
  }
  const { p50, p90, p99, p999, max } = latency;
  rows.push(['ack latency', `p50 ${ms(p50)}, p90 ${ms(p90)}, p99 ${ms(p99)}, p99.9 ${ms(p999)}, longest ${ms(max)}`]);
  rows.push(['connections', `${whole(stats.connects)} made, ${whole(stats.reconnects)} of them again`]);
  for (const [reason, count] of Object.entries(stats.disconnects)) rows.push(['  lost', `${whole(count)} × ${reason}`]);
  for (const { count, reason, check } of stats.refusals) {
    rows.push(['  refused', `${whole(count)} × ${reason}: ${check}`]);
  }
  if (end.notConnected > 0) rows.push(['not back', `${counted(end.notConnected, 'vehicle')} not connected at the end`]);
  if (vehicles.neverConnected > 0) rows.push(['', `${counted(vehicles.neverConnected, 'vehicle')} never connected`]);
  const verdict = stats.unacked > 0 ? verdictOf(stats.unacked, end) : [];
  const body = rows.map(([name, text]) => `  ${name.padEnd(13)}${text}`);
  return [`${counted(vehicles.total, 'vehicle')}, ${seconds.toFixed(1)} s, ${url}`, ...body, ...verdict].join('\n');
}

/** Why records have no reply, the reason that is known for certain first. */
function verdictOf(unacked: number, { notConnected, theirUnacked }: DrainEnd): string[] {
  const lines = [`${counted(unacked, 'record')} may be lost: no reply came for ${unacked === 1 ? 'it' : 'them'}`];
  if (theirUnacked > 0) {
    const verb = notConnected === 1 ? 'was' : 'were';
    lines.push(
      `    ${whole(theirUnacked)} of ${counted(notConnected, 'vehicle')} that ${verb} not connected at the end: see why above, or give a longer --drain`,
    );
  }
  if (unacked > theirUnacked) {
    lines.push(
      '    a hub drops what exceeds its rate_limit without reply (rate_limit_exceeded_total at its /metrics): lower --rate,',
      '    or raise the limit. Records of a topic whose reliable_ack_sources is away are acknowledged when that is back',
      '    (dispatcher_connected at its /metrics says so). --drain gives a slow hub more time',
    );
  }
  return lines;
}

/** The same for programs. */
export function summaryData(stats: SimulationStats, url: string, ok: boolean, atEnd: DrainEnd) {
  const perSecond = (count: number): number => (count * 1000) / Math.max(1, stats.durationMs);
  return { ok, url, ...stats, atEnd, sentPerSecond: perSecond(stats.sent), ackedPerSecond: perSecond(stats.acked) };
}

function refusedText({ refused, unattributedRefusals }: SimulationStats): string {
  return unattributedRefusals === 0
    ? whole(refused)
    : `${whole(refused)}, and ${whole(unattributedRefusals)} error replies without txid`;
}

const counted = (count: number, noun: string): string => `${whole(count)} ${noun}${count === 1 ? '' : 's'}`;

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

const ms = (value: number): string => (value < 10 ? `${value.toFixed(1)} ms` : `${whole(value)} ms`);

const bytes = (value: number): string =>
  value < 1e6
    ? `${(value / 1e3).toFixed(1)} kB`
    : value < 1e9
      ? `${(value / 1e6).toFixed(1)} MB`
      : `${(value / 1e9).toFixed(2)} GB`;
