import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AnyStateMachine, createActor, type EventObject } from 'xstate';
import { activityMachine } from '../../../src/actors/update-manager/activity.machine.js';
import type { InventoryEvent, ManagerEvent, WithRows } from '../../../src/actors/update-manager/events.js';
import { inventoryMachine } from '../../../src/actors/update-manager/inventory.machine.js';
import { managerMachine } from '../../../src/actors/update-manager/manager.machine.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { TakenTransitions } from '../../fakes/transitions.js';
import { SETTINGS } from '../../fakes/update-backend.js';

/** A chart alone, fed in order; numbers let time pass. Returns the state after each. */
async function run(
  machine: AnyStateMachine,
  taken: TakenTransitions,
  steps: ReadonlyArray<EventObject | number>,
): Promise<string[]> {
  const clock = new ManualClock(0);
  const actor = createActor(machine, { clock, input: {}, inspect: taken.inspect });
  actor.subscribe({ error: (error) => assert.fail(error as Error) });
  actor.start();
  const states: string[] = [];
  for (const step of steps) {
    if (typeof step === 'number') await clock.advance(step);
    else actor.send(step);
    states.push(String(actor.getSnapshot().value));
  }
  return states;
}

const thing = { namespace: 'n', name: 'car' };
const asker = { thing, operation: 'apply', correlationId: 'c', requestId: 'r', isResponseRequired: true };
const foreign = { ...asker, thing: { namespace: 'n', name: 'other' } };

describe('the chart of the manager', () => {
  const rows = [Array.from({ length: 12 }, (_, index) => ({ key: String(index + 1), row: { desiredState: {} } }))];
  const configure = (changes = {}): ManagerEvent & WithRows => ({
    type: 'CONFIGURE',
    settings: { ...SETTINGS, ...changes },
    rows,
  });
  const want = (activityId: string, more: object = {}): ManagerEvent => ({
    type: 'DESIRED_STATE',
    activityId,
    desiredState: {},
    digest: activityId,
    ...more,
  });
  const done = (number: number): ManagerEvent & WithRows => ({
    type: 'actor.done',
    address: `update-activity/${number}`,
    output: { activityId: 'x', status: 'COMPLETED', message: null, rebootRequired: false },
    rows,
  });
  const stop: ManagerEvent = { type: 'STOP', replyTo: 'q' };
  const feedback = (activityId: string): ManagerEvent => ({
    type: 'FEEDBACK',
    domain: 'containers',
    activityId,
    feedback: { status: 'IDENTIFIED' },
  });
  const consent = (from?: typeof asker): ManagerEvent => ({
    type: 'CONSENT',
    activityId: 'a',
    isApproved: true,
    ...(from ? { asker: from } : {}),
  });
  const config: ManagerEvent = { type: 'THING_CONFIG', config: { thing, tenantId: '', policyId: '' } };
  const unreadable: ManagerEvent = { type: 'UNREADABLE', activityId: 'z', detail: 'd' };
  const nine = Array.from({ length: 9 }, (_, index) => want(`w${index}`));

  it('takes every transition', async () => {
    const taken = new TakenTransitions(managerMachine);
    const walks: ReadonlyArray<ReadonlyArray<ManagerEvent & WithRows>> = [
      [configure(), want('a'), want('a'), want('b'), done(7), done(1), done(2), stop, configure()],
      [configure(), want('a'), ...nine, stop, stop, want('a'), want('q'), done(1), want('q'), configure()],
      [configure(), want('a'), stop, want('n'), want('n'), configure(), done(1), done(2)],
      [configure({ onStop: 'suspend' }), want('a'), stop, done(1), configure()],
      [configure({ onStop: 'suspend' }), want('a'), stop, configure()],
      [configure(), want('a'), want('b'), want('c'), { ...done(1), rows: [] }, { type: 'NEXT' }],
      [configure({ onBusy: 'reject' }), want('a'), want('b')],
      [configure({ onBusy: 'supersede' }), want('a'), want('b')],
      [configure({ rejectFeedback: true }), unreadable, feedback('a'), want('a'), feedback('a'), consent()],
      [
        configure({ thingsEnabled: true }),
        { type: 'BROKER.UP' },
        config,
        { type: 'REFRESH', activityId: 'r', asker },
        { type: 'REFRESH', activityId: 'r', asker: foreign },
        { type: 'REFUSED', problem: 'p', asker },
        { type: 'REFUSED', problem: 'p', asker: foreign },
        consent(asker),
        consent(foreign),
        want('f', { asker: foreign }),
        want('a', { asker }),
        want('f', { asker: foreign }),
        stop,
        want('f', { asker: foreign }),
      ],
    ];
    for (const walk of walks) await run(managerMachine, taken, walk);
    assert.deepEqual(taken.missing, []);
  });

  it('idle ⇄ busy, stopping, stopped, and on with the next configuration', async () => {
    const walk = [
      configure(),
      want('a'),
      want('b'),
      done(1),
      done(2),
      want('c'),
      stop,
      want('d'),
      done(3),
      configure(),
    ];
    assert.deepEqual(await run(managerMachine, new TakenTransitions(managerMachine), walk), [
      ...['idle', 'busy', 'busy', 'busy', 'idle', 'busy', 'stopping', 'stopping', 'stopped', 'busy'],
    ]);
  });
});

