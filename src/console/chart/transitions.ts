import { delayWords } from '../words.js';
import { actionNames, asConfig, asList, asText, type Config, guardName } from './config.js';
import type { ChartState } from './graph.js';
import { resolveTarget } from './targets.js';

export interface ChartTransition {
  /** Unique within its chart. */
  readonly id: string;
  readonly source: string;
  /** Empty when the transition stays where it is. */
  readonly targets: readonly string[];
  /** The event descriptor that XState matches; empty for `always`. */
  readonly event: string;
  /** The event as the chart writes it. */
  readonly label: string;
  readonly guard: string | undefined;
  readonly actions: readonly string[];
  readonly description: string | undefined;
}

interface Trigger {
  readonly event: string;
  readonly label: string;
  readonly config: unknown;
}

/** All transitions of a state, in the order in which XState tries them. */
export function transitionsOf(
  states: ReadonlyMap<string, ChartState>,
  state: ChartState,
  config: Config,
): readonly ChartTransition[] {
  const transitions: ChartTransition[] = [];
  for (const trigger of triggersOf(state, config)) {
    for (const choice of asList(trigger.config)) {
      const details = asConfig(choice) ?? { target: choice };
      transitions.push({
        id: `${state.id}#${transitions.length}`,
        source: state.id,
        targets: asList(details['target']).flatMap((target) =>
          typeof target === 'string' ? (resolveTarget(states, state, target) ?? []) : [],
        ),
        event: trigger.event,
        label: trigger.label,
        guard: guardName(details['guard']),
        actions: actionNames(details['actions']),
        description: asText(details['description']),
      });
    }
  }
  return transitions;
}

function triggersOf(state: ChartState, config: Config): readonly Trigger[] {
  const triggers: Trigger[] = [];
  for (const [event, choice] of Object.entries(asConfig(config['on']) ?? {})) {
    triggers.push({ event, label: event === '*' ? 'any other event' : event, config: choice });
  }
  asList(config['invoke']).forEach((value, index) => {
    const invoke = asConfig(value) ?? {};
    const { id, src } = state.invokes[index] ?? { id: '', src: '' };
    const name = asText(invoke['id']) ?? src;
    triggers.push({ event: `xstate.done.actor.${id}`, label: `done: ${name}`, config: invoke['onDone'] });
    triggers.push({ event: `xstate.error.actor.${id}`, label: `error: ${name}`, config: invoke['onError'] });
    triggers.push({ event: `xstate.snapshot.${id}`, label: `progress: ${name}`, config: invoke['onSnapshot'] });
  });
  triggers.push({ event: `xstate.done.state.${state.stateId}`, label: 'all done', config: config['onDone'] });
  for (const [delay, choice] of Object.entries(asConfig(config['after']) ?? {})) {
    triggers.push({
      event: `xstate.after.${delay}.${state.stateId}`,
      label: `after ${delayWords(delay)}`,
      config: choice,
    });
  }
  triggers.push({ event: '', label: 'always', config: config['always'] });
  if (state.kind === 'history') triggers.push({ event: '', label: 'first time', config: config['target'] });
  return triggers;
}
