import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createActor, type EventObject } from 'xstate';
import { containerMachine } from '../../../src/actors/containers/machine.js';
import type { EngineContainer, EngineStatus } from '../../../src/actors/engines/index.js';
import { EngineError } from '../../../src/actors/engines/index.js';
import type { ContainerDraft } from '../../../src/protocols/containers/index.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { configOf } from '../../fakes/containers.js';
import { HeldCalls, turn } from '../../fakes/held-calls.js';
import { TakenTransitions } from '../../fakes/transitions.js';

const seen = (status: EngineStatus, more: Partial<EngineContainer> = {}): EngineContainer => ({
  ...{ id: 'c1', owner: 'containers', activity: '', name: 'map', image: 'i', status, pid: 7, exitCode: 0 },
  ...{ oomKilled: false, startedAt: '2026-01-01T00:00:00.000Z', finishedAt: '2026-01-01T00:00:01.000Z' },
  ...{ createdAt: '', ipAddress: '' },
  ...more,
});
const sighting = (status: EngineStatus) => ({ type: 'ENGINE.SEEN', container: seen(status) });
const boot = { type: 'runtime.restored', cause: 'boot' };

const EFFECTS = [
  ...(['fetch', 'prepare', 'make', 'start', 'stop', 'pause', 'resume', 'rename', 'limit', 'look', 'remove'] as const),
];

/** What a step comes to: an output, or the text of its failure. */
type End = readonly [name: (typeof EFFECTS)[number], output?: unknown];
type Step = (EventObject & Readonly<Record<string, unknown>>) | End | Error | number;

const isEnd = (step: Step): step is End => Array.isArray(step);
const prepared = { engineName: 'map', ports: [], hasHosts: false };
const CREATE: readonly Step[] = [{ type: 'CREATE' }, ['fetch'], ['prepare', prepared], ['make']];
const RUN: readonly Step[] = [...CREATE, { type: 'START' }, ['start', seen('running')]];

const held = new HeldCalls();
const machine = containerMachine.provide({
  actors: Object.fromEntries(EFFECTS.map((name) => [name, held.effect(name)])) as never,
});

/** Walks the chart alone; an error ends the step that was begun last. Returns the states it came through. */
async function walk(
  taken: TakenTransitions,
  steps: readonly Step[],
  draft: Partial<ContainerDraft> = {},
  found?: EngineContainer,
) {
  const clock = new ManualClock(0);
  const actor = createActor(machine, {
    clock,
    input: {
      address: 'container/c1',
      config: configOf(draft),
      role: 'current',
      activity: '',
      ...(found && { found }),
    } as never,
    inspect: taken.inspect,
  });
  actor.subscribe({ error: (error) => assert.fail(error as Error) });
  actor.start();
  const states: string[] = [];
  for (const step of steps) {
    if (typeof step === 'number') await clock.advance(step);
    else if (isEnd(step)) await held.succeed(step[0], step[1]);
    else if (step instanceof Error) await held.fail(held.calls.at(-1)?.name ?? '', step);
    else actor.send(step as never);
    await turn();
    states.push(String(actor.getSnapshot().matches('creating') ? 'creating' : actor.getSnapshot().value));
  }
  return states;
}

const failure = new Error('refused');
const lost = new EngineError('ENGINE_UNAVAILABLE', 'lost');
const remove = { type: 'REMOVE', force: true };
const update = (more: object) => ({ type: 'UPDATE', ...more });
const resources = { memory: '9M', memoryReservation: '', memorySwap: '' };
const restartPolicy = { type: 'no', maxRetries: 0, retryTimeoutS: 0 };
const exit: readonly Step[] = [sighting('exited'), ['look', seen('exited', { exitCode: 1 })]];
const refusals = ['CREATE', 'START', 'STOP', 'SUSPEND', 'PAUSE', 'RESUME'].map((type) => ({ type }));
const others = [
  { type: 'RENAME', name: '' },
  { type: 'ROLE', role: 'current' },
  update({ resources: { ...resources, memory: 'x' } }),
];

const START = { type: 'START', ensure: true, step: 's1' } as const;

