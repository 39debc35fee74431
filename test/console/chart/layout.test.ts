import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Point } from '../../../src/console/chart/geometry.js';
import { type ChartGraph, chartGraph } from '../../../src/console/chart/graph.js';
import { type ChartLayout, layoutChart, type StateBox } from '../../../src/console/chart/layout.js';
import { wrapped } from '../../../src/console/chart/text.js';
import { connectionMachine, dispatcherMachine, updateMachine } from '../../fakes/console-machines.js';
import { stackingEngine } from '../stacking-engine.js';

function graphOf(config: unknown): ChartGraph {
  const result = chartGraph(
    JSON.stringify(config, (_key, value) => (typeof value === 'function' ? { type: value.name } : value)),
  );
  assert.ok(result.ok);
  return result.value;
}

function layoutOf(graph: ChartGraph): ChartLayout {
  return layoutChart(graph, (text) => text.length * 7, stackingEngine);
}

function isInside(inner: StateBox, outer: StateBox): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

function isOverlapping(one: StateBox, other: StateBox): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

function isOnBorder({ x, y }: Point, box: StateBox | undefined): boolean {
  if (box === undefined) return false;
  const near = (one: number, other: number): boolean => Math.abs(one - other) < 1;
  return x >= box.x && x <= box.x + box.width && (near(y, box.y) || near(y, box.y + box.height));
}

/** What holds for every chart, whatever engine lays out its levels. */
function assertSound(graph: ChartGraph, layout: ChartLayout): void {
  const boxes = new Map(layout.boxes.map((box) => [box.state.id, box]));
  assert.equal(boxes.size, graph.states.size);
  for (const box of layout.boxes) {
    const parent = box.state.parent === undefined ? undefined : boxes.get(box.state.parent);
    if (parent !== undefined) assert.ok(isInside(box, parent), `${box.state.id} is inside ${parent.state.id}`);
    const siblings = layout.boxes.filter(({ state }) => state !== box.state && state.parent === box.state.parent);
    for (const sibling of siblings) assert.ok(!isOverlapping(box, sibling), `${box.state.id} and ${sibling.state.id}`);
  }
  for (const { points } of layout.lines) {
    assert.ok(points.length >= 2);
    points.forEach((point, index) => {
      const before = points[index - 1] ?? point;
      assert.ok(Math.abs(before.x - point.x) < 0.5 || before.y === point.y, 'lines are right-angled');
    });
  }
  for (const transition of graph.transitions) {
    const lines = layout.lines.filter(({ transitions }) => transitions.includes(transition.id));
    const leaving = transition.targets.filter((target) => target !== transition.source);
    const arrows = lines.filter(({ hasArrow }) => hasArrow);
    assert.equal(arrows.length, new Set(leaving).size, `${transition.id} reaches each of its targets once`);
    const labels = layout.lines.filter(({ label }) => label?.lines.some((line) => line.transition === transition.id));
    assert.ok(leaving.length === 0 || labels.length > 0, `${transition.id} has a label`);
  }
}

test('INS-4 the charts of real machines are sound', () => {
  for (const machine of [dispatcherMachine, updateMachine, connectionMachine]) {
    const graph = graphOf(machine.config);
    assertSound(graph, layoutOf(graph));
  }
});

test('a transition across levels is one connected line from its source to its target', () => {
  const graph = graphOf(updateMachine.config);
  const layout = layoutOf(graph);
  const box = (id: string): StateBox | undefined => layout.boxes.find(({ state }) => state.id === id);
  const refused = graph.transitions.find(({ label }) => label === 'CONSENT_REFUSED');
  const pieces = layout.lines.filter(({ transitions }) => transitions.includes(refused?.id ?? ''));
  assert.equal(pieces.length, 3);
  const starts = pieces.map(({ points }) => points[0] ?? { x: 0, y: 0 });
  const ends = pieces.map(({ points }) => points.at(-1) ?? { x: 0, y: 0 });
  assert.ok(starts.some((point) => isOnBorder(point, box('preparing.consent.asking'))));
  assert.ok(ends.some((point) => isOnBorder(point, box('failed'))));
  const joined = ends.filter((end) => starts.some(({ x, y }) => Math.abs(x - end.x) < 1 && Math.abs(y - end.y) < 1));
  assert.equal(joined.length, 2);
});

