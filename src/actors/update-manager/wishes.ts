import type { EventObject, Snapshot } from 'xstate';
import type { RowQuery, TableOptions } from '../../runtime/index.js';
import { LONGEST_QUEUE, type ManagerContext, WISHES, type WishRow } from './events.js';

const MIB = 1_048_576;

/** The desired states that wait. One is of 1 MiB at most as JSON, and may take more room as a row. */
export const wishTable: TableOptions<WishRow> = {
  name: WISHES,
  mostRows: LONGEST_QUEUE + 1,
  mostBytes: 4 * (LONGEST_QUEUE + 1) * MIB,
  overflow: 'reject',
  keysOnce: true,
};

/** A manager of version 1 kept the desired states themselves in its record: there they stay. */
export function migrateManager(_version: number, snapshot: Snapshot<unknown>): Snapshot<unknown> {
  const { context } = snapshot as unknown as { context: ManagerContext };
  const queue = context.queue.map((wish, index) => ({ ...wish, key: `old-${index}` }));
  return Object.assign({}, snapshot, { context: { ...context, queue, taken: 0 } });
}

/** The row of the desired state that is next, for the events on which it may become an activity. */
export function wishRows({ context }: { context: unknown }, { type }: EventObject): readonly RowQuery[] {
  const { current, queue } = context as ManagerContext;
  const [first] = queue;
  return first && (current === null || type === 'actor.done') ? [{ table: WISHES, key: first.key }] : [];
}
