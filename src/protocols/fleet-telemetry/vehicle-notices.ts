import { readRecord } from './decode.js';
import { ENUM_NAMES } from './enum-names.js';
import { exactInteger } from './integers.js';
import { PayloadFault } from './payload-result.js';
import type { Timestamp } from './record-types.js';

/** An alert as plain data; times are epoch milliseconds. */
export interface AlertNotice {
  readonly name: string;
  readonly audiences: readonly string[];
  readonly startedAt: number | null;
  /** Null while the alert is active. */
  readonly endedAt: number | null;
}

/** An error that a vehicle reports. */
export interface ErrorNotice {
  readonly name: string;
  readonly body: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number | null;
}

const AUDIENCES = ENUM_NAMES.get('Audience') ?? [];

/** What a payload of topic `alerts` says; none of one that cannot be read. */
export function alertNotices(payload: Uint8Array): AlertNotice[] {
  return unlessFaulty(() =>
    readRecord('alerts', payload).message.alerts.map(({ name, audiences, startedAt, endedAt }) => ({
      name,
      audiences: audiences.map((number) => AUDIENCES[number] ?? String(number)),
      startedAt: epochMs(startedAt),
      endedAt: epochMs(endedAt),
    })),
  );
}

/** What a payload of topic `errors` says; none of one that cannot be read. */
export function errorNotices(payload: Uint8Array): ErrorNotice[] {
  return unlessFaulty(() =>
    readRecord('errors', payload).message.errors.map(({ name, body, tags, createdAt }) => ({
      name,
      body,
      tags: { ...tags },
      createdAt: epochMs(createdAt),
    })),
  );
}

function unlessFaulty<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch (fault) {
    if (fault instanceof PayloadFault) return [];
    throw fault;
  }
}

function epochMs(time: Timestamp | null): number | null {
  if (time === null) return null;
  const at = Number(exactInteger(time.seconds)) * 1000 + Math.trunc(time.nanos / 1e6);
  return Number.isSafeInteger(at) ? at : null;
}
