import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import {
  type AnyStateMachine,
  type AnyStateNode,
  createActor,
  type EventObject,
  fromCallback,
  type StateValue,
} from 'xstate';
import { deploymentMachine } from '../../../src/actors/container-update/deployment.machine.js';
import type { AgentContext, ChartSettings } from '../../../src/actors/container-update/events.js';
import { containerInventoryMachine } from '../../../src/actors/container-update/inventory.machine.js';
import { containerUpdateMachine } from '../../../src/actors/container-update/machine.js';
import {
  begin,
  beginNext,
  beginUndone,
  type CommandName,
  type GroupStatus,
  newOperation,
  type Operation,
} from '../../../src/protocols/container-update/index.js';
import { stateText } from '../../../src/runtime/cell/waits.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { configOf } from '../../fakes/scripted-containers.js';
import { TakenTransitions } from '../../fakes/transitions.js';

const settings: ChartSettings = { domain: 'containers', autoCommands: false };
const itself = { autoCommands: true } as const;
const wishes = { wishes: [], systemContainers: [], groups: [], warnings: [] };
const wanted = { activityId: 'b', digest: 'other', wishes };

const base: Operation = newOperation({
  activityId: 'a',
  digest: 'same',
  domain: 'containers',
  found: [{ kind: 'recreate', name: 'map', version: '2', present: 'old', planned: 'new' }],
  groups: [{ title: 'containers:map', names: ['map'] }],
});
const command = (name: CommandName, baseline = '', activityId = 'a') => ({
  type: 'COMMAND' as const,
  activityId,
  command: name,
  baseline,
  timestamp: 5,
});
const at = (status: GroupStatus, taken: readonly string[] = ['before']): Operation => ({ ...base, status, taken });
const running = (name: CommandName, status: GroupStatus = 'IDENTIFIED', baseline = ''): Operation => {
  const { type: _, ...given } = command(name, baseline);
  const begun = begin(at(status), given);
  if (name === 'CLEANUP') return begun;
  return (name === 'ROLLBACK' ? beginUndone(begun) : beginNext(begun)).operation;
};

type Sent = EventObject & Readonly<Record<string, unknown>>;

/** What a chart is given, and what comes of it. */
type Row = readonly [
  from: string,
  event: Sent | { readonly done: unknown } | { readonly error: string } | { readonly afterMs: number },
  to: string,
  gives?: readonly string[],
  given?: object,
];

const done = (output: unknown) => ({ done: output });
const failed = (error: string) => ({ error });
const boot = { type: 'runtime.restored', cause: 'boot' };
const desired = (digest: string, activityId = 'a') => ({ type: 'DESIRED_STATE', activityId, digest, wishes });
const invalid = { type: 'DESIRED_STATE.INVALID', activityId: 'b', reason: 'why' };
const operation = (given: Operation, more: Partial<ChartSettings> = {}) => ({
  operation: given,
  settings: { ...settings, ...more },
});
const compared = (found: readonly object[], plans: readonly object[] = []) =>
  done({ found, plans, groups: [{ title: 'containers:map', names: ['map'] }] });
const create = { kind: 'create', name: 'map', version: '1', planned: 'new' };
const plan = { id: 'new', config: configOf('map', 'map:1') };
const told = (name: string) => [`tell ${name}`];
const superseded = { operation: at('DOWNLOAD_SUCCESS'), wanted };
const configured = { type: 'CONFIGURE', settings: { ...settings, ...itself } };

