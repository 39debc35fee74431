import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import {
  type AnyStateNode,
  type AnyTransitionDefinition,
  createActor,
  type EventObject,
  fromCallback,
  type StateValue,
} from 'xstate';
import { initialContext } from '../../../src/actors/self-update/activity-events.js';
import type { AgentContext, AgentEvent, ChartSettings } from '../../../src/actors/self-update/events.js';
import { selfUpdateMachine } from '../../../src/actors/self-update/machine.js';

const inert = fromCallback(() => {});
const names = Object.keys(selfUpdateMachine.implementations.actors);
const machine = selfUpdateMachine.provide({
  actors: Object.fromEntries(names.map((name) => [name, inert])) as never,
});

const settings: ChartSettings = {
  mode: 'download',
  streamFallback: true,
  umCompat: true,
  strictReference: false,
  prefix: 'selfupdate',
  build: '1',
  imageName: 'image',
};
const trigger = { activityId: 'a', version: '2', url: 'u' };
const desired = { version: '2', url: 'u' };
const running: AgentContext = { ...initialContext(settings), activityId: 'a', desired, bootedVersion: '1' };

function nodesBelow(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states).flatMap((child) => [child, ...nodesBelow(child)]);
}
const nodes = [machine.root as AnyStateNode, ...nodesBelow(machine.root)];
const transitionsOf = (node: AnyStateNode): AnyTransitionDefinition[] => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? []),
];
const nameOf = (transition: AnyTransitionDefinition): string => {
  const others = transitionsOf(transition.source).filter(({ eventType }) => eventType === transition.eventType);
  return `${transition.source.id} ${transition.eventType || 'at once'} ${others.indexOf(transition)}`;
};
const tagsOf = (node: AnyStateNode): readonly string[] => node.tags;

describe('the graph', () => {
  it('SUA-30a without its extensions it is the documented diagram', () => {
    const edges = nodes.flatMap((node) =>
      transitionsOf(node)
        .filter(({ meta }) => !(meta as { extension?: boolean } | undefined)?.extension)
        .flatMap(({ source, target = [] }) => target.map(({ path }) => [source.path[0], path[0]] as const))
        .filter(([from, to]) => from !== to)
        .map(([from, to]) => `${from} → ${to}`),
    );
    assert.deepEqual([...new Set(edges)].sort(), [
      'activate → cleanup',
      'activate → failed',
      'cleanup → idle',
      'connected → identified',
      'connected → idle',
      'connected → uninitialized',
      'downloading → failed',
      'downloading → updating',
      'failed → cleanup',
      'identified → downloading',
      'identified → failed',
      'idle → identified',
      'idle → uninitialized',
      'uninitialized → connected',
      'updating → activate',
      'updating → failed',
    ]);
  });

  it('SUA-30a its top-level states are the nine documented ones, and one extension', () => {
    const top = Object.values(machine.root.states) as unknown as AnyStateNode[];
    const documented = top.filter((node) => !tagsOf(node).includes('extension')).map(({ key }) => key);
    assert.deepEqual(documented, [
      'uninitialized',
      'connected',
      'identified',
      'downloading',
      'updating',
      'activate',
      'failed',
      'cleanup',
      'idle',
    ]);
    assert.deepEqual(
      top.filter((node) => tagsOf(node).includes('extension')).map(({ key }) => key),
      ['rollingBack'],
    );
  });

  it('SUA-5 the inbox is held in exactly the states that work', () => {
    for (const node of nodes) {
      if (Object.keys(node.states).length === 0)
        assert.equal(tagsOf(node).includes('busy'), node.invoke.length > 0, node.id);
    }
  });

  it('SUA-30 states have the names of the reference', () => {
    const reference = nodes.map(({ path, meta }) => [path.join('.'), (meta as { sua?: string } | undefined)?.sua]);
    assert.deepEqual(Object.fromEntries(reference.filter(([, sua]) => sua !== undefined)), {
      'uninitialized.reading': 'Uninitialized',
      'uninitialized.offline': 'Uninitialized',
      connected: 'Connected',
      'identified.waiting': 'Downloading',
      'downloading.transferring': 'Downloading',
      'downloading.downloaded': 'Installing',
      'updating.checking': 'Installing',
      'updating.writing': 'Installing',
      'updating.holding': 'Installed',
      'updating.updated': 'Installed',
      'activate.marking': 'Activating',
      'activate.activated': 'Activating',
      failed: 'Failed',
      cleanup: 'Cleaning',
      idle: 'Idle',
    });
  });
});

