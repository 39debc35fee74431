import type { EventObject } from 'xstate';
import type { HotLogic, HotOutcome, HotResult } from '../actor-type.js';
import type { Address } from '../address.js';
import type { FailurePhase } from '../restart-policy.js';
import type { CellHost, CellId } from './cell-host.js';
import type { EventMessage, Message } from './message.js';
import type { RoutedOutputs } from './output-router.js';

const NO_MESSAGES: readonly EventMessage[] = [];

/** What a slice of an actor's work has taken and made, until it is committed as a whole or discarded (CE-1). */
export class Slice {
  readonly took: Message[] = [];
  readonly outputs: EventObject[] = [];
  /** What the runtime itself tells others of the actor; no output of its chart. */
  readonly notices: EventObject[] = [];
  readonly hotResults: HotResult[] = [];
  /** Starts of effects that wait for the commit. */
  readonly held: Array<() => void> = [];
  /** What is being done, should it fail. */
  phase: FailurePhase | 'commit' = 'effect';
  /** The message that is being taken. */
  current: Message | undefined;
  /** The deferred messages as the slice found them. */
  deferredBefore = NO_MESSAGES;
  /** The actor was told to stop. */
  isStop = false;

  /** Whether rows change that a later message of the slice would have to see. */
  get writesRows(): boolean {
    return this.outputs.some(({ type }) => type === 'row.put' || type === 'row.delete');
  }

  /** Whether there is something to commit, apart from a changed snapshot. */
  get hasEffects(): boolean {
    return this.held.length > 0 || this.outputs.length > 0 || this.notices.length > 0;
  }

  /** Tells another actor of this one, with the slice. */
  notify(to: Address, event: EventObject): void {
    this.notices.push({ type: 'tell', to, event } as EventObject);
  }

  /** The message that the slice failed on, if it was one (SUP-6). */
  get culprit(): Message | undefined {
    const { phase, took, current } = this;
    const message = phase === 'message' ? current : phase === 'commit' && took.length === 1 ? took[0] : undefined;
    return message?.kind === 'timer' || message?.kind === 'stop' ? undefined : message;
  }

  /** How the supervisor counts a failure of the slice: one in the commit is that of what was taken. */
  get failedIn(): FailurePhase {
    if (this.phase !== 'commit') return this.phase;
    return this.culprit || this.took.length > 1 ? 'message' : 'timer';
  }
}

/**
 * Hands on what waited for the commit: outputs, then effects, then acknowledgements; for `durable` actors once they
 * are flushed (CE-2).
 */
export function releaseSlice(cell: CellId, host: CellHost, slice: Slice, outputs: RoutedOutputs): void {
  const { held } = slice;
  const acknowledged = slice.took.filter((message): message is EventMessage => isAwaited(message));
  if (!outputs.isReleased && held.length === 0 && acknowledged.length === 0) return;
  const leave = (): void => {
    outputs.release();
    for (const start of held) host.guard(cell.address, start);
    for (const message of acknowledged) host.guard(cell.address, () => message.acknowledged?.());
  };
  if (cell.type.durability === 'durable') host.commit.afterFlush(leave);
  else leave();
}

const isAwaited = (message: Message): boolean => message.kind === 'event' && message.acknowledged !== undefined;

/**
 * Appends what hot messages made to its logs, and answers them: with the flush where something was stored. That an
 * entry is awaited is said at once: before the flush its reader may have confirmed it.
 */
export function releaseHot(address: Address, host: CellHost, hot: HotLogic, results: readonly HotResult[]): void {
  const answer = ({ reply, outcome }: HotReply): void =>
    host.guard(address, () => hot.release?.(address, reply, outcome));
  const later: HotReply[] = [];
  for (const { append, reply, replyWhen } of results) {
    const outcome = append ? host.append(append) : 'done';
    if (reply === undefined) continue;
    const isStored = outcome === 'stored' || outcome === 'duplicate';
    if (isStored && replyWhen !== 'now') later.push({ reply, outcome });
    else answer({ reply, outcome });
  }
  if (later.length > 0) host.commit.afterFlush(() => later.forEach(answer));
}

interface HotReply {
  readonly reply: unknown;
  readonly outcome: HotOutcome;
}
