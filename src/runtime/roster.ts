import { type Address, typeOf } from './address.js';
import type { Cells } from './cells.js';
import type { Clock } from './clock.js';
import { type ActorView, type ChartSnapshot, chartOf, viewActor } from './http/actor-view.js';
import type { SnapshotStore } from './store/snapshot-store.js';

/** What waits for one type's actors, in memory and in the store (MBX-6). */
export interface MailboxFigures {
  readonly depth: number;
  /** Age of the message that has waited longest, milliseconds. */
  readonly oldestAgeMs: number;
}

/** Which actors there are and how they are, sleeping ones included; looking wakes none (RT-2). */
export class Roster {
  constructor(
    private readonly cells: Cells,
    private readonly snapshots: SnapshotStore,
    private readonly clock: Clock,
  ) {}

  peek(address: Address): ChartSnapshot | undefined {
    const type = this.cells.typeOf(address);
    if (!type) return undefined;
    const committed = this.cells.get(address)?.committedSnapshot;
    if (committed) return committed;
    const read = this.snapshots.read(address);
    return read.kind === 'record' ? chartOf(type, read.record) : undefined;
  }

  view(address: Address): ActorView | undefined {
    const type = this.cells.typeOf(address);
    if (!type) return undefined;
    const cell = this.cells.get(address);
    const read = cell?.isLive ? undefined : this.snapshots.read(address);
    const record = read?.kind === 'record' ? read.record : undefined;
    return cell || record ? viewActor(address, type, cell, record, this.clock.now()) : undefined;
  }

  *addresses(type: string | undefined, cursor: string): Generator<Address> {
    const here = [...this.cells.addresses()].filter((address) => type === undefined || typeOf(address) === type).sort();
    let next = here.findIndex((address) => address > cursor);
    if (next < 0) next = here.length;
    for (const stored of this.snapshots.addresses(type, cursor)) {
      for (let cell = here[next]; cell !== undefined && cell <= stored; cell = here[++next]) {
        if (cell !== stored) yield cell;
      }
      yield stored;
    }
    yield* here.slice(next);
  }

  byState(): Map<string, Map<string, number>> {
    const types = new Map<string, Map<string, number>>();
    for (const { type, stateText: state } of this.cells.all()) {
      if (state === undefined) continue;
      const states = types.get(type.name) ?? new Map<string, number>();
      types.set(type.name, states.set(state, (states.get(state) ?? 0) + 1));
    }
    return types;
  }

  mailboxes(): Map<string, MailboxFigures> {
    const now = this.clock.now();
    const types = new Map<string, { depth: number; oldestAgeMs: number }>();
    for (const { type, queue } of this.cells.all()) {
      const { depth, oldestAt = now } = queue;
      const figures = types.get(type.name) ?? { depth: 0, oldestAgeMs: 0 };
      types.set(type.name, figures);
      figures.depth += depth;
      figures.oldestAgeMs = Math.max(figures.oldestAgeMs, now - oldestAt);
    }
    return types;
  }
}
