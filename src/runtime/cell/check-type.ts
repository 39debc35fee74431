import { type AnyStateMachine, StateMachine } from 'xstate';
import type { ActorType } from '../actor-type.js';
import { ActorError } from '../errors.js';

interface StateConfig {
  readonly on?: Readonly<Record<string, unknown>>;
  readonly invoke?: unknown;
  readonly states?: Readonly<Record<string, StateConfig>>;
}

interface InvokeConfig {
  readonly src: unknown;
  readonly onError?: unknown;
}

/**
 * Refuses what would only fail later, and worse: throws {@link ActorError} `ACTOR_TYPE_INVALID`. Returns what is
 * allowed but seldom meant, for the log.
 */
export function checkActorType(type: ActorType): string[] {
  const refuse = (path: string, reason: string): never => {
    throw new ActorError('ACTOR_TYPE_INVALID', `actor type ${type.name}, ${path || 'root'}: ${reason}`);
  };
  if (!/^[a-z][a-z0-9-]*$/.test(type.name)) refuse('', 'a type name is lower-case letters, digits and dashes');
  if (type.defer && type.durability !== 'durable') refuse('', 'only durable types can defer messages');
  // R23: a wildcard would take the runtime's own event. Private machines do not get it.
  visitStates(type.machine, (state, path) => {
    if (state.on && '*' in state.on && !('runtime.restored' in state.on)) {
      refuse(path, "a '*' transition stands beside one for 'runtime.restored'");
    }
  });
  const warnings: string[] = [];
  visitMachines(type.machine, (machine) => checkChildren(machine, refuse, warnings));
  return warnings;
}

/** Logic is invoked and spawned by the names of `setup({ actors })` (RT-4, R7), and its failure is expected (SUP-9). */
function checkChildren(
  machine: AnyStateMachine,
  refuse: (path: string, reason: string) => never,
  warnings: string[],
): void {
  let isExpectedSomewhere = false;
  visitStates(machine, (state, path, isExpected) => {
    isExpectedSomewhere ||= isExpected;
    for (const { src, onError } of asList(state.invoke) as InvokeConfig[]) {
      if (typeof src !== 'string') refuse(path, 'invoked logic is named by a string and provided in setup() (R7)');
      else if (!(src in machine.implementations.actors)) refuse(path, `there is no invoked logic named ${src}`);
      if (onError === undefined && !isExpected) {
        warnings.push(unexpected(path || 'root', src));
      }
    }
  });
  for (const src of spawnedBy([machine.config, machine.implementations.actions])) {
    if (typeof src !== 'string') refuse('', 'spawned logic is named by a string (R7)');
    // It may outlive the state that spawned it, so that a transition anywhere may be meant for it.
    else if (!isExpectedSomewhere) warnings.push(unexpected('root', src));
  }
}

const unexpected = (path: string, src: string): string =>
  `${path}: nothing happens when ${src} fails but the failure of the whole actor (SUP-9)`;

/** `isExpected`: the state, or one around it, has a transition for the failure of any child. */
function visitStates(
  machine: AnyStateMachine,
  visit: (state: StateConfig, path: string, isExpected: boolean) => void,
): void {
  const descend = (state: StateConfig, path: string, isExpectedAbove: boolean): void => {
    const isExpected = isExpectedAbove || Object.keys(state.on ?? {}).some((type) => type.startsWith('xstate.error'));
    visit(state, path, isExpected);
    for (const [name, child] of Object.entries(state.states ?? {})) {
      descend(child, path ? `${path}.${name}` : name, isExpected);
    }
  };
  descend(machine.config as StateConfig, '', false);
}

function visitMachines(machine: AnyStateMachine, visit: (machine: AnyStateMachine) => void): void {
  visit(machine);
  for (const logic of Object.values(machine.implementations.actors)) {
    if (logic instanceof StateMachine) visitMachines(logic, visit);
  }
}

/** The sources of all `spawnChild` actions, wherever they stand; what functions spawn is not seen. */
function* spawnedBy(config: unknown): Generator<unknown> {
  if (typeof config === 'function') {
    const { type, src } = config as { type?: unknown; src?: unknown };
    if (type === 'xstate.spawnChild') yield src;
  } else if (typeof config === 'object' && config !== null) {
    for (const [name, inner] of Object.entries(config)) {
      if (name !== 'context' && name !== 'meta') yield* spawnedBy(inner);
    }
  }
}

const asList = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
