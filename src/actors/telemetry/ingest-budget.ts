/**
 * The messages of all connections that were received and are not answered yet, in bytes: what a flood or a slow disk
 * could make of memory (MBX-4). Past the bound each socket that brings more is not read any more; at half of it all
 * are read again. It is passed by what sockets had read before, at most.
 */
export class IngestBudget {
  private bytes = 0;
  private readonly waiting = new Set<Waiter>();

  constructor(private readonly mostBytes: number) {}

  get inFlightBytes(): number {
    return this.bytes;
  }

  /** Connections that are not read because of the bound. */
  get heldConnections(): number {
    return this.waiting.size;
  }

  get isSpent(): boolean {
    return this.bytes > this.mostBytes;
  }

  take(bytes: number): void {
    this.bytes += bytes;
  }

  give(bytes: number): void {
    this.bytes -= bytes;
    if (this.waiting.size === 0 || this.bytes > this.mostBytes / 2) return;
    const resumed = [...this.waiting];
    this.waiting.clear();
    for (const waiter of resumed) waiter.proceed();
  }

  /** Has it proceed once there is room. */
  wait(waiter: Waiter): void {
    this.waiting.add(waiter);
  }

  /** Whether it waits still. */
  holds(waiter: Waiter): boolean {
    return this.waiting.has(waiter);
  }

  forget(waiter: Waiter): void {
    this.waiting.delete(waiter);
  }
}

/** What waits for room. */
export interface Waiter {
  proceed(): void;
}