// Each transition by itself.

type Row = readonly [
  from: string,
  event: AgentEvent | { done: unknown } | { error: string },
  to: string,
  published?: readonly string[],
  given?: Partial<AgentContext>,
];

const done = (output: unknown) => ({ done: output });
const failed = (error: string) => ({ error });
const restored: AgentEvent = { type: 'runtime.restored', cause: 'boot' };
const invalid: AgentEvent = { type: 'DESIRED_STATE.INVALID', activityId: 'b', reason: 'why' };
const again: AgentEvent = { type: 'DESIRED_STATE', ...trigger };
const other: AgentEvent = { type: 'DESIRED_STATE', ...trigger, activityId: 'b' };
const command = (name: 'DOWNLOAD' | 'UPDATE' | 'ACTIVATE' | 'CLEANUP' | 'ROLLBACK'): AgentEvent => ({
  type: `CMD.${name}`,
  activityId: 'a',
});
const progress = (isDue: boolean): AgentEvent => ({ type: 'PROGRESS', percent: 30, isDue, done: 3, total: 10 });
const booted = (bootedVersion: string) => done({ bootedVersion });
const bundle = (version: string) => ({ version, home: 'h', slotsBefore: {} });
const stream = { mode: 'stream' } as const;
const rolledBack = { rolledBack: true } as const;
const next = { next: trigger } as const;
const refused = ['IDENTIFYING', 'IDENTIFICATION_FAILED'];
const same = ['IDENTIFIED', 'COMPLETED'];

