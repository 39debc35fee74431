/** The brokers to ask first, those that have just failed last. */
export class Brokers {
  private first = 0;

  constructor(private readonly all: readonly string[]) {}

  /** Each of them once. */
  inTurn(): string[] {
    return [...this.all.slice(this.first), ...this.all.slice(0, this.first)];
  }

  /** An attempt may be cut off before it comes to the others, which the next begins with. */
  failed(broker: string): void {
    this.first = (this.all.indexOf(broker) + 1) % this.all.length;
  }
}
