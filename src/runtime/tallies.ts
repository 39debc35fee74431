/** One series of a metric: counting is an addition, with no look-up and nothing allocated. */
export class Tally {
  private count = 0;

  get value(): number {
    return this.count;
  }

  inc(): void {
    this.count += 1;
  }

  add(amount: number): void {
    this.count += amount;
  }
}

type Values<Label extends string> = Readonly<Record<Label, string>>;

/** The series of a metric that only grows, for hot paths: each is bound once and then counts by itself. */
export class Tallies<Label extends string = never> {
  private readonly bound = new Map<string, { readonly labels: Values<Label>; readonly tally: Tally }>();

  constructor(private readonly names: readonly Label[]) {}

  /** The series with these labels. To be kept by whoever counts: it takes a look-up and, the first time, memory. */
  with(labels: Values<Label>): Tally {
    const key = JSON.stringify(this.names.map((name) => labels[name]));
    const known = this.bound.get(key);
    if (known) return known.tally;
    const tally = new Tally();
    this.bound.set(key, { labels, tally });
    return tally;
  }

  /** Those that have counted something: a series shows from its first use, as the reference's do. */
  used(each: (labels: Values<Label>, value: number) => void): void {
    for (const { labels, tally } of this.bound.values()) if (tally.value > 0) each(labels, tally.value);
  }
}
