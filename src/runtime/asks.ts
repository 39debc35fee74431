import type { Clock, TimerHandle } from './clock.js';
import { ActorError } from './errors.js';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: TimerHandle;
}

const BOUND = 10_000;

/** Questions of effects and HTTP routes that wait for an actor's `reply` output (RT-9); in memory only, bounded. */
export class Asks {
  private readonly pending = new Map<string, Pending>();
  private count = 0;

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.pending.size;
  }

  /** `send` gets the id that the answer names; returns false if the actor has no room. */
  ask(send: (replyTo: string) => boolean, deadlineMs: number, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.pending.size >= BOUND) {
        reject(new ActorError('ACTOR_BUSY', 'too many questions wait for an answer', { retryable: true }));
        return;
      }
      const id = String(++this.count);
      const end = (error: ActorError) => () => this.settle(id)?.reject(error);
      const timer = this.clock.setTimeout(
        end(new ActorError('ACTOR_NO_ANSWER', `no answer within ${deadlineMs} ms`, { retryable: true })),
        deadlineMs,
      );
      this.pending.set(id, { resolve, reject, timer });
      signal?.addEventListener('abort', end(new ActorError('ACTOR_ASK_CANCELLED', 'the question was cancelled')), {
        once: true,
      });
      if (!send(id)) end(new ActorError('ACTOR_BUSY', 'the actor has no room for messages', { retryable: true }))();
    });
  }

  /** An answer that nobody waits for any more is dropped. */
  answer(id: string, value: unknown): void {
    this.settle(id)?.resolve(value);
  }

  private settle(id: string): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    if (pending) this.clock.clearTimeout(pending.timer);
    return pending;
  }
}
