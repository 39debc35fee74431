import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { vehicleTypes } from '../../src/vehicle.js';
import { Mosquitto, withoutMosquitto } from '../fakes/mosquitto.js';
import { type ChartState, type Outcome, type UpdateRun, UpdateWorld } from './update-run.js';
import { SCENARIOS, type Scenario } from './update-scenarios.js';

/** Charts whose every state is survived. */
const CHARTS = ['update-manager', 'update-activity', 'inventory', 'self-update-agent'];
const IS_WHOLE = process.env['FLEETCHART_CRASH'] === 'all';
/** Of the states, where not all are taken. */
const SAMPLE: readonly string[] = [
  'update-activity running.download.await.waiting',
  'self-update-agent updating.writing',
  'self-update-agent activate.activated',
];

/** States that no scenario rests in. */
const PASSED_THROUGH: readonly string[] = [
  // Left in the turn that enters them.
  'update-activity validating',
  'update-activity running.download.choosing',
  'update-activity running.update.choosing',
  'update-activity running.activate.choosing',
  'update-manager choosing',
  // Entered by the first turn after a start, which leaves them.
  'update-activity running.download.consent.resuming',
  'update-activity running.update.consent.resuming',
  'update-activity running.activate.consent.resuming',
  'update-activity rebooting.resuming',
  // Of an orderly stop.
  'update-manager stopping',
  'update-manager stopped',
  // Of a change that nobody asked for; no activity is under way.
  'inventory delaying',
];

/** The resting places of a chart: states without states in them that are no end. */
function leavesOf(type: string): string[] {
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

const nameOf = ({ type, state }: ChartState): string => `${type} ${state}`;

interface Row {
  readonly state: string;
  readonly scenario: string;
  readonly result: string;
}

test('UM-RES-4 SUA-52 a vehicle that is killed in any state of an update ends it as without the crash', {
  skip: withoutMosquitto(),
  timeout: 1_800_000,
}, async (t) => {
  const world = await UpdateWorld.open(t, await Mosquitto.start(t));
  const left = await killedIn(t, world, IS_WHOLE ? SCENARIOS : SCENARIOS.slice(0, 1));
  const unexplained = [...left].filter((state) => !PASSED_THROUGH.includes(state));
  if (IS_WHOLE) assert.deepEqual(unexplained, []);
});

test('MQT-4 UM-RES-4 SUA-52 the same where the broker is killed along with the vehicle', {
  timeout: 1_800_000,
}, async (t) => {
  await killedIn(t, await UpdateWorld.open(t), SCENARIOS.slice(0, 1));
});

/** Kills a vehicle in the states that the scenarios come through; returns those that they do not come through. */
async function killedIn(t: TestContext, world: UpdateWorld, scenarios: readonly Scenario[]): Promise<Set<string>> {
  const rows: Row[] = [];
  const left = new Set(CHARTS.flatMap((type) => leavesOf(type).map((state) => `${type} ${state}`)));
  for (const scenario of scenarios) {
    const whole = await world.run(scenario);
    const seen = [...new Map(whole.states.map((state) => [nameOf(state), state])).values()];
    const wanted = seen.filter((state) => left.has(nameOf(state)) && (IS_WHOLE || SAMPLE.includes(nameOf(state))));
    for (const state of wanted) {
      const run = await killedRun(world, scenario, state);
      left.delete(nameOf(state));
      if (!run.wasKilled) {
        t.diagnostic(`${nameOf(state).padEnd(60)} ${scenario.name.padEnd(20)} passed by in each of the runs`);
        continue;
      }
      const difference = differenceOf(run.outcome, whole.outcome);
      rows.push({ state: nameOf(state), scenario: scenario.name, result: difference ?? 'as without' });
      t.diagnostic(`${nameOf(state).padEnd(60)} ${scenario.name.padEnd(20)} ${difference ?? 'as without'}`);
    }
  }
  if (IS_WHOLE) t.diagnostic(`${rows.length} states; not rested in: ${[...left].join(', ')}`);
  assert.deepEqual(
    rows.filter(({ result }) => result !== 'as without'),
    [],
  );
  if (!IS_WHOLE) assert.equal(rows.length, SAMPLE.length);
  return left;
}

/** Whether an actor rests in a state that it passes by depends on which messages it gets in one slice. */
async function killedRun(world: UpdateWorld, scenario: Scenario, state: ChartState): Promise<UpdateRun> {
  let run = await world.run(scenario, state);
  for (let again = 0; again < 4 && !run.wasKilled; again++) run = await world.run(scenario, state);
  return run;
}

function differenceOf(actual: Outcome, expected: Outcome): string | undefined {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  return a === b ? undefined : `${a} rather than ${b}`;
}
