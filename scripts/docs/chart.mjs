// Reads a statechart from a machine: its states in document order, what leads from each to which, and what it waits for.

/** The state itself, then those below it, in document order. */
export function* statesOf(node) {
  yield node;
  for (const child of Object.values(node.states)) yield* statesOf(child);
}

/** Path below the root: `delivering.ready`. */
export const pathOf = (node) => node.path.join('.');

/** The states that the machine can be in, without the root. */
export const statesBelow = (machine) => [...statesOf(machine.root)].slice(1);

/**
 * What leads out of a state, or is taken in it: `{ event, guard, actions, target }`. Without `target` the state stays as
 * it is.
 */
export function transitionsOf(node) {
  const timers = new Map(node.after.map((transition) => [transition, `after ${durationOf(transition.delay)}`]));
  const sources = new Map(node.invoke.map(({ id, src }) => [id, src]));
  const all = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
  return all.map((transition) => ({
    event: timers.get(transition) ?? eventText(transition.eventType, sources),
    isTimer: timers.has(transition),
    /** The end of an effect or of a child state, or no event at all: nobody sends it. */
    isInternal: transition.eventType === '' || /^xstate\.(done|error)\./.test(transition.eventType),
    guard: nameOf(transition.guard),
    actions: transition.actions.map(nameOf),
    target: transition.target?.[0],
  }));
}

/** Milliseconds for people; a delay by name as it is called. */
export function durationOf(delay) {
  if (typeof delay !== 'number' && !/^\d+$/.test(delay)) return delay;
  const ms = Number(delay);
  if (ms > 0 && ms % 60_000 === 0) return `${ms / 60_000} min`;
  return ms > 0 && ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}

/** Names of the effects that run while the state is active. */
export const effectsOf = (node) => node.invoke.map(({ src }) => nameOf(src));

/** `connect done`, `BACKLOG_HIGH`; an empty text for transitions without an event. */
function eventText(type, sources) {
  const effect = /^xstate\.(done|error)\.actor\.(.+)$/.exec(type);
  if (effect) return `${nameOf(sources.get(effect[2])) ?? effect[2]} ${effect[1] === 'done' ? 'done' : 'failed'}`;
  if (type.startsWith('xstate.done.state.')) return 'done';
  return type;
}

function nameOf(part) {
  if (part === undefined || typeof part === 'string') return part;
  return typeof part.type === 'string' ? part.type.replace(/^xstate\./, '') : part.name || 'function';
}