describe('the chart of the inventory', () => {
  const configure = (currentStateDelayMs = 1_000): InventoryEvent => ({
    type: 'CONFIGURE',
    settings: {
      backend: { domain: 'vehicle', isThings: false, thing: null },
      version: '1',
      currentStateDelayMs,
      readTimeoutMs: { containers: 5_000 },
    },
  });
  const found = (activityId: string, timestamp: number): InventoryEvent => ({
    type: 'INVENTORY',
    domain: 'containers',
    activityId,
    timestamp,
    inventory: {},
  });
  const read: InventoryEvent = { type: 'READ', activityId: 'r', replyTo: 'update-activity/1' };
  const restored: InventoryEvent = { type: 'runtime.restored', cause: 'boot' };

  it('takes every transition', async () => {
    const taken = new TakenTransitions(inventoryMachine);
    const walks = [
      [read, configure(), found('x', 5), found('', 4), found('', 6), found('', 7), 1_000],
      [configure(0), found('', 1)],
      [configure(), found('', 5), found('', 4), read, found('x', 6), read, restored, found('r', 7)],
      [configure(), read, 5_000],
      [configure(), read, { type: 'HURRY' }],
      [configure(), found('', 5), restored],
    ];
    for (const walk of walks) await run(inventoryMachine, taken, walk);
    assert.deepEqual(taken.missing, []);
  });

  it('idle → delaying → idle, idle → reading → idle', async () => {
    const taken = new TakenTransitions(inventoryMachine);
    assert.deepEqual(await run(inventoryMachine, taken, [configure(), found('', 1), 1_000, read, 5_000]), [
      ...['idle', 'delaying', 'idle', 'reading', 'idle'],
    ]);
  });
});

describe('TIM-5 every wait says for what, and what ends it', () => {
  type Node = { meta?: { waitsFor?: string; until?: string }; after?: object; states?: Record<string, Node> };
  const resting: Readonly<Record<string, readonly string[]>> = {
    'update-manager': ['choosing', 'idle', 'stopped'],
    'update-activity': [
      ...['done', 'running.activate.choosing', 'running.download.choosing', 'running.update.choosing', 'validating'],
    ],
    inventory: ['idle'],
  };
  for (const machine of [managerMachine, activityMachine, inventoryMachine]) {
    it(machine.id, () => {
      const found: string[] = [];
      const visit = (node: Node, path: string): void => {
        const children = Object.entries(node.states ?? {});
        for (const [name, child] of children) visit(child, path ? `${path}.${name}` : name);
        if (children.length > 0) return;
        if (!node.meta) return void found.push(path);
        const { waitsFor, until = '' } = node.meta;
        assert.ok(waitsFor, path);
        // Each agent has a time-out of its own.
        if (until !== 'never' && until !== 'READ_OVER') assert.ok(Object.keys(node.after ?? {}).includes(until), path);
      };
      visit(machine.config as Node, '');
      assert.deepEqual(found.sort(), resting[machine.id]);
    });
  }
});
