/** Filters of one connection; more are refused one by one. */
export const MOST_FILTERS = 1_000;
/** Of all filters of one connection, characters. */
const MOST_CHARACTERS = 256 * 1_024;

interface Held {
  readonly filters: Set<string>;
  characters: number;
  /** Filters that were too many. */
  refused: number;
}

/**
 * What each connection has subscribed to, so that none makes the broker remember filters without end (MQT-3): aedes has
 * no limit of its own. Nothing is kept of a connection that is gone.
 */
export class HeldFilters {
  private readonly byClient = new WeakMap<object, Held>();

  /**
   * Whether there is room for a filter, which it then takes; one that has it already keeps it. `flood`: as many were too
   * many as there may be at all, and whoever goes on is worth no answer.
   */
  take(client: object, filter: string): 'held' | 'full' | 'flood' {
    const held = this.byClient.get(client) ?? { filters: new Set(), characters: 0, refused: 0 };
    this.byClient.set(client, held);
    const { filters } = held;
    if (filters.has(filter)) return 'held';
    if (filters.size < MOST_FILTERS && held.characters + filter.length <= MOST_CHARACTERS) {
      filters.add(filter);
      held.characters += filter.length;
      return 'held';
    }
    held.refused++;
    return held.refused > MOST_FILTERS ? 'flood' : 'full';
  }

  has(client: object, filter: string): boolean {
    return this.byClient.get(client)?.filters.has(filter) ?? false;
  }

  release(client: object, filters: readonly string[]): void {
    const held = this.byClient.get(client);
    for (const filter of filters) if (held?.filters.delete(filter)) held.characters -= filter.length;
  }
}
