/**
 * When the agent says what is there (CUA-4, CUA-5, CUA-7): after each connection, when it is asked, after an operation,
 * and a little after containers have changed. A machine of its own, as it answers while the agent is busy, and as
 * containers change often.
 *
 * Invariant
 * - While there is no broker nothing is published that nobody asked for: the connection brings a report anyway.
 */
import { emit, setup } from 'xstate';
import { INITIAL_STATE_ID } from '../../protocols/update-agent/index.js';
import { DEFAULT_AGENT_TIMING, type InventoryEvent, isBoot, type StateOutput, timeOf } from './events.js';

const report = (event: InventoryEvent, activityId: string): StateOutput => ({
  type: 'state.publish',
  activityId,
  timestamp: timeOf(event),
});

export const containerInventoryMachine = setup({
  types: {} as {
    context: Record<never, never>;
    events: InventoryEvent;
    emitted: StateOutput;
    meta: { waitsFor?: string; until?: string };
  },
  actions: {
    publishInitial: emit(({ event }) => report(event as InventoryEvent, `${INITIAL_STATE_ID}${timeOf(event)}`)),
    answer: emit(({ event }) => {
      const asked = event as InventoryEvent;
      return report(asked, asked.type === 'GET_STATE' ? asked.activityId : '');
    }),
    publish: emit(({ event }) => report(event as InventoryEvent, '')),
  },
  guards: {
    isBoot: ({ event }) => isBoot(event),
    /** Instances that an update prepares or has replaced are in no inventory. */
    isOfCurrent: ({ event }) => event.type === 'CONTAINER.CHANGED' && event.role === 'current',
  },
  delays: { settleAfter: DEFAULT_AGENT_TIMING.settleAfter },
}).createMachine({
  id: 'container-inventory',
  context: {},
  initial: 'offline',
  on: {
    GET_STATE: { actions: 'answer' },
    'BROKER.UP': { target: '.online', actions: 'publishInitial' },
    /** A dead process had lost its connection. */
    'runtime.restored': { guard: 'isBoot', target: '.offline' },
  },
  states: {
    offline: { meta: { waitsFor: 'the connection to the broker', until: 'never' } },
    online: {
      initial: 'steady',
      on: {
        'BROKER.DOWN': 'offline',
        REPORT: { target: '.steady', actions: 'publish' },
      },
      states: {
        steady: {
          meta: { waitsFor: 'a container to change, or a question', until: 'never' },
          on: { 'CONTAINER.CHANGED': { guard: 'isOfCurrent', target: 'changed' } },
        },
        changed: {
          meta: { waitsFor: 'more changes, which one report is about', until: 'settleAfter' },
          after: { settleAfter: { target: 'steady', actions: 'publish' } },
        },
      },
    },
  },
});
