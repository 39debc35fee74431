import type { Ending } from '../fakes/mosquitto.js';

/** What was begun for one of many runs of a test, and ends with it. */
export class RunScope implements Ending {
  private readonly ends: Array<() => unknown> = [];

  readonly after: Ending['after'] = (end) => {
    if (end) this.ends.push(end as () => unknown);
  };

  /** In the opposite order. */
  async close(): Promise<void> {
    for (const end of this.ends.splice(0).reverse()) await end();
  }
}