describe('the chart of a container', () => {
  it('takes every transition', async () => {
    const taken = new TakenTransitions(machine);
    const walks: ReadonlyArray<readonly [steps: readonly Step[], draft?: Partial<ContainerDraft>]> = [
      // Planned.
      [[...refusals.slice(1), { type: 'RENAME', name: 'x' }, { type: 'ROLE', role: 'pending' }, ...others.slice(2)]],
      [[sighting('running'), { type: 'ENGINE.MISSING' }, remove]],
      // Creating.
      [[{ type: 'CREATE' }, { type: 'PROGRESS', percent: 5 }, failure, { type: 'CREATE' }, ['fetch'], failure]],
      [[{ type: 'CREATE' }, ['fetch'], ['prepare', prepared], failure, remove, failure, remove, ['remove']]],
      [
        [
          ...CREATE,
          ...refusals.filter(({ type }) => type !== 'START'),
          ...others,
          sighting('created'),
          remove,
          ['remove'],
        ],
      ],
      [[...CREATE, { type: 'RENAME', name: 'other' }, ['rename', { engineName: 'other' }]]],
      // Started by hand.
      [[...CREATE, { type: 'START' }, failure, { type: 'START' }, ['start', seen('exited')]]],
      [
        [
          ...RUN,
          { type: 'START' },
          { type: 'REMOVE', force: false },
          { type: 'STOP', timeoutS: -1 },
          { type: 'RESUME' },
        ],
      ],
      // Paused.
      [[...RUN, { type: 'PAUSE' }, failure, { type: 'PAUSE' }, ['pause', seen('paused')], { type: 'RESUME' }, failure]],
      [
        [
          ...RUN,
          { type: 'PAUSE' },
          ['pause', seen('paused')],
          { type: 'STOP', timeoutS: -1 },
          { type: 'RESUME' },
          ['resume', seen('running')],
        ],
      ],
      [[...RUN, { type: 'PAUSE' }, ['pause', seen('paused')], { type: 'STOP' }, ['stop', seen('exited')]]],
      [[...RUN, { type: 'PAUSE' }, ['pause', seen('paused')], { type: 'SUSPEND' }, ['stop', seen('exited')]]],
      // Stopped.
      [
        [
          ...RUN,
          { type: 'STOP' },
          failure,
          { type: 'STOP' },
          ['stop', seen('exited')],
          { type: 'STOP' },
          { type: 'STOP', ensure: true },
          { type: 'START' },
        ],
      ],
      [
        [
          ...RUN,
          { type: 'STOP' },
          ['stop', seen('exited')],
          { type: 'RENAME', name: 'other' },
          ['rename', { engineName: 'other' }],
        ],
      ],
      // Along with the process.
      [[...RUN, { type: 'SUSPEND' }, ['stop', seen('exited')], boot, 0]],
      [[...RUN, { type: 'SUSPEND' }, boot, ['look', seen('running')]]],
      // Ended by itself.
      [[...RUN, ...exit, 99, 1, ['start', seen('running')], ...exit, 200, failure]],
      [[...RUN, ...exit, 100, lost, 1_000, ['start', seen('running')]]],
      [[...RUN, ...exit, { type: 'STOP' }]],
      [[...RUN, ...exit, { type: 'STOP', timeoutS: -1 }, { type: 'START' }, ['start', seen('running')]]],
      [[...RUN, ...exit, { type: 'STOP' }, { type: 'START' }], { restartPolicy: { type: 'no' } }],
      [[...RUN, ...exit, { type: 'STOP', ensure: true }], { restartPolicy: { type: 'no' } }],
      [[...RUN, ...exit, { type: 'START' }], { restartPolicy: { type: 'no' } }],
      // By a step that asks again.
      [[...CREATE, START, ['start', seen('exited')], START, { type: 'STOP' }, START]],
      [[...CREATE, START, ['start', seen('exited')], START], { restartPolicy: { type: 'no' } }],
      // Changed.
      [[...RUN, update({ resources }), failure, update({ resources }), ['limit'], update({ restartPolicy })]],
      [
        [
          ...RUN,
          { type: 'RENAME', name: 'other' },
          failure,
          { type: 'ROLE', role: 'old' },
          ['rename', { engineName: 'x' }],
        ],
      ],
      // Seen.
      [
        [
          ...RUN,
          sighting('running'),
          sighting('exited'),
          failure,
          { type: 'ENGINE.MISSING' },
          ['look', null],
          ['remove'],
        ],
      ],
      [[...RUN, sighting('dead'), ['look', seen('dead')]]],
      [[...RUN, sighting('paused'), ['look', seen('paused')]]],
    ];
    for (const [steps, draft] of walks) await walk(taken, steps, draft);
    await walk(taken, [['look', seen('running')]], {}, seen('running', { createdAt: '2026-01-01T00:00:00.000Z' }));
    assert.deepEqual(taken.missing, []);
  });

  const paths: ReadonlyArray<readonly [name: string, steps: readonly Step[], states: readonly string[]]> = [
    ['planned → creating → created', CREATE, ['creating', 'creating', 'creating', 'created']],
    ['created → starting → running', RUN.slice(CREATE.length), ['starting', 'running']],
    ['running → pausing → paused', [{ type: 'PAUSE' }, ['pause', seen('paused')]], ['pausing', 'paused']],
    ['paused → resuming → running', [{ type: 'RESUME' }, ['resume', seen('running')]], ['resuming', 'running']],
    ['running → looking → backingOff → starting', [...exit, 100], ['looking', 'backingOff', 'starting']],
    ['starting → running again', [['start', seen('running')]], ['running']],
    ['running → stopping → stopped', [{ type: 'STOP' }, ['stop', seen('exited')]], ['stopping', 'stopped']],
    ['stopped → removing → gone', [remove, ['remove']], ['removing', 'gone']],
  ];
  for (const [index, [name, , states]] of paths.entries()) {
    it(name, async () => {
      const steps = paths.slice(0, index + 1).flatMap(([, each]) => each);
      const all = await walk(new TakenTransitions(machine), steps);
      assert.deepEqual(all.slice(-states.length), states);
    });
  }

  it('TIM-5 every wait says for what, and what ends it', () => {
    type Node = { meta?: { waitsFor?: string; until?: string }; after?: object; states?: Record<string, Node> };
    const silent: string[] = [];
    const visit = (node: Node, path: string): void => {
      const children = Object.entries(node.states ?? {});
      for (const [name, child] of children) visit(child, path ? `${path}.${name}` : name);
      if (children.length > 0) return;
      const { waitsFor, until = '' } = node.meta ?? {};
      if (waitsFor === undefined) return void silent.push(path);
      if (until !== 'never') assert.ok(Object.keys(node.after ?? {}).includes(until), path);
    };
    visit(containerMachine.config as Node, '');
    assert.deepEqual(silent.sort(), ['choosing', 'gone']);
  });
});
