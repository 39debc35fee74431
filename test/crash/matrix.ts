/** Each state that a scenario rests in, and what comes of a process that is killed in it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { vehicleTypes } from '../../src/vehicle.js';
import type { ChartState } from './killed-vehicle.js';

/** `FLEETCHART_CRASH=all`: rather than a few. */
export const IS_WHOLE = process.env['FLEETCHART_CRASH'] === 'all';

export interface MatrixRun<Outcome> {
  readonly outcome: Outcome;
  /** In which the actors rested. */
  readonly states: readonly ChartState[];
  /** Whether it was killed on the way. */
  readonly wasKilled: boolean;
}

/** One scenario from its beginning to its end, killed once where `kill` says. */
export type RunScenario<Scenario, Outcome> = (scenario: Scenario, kill?: ChartState) => Promise<MatrixRun<Outcome>>;

export interface MatrixOptions {
  /** Charts whose every state is survived. */
  readonly charts: readonly string[];
  /** Of the states, where not all are taken. */
  readonly sample: readonly string[];
  /** Never all. @default unless `FLEETCHART_CRASH=all` */
  readonly isSampled?: boolean;
}

interface Row {
  readonly state: string;
  readonly scenario: string;
  readonly result: string;
}

/** `TYPE STATE`, and which one it is of several actors. */
export const nameOf = ({ type, state, of }: ChartState): string => `${type} ${state}${of === '' ? '' : ` ${of}`}`;

/** The resting places of charts: states without states in them that are no end. */
export function leavesOf(types: readonly string[]): Set<string> {
  return new Set(types.flatMap((type) => leavesOfType(type).map((state) => `${type} ${state}`)));
}

function leavesOfType(type: string): string[] {
  const machine = vehicleTypes.find(({ name }) => name === type)?.machine as AnyStateMachine;
  const leaves: string[] = [];
  const visit = (node: AnyStateNode, path: string): void => {
    const children = Object.entries(node.states);
    if (children.length === 0 && node.type !== 'final') leaves.push(path);
    for (const [name, child] of children) visit(child, path === '' ? name : `${path}.${name}`);
  };
  visit(machine.root, '');
  return leaves;
}

/**
 * Kills a process in the states that the scenarios come through, each in the first scenario that does; gives the states
 * of the charts that none comes through.
 */
export async function killedIn<Scenario extends { readonly name: string }>(
  t: TestContext,
  run: RunScenario<Scenario, unknown>,
  scenarios: readonly Scenario[],
  { charts, sample, isSampled = !IS_WHOLE }: MatrixOptions,
): Promise<Set<string>> {
  const rows: Row[] = [];
  const done = new Set<string>();
  const left = leavesOf(charts);
  for (const scenario of scenarios) {
    const whole = await run(scenario);
    const seen = [...new Map(whole.states.map((state) => [nameOf(state), state])).values()];
    const isWanted = (state: ChartState): boolean =>
      charts.includes(state.type) && !done.has(nameOf(state)) && (!isSampled || sample.includes(nameOf(state)));
    for (const state of seen.filter(isWanted)) {
      const killed = await killedRun(run, scenario, state);
      done.add(nameOf(state));
      left.delete(`${state.type} ${state.state}`);
      const note = (text: string): void =>
        t.diagnostic(`${nameOf(state).padEnd(60)} ${scenario.name.padEnd(20)} ${text}`);
      if (!killed.wasKilled) {
        note('passed by in each of the runs');
        continue;
      }
      const result = differenceOf(killed.outcome, whole.outcome) ?? 'as without';
      rows.push({ state: nameOf(state), scenario: scenario.name, result });
      note(result);
    }
  }
  if (!isSampled) t.diagnostic(`${rows.length} states; not rested in: ${[...left].join(', ')}`);
  assert.deepEqual(
    rows.filter(({ result }) => result !== 'as without'),
    [],
  );
  if (isSampled) assert.equal(rows.length, sample.length);
  return left;
}

/** Whether an actor rests in a state that it passes by depends on which messages it gets in one slice. */
async function killedRun<Scenario, Outcome>(
  run: RunScenario<Scenario, Outcome>,
  scenario: Scenario,
  state: ChartState,
): Promise<MatrixRun<Outcome>> {
  let killed = await run(scenario, state);
  for (let again = 0; again < 4 && !killed.wasKilled; again++) killed = await run(scenario, state);
  return killed;
}

function differenceOf(actual: unknown, expected: unknown): string | undefined {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  return a === b ? undefined : `${a} rather than ${b}`;
}
