import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AnyStateMachine, createActor, fromPromise } from 'xstate';
import { bridgeMachine } from '../../../src/actors/things/bridge.machine.js';
import type {
  BridgeEvent,
  MetricsEvent,
  Sampled,
  SampleInput,
  UpdatableEvent,
} from '../../../src/actors/things/events.js';
import { metricsMachine } from '../../../src/actors/things/metrics.machine.js';
import { updatableMachine } from '../../../src/actors/things/updatable.machine.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { SAMPLE } from '../../fakes/things.js';
import { TakenTransitions } from '../../fakes/transitions.js';

/** How an invoked effect ends: with this, with an error, or not at all. */
type Ending = { readonly done: unknown } | { readonly failed: Error } | 'held';

/** A step of a walk: an event, milliseconds that pass, or what the effects give from now on. */
type Step =
  | BridgeEvent
  | MetricsEvent
  | UpdatableEvent
  | number
  | { readonly effects: Readonly<Record<string, Ending>> };

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A chart alone, whose effects end as each walk says. */
class Stage {
  readonly taken: TakenTransitions;
  private readonly machine: AnyStateMachine;
  private endings: Record<string, Ending> = {};

  constructor(machine: AnyStateMachine) {
    const actors = Object.keys(machine.implementations.actors).map((name) => [
      name,
      fromPromise(async () => {
        const ending = this.endings[name] ?? 'held';
        if (ending === 'held') return new Promise(() => {});
        if ('failed' in ending) throw ending.failed;
        return ending.done;
      }),
    ]);
    this.machine = machine.provide({ actors: Object.fromEntries(actors) });
    this.taken = new TakenTransitions(this.machine);
  }

  /** Fed in order; the state after each step but those that set effects. */
  async walk(steps: readonly Step[], input: object = {}): Promise<string[]> {
    this.endings = {};
    const clock = new ManualClock(0, settle);
    const actor = createActor(this.machine, { clock, input, inspect: this.taken.inspect });
    actor.subscribe({ error: (error) => assert.fail(error as Error) });
    actor.start();
    const states: string[] = [];
    for (const step of steps) {
      if (typeof step === 'object' && 'effects' in step) {
        Object.assign(this.endings, step.effects);
        continue;
      }
      if (typeof step === 'number') await clock.advance(step);
      else actor.send(step);
      await settle();
      const { value } = actor.getSnapshot() as { value: unknown };
      states.push(typeof value === 'string' ? value : (Object.entries(value as object)[0]?.join('.') ?? ''));
    }
    actor.stop();
    return states;
  }
}

const thing = { namespace: 'n', name: 'd:edge:containers' };
const device = { thing, tenantId: 't', policyId: '' };
const other = { ...device, tenantId: 'u' };
const asker = {
  thingId: 'n:d:edge:containers',
  requestId: 'r',
  topic: 'n/d:edge:containers/things/live/messages/x',
  path: '/features/x/inbox/messages/x',
  correlationId: 'c',
  isAnswered: true,
};
const boot = { type: 'runtime.restored', cause: 'boot' } as const;
const waking = { type: 'runtime.restored', cause: 'message' } as const;
const changed = (id: string, change: 'created' | 'running' | 'stopped' | 'removed') =>
  ({ type: 'CONTAINER.CHANGED', id, name: id, role: 'current', change }) as const;

