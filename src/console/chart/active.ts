import { type ChartGraph, ROOT } from './graph.js';
import { statePath } from './targets.js';
import type { ChartTransition } from './transitions.js';

/** The ids of all states that a state value makes active, the root and every ancestor among them. */
export function activeStates(value: unknown): ReadonlySet<string> {
  const active = new Set<string>([ROOT]);
  collect(value, ROOT, active);
  return active;
}

function collect(value: unknown, parent: string, active: Set<string>): void {
  if (typeof value === 'string') {
    active.add(statePath(parent, value));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      const id = statePath(parent, key);
      active.add(id);
      collect(child, id, active);
    }
  }
}

/**
 * The transitions that most likely led from `before` to `after` on an event of this type. Inspection tells the event
 * and the outcome, not the transition, so this is inferred: XState takes the innermost state that handles the event,
 * and an `always` step may follow. When several events were told as one snapshot (INS-2), `before` may be too old to
 * explain it; then any transition on that event into an active state will do.
 */
export function takenTransitions(
  graph: ChartGraph,
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
  eventType: string,
): readonly string[] {
  const onEvent = graph.transitions.filter(({ event }) => handles(event, eventType));
  const explained = onEvent
    .filter(({ source }) => before.has(source))
    .filter((choice) => explains(graph, choice, after));
  const best = innermost(onePerState(explained));
  if (best.length > 0) return best.flatMap((choice) => withAlways(graph, choice, after));
  const late = onEvent.find((choice) => choice.targets.length > 0 && explains(graph, choice, after));
  return late === undefined ? [] : withAlways(graph, late, after);
}

function explains(graph: ChartGraph, choice: ChartTransition, after: ReadonlySet<string>): boolean {
  if (choice.targets.length === 0) return after.has(choice.source);
  return choice.targets.every((target) => after.has(target)) || withAlways(graph, choice, after).length > 1;
}

/** The transition and, when its target was left again at once, the `always` step that leads to an active state. */
function withAlways(graph: ChartGraph, choice: ChartTransition, after: ReadonlySet<string>): readonly string[] {
  if (choice.targets.every((target) => after.has(target))) return [choice.id];
  const step = graph.transitions.find(
    ({ event, source, targets }) =>
      event === '' &&
      targets.length > 0 &&
      choice.targets.some((target) => isWithin(source, target)) &&
      targets.every((target) => after.has(target)),
  );
  return step === undefined ? [choice.id] : [choice.id, step.id];
}

/** A state takes one transition an event: the first of its choices, and rather one that moves than one that stays. */
function onePerState(choices: readonly ChartTransition[]): readonly ChartTransition[] {
  const bySource = new Map<string, ChartTransition>();
  for (const choice of choices) {
    const chosen = bySource.get(choice.source);
    if (chosen === undefined || (chosen.targets.length === 0 && choice.targets.length > 0)) {
      bySource.set(choice.source, choice);
    }
  }
  return [...bySource.values()];
}

/** Without the transitions of states that have an enabled descendant: the inner state handles the event first. */
function innermost(choices: readonly ChartTransition[]): readonly ChartTransition[] {
  return choices.filter(
    ({ source }) => !choices.some((other) => other.source !== source && isWithin(other.source, source)),
  );
}

function isWithin(id: string, ancestor: string): boolean {
  return ancestor === ROOT || id === ancestor || id.startsWith(`${ancestor}.`);
}

function handles(descriptor: string, eventType: string): boolean {
  if (descriptor === '') return false;
  if (descriptor === eventType) return true;
  if (descriptor === '*') return !eventType.startsWith('xstate.') && !eventType.startsWith('runtime.');
  return descriptor.endsWith('.*') && `${eventType}.`.startsWith(descriptor.slice(0, -1));
}