test('transitions between the same two states share a line, with a label line each', () => {
  const graph = graphOf({ id: 'm', initial: 'a', states: { a: { on: { ONE: 'b', TWO: 'b' } }, b: {} } });
  const labelled = layoutOf(graph).lines.filter(({ label }) => label !== undefined);
  assert.equal(labelled.length, 1);
  assert.deepEqual(
    labelled[0]?.label?.lines.map(({ parts }) => parts[0]?.text),
    ['ONE', 'TWO'],
  );
});

test('what a state handles without leaving it stands in its box', () => {
  const on = { TICK: { actions: 'count' }, AGAIN: 'a', LATER: { guard: 'isDue' } };
  const after = { 1000: { actions: 'count' } };
  const graph = graphOf({
    id: 'm',
    initial: 'a',
    states: { a: { on, after, entry: 'greet', invoke: { src: 'load' } } },
  });
  const rows = layoutOf(graph)
    .boxes.find(({ state }) => state.id === 'a')
    ?.rows.map(({ text }) => text);
  assert.deepEqual(rows, [
    'runs load',
    'on entry: greet',
    'stays on TICK',
    'AGAIN: starts over',
    'stays on LATER [isDue]',
    'stays after 1 s',
  ]);
});

test('long texts break at spaces', () => {
  assert.deepEqual(
    wrapped('waits for the broker to answer', 12, (text) => text.length),
    ['waits for', 'the broker', 'to answer'],
  );
  assert.deepEqual(
    wrapped('incomprehensibilities', 5, (text) => text.length),
    ['incomprehensibilities'],
  );
});

/** Configurations of up to three levels whose transitions go anywhere. */
const configs = fc
  .tuple(
    fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }), { minLength: 1, maxLength: 4 }),
    fc.boolean(),
  )
  .chain(([shape, isParallel]) => {
    const ids = [
      '#m',
      ...shape.flatMap((inner, i) => [`#m.s${i}`, ...inner.flatMap((count, j) => idsBelow(i, j, count))]),
    ];
    const edge = fc.record({ from: fc.constantFrom(...ids), to: fc.constantFrom(...ids), delayed: fc.boolean() });
    return fc.record({
      shape: fc.constant(shape),
      isParallel: fc.constant(isParallel),
      edges: fc.array(edge, { maxLength: 10 }),
    });
  });

function idsBelow(i: number, j: number, count: number): string[] {
  return [`#m.s${i}.s${j}`, ...Array.from({ length: count }, (_, k) => `#m.s${i}.s${j}.s${k}`)];
}

interface Generated {
  readonly shape: readonly (readonly number[])[];
  readonly isParallel: boolean;
  readonly edges: ReadonlyArray<{ readonly from: string; readonly to: string; readonly delayed: boolean }>;
}

function configOf({ shape, isParallel, edges }: Generated): unknown {
  const build = (id: string, children: readonly unknown[]): Record<string, unknown> => {
    const own = edges.flatMap((edge, index) => (edge.from === id ? [{ ...edge, index }] : []));
    const chosen = (delayed: boolean, key: (index: number) => string | number): Record<string, string> =>
      Object.fromEntries(own.filter((edge) => edge.delayed === delayed).map(({ index, to }) => [key(index), to]));
    const on = chosen(false, (index) => `EVENT_${index}`);
    const after = chosen(true, (index) => 1000 * (index + 1));
    if (children.length === 0) return { on, after };
    const states = Object.fromEntries(children.map((child, index) => [`s${index}`, child]));
    return isParallel && id.split('.').length === 2
      ? { on, after, type: 'parallel', states }
      : { on, after, initial: 's0', states };
  };
  const inner = shape.map((counts, i) => {
    const regions = counts.map((count, j) => {
      const leaves = Array.from({ length: count }, (_, k) => build(`#m.s${i}.s${j}.s${k}`, []));
      return build(`#m.s${i}.s${j}`, leaves);
    });
    return build(`#m.s${i}`, regions);
  });
  return { id: 'm', ...build('#m', inner) };
}

test('any chart whose transitions go anywhere is sound and its levels have no cycles', () => {
  const property = fc.property(configs, (generated) => {
    const graph = graphOf(configOf(generated));
    assertSound(graph, layoutOf(graph));
  });
  fc.assert(property, { numRuns: 150, seed: 7 });
});
