import type { ContainerActionView, ContainerView, TermsView } from './vehicle-types.js';
import { countWords, relativeWords, type Tone } from './words.js';

/** How a container is coloured: one that ended well is at rest, one that ended badly is not. */
export function containerTone({ status, exitCode }: Pick<ContainerView, 'status' | 'exitCode'>): Tone {
  switch (status) {
    case 'Running':
      return 'good';
    case 'Exited':
      return exitCode === 0 ? 'quiet' : 'bad';
    case 'Dead':
      return 'bad';
    case 'Creating':
    case 'Paused':
    case 'Unknown':
      return 'busy';
    default:
      return 'quiet';
  }
}

/** Since when it is as it is: `started 3 h ago`, `ended 2 min ago, exit code 137`. */
export function timeWords(container: ContainerView, now: number): string {
  const { status, createdAt, startedAt, finishedAt, exitCode } = container;
  const [created, started, finished] = [createdAt, startedAt, finishedAt].map(Date.parse) as [number, number, number];
  if ((status === 'Running' || status === 'Paused') && started > 0) return `started ${relativeWords(started, now)}`;
  if ((status === 'Exited' || status === 'Stopped' || status === 'Dead') && finished > 0) {
    return `ended ${relativeWords(finished, now)}${exitCode === 0 ? '' : `, exit code ${exitCode}`}`;
  }
  if (status === 'Unknown') return 'the engine does not say';
  return created > 0 ? `made ${relativeWords(created, now)}` : 'not made yet';
}

/** How often it was restarted, and when it will be next: `3 restarts`, `restarts in 12 s (3 so far)`. */
export function restartWords(container: Pick<ContainerView, 'restartCount' | 'restartsAt'>, now: number): string {
  const { restartCount: count, restartsAt } = container;
  if (restartsAt !== undefined) {
    const soon = `restarts ${relativeWords(Math.max(restartsAt, now), now)}`;
    return count === 0 ? soon : `${soon} (${countWords(count)} so far)`;
  }
  if (count === 0) return 'no restarts';
  return count === 1 ? '1 restart' : `${countWords(count)} restarts`;
}

export type Command = 'start' | 'stop' | 'pause' | 'resume';

/** What an operator can do about a container as it is. */
export function commandsFor({ status, role }: Pick<ContainerView, 'status' | 'role'>): readonly Command[] {
  // The others are an update's.
  if (role !== 'current') return [];
  switch (status) {
    case 'Running':
      return ['stop', 'pause'];
    case 'Paused':
      return ['resume'];
    case 'Created':
    case 'Stopped':
    case 'Exited':
    case 'Dead':
      return ['start'];
    default:
      return [];
  }
}

/** The current ones by name first, then those of an update. */
export function inOrder(containers: readonly ContainerView[]): ContainerView[] {
  const rank = { current: 0, pending: 1, old: 2 };
  const textOf = ({ role, name, id }: ContainerView): string => `${rank[role]} ${name} ${id}`;
  return [...containers].sort((one, other) => (textOf(one) < textOf(other) ? -1 : 1));
}

const KINDS: Readonly<Record<ContainerActionView['kind'], string>> = {
  create: 'new',
  recreate: 'replaced',
  update: 'changed',
  check: 'stays',
  destroy: 'removed',
};

/** What becomes of a container, in a word. */
export function kindWords(kind: ContainerActionView['kind']): string {
  return KINDS[kind];
}

/** One thing about a container that an action changes; without `before` and `after`, only that it does. */
export interface Difference {
  readonly part: string;
  readonly before?: string;
  readonly after?: string;
}

/** What an action will change, as far as that is told: values of variables and the like are not. */
export function differencesOf(action: ContainerActionView, containers: readonly ContainerView[]): Difference[] {
  const before = containers.find(({ id }) => id === action.present);
  const after = containers.find(({ id }) => id === action.planned);
  if (action.terms) return termDifferences(action.terms.before, action.terms.after);
  if (action.kind === 'create') return after ? [{ part: 'image', after: after.image }] : [];
  if (action.kind === 'destroy') return before ? [{ part: 'image', before: before.image }] : [];
  return action.changes.map((part) =>
    part === 'image' && before && after
      ? { part, before: before.image, after: after.image }
      : { part: partWords(part) },
  );
}

function termDifferences(before: TermsView, after: TermsView): Difference[] {
  const [old, next] = [termsOf(before), termsOf(after)];
  return Object.keys(next).flatMap((part) =>
    old[part] === next[part] ? [] : [{ part, before: old[part] || 'none', after: next[part] || 'none' }],
  );
}

function termsOf({ resources, restartPolicy }: TermsView): Record<string, string> {
  const { type, maxRetries, retryTimeoutS } = restartPolicy;
  return {
    memory: resources.memory,
    'memory reservation': resources.memoryReservation,
    'memory with swap': resources.memorySwap,
    restarts: [type, maxRetries > 0 ? `at most ${maxRetries}` : '', retryTimeoutS > 0 ? `${retryTimeoutS} s` : '']
      .filter(Boolean)
      .join(', '),
  };
}

/** `extraHosts` as a person reads it: `extra hosts`. */
function partWords(part: string): string {
  return part.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
}