const agentRows: readonly Row[] = [
  ['idle', desired('x'), 'identifying', ['IDENTIFYING']],
  ['idle', invalid, 'idle', ['IDENTIFICATION_FAILED', 'log desired_state_refused']],
  ['idle', command('DOWNLOAD'), 'idle', ['log command_ignored']],
  ['idle', configured, 'idle'],
  [
    'identifying',
    compared([create], [plan]),
    'waiting.identified',
    ['start container/new', 'IDENTIFIED', 'log container_update_identified'],
    { wanted },
  ],
  ['identifying', compared([]), 'idle', ['IDENTIFIED', 'COMPLETED'], { wanted }],
  ['identifying', failed('cannot list'), 'idle', ['IDENTIFICATION_FAILED'], { wanted }],

  ['waiting.identified', { afterMs: 60_000 }, 'waiting.unattended', ['log update_waits_for_commands'], operation(base)],
  ['waiting.identified', desired('same'), 'waiting.identified', ['IDENTIFYING', 'IDENTIFIED'], operation(base)],
  ['waiting.unattended', desired('same'), 'waiting.unattended', ['IDENTIFYING', 'IDENTIFIED'], operation(base)],
  ['waiting.downloaded', desired('same'), 'waiting.downloaded', [], operation(at('DOWNLOAD_SUCCESS'))],
  ['waiting.downloaded', desired('other'), 'superseding', ['SUPERSEDED'], operation(at('DOWNLOAD_SUCCESS'))],
  ['waiting.downloaded', desired('same', 'b'), 'superseding', ['SUPERSEDED'], operation(at('DOWNLOAD_SUCCESS'))],
  [
    'waiting.downloaded',
    invalid,
    'waiting.downloaded',
    ['IDENTIFICATION_FAILED', 'log desired_state_refused'],
    operation(base),
  ],
  ['waiting.identified', command('DOWNLOAD', '', 'z'), 'waiting.identified', ['log command_ignored'], operation(base)],
  [
    'waiting.identified',
    command('DOWNLOAD'),
    'waiting.identified',
    ['log command_ignored'],
    operation(at('IDENTIFIED', ['DOWNLOAD 5 '])),
  ],
  ['waiting.identified', command('UPDATE'), 'waiting.identified', ['UPDATE_FAILURE'], operation(base)],
  ['waiting.identified', command('CLEANUP', 'nav'), 'waiting.identified', ['CLEANUP'], operation(base)],

  ['waiting.identified', command('DOWNLOAD'), 'downloading.working', ['DOWNLOADING'], operation(base)],
  ['waiting.unattended', command('DOWNLOAD', '*'), 'downloading.working', ['DOWNLOADING'], operation(base)],
  [
    'waiting.identified',
    command('DOWNLOAD', 'containers:remove-components'),
    'waiting.downloaded',
    ['DOWNLOAD_SUCCESS'],
    operation(base),
  ],
  ['waiting.downloaded', command('UPDATE'), 'updating.looking', [], operation(at('DOWNLOAD_SUCCESS'))],
  ['waiting.updated', command('ACTIVATE'), 'activating.working', ['ACTIVATING'], operation(at('UPDATE_SUCCESS'))],
  ['waiting.activated', command('ROLLBACK'), 'rollingBack.working', ['ROLLBACK'], operation(at('ACTIVATION_SUCCESS'))],
  [
    'waiting.downloadFailed',
    command('ROLLBACK'),
    'rollingBack.working',
    ['ROLLBACK'],
    operation(at('DOWNLOAD_FAILURE')),
  ],
  ['waiting.updateFailed', command('ROLLBACK'), 'rollingBack.working', ['ROLLBACK'], operation(at('UPDATE_FAILURE'))],
  [
    'waiting.activationFailed',
    command('ROLLBACK'),
    'rollingBack.working',
    ['ROLLBACK'],
    operation(at('ACTIVATION_FAILURE')),
  ],
  [
    'waiting.rolledBack',
    command('ROLLBACK'),
    'waiting.rolledBack',
    ['ROLLBACK_FAILURE'],
    operation(at('ROLLBACK_SUCCESS')),
  ],
  ['waiting.rolledBack', command('CLEANUP'), 'cleaningUp', [], operation(at('ROLLBACK_SUCCESS'))],
  ['waiting.rollbackFailed', command('CLEANUP'), 'cleaningUp', [], operation(at('ROLLBACK_FAILURE'))],
  ['waiting.cleanedUp', command('CLEANUP', '*'), 'cleaningUp', [], operation(base)],

  ['waiting.identified', configured, 'downloading.working', ['DOWNLOADING'], operation(base)],
  ['waiting.downloaded', configured, 'updating.looking', [], operation(at('DOWNLOAD_SUCCESS'))],
  ['waiting.updated', configured, 'activating.working', ['ACTIVATING'], operation(at('UPDATE_SUCCESS'))],
  ['waiting.updateFailed', configured, 'rollingBack.working', ['ROLLBACK'], operation(at('UPDATE_FAILURE'))],
  ['waiting.activated', configured, 'cleaningUp', [], operation(at('ACTIVATION_SUCCESS'))],

  ['downloading.working', done(undefined), 'waiting.downloaded', ['DOWNLOAD_SUCCESS'], operation(running('DOWNLOAD'))],
  [
    'downloading.working',
    failed('manifest unknown'),
    'waiting.downloadFailed',
    ['DOWNLOAD_FAILURE'],
    operation(running('DOWNLOAD')),
  ],
  [
    'downloading.working',
    { type: 'PROGRESS', place: 0, percent: 40 },
    'downloading.working',
    ['DOWNLOADING'],
    operation(running('DOWNLOAD')),
  ],
  [
    'downloading.working',
    { type: 'PROGRESS', place: 1, percent: 40 },
    'downloading.working',
    [],
    operation(running('DOWNLOAD')),
  ],
  ['downloading.working', boot, 'downloading.working', ['DOWNLOADING'], operation(running('DOWNLOAD'))],
  [
    'updating.looking',
    done({ running: ['old'] }),
    'updating.working',
    ['UPDATING'],
    operation(begin(at('DOWNLOAD_SUCCESS'), command('UPDATE'))),
  ],
  [
    'updating.looking',
    failed('no'),
    'updating.working',
    ['UPDATING'],
    operation(begin(at('DOWNLOAD_SUCCESS'), command('UPDATE'))),
  ],
  [
    'updating.looking',
    done({ running: [] }),
    'waiting.updated',
    ['UPDATE_SUCCESS'],
    operation({ ...begin(at('DOWNLOAD_SUCCESS'), command('UPDATE')), actions: [] }),
  ],
  [
    'updating.working',
    done(undefined),
    'waiting.updated',
    ['UPDATE_SUCCESS'],
    operation(running('UPDATE', 'DOWNLOAD_SUCCESS')),
  ],
  [
    'updating.working',
    failed('no'),
    'waiting.updateFailed',
    ['UPDATE_FAILURE'],
    operation(running('UPDATE', 'DOWNLOAD_SUCCESS')),
  ],
  ['updating.working', boot, 'updating.working', ['UPDATING'], operation(running('UPDATE', 'DOWNLOAD_SUCCESS'))],
  [
    'activating.working',
    done(undefined),
    'waiting.activated',
    ['ACTIVATION_SUCCESS'],
    operation(running('ACTIVATE', 'UPDATE_SUCCESS')),
  ],
  [
    'activating.working',
    failed('no'),
    'waiting.activationFailed',
    ['ACTIVATION_FAILURE'],
    operation(running('ACTIVATE', 'UPDATE_SUCCESS')),
  ],
  ['activating.working', boot, 'activating.working', ['ACTIVATING'], operation(running('ACTIVATE', 'UPDATE_SUCCESS'))],
  [
    'rollingBack.working',
    done(undefined),
    'waiting.rolledBack',
    ['ROLLBACK_SUCCESS'],
    operation(running('ROLLBACK', 'UPDATE_SUCCESS')),
  ],
  [
    'rollingBack.working',
    failed('no'),
    'waiting.rollbackFailed',
    ['ROLLBACK_FAILURE'],
    operation(running('ROLLBACK', 'UPDATE_SUCCESS')),
  ],
  ['rollingBack.working', boot, 'rollingBack.working', ['ROLLBACK'], operation(running('ROLLBACK', 'UPDATE_SUCCESS'))],
  [
    'cleaningUp',
    done({ failures: [] }),
    'idle',
    ['CLEANUP_SUCCESS', 'COMPLETED', 'log container_update_ended', ...told('container-inventory/containers')],
    operation(running('CLEANUP', 'ACTIVATION_SUCCESS')),
  ],
  [
    'cleaningUp',
    failed('no'),
    'idle',
    ['CLEANUP_FAILURE', 'INCOMPLETE', 'log container_update_ended', ...told('container-inventory/containers')],
    operation(running('CLEANUP', 'UPDATE_FAILURE')),
  ],
  [
    'cleaningUp',
    done({ failures: [] }),
    'waiting.cleanedUp',
    ['CLEANUP_SUCCESS'],
    operation(running('CLEANUP', 'IDENTIFIED', 'containers:map')),
  ],
  [
    'cleaningUp',
    failed('no'),
    'waiting.cleanedUp',
    ['CLEANUP_FAILURE'],
    operation(running('CLEANUP', 'IDENTIFIED', 'containers:map')),
  ],
  ['superseding', done({ failures: [] }), 'identifying', ['IDENTIFYING'], superseded],
  ['superseding', failed('no'), 'identifying', ['IDENTIFYING'], superseded],
];

