import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activeStates, takenTransitions } from '../../../src/console/chart/active.js';
import { type ChartGraph, chartGraph } from '../../../src/console/chart/graph.js';

function graphOf(config: unknown): ChartGraph {
  const result = chartGraph(JSON.stringify(config));
  assert.ok(result.ok);
  return result.value;
}

const graph = graphOf({
  id: 'm',
  initial: 'a',
  on: { STOP: '.end', '*': { actions: 'note' } },
  states: {
    a: {
      initial: 'x',
      on: { GO: 'b', TICK: 'b' },
      states: { x: { on: { GO: [{ target: 'y', guard: 'g' }], TICK: { actions: 'count' } } }, y: {} },
    },
    b: { invoke: { src: 'load', id: 'load', onDone: 'check' }, after: { 1000: 'end' } },
    check: { always: [{ target: 'a', guard: 'g' }, 'end'] },
    end: { type: 'final' },
  },
});

function taken(before: unknown, after: unknown, event: string): string[] {
  const ids = takenTransitions(graph, activeStates(before), activeStates(after), event);
  const byId = new Map(graph.transitions.map((transition) => [transition.id, transition]));
  return ids.map((id) => `${byId.get(id)?.source} ${byId.get(id)?.label} ${byId.get(id)?.targets.join()}`);
}

test('a state value makes its states and all that enclose them active', () => {
  assert.deepEqual([...activeStates({ a: { x: 'one', y: {} }, 'v1.2': {} })].sort(), [
    '',
    'a',
    'a.x',
    'a.x.one',
    'a.y',
    'v1\\.2',
  ]);
  assert.deepEqual([...activeStates(undefined)], ['']);
});

test('the innermost state that can explain the outcome has taken the event', () => {
  assert.deepEqual(taken({ a: 'x' }, { a: 'y' }, 'GO'), ['a.x GO a.y']);
  assert.deepEqual(taken({ a: 'x' }, 'b', 'GO'), ['a GO b']);
  assert.deepEqual(taken({ a: 'x' }, { a: 'x' }, 'TICK'), ['a.x TICK ']);
  assert.deepEqual(taken({ a: 'x' }, 'b', 'TICK'), ['a TICK b']);
  assert.deepEqual(taken({ a: 'y' }, 'end', 'STOP'), [' STOP end']);
});

test('delays and invocations are recognised, and an always step that follows', () => {
  assert.deepEqual(taken('b', 'end', 'xstate.after.1000.m.b'), ['b after 1 s end']);
  assert.deepEqual(taken('b', 'end', 'xstate.done.actor.load'), ['b done: load check', 'check always end']);
  assert.deepEqual(taken('b', { a: 'x' }, 'xstate.done.actor.load'), ['b done: load check', 'check always a']);
});

test('INS-2 a snapshot that covers several events still finds a transition into it', () => {
  assert.deepEqual(taken({ a: 'y' }, 'end', 'xstate.after.1000.m.b'), ['b after 1 s end']);
});

test('a wildcard takes what nobody else does, but nothing of XState or the runtime', () => {
  assert.deepEqual(taken({ a: 'y' }, { a: 'y' }, 'OTHER'), [' any other event ']);
  assert.deepEqual(taken({ a: 'y' }, { a: 'y' }, 'runtime.restored'), []);
});
