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

/** Of all alerts of a vehicle, and of all errors; the newest stays in any case. */
const MOST_BYTES = 8 * 1024;
/** Of one error's tags. */
const MOST_TAG_BYTES = 2 * 1024;
/** What a notice takes beside its texts; about. */
const NOTICE_BYTES = 64;
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
  let bytes = 0;
  for (const alert of byName.values()) bytes += alertBytes(alert);
  for (const isDispensable of [({ endedAt }: KeptAlert) => endedAt !== null, () => true]) {
    for (const [name, alert] of byName) {
      if (byName.size <= maxNotices && (bytes <= MOST_BYTES || byName.size === 1)) break;
      if (!isDispensable(alert)) continue;
      byName.delete(name);
      bytes -= alertBytes(alert);
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
    tags: shortenedTags(tags, maxTextBytes),
    createdAt,
    receivedAt,
  }));
  const isSent = ({ name, createdAt }: KeptError): boolean =>
    createdAt !== null && shortened.some((error) => error.name === name && error.createdAt === createdAt);
  const newest = [...kept.filter((error) => !isSent(error)), ...shortened].slice(-maxNotices);
  let bytes = 0;
  const dropped = newest.findLastIndex((error) => {
    bytes += errorBytes(error);
    return bytes > MOST_BYTES;
  });
  return newest.slice(Math.min(dropped + 1, newest.length - 1));
}

/** What an alert takes, about. */
export function alertBytes({ name, audiences }: KeptAlert): number {
  let bytes = NOTICE_BYTES + Buffer.byteLength(name);
  for (const audience of audiences) bytes += audience.length;
  return bytes;
}

/** What an error takes, about. */
export function errorBytes({ name, body, tags }: KeptError): number {
  let bytes = NOTICE_BYTES + Buffer.byteLength(name) + Buffer.byteLength(body);
  for (const [key, value] of Object.entries(tags)) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  return bytes;
}

/** The first ones, as many as there is room for. */
function shortenedTags(tags: Readonly<Record<string, string>>, maxTextBytes: number): Record<string, string> {
  const kept: [string, string][] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(tags).slice(0, MOST_TAGS)) {
    const tag: [string, string] = [cut(key, maxTextBytes), cut(value, maxTextBytes)];
    bytes += Buffer.byteLength(tag[0]) + Buffer.byteLength(tag[1]);
    if (bytes > MOST_TAG_BYTES) break;
    kept.push(tag);
  }
  return Object.fromEntries(kept);
}

/** Between characters: half of one is dropped. */
function cut(text: string, mostBytes: number): string {
  if (text.length * 3 <= mostBytes || Buffer.byteLength(text) <= mostBytes) return text;
  return Buffer.from(text)
    .subarray(0, mostBytes)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}
