import type { EventObject } from 'xstate';
import type { HotLogic, HotOutcome, HotResult } from '../actor-type.js';
import type { Cell } from './cell.js';
import type { CellHost } from './cell-host.js';
import type { EventMessage, Message } from './message.js';
import type { RoutedOutputs } from './output-router.js';

/** What a slice of an actor's work has taken and made, until it is committed as a whole or discarded (CE-1). */
export class Slice {
  readonly took: Message[] = [];
  readonly outputs: EventObject[] = [];
  /** What the runtime itself tells others of the actor; no output of its chart. */
  readonly notices: EventObject[] = [];
  readonly hotResults: HotResult[] = [];
  /** Starts of effects that wait for the commit. */
  readonly held: Array<() => void> = [];

  /** Whether there is something to commit, apart from a changed snapshot. */
  get hasEffects(): boolean {
    return this.held.length > 0 || this.outputs.length > 0 || this.notices.length > 0;
  }
}

/**
 * Hands on what waited for the commit: outputs, then effects, then acknowledgements; for `durable` actors once they
 * are flushed (CE-2).
 */
export function releaseSlice(cell: Cell, host: CellHost, slice: Slice, outputs: RoutedOutputs): void {
  const { held } = slice;
  const acknowledged = slice.took.filter((message): message is EventMessage => isAwaited(message));
  if (!outputs.isReleased && held.length === 0 && acknowledged.length === 0) return;
  const leave = (): void => {
    outputs.release();
    for (const start of held) host.guard(cell, start);
    for (const message of acknowledged) host.guard(cell, () => message.acknowledged?.());
  };
  if (cell.type.durability === 'durable') host.commit.afterFlush(leave);
  else leave();
}

const isAwaited = (message: Message): boolean => message.kind === 'event' && message.acknowledged !== undefined;

/** Appends what hot messages made to its logs, and answers them: with the flush where something was stored. */
export function releaseHot(cell: Cell, host: CellHost, hot: HotLogic, results: readonly HotResult[]): void {
  const later: HotReply[] = [];
  for (const { append, reply, replyWhen } of results) {
    const stored = append ? host.append(append) : undefined;
    if (reply === undefined) continue;
    const outcome = stored === undefined ? 'done' : stored ? 'stored' : 'refused';
    if (outcome === 'stored' && replyWhen !== 'now') later.push({ reply, outcome });
    else answer(cell, host, hot, { reply, outcome });
  }
  if (later.length === 0) return;
  host.commit.afterFlush(() => {
    for (const reply of later) answer(cell, host, hot, reply);
  });
}

interface HotReply {
  readonly reply: unknown;
  readonly outcome: HotOutcome;
}

function answer(cell: Cell, host: CellHost, hot: HotLogic, { reply, outcome }: HotReply): void {
  host.guard(cell, () => hot.release?.(cell.address, reply, outcome));
}
