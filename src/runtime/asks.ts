import type { Clock } from './clock.js';
import { ActorError } from './errors.js';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** Ends the deadline and the listening for a cancellation. */
  readonly release: () => void;
}

const BOUND = 10_000;

/** Questions of effects and HTTP routes that wait for an actor's `reply` output (RT-9); in memory only, bounded. */
export class Asks {
  private readonly pending = new Map<string, Pending>();
  private count = 0;

  /** `run` names this run of the process: an answer to a question of an earlier one answers none of this. */
  constructor(
    private readonly clock: Clock,
    private readonly run: string,
  ) {}

  get size(): number {
    return this.pending.size;
  }

  /** `send` gets the id that the answer names; returns false if the actor has no room. */
  ask(send: (replyTo: string) => boolean, deadlineMs: number, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.pending.size >= BOUND) {
        reject(busy('too many questions wait for an answer'));
        return;
      }
      if (signal?.aborted) {
        reject(cancelled());
        return;
      }
      const id = `${this.run}-${++this.count}`;
      const cancel = (): void => this.settle(id)?.reject(cancelled());
      const timer = this.clock.setTimeout(() => this.settle(id)?.reject(late(deadlineMs)), deadlineMs);
      const release = (): void => {
        this.clock.clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
      };
      this.pending.set(id, { resolve, reject, release });
      signal?.addEventListener('abort', cancel);
      try {
        if (!send(id)) this.settle(id)?.reject(busy('the actor has no room for messages'));
      } catch (error) {
        this.settle(id)?.reject(error as Error);
      }
    });
  }

  /** An answer that nobody waits for any more is dropped. */
  answer(id: string, value: unknown): void {
    this.settle(id)?.resolve(value);
  }

  private settle(id: string): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    pending?.release();
    return pending;
  }
}

const busy = (why: string): ActorError => new ActorError('ACTOR_BUSY', why, { retryable: true });

const cancelled = (): ActorError => new ActorError('ACTOR_ASK_CANCELLED', 'the question was cancelled');

const late = (deadlineMs: number): ActorError =>
  new ActorError('ACTOR_NO_ANSWER', `no answer within ${deadlineMs} ms`, { retryable: true });