const changed = (role: string) => ({ type: 'CONTAINER.CHANGED', role });

const inventoryRows: readonly Row[] = [
  ['offline', { type: 'BROKER.UP' }, 'online.steady', ['state.publish initial-current-state-1000']],
  ['offline', { type: 'GET_STATE', activityId: 'g' }, 'offline', ['state.publish g']],
  ['offline', changed('current'), 'offline'],
  ['offline', { type: 'REPORT' }, 'offline'],
  ['online.steady', { type: 'BROKER.UP' }, 'online.steady', ['state.publish initial-current-state-1000']],
  ['online.steady', { type: 'BROKER.DOWN' }, 'offline'],
  ['online.steady', { type: 'REPORT' }, 'online.steady', ['state.publish ']],
  ['online.steady', changed('current'), 'online.changed'],
  ['online.steady', changed('pending'), 'online.steady'],
  ['online.changed', changed('current'), 'online.changed'],
  ['online.changed', { afterMs: 1_000 }, 'online.steady', ['state.publish ']],
  ['online.changed', { type: 'REPORT' }, 'online.steady', ['state.publish ']],
  ['online.changed', boot, 'offline'],
  ['online.steady', { type: 'runtime.restored', cause: 'restart' }, 'online.steady'],
];

const change = (kind: string) => ({ name: 'map', kind, stages: [] });