const rows: readonly Row[] = [
  ['uninitialized.reading', booted('1'), 'uninitialized.offline'],
  ['uninitialized.reading', failed('no'), 'uninitialized.offline'],
  ['uninitialized.offline', { type: 'BROKER.UP' }, 'connected', ['currentstate']],
  ['uninitialized.offline', restored, 'uninitialized.reading'],
  ['uninitialized.offline', { type: 'GET_STATE' }, 'uninitialized.offline', ['currentstate']],
  ['connected', other, 'identified.evaluating', ['IDENTIFYING']],
  ['connected', invalid, 'failed', refused],
  ['connected', { type: 'GET_STATE', activityId: 'g' }, 'idle', ['currentstate']],
  ['connected', command('CLEANUP'), 'connected'],
  ['connected', command('CLEANUP'), 'cleanup', [], rolledBack],
  ['connected', { type: 'BROKER.DOWN' }, 'uninitialized.reading'],
  ['connected', restored, 'uninitialized.reading'],
  ['connected', { ...restored, cause: 'restart' }, 'connected'],
  ['identified.evaluating', booted('2'), 'connected', same, { origin: 'connected' }],
  ['identified.evaluating', booted('2'), 'idle', same, { origin: 'idle' }],
  ['identified.evaluating', booted('1'), 'identified.waiting', ['IDENTIFIED']],
  ['identified.evaluating', failed('no'), 'failed', ['IDENTIFICATION_FAILED']],
  ['identified.waiting', command('DOWNLOAD'), 'downloading.transferring'],
  ['identified.waiting', command('ROLLBACK'), 'rollingBack'],
  ['identified.waiting', again, 'identified.waiting', ['IDENTIFYING', 'IDENTIFIED']],
  ['identified.waiting', other, 'rollingBack'],
  ['downloading.transferring', progress(true), 'downloading.transferring', ['DOWNLOADING']],
  ['downloading.transferring', progress(false), 'downloading.transferring'],
  ['downloading.transferring', command('ROLLBACK'), 'rollingBack'],
  ['downloading.transferring', done({ bytes: 1, path: 'p' }), 'downloading.downloaded', ['DOWNLOAD_SUCCESS']],
  [
    'downloading.transferring',
    done({ bytes: 0, path: null, inspected: bundle('3') }),
    'failed',
    ['DOWNLOAD_FAILURE'],
    stream,
  ],
  ['downloading.transferring', failed('HTTP 404'), 'failed', ['DOWNLOAD_FAILURE']],
  ['downloading.transferring', failed('HTTP 404'), 'failed', ['UPDATE_FAILURE'], { fallback: true }],
  [
    'downloading.transferring',
    done({ bytes: 1, path: 'p' }),
    'updating.checking',
    ['DOWNLOAD_SUCCESS', 'UPDATING'],
    { fallback: true },
  ],
  ['downloading.downloaded', command('UPDATE'), 'updating.checking', ['UPDATING']],
  ['downloading.downloaded', command('UPDATE'), 'updating.writing', [], stream],
  ['downloading.downloaded', command('ROLLBACK'), 'rollingBack'],
  ['downloading.downloaded', again, 'downloading.downloaded'],
  ['downloading.downloaded', other, 'rollingBack'],
  ['updating.checking', done(bundle('2')), 'updating.writing'],
  ['updating.checking', done(bundle('3')), 'failed', ['UPDATE_FAILURE']],
  ['updating.checking', failed('no'), 'failed', ['UPDATE_FAILURE']],
  ['updating.writing', progress(true), 'updating.writing', ['UPDATING']],
  ['updating.writing', progress(false), 'updating.writing'],
  ['updating.writing', done({ target: 't' }), 'updating.holding', ['UPDATE_SUCCESS']],
  ['updating.writing', failed('no'), 'failed', ['UPDATE_FAILURE']],
  ['updating.writing', failed('no'), 'downloading.transferring', ['RUNNING'], stream],
  ['updating.writing', restored, 'updating.writing', [], { restarts: 2 }],
  ['updating.writing', restored, 'failed', ['UPDATE_FAILURE'], { restarts: 3 }],
  ['updating.holding', done(undefined), 'updating.updated'],
  ['updating.holding', failed('no'), 'updating.updated'],
  ['updating.updated', command('ACTIVATE'), 'activate.marking', ['ACTIVATING']],
  ['updating.updated', command('ROLLBACK'), 'rollingBack'],
  ['updating.updated', again, 'updating.updated'],
  ['updating.updated', other, 'rollingBack'],
  ['activate.marking', done({ bootId: 'x' }), 'activate.activated', ['ACTIVATION_SUCCESS']],
  ['activate.marking', failed('no'), 'failed', ['ACTIVATION_FAILURE']],
  ['activate.activated', command('CLEANUP'), 'cleanup'],
  ['activate.activated', command('ROLLBACK'), 'rollingBack'],
  ['activate.activated', again, 'activate.activated'],
  ['activate.activated', other, 'rollingBack'],
  ['failed', command('CLEANUP'), 'cleanup'],
  ['failed', command('ROLLBACK'), 'rollingBack'],
  ['failed', again, 'rollingBack'],
  ['failed', invalid, 'failed', refused],
  ['failed', { type: 'CMD.UNKNOWN', activityId: 'b', reason: 'why' }, 'failed', refused],
  ['failed', { type: 'agent.configure', settings }, 'failed'],
  ['cleanup', done({ bootedVersion: '1', bootId: 'x' }), 'idle', ['CLEANUP_SUCCESS', 'INCOMPLETE']],
  ['cleanup', failed('no'), 'idle', ['CLEANUP_SUCCESS', 'INCOMPLETE']],
  ['idle', other, 'identified.evaluating', ['IDENTIFYING']],
  ['idle', invalid, 'failed', refused],
  ['idle', { type: 'GET_STATE', activityId: 'g' }, 'idle', ['currentstate']],
  ['idle', command('CLEANUP'), 'idle'],
  ['idle', command('CLEANUP'), 'cleanup', [], rolledBack],
  ['idle', { type: 'BROKER.DOWN' }, 'uninitialized.reading'],
  ['idle', restored, 'uninitialized.reading'],
  ['rollingBack', done(undefined), 'idle', ['ROLLBACK_SUCCESS']],
  ['rollingBack', failed('no'), 'idle', ['ROLLBACK_FAILURE']],
  ['rollingBack', done(undefined), 'identified.evaluating', ['IDENTIFYING'], next],
  ['rollingBack', failed('no'), 'identified.evaluating', ['IDENTIFYING'], next],
];

