import { type Address, isAddress, typeOf } from './address.js';
import { Cell } from './cell/cell.js';
import type { CellHost } from './cell/cell-host.js';
import type { PreparedType } from './cell/prepared-type.js';
import type { Clock, TimerHandle } from './clock.js';
import { ActorError } from './errors.js';
import { recentFailures } from './restart-policy.js';

const REMEMBER_FAILURES_MS = 10 * 60_000;

/** The cells by address (RT-2): made when first needed, and forgotten when they hold nothing any more. */
export class Cells {
  readonly types = new Map<string, PreparedType>();
  private readonly cells = new Map<Address, Cell>();
  /** Cells that are kept for their failures only. */
  private readonly remembered = new Set<Cell>();
  private forgetTimer: TimerHandle;

  constructor(
    private readonly host: CellHost,
    private readonly clock: Clock,
  ) {}

  get(address: Address): Cell | undefined {
    return this.cells.get(address);
  }

  all(): Iterable<Cell> {
    return this.cells.values();
  }

  addresses(): Iterable<Address> {
    return this.cells.keys();
  }

  typeOf(address: Address): PreparedType | undefined {
    return this.types.get(typeOf(address));
  }

  /** The cell of an address from outside; throws `ACTOR_TYPE_UNKNOWN`. */
  target(address: Address): Cell {
    const type = isAddress(address) ? this.typeOf(address) : undefined;
    if (!type) throw new ActorError('ACTOR_TYPE_UNKNOWN', `no actor type for ${JSON.stringify(address)}`);
    return this.at(address, type);
  }

  at(address: Address, type: PreparedType): Cell {
    let cell = this.cells.get(address);
    if (!cell) {
      cell = new Cell(address, type, this.host);
      this.cells.set(address, cell);
    }
    return cell;
  }

  /** Lets go of a cell that holds nothing which its record does not hold. */
  forget(cell: Cell): void {
    if (this.cells.get(cell.address) !== cell || cell.isLive || cell.status !== 'sleeping' || cell.hasWork) return;
    if (cell.queue.mailbox.isWatched) return;
    cell.failures = recentFailures(cell.failures, cell.type.limits, this.clock.now());
    if (cell.failures.length === 0) {
      this.cells.delete(cell.address);
      return;
    }
    this.remembered.add(cell);
    this.forgetTimer ??= this.clock.setTimeout(() => {
      this.forgetTimer = undefined;
      const cells = [...this.remembered];
      this.remembered.clear();
      for (const remembered of cells) this.forget(remembered);
    }, REMEMBER_FAILURES_MS);
  }

  stop(): void {
    this.clock.clearTimeout(this.forgetTimer);
  }
}
