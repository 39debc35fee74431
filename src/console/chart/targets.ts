/** What resolving a target needs to know of a state. */
export interface Addressable {
  readonly id: string;
  readonly stateId: string;
  readonly parent: string | undefined;
}

/** The id of the child `key` below the state `parentId`; dots within a key are escaped as XState does. */
export function statePath(parentId: string, key: string): string {
  const escaped = key.replace(/[\\.]/g, '\\$&');
  return parentId === '' ? escaped : `${parentId}.${escaped}`;
}

/**
 * The state that `target` means in a transition of `source`: `x` and `x.y` from the parent, `.x` from the source,
 * `#id` and `#id.x` from a state's id. `undefined` when there is no such state.
 */
export function resolveTarget(
  states: ReadonlyMap<string, Addressable>,
  source: Addressable,
  target: string,
): string | undefined {
  if (target.startsWith('#')) return byId(states, splitPath(target.slice(1)));
  if (target.startsWith('.')) return below(states, source.id, splitPath(target.slice(1)));
  return below(states, source.parent ?? source.id, splitPath(target));
}

/** The id of a state may itself hold dots (`machine.a.b` is the default), so the longest one that fits is taken. */
function byId(states: ReadonlyMap<string, Addressable>, path: readonly string[]): string | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const stateId = path.slice(0, length).join('.');
    for (const state of states.values()) {
      if (state.stateId === stateId) return below(states, state.id, path.slice(length));
    }
  }
  return undefined;
}

function below(states: ReadonlyMap<string, Addressable>, start: string, path: readonly string[]): string | undefined {
  const id = path.reduce((parent, key) => statePath(parent, key), start);
  return states.has(id) ? id : undefined;
}

function splitPath(path: string): string[] {
  return [...path.matchAll(/((?:\\.|[^.\\])+)/g)].map(([key]) => key.replace(/\\(.)/g, '$1'));
}
