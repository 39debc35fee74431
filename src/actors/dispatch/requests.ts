import type { FleetchartError } from '../../runtime/errors.js';
import { fitting } from './fitting.js';
import type { Settlement } from './settlement.js';

/** A record on its way into a request. */
export interface RequestEntry {
  /** In the batch of the dispatcher. */
  readonly index: number;
  readonly bytes: number;
}

export interface RequestRules<E extends RequestEntry> {
  /** Most of one request, asked for each. */
  readonly most: { readonly entries: number; readonly bytes: number };
  /** Sends one request and settles what arrived; returns what of it has to go again, in order. */
  readonly send: (entries: readonly E[]) => Promise<readonly E[]>;
  /** Over which a request is never taken, or the failure that ends the batch. */
  readonly judge: (error: unknown, request: readonly E[]) => Fault | FleetchartError;
}

/** Why a request is never taken: for some record in it, or for what all of them have in common. */
export interface Fault {
  readonly of: 'record' | 'request';
  readonly reason: string;
}

/**
 * Sends entries in requests that follow each other, until the batch has failed. A request that is never taken as it is
 * is halved until the record at fault stands alone; that one is refused. One that is at fault as a whole is refused as
 * a whole.
 */
export async function sendInRequests<E extends RequestEntry>(
  entries: readonly E[],
  settlement: Settlement,
  { most: limit, send, judge }: RequestRules<E>,
): Promise<void> {
  let left = entries;
  let most = limit.entries;
  while (left.length > 0 && !settlement.failure) {
    const request = left.slice(0, fitting(left, most, limit.bytes));
    try {
      const again = await send(request);
      left = [...again, ...left.slice(request.length)];
      most = Math.min(limit.entries, most * 2);
    } catch (error) {
      const verdict = judge(error, request);
      if (!('of' in verdict)) settlement.fail(verdict);
      else if (verdict.of === 'record' && request.length > 1) most = Math.ceil(request.length / 2);
      else {
        settlement.settleAll(
          request.map(({ index }) => index),
          verdict.reason,
        );
        left = left.slice(request.length);
      }
    }
  }
}
