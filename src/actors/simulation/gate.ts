/**
 * Lets so many through at once, in the order in which they came. Thousands of handshakes at the same time would each
 * take longer than anybody waits.
 */
export class Gate {
  private inside = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly places: number) {}

  /** Runs `work` when there is a place; rejects when `signal` is aborted before. */
  async pass<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.inside < this.places) this.inside += 1;
    else await this.turn(signal);
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      this.leave();
    }
  }

  /** Resolves when a place has been handed over. */
  private turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.waiting.delete(enter);
        reject(signal.reason);
      };
      this.waiting.add(enter);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  private leave(): void {
    const [next] = this.waiting;
    if (next === undefined) this.inside -= 1;
    else {
      this.waiting.delete(next);
      next();
    }
  }
}
