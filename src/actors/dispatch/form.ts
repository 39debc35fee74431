import type { Result } from '../../protocols/result.js';
import type { FleetRecord } from './record.js';

/**
 * What a record looks like, or why it has no form. A format that throws refuses the one record: it must not hold up
 * those behind it for ever.
 */
export function formOf<T>(format: (record: FleetRecord) => Result<T>, record: FleetRecord): Result<T> {
  try {
    return format(record);
  } catch (error) {
    return { ok: false, error: { code: 'DISPATCH_FORMAT_FAILED', detail: String(error) } };
  }
}

/** The reason of a refusal, from a failed form. */
export const reasonOf = ({ code, detail }: { readonly code: string; readonly detail: string }): string =>
  `${code}: ${detail}`;
