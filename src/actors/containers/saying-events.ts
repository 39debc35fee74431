/** What a container says of itself: to whom asked, and to those who watch. Pure. */
import type { ContainerStatus } from '../../protocols/containers/index.js';
import type { AnswerOutput, ChangedOutput, ContainerContext } from './chart-events.js';
import { answerTo } from './command-events.js';
import type { ContainerChanged, ContainerCommand, ContainerReply } from './events.js';
import { errorOf, type Turn } from './lifecycle-events.js';

/** CTR-12. */
const CHANGES: Readonly<Record<ContainerStatus, ContainerChanged['change'] | undefined>> = {
  Creating: undefined,
  Created: 'created',
  Running: 'running',
  Paused: 'paused',
  Stopped: 'stopped',
  Exited: 'exited',
  Dead: 'exited',
  Unknown: undefined,
};

const changed = ({ id, config, role }: ContainerContext, change: ContainerChanged['change']): ChangedOutput => ({
  type: 'container.changed',
  changed: { type: 'CONTAINER.CHANGED', id, name: config.name, role, change },
});

/** What a new status means to watchers; nothing if it is the old one. */
export function statusChange(before: ContainerContext, after: ContainerContext): readonly ChangedOutput[] {
  const [from, to] = [before.state.status, after.state.status];
  if (from === to) return [];
  const change = from === 'Paused' && to === 'Running' ? 'resumed' : CHANGES[to];
  return change === undefined ? [] : [changed(after, change)];
}

function reply({ context, event }: Turn, value: ContainerReply): readonly AnswerOutput[] {
  const to = (context.asked ?? (event as { replyTo?: string })).replyTo;
  return to === undefined ? [] : [{ type: 'reply', to, value }];
}

export type Say = (turn: Turn) => readonly (AnswerOutput | ChangedOutput)[];

/** By the names of the chart's actions. */
export const says = {
  /** To a command that changes nothing. */
  answer: (turn) => reply(turn, answerTo(turn.context, turn.event as ContainerCommand)),
  agree: (turn) => reply(turn, { ok: true }),
  complain: (turn) => reply(turn, { ok: false, error: errorOf(turn.event) }),
  tellRenamed: ({ context }) => [changed(context, 'renamed')],
  tellUpdated: ({ context }) => [changed(context, 'updated')],
  tellRemoved: ({ context }) => (context.created === '' ? [] : [changed(context, 'removed')]),
} satisfies Record<string, Say>;