describe('the chart of the bridge', () => {
  const named = (which = device): BridgeEvent => ({ type: 'DEVICE.NAMED', device: which });
  const up: BridgeEvent = { type: 'BROKER.UP' };
  const down: BridgeEvent = { type: 'BROKER.DOWN' };
  const request = (feature: string): BridgeEvent => ({
    type: 'REQUEST',
    request: {
      asker,
      thingId: asker.thingId,
      feature,
      result: { ok: true, operation: { operation: 'metrics', periodMs: 0, filter: [] } },
    },
  });
  const input = { features: ['ContainerFactory', 'SoftwareUpdatable', 'Metrics'] } as const;
  const configure: BridgeEvent = { type: 'CONFIGURE', features: input.features };
  const twinChanged: BridgeEvent = { type: 'TWIN.CHANGED' };
  const deleted: BridgeEvent = { type: 'DELETED', thingId: asker.thingId, id: 'x' };
  const survey = (...ids: readonly string[]): Step => ({ effects: { survey: { done: { ids } } } });

  it('THG-5 lost → asking → registering → known, and back', async () => {
    const steps = [survey('a'), up, named(), named(other), down, named(), up, named(), boot];
    assert.deepEqual(await new Stage(bridgeMachine).walk(steps, input), [
      ...['asking', 'known', 'known', 'lost', 'lost', 'asking', 'known', 'lost'],
    ]);
  });

  it('THG-5 THG-6 takes every transition', async () => {
    const stage = new Stage(bridgeMachine);
    const walks: ReadonlyArray<readonly Step[]> = [
      [
        ...[survey('a'), configure, twinChanged, deleted, waking],
        ...[up, named(), named(), request('Metrics'), request('None')],
        ...[changed('a', 'stopped'), changed('b', 'created'), changed('b', 'removed'), changed('x', 'removed')],
        { type: 'REQUEST.UNREADABLE', thingId: asker.thingId },
        { type: 'REQUEST.UNREADABLE', thingId: 'n:other' },
        { type: 'OPERATED', asker },
        { type: 'OPERATED', asker: { ...asker, thingId: 'n:other' } },
        ...[named(other), boot],
      ],
      [up, named(), named(), named(other), changed('a', 'created'), down],
      [{ effects: { survey: { failed: new Error('no list') } } }, up, named()],
    ];
    for (const steps of walks) await stage.walk(steps, input);
    assert.deepEqual(stage.taken.missing, []);
  });

  it('THG-5 what comes for another thing, or while there is none, leads nowhere', async () => {
    const steps = [
      request('Metrics'),
      changed('a', 'created'),
      named(),
      up,
      request('Metrics'),
      changed('a', 'created'),
    ];
    assert.deepEqual(await new Stage(bridgeMachine).walk(steps, input), [
      ...['lost', 'lost', 'lost', 'asking', 'asking', 'asking'],
    ]);
  });
});

describe('the chart of metrics', () => {
  const ask = (periodMs: number): MetricsEvent => ({
    type: 'METRICS.REQUESTED',
    device,
    asker,
    periodMs,
    filter: [],
  });
  const sampled: Ending = {
    done: { samples: [{ id: 'a', sample: SAMPLE, hasNetwork: true }], ids: ['a'], machineMemoryBytes: 1 },
  };
  const sample = (ending: Ending): Step => ({ effects: { sample: ending } });
  const gone: MetricsEvent = { type: 'DEVICE.GONE' };
  const failed: Ending = { failed: new Error('no engine') };

  it('THG-21 off ⇄ reporting', async () => {
    const steps = [sample(sampled), ask(1_000), 999, 1, ask(0), ask(5_000), gone, ask(1_000), boot];
    assert.deepEqual(await new Stage(metricsMachine).walk(steps), [
      ...['reporting.waiting', 'reporting.waiting', 'reporting.waiting', 'off', 'reporting.waiting', 'off'],
      ...['reporting.waiting', 'off'],
    ]);
  });

  it('THG-21 takes every transition', async () => {
    const stage = new Stage(metricsMachine);
    const walks: ReadonlyArray<readonly Step[]> = [
      [sample(sampled), ask(0), ask(1_000), waking, changed('a', 'running'), changed('a', 'stopped'), 1_000, gone],
      [sample(failed), ask(1_000), changed('a', 'running'), 1_000, boot],
      [sample('held'), ask(1_000), 30_000, changed('a', 'running'), 30_000, 1_000, 30_000, gone],
    ];
    for (const steps of walks) await stage.walk(steps);
    assert.deepEqual(stage.taken.missing, []);
  });

  it('THG-22 samples of containers that come and go between two reports are bounded', async () => {
    let batch = 0;
    const machine = metricsMachine.provide({
      actors: {
        sample: fromPromise<Sampled, SampleInput>(async ({ input: { ids } }) => {
          batch++;
          const samples = Array.from({ length: 900 }, (_, number) => ({
            id: `${batch}-${number}`,
            sample: SAMPLE,
            hasNetwork: true,
          }));
          return { samples, ids: ids ?? [], machineMemoryBytes: 1 };
        }),
      },
    });
    const actor = createActor(machine, { clock: new ManualClock(0, settle), input: {} }).start();
    actor.send(ask(60_000));
    for (let start = 0; start < 5; start++) {
      await settle();
      actor.send(changed(`c${start}`, 'running') as MetricsEvent);
    }
    await settle();
    const { samples } = actor.getSnapshot().context;
    assert.equal(batch, 6);
    assert.equal(Object.keys(samples).length, 2_000);
    assert.ok('6-0' in samples && !('1-0' in samples));
    actor.stop();
  });

  it('THG-22 an engine that keeps silent is waited for 30 s', async () => {
    const steps = [sample('held'), ask(60_000), 29_999, 1, 30_000, 29_999, 1];
    assert.deepEqual(await new Stage(metricsMachine).walk(steps), [
      ...['reporting.beginning', 'reporting.beginning', 'reporting.waiting', 'reporting.waiting'],
      ...['reporting.waiting', 'reporting.measuring'],
    ]);
  });
});

