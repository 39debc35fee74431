import type { OverviewView } from '../api-types.js';
import { type Api, ApiError } from './api.js';
import { poll } from './poll.js';

const EVERY_MS = 1000;
/** Two minutes of the curve. */
const MOST_SAMPLES = 120;

export interface FeedState {
  readonly overview: OverviewView | undefined;
  /** Records a second, oldest first. */
  readonly rates: readonly number[];
  readonly problem: FeedProblem | undefined;
}

/** Why the newest attempt failed, and since when nothing was heard (epoch ms of this browser). */
export interface FeedProblem {
  readonly status: number;
  readonly message: string;
  readonly since: number;
}

/** The overview, asked for each second as long as the page is open; every view may listen. */
export class HubFeed {
  state: FeedState = { overview: undefined, rates: [], problem: undefined };
  private readonly listeners = new Set<(state: FeedState) => void>();

  constructor(private readonly api: Api) {}

  start(): void {
    poll(() => this.ask(), EVERY_MS);
  }

  /** Calls `listener` now and at every change; returns how to stop. */
  listen(listener: (state: FeedState) => void): () => void {
    this.listeners.add(listener);
    listener(this.state);
    return () => this.listeners.delete(listener);
  }

  private async ask(): Promise<void> {
    try {
      const overview = await this.api.get<OverviewView>('/api/v1/overview');
      const rates = [...this.state.rates, overview.telemetry?.recordsPerSecond ?? 0].slice(-MOST_SAMPLES);
      this.state = { overview, rates, problem: undefined };
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      const message = error instanceof Error ? error.message : String(error);
      this.state = { ...this.state, problem: { status, message, since: this.state.problem?.since ?? Date.now() } };
    }
    for (const listener of this.listeners) listener(this.state);
  }
}
