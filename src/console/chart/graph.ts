import { actionNames, asConfig, asList, asText, type Config, nameOf } from './config.js';
import { statePath } from './targets.js';
import { type ChartTransition, transitionsOf } from './transitions.js';

export type StateKind = 'atomic' | 'compound' | 'parallel' | 'final' | 'history';

export interface ChartState {
  /** Path from the root, keys joined by `.`; the root's is empty. */
  readonly id: string;
  readonly key: string;
  /** The id by which XState names the state in targets and in its own events. */
  readonly stateId: string;
  readonly parent: string | undefined;
  readonly kind: StateKind;
  /** In document order. */
  readonly children: readonly string[];
  /** The child that is entered first; of compound states only. */
  readonly initial: string | undefined;
  readonly description: string | undefined;
  /** From `meta.waitsFor` (TIM-5). */
  readonly waitsFor: string | undefined;
  readonly invokes: readonly { readonly id: string; readonly src: string }[];
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly tags: readonly string[];
  readonly deepHistory: boolean;
}

/** A statechart as it is drawn: states in document order, parents before children, and every transition. */
export interface ChartGraph {
  readonly states: ReadonlyMap<string, ChartState>;
  readonly transitions: readonly ChartTransition[];
}

export type ChartResult =
  | { readonly ok: true; readonly value: ChartGraph }
  | { readonly ok: false; readonly error: { readonly code: 'NOT_JSON' | 'NO_STATES'; readonly detail: string } };

export const ROOT = '';

/** Turns a machine definition (JSON of its configuration, in document order) into a graph; never throws. */
export function chartGraph(definition: string): ChartResult {
  let parsed: unknown;
  try {
    parsed = JSON.parse(definition);
  } catch (error) {
    return { ok: false, error: { code: 'NOT_JSON', detail: error instanceof Error ? error.message : String(error) } };
  }
  const root = asConfig(parsed);
  if (root === undefined || asConfig(root['states']) === undefined) {
    return { ok: false, error: { code: 'NO_STATES', detail: 'this actor is not a statechart' } };
  }
  const states = new Map<string, ChartState>();
  const configs = new Map<string, Config>();
  collect(root, undefined, asText(root['id']) ?? '(machine)', states, configs);
  const settled = new Map<string, ChartState>();
  for (const state of states.values()) settled.set(state.id, withInitial(states, state, configs.get(state.id) ?? {}));
  const transitions = [...settled.values()].flatMap((state) =>
    transitionsOf(settled, state, configs.get(state.id) ?? {}),
  );
  return { ok: true, value: { states: settled, transitions } };
}

function collect(
  config: Config,
  parent: ChartState | undefined,
  key: string,
  states: Map<string, ChartState>,
  configs: Map<string, Config>,
): void {
  const id = parent === undefined ? ROOT : statePath(parent.id, key);
  const stateId = asText(config['id']) ?? (parent === undefined ? key : `${parent.stateId}.${key}`);
  const childConfigs = Object.entries(asConfig(config['states']) ?? {});
  const meta = asConfig(config['meta']);
  const state: ChartState = {
    id,
    key,
    stateId,
    parent: parent?.id,
    kind: kindOf(config, childConfigs.length),
    children: childConfigs.map(([childKey]) => statePath(id, childKey)),
    initial: undefined,
    description: asText(config['description']),
    waitsFor: asText(meta?.['waitsFor']),
    invokes: asList(config['invoke']).map((invoke, index) => ({
      id: asText(asConfig(invoke)?.['id']) ?? `${index}.${stateId}`,
      src: nameOf(asConfig(invoke)?.['src']) ?? 'logic without a name',
    })),
    entry: actionNames(config['entry']),
    exit: actionNames(config['exit']),
    tags: asList(config['tags']).filter((tag) => typeof tag === 'string'),
    deepHistory: config['history'] === 'deep',
  };
  states.set(id, state);
  configs.set(id, config);
  for (const [childKey, child] of childConfigs) collect(asConfig(child) ?? {}, state, childKey, states, configs);
}

function kindOf(config: Config, childCount: number): StateKind {
  const type = config['type'];
  if (type === 'final' || type === 'history' || type === 'parallel') return type;
  return childCount > 0 ? 'compound' : 'atomic';
}

/** `initial` is the key of a child, or an object with such a key as `target`. */
function withInitial(states: ReadonlyMap<string, ChartState>, state: ChartState, config: Config): ChartState {
  if (state.kind !== 'compound') return state;
  const key = asText(asConfig(config['initial'])?.['target'] ?? config['initial']);
  const child = key === undefined ? undefined : statePath(state.id, key);
  return child === undefined || !states.has(child) ? state : { ...state, initial: child };
}
