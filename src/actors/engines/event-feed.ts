import type { EngineEvent } from './engine.js';

/** Passes an engine's own events to whoever watches. */
export class EventFeed {
  private readonly watchers = new Set<(event: EngineEvent) => void>();

  get isWatched(): boolean {
    return this.watchers.size > 0;
  }

  tell(event: EngineEvent): void {
    for (const watcher of this.watchers) watcher(event);
  }

  /** Ends with its signal. */
  async watch(onEvent: (event: EngineEvent) => void, onReady: () => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    // One entry a call, even if two share their function.
    const watcher = (event: EngineEvent): void => onEvent(event);
    this.watchers.add(watcher);
    try {
      const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      onReady();
      await ended;
    } finally {
      this.watchers.delete(watcher);
    }
  }
}