describe('the chart of software updates', () => {
  const install = (...names: readonly string[]): UpdatableEvent => ({
    type: 'ACTION.REQUESTED',
    asker,
    action: {
      operation: 'install',
      correlationId: 'i',
      modules: names.map((name) => ({ name, version: '1', artifacts: [{ fileName: 'd', url: '' }] })),
    },
  });
  const remove = (isForced: boolean, ...names: readonly string[]): UpdatableEvent => ({
    type: 'ACTION.REQUESTED',
    asker,
    action: {
      operation: 'remove',
      correlationId: 'r',
      isForced,
      software: names.map((name) => ({ group: '', name, version: '', type: '' })),
    },
  });
  const good = {
    fetch: { done: { secretContainers: '[]' } },
    install: { done: { ids: ['a'] } },
    start: { done: undefined },
    remove: { done: undefined },
  };
  const failed: Ending = { failed: new Error('no') };
  const rejected: Ending = { failed: Object.assign(new Error('no'), { code: 'THINGS_REJECTED' }) };
  const effects = (changes: Readonly<Record<string, Ending>>): Step => ({ effects: { ...good, ...changes } });
  const named: UpdatableEvent = { type: 'DEVICE.CHANGED', device };

  it('THG-17 idle ⇄ installing and removing', async () => {
    const steps = [
      effects({ fetch: 'held', remove: 'held' }),
      install('a'),
      install('b'),
      effects({}),
      remove(false, 'a'),
    ];
    assert.deepEqual(await new Stage(updatableMachine).walk(steps), [
      ...['installing.downloading', 'installing.downloading', 'installing.downloading'],
    ]);
    assert.deepEqual(await new Stage(updatableMachine).walk([effects({}), install('a', 'b')]), ['idle']);
  });

  it('THG-19 each step waits in a state of its own', async () => {
    for (const [held, state] of [
      ['fetch', 'installing.downloading'],
      ['install', 'installing.creating'],
      ['start', 'installing.starting'],
      ['remove', 'removing.one'],
    ] as const) {
      const event = held === 'remove' ? remove(false, 'a') : install('a');
      const states = await new Stage(updatableMachine).walk([effects({ [held]: 'held' }), event, 1, 1]);
      assert.equal(states.at(-1), state);
    }
  });

  it('THG-17 THG-20 takes every transition', async () => {
    const stage = new Stage(updatableMachine);
    const walks: ReadonlyArray<readonly Step[]> = [
      [effects({}), named, install('a', 'b'), 1, 1, 1, 1, remove(true, 'a', 'b'), 1, 1],
      [effects({ fetch: failed }), install('a'), 1],
      [effects({ fetch: rejected }), install('a'), 1],
      [effects({ install: failed }), install('a'), 1, 1],
      [effects({ start: failed }), install('a'), 1, 1, 1],
      [effects({ remove: failed }), remove(false, 'a', 'b'), 1],
      [effects({ remove: 'held' }), remove(false, 'a'), waking, boot],
      [effects({ fetch: 'held' }), ...Array.from({ length: 34 }, () => install('a'))],
    ];
    for (const steps of walks) await stage.walk(steps);
    assert.deepEqual(stage.taken.missing, []);
  });
});
