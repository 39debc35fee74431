import type { Snapshot } from 'xstate';
import type { Address } from '../address.js';
import type { WakeTime } from '../store/wake-index.js';
import type { StoredTimer } from './stored-timers.js';

export const RECORD_FORMAT = 1;

/** Everything that is kept of one actor (DUR-2). */
export interface ActorRecord {
  readonly format: number;
  readonly type: string;
  readonly typeVersion: number;
  /** Epoch milliseconds of the turn. */
  readonly at: number;
  /** Id of the turn that made the actor: no other actor of its address, before or after, has the same. */
  readonly born: string;
  /** Grows by one with each record of the actor. */
  readonly seq: number;
  readonly snapshot: Snapshot<unknown>;
  readonly timers: readonly StoredTimer[];
  readonly hot?: unknown;
  readonly input: unknown;
  /** Who is told when it is done. */
  readonly startedBy?: Address | undefined;
  /** Since when each active state is active, by state id; `''` is the configuration as a whole. */
  readonly since: Readonly<Record<string, number>>;
  readonly lastEvent?: { readonly type: string; readonly at: number } | undefined;
  readonly restarts: number;
}

/** When a sleeping actor with this record has to be woken: 0 at the next boot, if an effect is unfinished. */
export function wakeTime(record: ActorRecord): WakeTime | undefined {
  if (activeChildren(record) > 0) return 0;
  let earliest: WakeTime | undefined;
  for (const { dueAt } of record.timers) if (earliest === undefined || dueAt < earliest) earliest = dueAt;
  return earliest;
}

/** Invoked logic and private machines that are under way. */
export function activeChildren(record: ActorRecord): number {
  const { children } = record.snapshot as unknown as { children?: Record<string, { snapshot: { status: string } }> };
  let count = 0;
  for (const id in children) if (children[id]?.snapshot.status === 'active') count++;
  return count;
}

/** What of a persisted snapshot is stored: no volatile context, no failed children (E6). */
export function storable(
  persisted: Snapshot<unknown> & { context?: unknown; children?: Record<string, unknown> },
  volatile: readonly string[] | undefined,
): Snapshot<unknown> {
  let snapshot = persisted;
  for (const [id, child] of Object.entries(persisted.children ?? {})) {
    if ((child as { snapshot: { status: string } }).snapshot.status === 'error') {
      const { [id]: _failed, ...children } = snapshot.children ?? {};
      snapshot = { ...snapshot, children };
    }
  }
  if (volatile && volatile.length > 0) {
    const context = { ...(snapshot.context as Record<string, unknown>) };
    for (const key of volatile) delete context[key];
    snapshot = { ...snapshot, context } as typeof snapshot;
  }
  return snapshot;
}
