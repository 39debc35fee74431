/** Each state that a scenario rests in, and what comes of a process that is killed in it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { vehicleTypes } from '../../src/vehicle.js';
import type { ChartState } from './killed-vehicle.js';

/** `FLEETCHART_CRASH=all` rather than a few, or the states whose names begin so: `container stop`. */
const WANTED = process.env['FLEETCHART_CRASH'] ?? '';
export const IS_WHOLE = WANTED !== '';

/** For the `skip` option of a test that takes its time. */
export const WHOLE_ONLY = !IS_WHOLE && 'with FLEETCHART_CRASH=all';

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
  readonly sample?: readonly string[];
  /** Never all. @default unless `FLEETCHART_CRASH=all` */
  readonly isSampled?: boolean;
  /** Why no scenario rests in a state, by its name. @default those of the scenarios are all that matter */
  readonly unrested?: Unrested;
}

export type Unrested = Readonly<Record<string, string>>;

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
 * Kills a process in the states that the scenarios come through, each in the first scenario that does. With all of them,
 * the states of the charts that none comes through have to be the ones that are known for it.
 */
export async function killedIn<Scenario extends { readonly name: string }>(
  t: TestContext,
  run: RunScenario<Scenario, unknown>,
  scenarios: readonly Scenario[],
  { charts, sample = [], isSampled = !IS_WHOLE, unrested }: MatrixOptions,
): Promise<void> {
  const rows: Row[] = [];
  const done = new Set<string>();
  const left = leavesOf(charts);
  for (const scenario of scenarios) {
    const whole = await run(scenario);
    const seen = [...new Map(whole.states.map((state) => [nameOf(state), state])).values()];
    const isWanted = (state: ChartState): boolean =>
      charts.includes(state.type) && !done.has(nameOf(state)) && isAskedFor(nameOf(state), isSampled ? sample : null);
    for (const state of seen.filter(isWanted)) {
      const result = await resultOf(run, scenario, state, whole.outcome);
      const line = `${nameOf(state).padEnd(50)} ${scenario.name.padEnd(22)} ${result ?? PASSED_BY}`;
      t.diagnostic(line);
      // Now, as all of it takes its time.
      if (!isSampled) process.stderr.write(`${line}\n`);
      if (result === undefined) continue;
      done.add(nameOf(state));
      left.delete(`${state.type} ${state.state}`);
      rows.push({ state: nameOf(state), scenario: scenario.name, result });
    }
  }
  const unexplained = [...left].filter((state) => unrested && !(state in unrested));
  if (!isSampled) {
    t.diagnostic(`${rows.length} kills, ${leavesOf(charts).size - left.size} of ${leavesOf(charts).size} states`);
    for (const state of left) t.diagnostic(`${state.padEnd(50)} not rested in: ${unrested?.[state] ?? '?'}`);
  }
  assert.deepEqual(
    rows.filter(({ result }) => result !== AS_WITHOUT),
    [],
  );
  if (isSampled) assert.deepEqual(rows.map(({ state }) => state).sort(), [...sample].sort());
  else if (WANTED === 'all') assert.deepEqual(unexplained, []);
}

const isAskedFor = (name: string, sample: readonly string[] | null): boolean =>
  sample ? sample.includes(name) : WANTED === 'all' || name.startsWith(WANTED);

const AS_WITHOUT = 'as without';
const PASSED_BY = 'passed by in each of the runs';

/** Undefined: it was not killed there. A run that comes to no end is a result too. */
async function resultOf<Scenario extends { readonly name: string }>(
  run: RunScenario<Scenario, unknown>,
  scenario: Scenario,
  state: ChartState,
  expected: unknown,
): Promise<string | undefined> {
  try {
    const { wasKilled, outcome } = await killedRun(run, scenario, state);
    return wasKilled ? (differenceOf(outcome, expected) ?? AS_WITHOUT) : undefined;
  } catch (error) {
    return String(error);
  }
}

/** Whether an actor rests in a state that it passes by depends on which messages it gets in one slice. */
async function killedRun<Scenario, Outcome>(
  run: RunScenario<Scenario, Outcome>,
  scenario: Scenario,
  state: ChartState,
): Promise<MatrixRun<Outcome>> {
  let killed = await run(scenario, state);
  for (let again = 0; again < 2 && !killed.wasKilled; again++) killed = await run(scenario, state);
  return killed;
}

/** What one has and the other has not; `+` is what came of the crash. */
function differenceOf(actual: unknown, expected: unknown): string | undefined {
  const [a, b] = [textsOf(actual), textsOf(expected)];
  if (JSON.stringify(a) === JSON.stringify(b)) return undefined;
  const only = (sign: string, these: readonly string[], those: readonly string[]): string[] =>
    these.filter((text) => !those.includes(text)).map((text) => `${sign} ${text}`);
  const differences = [...only('-', b, a), ...only('+', a, b)];
  return differences.length > 0 ? differences.join('\n') : `other orders or numbers: ${JSON.stringify(a)}`;
}

/** Each text, number and flag with the names that lead to it; what is in a list has no name. */
function textsOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => textsOf(each, path));
  if (typeof value !== 'object' || value === null) return [`${path}: ${String(value)}`];
  return Object.entries(value).flatMap(([key, each]) => textsOf(each, path === '' ? key : `${path}.${key}`));
}
