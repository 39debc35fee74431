import type { Clock, Logger } from '../../runtime/index.js';
import type { LogOutput } from './events.js';

const MINUTE_MS = 60_000;
/** What peers bring about as often as they like. */
const OF_PEERS: ReadonlySet<string> = new Set(['command_ignored', 'desired_state_refused']);
/** Of different things at once; more begin anew. */
const MOST_KEPT = 100;

/** Logs what comes of messages that are passed over once a minute, with how often it has come since. */
export class RareLog {
  private readonly told = new Map<string, { readonly at: number; unlogged: number }>();

  constructor(
    private readonly logger: Logger,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {}

  take({ level, message, fields }: LogOutput): void {
    if (!OF_PEERS.has(message)) {
      this.logger[level](fields, message);
      return;
    }
    // Once for each operation that it comes to.
    const key = `${message} ${fields['current'] ?? ''}`;
    const now = this.clock.monotonic();
    const told = this.told.get(key);
    if (told && now - told.at < MINUTE_MS) {
      told.unlogged++;
      return;
    }
    if (this.told.size >= MOST_KEPT) this.told.clear();
    this.told.set(key, { at: now, unlogged: 0 });
    this.logger[level]({ ...fields, ...(told && told.unlogged > 0 ? { repeated: told.unlogged } : {}) }, message);
  }
}
