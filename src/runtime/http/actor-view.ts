import type { Durability } from '../actor-type.js';
import { type Address, typeOf } from '../address.js';
import type { ActorRecord } from '../cell/actor-record.js';
import type { Cell } from '../cell/cell.js';
import type { PreparedType } from '../cell/prepared-type.js';
import { explainWaits, stateText, type Wait } from '../cell/waits.js';
import type { ErrorRecord } from '../errors.js';

/** What anybody may know of an actor: the answer to "why is it stuck?". Times are epoch milliseconds. */
export interface ActorView {
  readonly address: Address;
  readonly type: string;
  readonly typeVersion: number;
  readonly durability: Durability;
  readonly status: 'live' | 'sleeping' | 'restarting' | 'parked' | 'stopped' | 'done';
  readonly value: unknown;
  /** Active leaf states, `a.b & c`. */
  readonly state: string;
  /** When it came into this state. */
  readonly since: number | null;
  readonly ageMs: number | null;
  readonly waits: readonly Wait[];
  readonly lastEvent: { readonly type: string; readonly at: number } | null;
  readonly restarts: number;
  readonly mailbox: {
    readonly depth: number;
    readonly capacity: number;
    readonly oldestAgeMs: number;
    /** Messages that wait in the store. */
    readonly stored: number;
  };
  /** What it failed with, or else the failure that its chart handled last and keeps as `lastError` in its context. */
  readonly lastError: ErrorRecord | null;
  /** Why it is parked. */
  readonly parkedReason: string | null;
}

export interface ChartSnapshot {
  readonly status: string;
  readonly value: unknown;
  readonly context: unknown;
  readonly output?: unknown;
}

/** A sleeping actor's chart, brought back to life far enough to be read. */
export function chartOf(type: PreparedType, record: ActorRecord): ChartSnapshot {
  const persisted = record.snapshot as unknown as ChartSnapshot & { children?: object };
  try {
    // Children are left out: restoring them needs an actor.
    return type.machine.restoreSnapshot(
      { ...persisted, children: {} } as never,
      {} as never,
    ) as unknown as ChartSnapshot;
  } catch {
    return persisted;
  }
}

export function viewActor(
  address: Address,
  type: PreparedType,
  cell: Cell | undefined,
  record: ActorRecord | undefined,
  now: number,
): ActorView {
  const chart =
    cell?.snapshot ?? (record && record.typeVersion === type.version ? chartOf(type, record) : record?.snapshot);
  const since = cell?.isLive ? cell.history.since : (record?.since ?? {});
  const timers = cell?.isLive ? [...cell.history.timers.values()] : (record?.timers ?? []);
  const value = (chart as { value?: unknown } | undefined)?.value ?? null;
  return {
    address,
    type: typeOf(address),
    typeVersion: type.version,
    durability: type.durability,
    status: chart?.status === 'done' ? 'done' : (cell?.status ?? 'sleeping'),
    value,
    state: stateText(value),
    since: since[''] ?? null,
    ageMs: since[''] === undefined ? null : Math.max(0, now - since['']),
    waits: chart ? explainWaits(chart as never, since, timers) : [],
    lastEvent: cell?.history.lastEvent ?? record?.lastEvent ?? null,
    restarts: cell?.history.restarts ?? record?.restarts ?? 0,
    mailbox: {
      depth: cell?.queue.mailbox.depth ?? 0,
      capacity: cell?.queue.mailbox.capacity ?? type.mailbox?.capacity ?? 1_000,
      oldestAgeMs: Math.max(0, now - (cell?.queue.oldestAt ?? now)),
      stored: cell?.queue.storedDepth ?? 0,
    },
    lastError: cell?.lastError ?? handledError((chart as { context?: unknown } | undefined)?.context),
    parkedReason: cell?.parkedReason ?? null,
  };
}

/** Whether an actor is in the state of this name: a leaf, one around it, or everything as {@link ActorView.state} has it. */
export function isInState(state: string, name: string): boolean {
  return state === name || state.split(' & ').some((leaf) => leaf === name || leaf.startsWith(`${name}.`));
}

function handledError(context: unknown): ErrorRecord | null {
  const { lastError } = (context ?? {}) as { lastError?: unknown };
  const { name, code, message } = (lastError ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof message !== 'string') return null;
  return { name: typeof name === 'string' ? name : 'Error', message, ...(typeof code === 'string' ? { code } : {}) };
}