const deploymentRows: readonly Row[] = [
  ['resting', { type: 'DEPLOY' }, 'reading'],
  ['reading', done({ changes: [change('create')], plans: [plan] }), 'deploying', ['start container/new']],
  ['reading', done({ changes: [], plans: [] }), 'resting', ['deployment.done']],
  ['reading', failed('EACCES'), 'resting', ['log descriptors_not_read', 'deployment.done']],
  [
    'deploying',
    done(undefined),
    'resting',
    ['log descriptor_deployed', 'deployment.done'],
    { changes: [change('create')], at: 0 },
  ],
  ['deploying', done(undefined), 'deploying', [], { changes: [change('check'), change('check')], at: 0 }],
  [
    'deploying',
    failed('no'),
    'resting',
    ['log descriptor_not_deployed', 'deployment.done'],
    { changes: [change('create')], at: 0 },
  ],
];

const inert = fromCallback(() => {});

function nameOf(output: EventObject): string {
  const { type, payload, message, address, to, activityId } = output as EventObject & Record<string, string>;
  if (type === 'mqtt.publish') return (JSON.parse(payload ?? '') as { payload: { status: string } }).payload.status;
  if (type === 'log') return `log ${message}`;
  return [type, address ?? to ?? activityId].filter((part) => part !== undefined).join(' ');
}

const valueAt = (path: string): StateValue => {
  const [outer = '', inner] = path.split('.');
  return inner === undefined ? outer : { [outer]: inner };
};

function nodesBelow(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states).flatMap((child) => [child, ...nodesBelow(child)]);
}

function quietly(machine: AnyStateMachine): AnyStateMachine {
  const names = Object.keys(machine.implementations.actors);
  return machine.provide({ actors: Object.fromEntries(names.map((name) => [name, inert])) });
}

function run(machine: AnyStateMachine, taken: TakenTransitions, context: object, [from, event]: Row) {
  const clock = new ManualClock(1_000);
  const outputs: EventObject[] = [];
  const snapshot = machine.resolveState({ value: valueAt(from), context });
  const invoked = nodesBelow(machine.root).find(({ path }) => path.join('.') === from)?.invoke[0]?.id;
  const actor = createActor(machine, { snapshot, clock, input: { settings }, inspect: taken.inspect });
  actor.on('*', (output: EventObject) => outputs.push(output));
  actor.start();
  const stamp = { at: clock.now() };
  const end = (how: 'done' | 'error', result: object): void =>
    actor.send({ type: `xstate.${how}.actor.${invoked}`, ...result, stamp } as never);
  if ('afterMs' in event) actor.send({ type: timerOf(machine, from), stamp } as never);
  else if ('done' in event) end('done', { output: event.done });
  else if ('error' in event) end('error', { error: new Error(String(event.error)) });
  else actor.send({ ...event, stamp } as never);
  const { value, context: after } = actor.getSnapshot();
  actor.stop();
  return { state: stateText(value), outputs: outputs.map(nameOf), context: after };
}