const valueAt = (path: string): StateValue => {
  const [outer = '', inner] = path.split('.');
  return inner === undefined ? outer : { [outer]: inner };
};
const taken = new Set<string>();

function run(from: string, event: Row[1], given: Partial<AgentContext>) {
  const node = nodes.find(({ path }) => path.join('.') === from);
  const published: string[] = [];
  const actor = createActor(machine, {
    snapshot: machine.resolveState({ value: valueAt(from) as never, context: { ...running, ...given } }),
    input: { settings },
    inspect: (inspection) => {
      if (inspection.type !== '@xstate.microstep') return;
      for (const transition of inspection._transitions) taken.add(nameOf(transition));
    },
  });
  actor.on('mqtt.publish', ({ payload }) => {
    published.push((JSON.parse(payload) as { payload: { status?: string } }).payload.status ?? 'currentstate');
  });
  actor.start();
  const invoked = node?.invoke[0]?.id;
  const end = (how: 'done' | 'error', result: object) =>
    actor.send({ type: `xstate.${how}.actor.${invoked}`, ...result } as never);
  if ('type' in event) actor.send({ ...event, stamp: { at: 1_000 } } as never);
  else if ('done' in event) end('done', { output: event.done });
  else end('error', { error: new Error(event.error) });
  const { value, context } = actor.getSnapshot();
  actor.stop();
  const [outer, inner] = typeof value === 'string' ? [value, undefined] : (Object.entries(value)[0] ?? []);
  return { state: inner === undefined ? outer : `${outer}.${inner}`, published, context };
}

describe('every transition', () => {
  for (const [from, event, to, published = [], given = {}] of rows) {
    const what = 'type' in event ? event.type : 'done' in event ? 'done' : 'failed';
    const how = Object.keys(given).length > 0 ? `, ${JSON.stringify(given)}` : '';
    it(`spec 5.3 ${from}: ${what} → ${to}${how}`, () => {
      const result = run(from, event, given);
      assert.equal(result.state, to);
      assert.deepEqual(result.published, published);
    });
  }

  after(() => {
    const all = nodes.flatMap((node) => transitionsOf(node).map(nameOf));
    assert.deepEqual(
      all.filter((name) => !taken.has(name)),
      [],
      'transitions that no row takes',
    );
  });
});

describe('every other pair', () => {
  const events: readonly EventObject[] = [
    ...(['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP', 'ROLLBACK'] as const).map(command),
    { type: 'BROKER.UP' },
    { type: 'BROKER.DOWN' },
    again,
  ];
  for (const node of nodes.filter(({ path, states }) => path.length > 0 && Object.keys(states).length === 0)) {
    const from = node.path.join('.');
    it(`SUA-26 ${from} ignores silently what it does not name`, () => {
      for (const event of events) {
        if (rows.some(([state, row]) => state === from && 'type' in row && row.type === event.type)) continue;
        const { state, published, context } = run(from, event as AgentEvent, {});
        assert.equal(state, from, event.type);
        assert.deepEqual(published, []);
        assert.deepEqual(context, running);
      }
    });
  }
});

it('SUA-6 a message has the time of its event, and never a lower one than the last', () => {
  const early = run('idle', { type: 'GET_STATE' }, { publishedAt: 5 });
  assert.equal(early.context.publishedAt, 1_000);
  const late = run('idle', { type: 'GET_STATE' }, { publishedAt: 2_000 });
  assert.equal(late.context.publishedAt, 2_000);
});
