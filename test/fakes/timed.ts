import { type AnyStateMachine, assign, setup } from 'xstate';
import type { ActorType } from '../../src/runtime/actor-type.js';
import { durableType } from './durable-type.js';
import { START, type TestSystem } from './runtime.js';
import { contextOf } from './scripted.js';

export const DAY = 86_400_000;

/** Notes when each of its timers fired, milliseconds after the start of the test. */
export const timed = (delays: Record<string, number>, overrides: Partial<ActorType> = {}): ActorType => {
  const names = Object.keys(delays);
  const machine = setup({
    types: { context: {} as { fired: Array<[string, number]> } },
    delays,
    actions: {
      note: assign({
        fired: ({ context, event }) => [
          ...context.fired,
          [event.type.split('.')[2] ?? event.type, event['stamp'].at - START],
        ],
      }),
    },
  }).createMachine({
    context: { fired: [] },
    id: 'timed',
    initial: 'waiting',
    states: {
      waiting: { after: Object.fromEntries(names.map((name) => [name, { actions: 'note' }])), on: { LEAVE: 'left' } },
      left: { on: { RETURN: 'waiting' } },
    },
  } as never) as unknown as AnyStateMachine;
  return durableType(machine, overrides);
};

/** What the timers of `a/k` noted. */
export const firedBy = ({ system }: TestSystem) => contextOf<{ fired: Array<[string, number]> }>(system, 'a/k').fired;