/** The event by which the `after` of a state comes. */
function timerOf(machine: AnyStateMachine, from: string): string {
  const node = nodesBelow(machine.root).find(({ path }) => path.join('.') === from);
  const event = [...(node?.transitions.keys() ?? [])].find((type) => String(type).startsWith('xstate.after.'));
  return String(event);
}

function everyTransition(
  name: string,
  machine: AnyStateMachine,
  context: object,
  rows: readonly Row[],
  rule: string,
): void {
  const quiet = quietly(machine);
  const taken = new TakenTransitions(quiet);
  describe(`every transition of ${name}`, () => {
    for (const row of rows) {
      const [from, event, to, gives = [], given] = row;
      const what = 'done' in event ? 'done' : 'error' in event ? 'failed' : 'afterMs' in event ? 'time' : event.type;
      it(`${rule} ${from}: ${what} → ${to}${gives.length > 0 ? `, ${gives.join(', ')}` : ''}`, () => {
        const result = run(quiet, taken, { ...context, ...given }, row);
        assert.equal(result.state, to);
        assert.deepEqual(result.outputs, gives);
      });
    }

    it(`${rule} every wait explains itself`, () => {
      for (const node of nodesBelow(machine.root)) {
        const isTransient = (node.always?.length ?? 0) > 0;
        if (Object.keys(node.states).length > 0 || isTransient) continue;
        assert.equal(typeof (node.meta as { waitsFor?: string } | undefined)?.waitsFor, 'string', node.id);
      }
    });

    after(() => assert.deepEqual(taken.missing, [], 'transitions that no row takes'));
  });
}

const agentContext: AgentContext = { settings, operation: null, wanted: null };
everyTransition('the agent', containerUpdateMachine, agentContext, agentRows, 'spec A.5');
everyTransition('the inventory', containerInventoryMachine, {}, inventoryRows, 'CUA-7');
everyTransition('the deployment', deploymentMachine, { changes: [], at: 0 }, deploymentRows, 'CTR-7');

describe('the agent', () => {
  const nodes = nodesBelow(containerUpdateMachine.root);
  const cuaOf = ({ meta }: AnyStateNode) => (meta as { cua?: string } | undefined)?.cua;

  it('CUA-31 its states have the names of the statuses', () => {
    assert.deepEqual(
      nodes.flatMap((node) => (cuaOf(node) === undefined ? [] : `${node.path.join('.')} ${cuaOf(node)}`)),
      [
        'identifying IDENTIFYING',
        'waiting.identified IDENTIFIED',
        'waiting.unattended IDENTIFIED',
        'waiting.downloaded DOWNLOAD_SUCCESS',
        'waiting.downloadFailed DOWNLOAD_FAILURE',
        'waiting.updated UPDATE_SUCCESS',
        'waiting.updateFailed UPDATE_FAILURE',
        'waiting.activated ACTIVATION_SUCCESS',
        'waiting.activationFailed ACTIVATION_FAILURE',
        'waiting.rolledBack ROLLBACK_SUCCESS',
        'waiting.rollbackFailed ROLLBACK_FAILURE',
        'waiting.cleanedUp CLEANUP_SUCCESS',
        'downloading DOWNLOADING',
        'updating UPDATING',
        'activating ACTIVATING',
        'rollingBack ROLLBACK',
        'cleaningUp CLEANUP',
        'superseding SUPERSEDED',
      ],
    );
  });

  it('CUA-24 messages wait in exactly the states that work', () => {
    for (const machine of [containerUpdateMachine, deploymentMachine] as readonly AnyStateMachine[]) {
      for (const node of nodesBelow(machine.root)) {
        assert.equal(node.tags.includes('busy'), node.invoke.length > 0, node.id);
      }
    }
  });
});
