import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMachine } from 'xstate';
import { type ChartGraph, chartGraph } from '../../../src/console/chart/graph.js';
import { dispatcherMachine, updateMachine } from '../../fakes/console-machines.js';

function graphOf(config: unknown): ChartGraph {
  const definition = JSON.stringify(config, (_key, value) =>
    typeof value === 'function' ? { type: value.name } : value,
  );
  const result = chartGraph(definition);
  assert.ok(result.ok);
  return result.value;
}

function edges(graph: ChartGraph, source: string): string[] {
  return graph.transitions
    .filter((transition) => transition.source === source)
    .map(({ label, guard, targets }) => `${label}${guard === undefined ? '' : ` [${guard}]`} → ${targets.join(', ')}`);
}

test('INS-3 states keep the order of the document and know their kind', () => {
  const graph = graphOf(updateMachine.config);
  assert.deepEqual(graph.states.get('')?.children, [
    'identifying',
    'preparing',
    'paused',
    'updating',
    'completed',
    'failed',
  ]);
  const kinds = ['', 'identifying', 'preparing', 'preparing.bundle', 'updating.before', 'completed'];
  assert.deepEqual(
    kinds.map((id) => graph.states.get(id)?.kind),
    ['compound', 'atomic', 'parallel', 'compound', 'history', 'final'],
  );
  assert.equal(graph.states.get('preparing.bundle')?.initial, 'preparing.bundle.downloading');
  assert.equal(graph.states.get('preparing')?.initial, undefined);
  assert.equal(graph.states.get('preparing.consent.asking')?.waitsFor, "the owner's consent");
});

test('transitions are labelled by event, delay, invocation and completion, with their guards', () => {
  const graph = graphOf(dispatcherMachine.config);
  assert.deepEqual(edges(graph, ''), ['STOP → stopped']);
  assert.deepEqual(edges(graph, 'connecting'), [
    'CONNECTED → ready',
    'done: connect → ready',
    'error: connect → broken',
    'after 10 s → broken',
  ]);
  assert.deepEqual(edges(graph, 'broken'), ['after retryDelay [mayRetry] → recovering', 'after retryDelay → stopped']);
  assert.deepEqual(edges(graphOf(updateMachine.config), 'preparing'), ['all done → updating']);
});

test('every target form resolves to the state that XState takes', () => {
  const config = {
    id: 'forms',
    initial: 'a',
    on: { CHILD: '.b', ID: '#custom', ROOT_PATH: { target: '#forms.b.c' } },
    states: {
      a: {
        on: {
          SIBLING: 'b',
          PATH: 'b.c',
          SELF: 'a',
          MANY: [{ target: 'b', guard: 'g' }, 'b.c'],
          STAY: { actions: 'x' },
        },
      },
      b: {
        initial: 'c',
        states: { c: { id: 'custom', on: { UP: '#forms', IN: '.d' }, initial: 'd', states: { d: {} } } },
      },
    },
  };
  const graph = graphOf(config);
  const machine = createMachine(config as never);
  for (const transition of graph.transitions) {
    const node = machine.getStateNodeById(graph.states.get(transition.source)?.stateId ?? '');
    const same = node.transitions
      .get(transition.event)
      ?.filter(({ guard }) => (guard === undefined) === (transition.guard === undefined));
    const expected = same?.map(({ target }) => target?.map(({ path }) => path.join('.')) ?? []) ?? [];
    assert.ok(
      expected.some((targets) => targets.join() === transition.targets.join()),
      `${transition.source} ${transition.event}: ${transition.targets} is none of ${JSON.stringify(expected)}`,
    );
  }
  assert.equal(graph.transitions.length, 11);
});

test('keys with dots stay apart from paths', () => {
  const graph = graphOf({ id: 'm', initial: 'v1.2', states: { 'v1.2': { on: { NEXT: 'v1\\.3' } }, 'v1.3': {} } });
  assert.equal(graph.states.get('')?.initial, 'v1\\.2');
  assert.deepEqual(edges(graph, 'v1\\.2'), ['NEXT → v1\\.3']);
});

test('combined guards are named by their parts where the definition has them', () => {
  const guard = { type: 'and', guards: ['isOnline', { type: 'not', guards: [{ type: 'isBusy' }] }] };
  const graph = graphOf({ initial: 'a', states: { a: { on: { GO: { target: 'b', guard } } }, b: {} } });
  assert.deepEqual(edges(graph, 'a'), ['GO [isOnline and not isBusy] → b']);
});

test('what is no statechart is said, never thrown', () => {
  for (const definition of ['', 'null', '[]', '{"id":"fromPromise"}', '{"states":7}', '{"states"']) {
    assert.equal(chartGraph(definition).ok, false, definition);
  }
  const odd = '{"states":{"a":7,"b":{"on":[1],"invoke":["x",null],"after":{"5":{"target":9}},"initial":{},"tags":{}}}}';
  assert.equal(chartGraph(odd).ok, true);
});
