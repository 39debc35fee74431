import { assign, setup } from 'xstate';

interface Context {
  readonly seen: number;
  readonly name: string;
  readonly limits: { readonly low: number; readonly high: number };
}

/** A vehicle's chart of usual size: nested states, a guard, an `after`, a context with a nested object. */
export const benchMachine = setup({ types: { context: {} as Context } }).createMachine({
  id: 'bench',
  context: { seen: 0, name: 'a vehicle', limits: { low: 1, high: 9 } },
  initial: 'online',
  states: {
    online: {
      initial: 'flowing',
      on: { TICK: { actions: assign({ seen: ({ context }) => context.seen + 1 }) }, LOST: 'offline' },
      states: { flowing: { on: { STALL: 'stalled' } }, stalled: { on: { FLOW: 'flowing' } } },
      after: { 3600000: { target: 'offline', guard: ({ context }) => context.seen < 0 } },
    },
    offline: { on: { FOUND: 'online' } },
  },
});
