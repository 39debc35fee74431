import type { EventObject } from 'xstate';
import type { Address } from './address.js';
import type { Cell } from './cell/cell.js';
import type { CellId } from './cell/cell-host.js';
import type { RoutedOutputs } from './cell/output-router.js';
import type { Clock, TimerHandle } from './clock.js';
import type { CountsByType } from './counts.js';
import { errorRecord } from './errors.js';
import type { Ids } from './ids.js';
import type { RuntimeLog } from './logging/runtime-log.js';
import { decideRestart, recentFailures } from './restart-policy.js';
import type { Storage } from './store/storage.js';
import type { ReportEnd } from './supervision.js';

export interface FailurePolicyOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: RuntimeLog;
  readonly counts: CountsByType;
  readonly storage: Storage;
  readonly route: (cell: CellId, outputs: readonly EventObject[]) => RoutedOutputs;
}

/** Decides what the failure or the end of an actor leads to (SUP-4…6): its supervisor's word, a restart, or parking. */
export class FailurePolicy {
  /** Actors that are children of a supervisor, which is told. */
  readonly supervised = new Map<Address, ReportEnd>();
  /** Restarts to come. */
  private readonly timers = new Set<TimerHandle>();

  constructor(private readonly options: FailurePolicyOptions) {}

  /** Nothing is restarted any more. */
  stop(): void {
    for (const timer of this.timers) this.options.clock.clearTimeout(timer);
  }

  finished(cell: Cell, how: 'done' | 'stopped'): void {
    const report = this.supervised.get(cell.address);
    if (how === 'done' && !report && cell.type.restart === 'permanent') {
      cell.startAgain();
      cell.failures.push({ at: this.options.clock.now(), phase: 'end' });
      this.restartLater(cell);
      return;
    }
    cell.failures = [];
    if (how === 'done') report?.('done');
  }

  failed(cell: Cell, error: unknown): void {
    const { counts, log } = this.options;
    counts.of(cell.type.name).failures++;
    log.error({ actor: cell.address, err: errorRecord(error) }, 'actor_failed');
    if (cell.stopsInstead()) return;
    this.pruneFailures(cell);
    const report = this.supervised.get(cell.address);
    if (cell.isUnreadable) this.park(cell, `its record cannot be read: ${cell.lastError?.message ?? ''}`);
    else if (report) report({ error });
    else if (cell.type.restart !== 'temporary') this.restartLater(cell);
    else {
      cell.abandon();
      this.tellOwner(cell, { type: 'actor.failed', address: cell.address, error: cell.lastError } as EventObject);
    }
  }

  private restartLater(cell: Cell): void {
    const { clock, counts, ids } = this.options;
    this.pruneFailures(cell);
    const decision = decideRestart(cell.failures, cell.type.limits, ids.uniform());
    if (decision.kind === 'park') {
      this.park(cell, decision.reason);
      return;
    }
    cell.status = 'restarting';
    cell.history.restarts++;
    counts.of(cell.type.name).restarts++;
    const timer = clock.setTimeout(() => {
      this.timers.delete(timer);
      if (cell.status === 'restarting') cell.resume('restart');
    }, decision.delayMs);
    this.timers.add(timer);
  }

  private park(cell: Cell, reason: string): void {
    const { address, type } = cell;
    const { clock, counts, log, storage } = this.options;
    cell.park(reason);
    counts.of(type.name).parked++;
    log.error({ actor: address, reason }, 'actor_parked');
    if (type.stored) storage.parked.add(address, { reason, at: clock.now(), typeVersion: type.version });
    this.tellOwner(cell, { type: 'actor.parked', address, reason } as EventObject);
  }

  private tellOwner(cell: Cell, event: EventObject): void {
    const { route, storage } = this.options;
    const { startedBy } = cell.history;
    if (!startedBy) return;
    const routed = route(cell, [{ type: 'tell', to: startedBy, event } as EventObject]);
    routed.write();
    storage.commit.afterFlush(() => routed.release());
  }

  private pruneFailures(cell: Cell): void {
    cell.failures = recentFailures(cell.failures, cell.type.limits, this.options.clock.now());
  }
}
