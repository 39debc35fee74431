import type { AnyStateNode } from 'xstate';
import type { StoredTimer } from './stored-timers.js';

/** What a state waits for (TIM-5): said in the machine as `meta: { waitsFor, until?, because? }`. */
export interface Wait {
  /** Id of the state. */
  readonly state: string;
  readonly waitsFor: string;
  /** The message of the error that led to it: in the context, where `because` says. */
  readonly because?: string;
  /** Epoch milliseconds. */
  readonly since: number | undefined;
  /** What ends the wait if nothing comes. */
  readonly until: 'never' | { readonly at: number; readonly event: string };
}

interface ChartSnapshot {
  readonly _nodes?: unknown;
  readonly context?: unknown;
}

const nodesOf = (snapshot: ChartSnapshot): readonly AnyStateNode[] => (snapshot._nodes ?? []) as AnyStateNode[];

/** Since when each active state is active; `''` stands for the configuration as a whole. */
export function activeSince(
  snapshot: ChartSnapshot,
  before: Readonly<Record<string, number>>,
  now: number,
): Record<string, number> {
  const since: Record<string, number> = { '': now };
  for (const node of nodesOf(snapshot)) since[node.id] = before[node.id] ?? now;
  return since;
}

/** Explains each wait of an actor. */
export function explainWaits(
  snapshot: ChartSnapshot,
  since: Readonly<Record<string, number>>,
  timers: readonly StoredTimer[],
): Wait[] {
  const waits: Wait[] = [];
  for (const node of nodesOf(snapshot)) {
    const meta = node.meta as { waitsFor?: unknown; because?: unknown } | undefined;
    if (typeof meta?.waitsFor !== 'string') continue;
    const because = messageIn(snapshot.context, meta.because);
    waits.push({
      state: node.id,
      waitsFor: meta.waitsFor,
      ...(because === undefined ? {} : { because }),
      since: since[node.id],
      until: nextTimer(node, timers),
    });
  }
  return waits;
}

function messageIn(context: unknown, key: unknown): string | undefined {
  if (typeof key !== 'string') return undefined;
  const found = (context as Readonly<Record<string, { readonly message?: unknown } | null>> | undefined)?.[key];
  return typeof found?.message === 'string' ? found.message : undefined;
}

/** The earliest `after` of the state or of one that holds it. */
function nextTimer(node: AnyStateNode, timers: readonly StoredTimer[]): Wait['until'] {
  let next: { at: number; event: string } | undefined;
  for (let at: AnyStateNode | undefined = node; at; at = at.parent) {
    for (const { id, dueAt } of timers) {
      if (id.startsWith('xstate.after.') && id.endsWith(`.${at.id}`) && (!next || dueAt < next.at)) {
        next = { at: dueAt, event: id };
      }
    }
  }
  return next ?? 'never';
}

/** Active leaf states as paths, joined by ` & ` where the chart is parallel: `online.streaming & charging`. */
export function stateText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([name, inner]) => {
      const rest = stateText(inner);
      if (rest === '') return name;
      return rest
        .split(' & ')
        .map((path) => `${name}.${path}`)
        .join(' & ');
    })
    .join(' & ');
}
