import type { Address } from '../address.js';
import type { Clock, TimerHandle } from '../clock.js';
import type { GroupCommit } from './group-commit.js';
import { joinKey, splitKey } from './store-keys.js';

const NOTHING = Buffer.alloc(0);
const PAGE = 256;
const SHORTEST_MS = 20;
/** The index is looked at again after this time even if nothing is due, so that a wall clock that was set is noticed. */
const LONGEST_MS = 60_000;

/** `0`: an invoked effect is unfinished, so a boot finds the actor at once. */
export type WakeTime = number;

/**
 * Wakes sleeping actors when their earliest timer is due (TIM-3): one index by time in the store, one timer in the
 * process, whatever the number of actors.
 */
export class WakeIndex {
  private timer: TimerHandle;
  private timerAt = Number.POSITIVE_INFINITY;
  private running = false;
  /** Where the next scan begins. Unfinished effects come first, and matter only at the start of the process. */
  private from = '';

  constructor(
    private readonly commit: GroupCommit,
    private readonly clock: Clock,
    /** Wakes one actor; false if it is in memory, where its own timers fire, or about to come there. */
    private readonly wake: (address: Address, at: WakeTime) => boolean,
    /** Whether enough actors are ready for now. */
    private readonly busy: () => boolean,
  ) {}

  /** Replaces an actor's place in the index. */
  set(address: Address, before: WakeTime | undefined, after: WakeTime | undefined): void {
    if (before === after) return;
    if (before !== undefined) this.commit.remove('timers', keyAt(before, address));
    if (after !== undefined) this.commit.put('timers', keyAt(after, address), NOTHING);
  }

  /** Whether an actor's place in the index is the one that stands for `at`. */
  isAt(wakeTime: WakeTime | undefined, at: WakeTime): boolean {
    return wakeTime !== undefined && keyAt(wakeTime, '') === keyAt(at, '');
  }

  /** Starts waking, unfinished effects first; a sleeping actor's due time may come `soon` by {@link asleep}. */
  start(): void {
    this.running = true;
    this.scan();
  }

  stop(): void {
    this.running = false;
    this.clock.clearTimeout(this.timer);
  }

  /** An actor has gone to sleep with a timer due at `at`. */
  asleep(at: WakeTime | undefined): void {
    if (at !== undefined && at < this.timerAt) this.arm(at);
  }

  /** Looks at the index again: the wall clock has been set. */
  soon(): void {
    this.asleep(0);
  }

  private scan(): void {
    if (!this.running) return;
    const now = this.clock.now();
    this.timerAt = Number.POSITIVE_INFINITY;
    if (this.busy()) {
      this.arm(now);
      return;
    }
    let seen = 0;
    for (const [key] of this.commit.range('timers', this.from, keyAt(now + 1, ''))) {
      const [at = '', address = ''] = splitKey(key);
      if (!this.wake(address, Number(at)) || ++seen < PAGE) continue;
      // The next page goes on from here: those before are awake, and looking at them again would cost more each time.
      this.from = `${key}\u0000`;
      this.arm(now);
      return;
    }
    const isWhole = this.from === TIMERS_ONLY;
    this.from = TIMERS_ONLY;
    if (!isWhole) {
      // What came in behind the pages.
      this.arm(now);
      return;
    }
    const [next] = this.commit.range('timers', keyAt(now + 1, ''), '\uffff', 1);
    this.arm(next ? Number(splitKey(next[0])[0]) : now + LONGEST_MS);
  }

  private arm(at: number): void {
    if (!this.running) return;
    this.clock.clearTimeout(this.timer);
    this.timerAt = at;
    const delayMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, at - this.clock.now()));
    this.timer = this.clock.setTimeout(() => this.scan(), delayMs);
  }
}

const keyAt = (at: WakeTime, address: Address): string =>
  joinKey(String(Math.max(0, Math.floor(at))).padStart(15, '0'), address);

/** Behind the places of unfinished effects. */
const TIMERS_ONLY = keyAt(1, '');
