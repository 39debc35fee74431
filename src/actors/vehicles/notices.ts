import type { AlertNotice, ErrorNotice } from '../../protocols/fleet-telemetry/index.js';

export interface KeptAlert extends AlertNotice {
  readonly receivedAt: number;
}

export interface KeptError extends ErrorNotice {
  readonly receivedAt: number;
}

export interface NoticeLimits {
  readonly maxNotices: number;
  readonly maxTextBytes: number;
}

const MOST_TAGS = 16;
const MOST_AUDIENCES = 8;

/**
 * The newest of each name. An alert that began before the one that is known says nothing new. Past the bound those go
 * first that are over, the oldest first.
 */
export function withAlerts(
  kept: readonly KeptAlert[],
  alerts: readonly AlertNotice[],
  receivedAt: number,
  { maxNotices, maxTextBytes }: NoticeLimits,
): readonly KeptAlert[] {
  const byName = new Map(kept.map((alert) => [alert.name, alert]));
  for (const alert of alerts) {
    const name = cut(alert.name, maxTextBytes);
    const before = byName.get(name);
    if ((before?.startedAt ?? 0) > (alert.startedAt ?? Number.POSITIVE_INFINITY)) continue;
    byName.delete(name);
    byName.set(name, { ...alert, name, audiences: alert.audiences.slice(0, MOST_AUDIENCES), receivedAt });
  }
  for (const isDispensable of [({ endedAt }: KeptAlert) => endedAt !== null, () => true]) {
    for (const [name, alert] of byName) {
      if (byName.size <= maxNotices) break;
      if (isDispensable(alert)) byName.delete(name);
    }
  }
  return [...byName.values()];
}

/** The newest, each once. */
export function withErrors(
  kept: readonly KeptError[],
  errors: readonly ErrorNotice[],
  receivedAt: number,
  { maxNotices, maxTextBytes }: NoticeLimits,
): readonly KeptError[] {
  const shortened = errors.map(({ name, body, tags, createdAt }) => ({
    name: cut(name, maxTextBytes),
    body: cut(body, maxTextBytes),
    tags: Object.fromEntries(
      Object.entries(tags)
        .slice(0, MOST_TAGS)
        .map(([key, value]) => [cut(key, maxTextBytes), cut(value, maxTextBytes)]),
    ),
    createdAt,
    receivedAt,
  }));
  const isSent = ({ name, createdAt }: KeptError): boolean =>
    createdAt !== null && shortened.some((error) => error.name === name && error.createdAt === createdAt);
  return [...kept.filter((error) => !isSent(error)), ...shortened].slice(-maxNotices);
}

/** Between characters: half of one is dropped. */
function cut(text: string, mostBytes: number): string {
  if (text.length * 3 <= mostBytes || Buffer.byteLength(text) <= mostBytes) return text;
  return Buffer.from(text)
    .subarray(0, mostBytes)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}
