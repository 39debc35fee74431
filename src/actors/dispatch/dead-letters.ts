/** Records that a destination refused: what is kept of them, and their way back once its cause is mended. */
import { DeadLetterError } from '../../runtime/errors.js';
import { DispatchError } from './errors.js';
import type { RefusedRecord } from './spool.js';

export interface RefusedLetter {
  /** As it stood in the spool: with its times, metadata and origin. */
  readonly record: Uint8Array;
  /** For people who look for it; absent if the bytes cannot be read. */
  readonly type?: string;
  readonly vehicle?: string;
  readonly txid?: string;
}

/** The way into the spool for one destination alone. */
export interface SpoolEntrance {
  /** Whether an entry of so many bytes is taken, and none dropped for it. */
  hasRoom(bytes: number): boolean;
  /** With the batch that gathers. */
  append(record: Uint8Array): { readonly stored: boolean };
}

/** Of a vehicle's own text. */
const LONGEST_TXID = 128;

export function refusedLetter({ bytes, record }: RefusedRecord): RefusedLetter {
  if (!record) return { record: bytes };
  const { type, vehicle, metadata } = record;
  const txid = metadata['txid']?.slice(0, LONGEST_TXID);
  return { record: bytes, type, vehicle, ...(txid === undefined ? {} : { txid }) };
}

/**
 * Puts the record of a dead letter into the spool again, behind what waits there. Throws `DEAD_LETTER_CONFLICT` and
 * `DISPATCH_SPOOL_FULL`: nothing that waits is dropped for it.
 */
export function respool(dispatcher: string, letter: unknown, entrance: SpoolEntrance | undefined): void {
  const { record } = (letter ?? {}) as Partial<RefusedLetter>;
  if (!(record instanceof Uint8Array) || !entrance) {
    throw new DeadLetterError('DEAD_LETTER_CONFLICT', 'it holds no record');
  }
  if (entrance.hasRoom(record.length) && entrance.append(record).stored) return;
  const text = `the part of the spool for ${dispatcher} is full: replay it once the destination has caught up`;
  throw new DispatchError('DISPATCH_SPOOL_FULL', text, { retryable: true });
}
