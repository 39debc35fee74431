import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newOperation } from '../../../src/protocols/container-update/index.js';
import { ContainerAgent, component } from '../../fakes/container-update.js';

const shown = (agent: ContainerAgent) =>
  agent.last.payload.actions?.map((action) => [
    action.component.id,
    action.component.version,
    action.status,
    action.message,
  ]);

describe('what is identified', () => {
  it('CUA-16 CUA-18 actions in the order of the message, then what goes by its name', async (t) => {
    const agent = await ContainerAgent.start(t, {}, async (containers) => {
      await containers.have('same', 'same:1');
      await containers.have('map', 'map:1');
      await containers.have('limits', 'limits:1');
      await containers.have('zoo', 'reg.example/zoo@sha256:abc');
      await containers.have('ant', 'ant');
    });
    await agent.want(['new:1', 'map:2', component('limits:1', { memory: '200M' }), 'same:1']);
    assert.deepEqual(shown(agent), [
      ['containers:new', '1', 'IDENTIFIED', 'New container will be created and started.'],
      ['containers:map', '2', 'IDENTIFIED', 'Existing container will be destroyed and replaced by a new one.'],
      ['containers:limits', '1', 'IDENTIFIED', 'Existing container will be updated with new configuration.'],
      [
        'containers:same',
        '1',
        'IDENTIFIED',
        'No changes detected, existing container will be check only if it is running.',
      ],
      ['containers:ant', 'n/a', 'IDENTIFIED', 'Existing container will be destroyed, no longer needed.'],
      ['containers:zoo', 'sha256:abc', 'IDENTIFIED', 'Existing container will be destroyed, no longer needed.'],
    ]);
  });

  it('CUA-16 nothing is made or stopped before a command, and pending instances are no containers yet', async (t) => {
    const agent = await ContainerAgent.start(t, {}, (containers) => containers.have('map', 'map:1'));
    await agent.want(['map:2']);
    assert.deepEqual(agent.containers.calls, []);
    assert.deepEqual(agent.containers.standing(), ['map:1 current Running', 'map:2 pending planned']);
  });

  it('CUA-9 system containers of the configuration, or of the desired state, have no actions', async (t) => {
    const agent = await ContainerAgent.start(t, { systemContainers: ['sua'] }, async (containers) => {
      await containers.have('sua', 'sua:1');
      await containers.have('broker', 'broker:1');
    });
    await agent.want([]);
    assert.deepEqual(
      shown(agent)?.map(([id]) => id),
      ['containers:broker'],
    );
    await agent.want([], 'a2', { config: [{ key: 'systemContainers', value: 'sua, broker' }] });
    assert.deepEqual(agent.last.payload, { status: 'COMPLETED' });
  });
});

describe('the feedback of an identification', () => {
  it('CUA-20 IDENTIFYING without actions, then IDENTIFIED with them', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want(['map:1']);
    const [first, second] = agent.feedbacks.map(({ payload }) => payload);
    assert.deepEqual(first, { status: 'IDENTIFYING' });
    assert.deepEqual(Object.keys(second ?? {}), ['status', 'message', 'actions']);
    assert.equal(agent.state, 'waiting.identified');
  });

  it('CUA-20 with nothing to do COMPLETED follows, and no operation is kept', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want([]);
    assert.deepEqual(
      agent.feedbacks.map(({ payload }) => payload),
      [{ status: 'IDENTIFYING' }, { status: 'IDENTIFIED' }, { status: 'COMPLETED' }],
    );
    assert.equal(agent.state, 'idle');
    await agent.command('DOWNLOAD');
    assert.equal(agent.feedbacks.length, 3);
  });

  it('CUA-8 CUA-11 CUA-12 CUA-20 what cannot be read fails with one message', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.receive('desiredstate', { activityId: 'a0', payload: null });
    await agent.want([component('map:1', { network: 'none' })]);
    await agent.want(['map:1', 'map:2']);
    assert.deepEqual(
      agent.feedbacks.map(({ payload }) => payload),
      [
        {
          status: 'IDENTIFICATION_FAILED',
          message: 'one domain expected in desired state specification, but got 0',
        },
        {
          status: 'IDENTIFICATION_FAILED',
          message:
            'cannot convert desired state components to container configurations: invalid configuration for container map: unsupported network mode none',
        },
        { status: 'IDENTIFICATION_FAILED', message: 'duplicate component id map' },
      ],
    );
    assert.equal(agent.state, 'idle');
  });

  it('CUA-20 when the containers cannot be listed IDENTIFYING comes first', async (t) => {
    const agent = await ContainerAgent.start(t);
    agent.containers.isListable = false;
    await agent.want(['map:1']);
    assert.deepEqual(
      agent.feedbacks.map(({ payload }) => payload),
      [{ status: 'IDENTIFYING' }, { status: 'IDENTIFICATION_FAILED', message: 'the containers cannot be listed' }],
    );
    assert.equal(agent.state, 'idle');
  });

  it('CUA-21 every feedback of a baseline has its name and all actions; * is echoed, none is not', async (t) => {
    const agent = await ContainerAgent.start(t, {}, (containers) => containers.have('old', 'old:1'));
    await agent.want(['map:1', 'nav:1']);
    await agent.command('DOWNLOAD', 'containers:map');
    await agent.command('DOWNLOAD', '*');
    await agent.command('UPDATE');
    const [, , ...rest] = agent.feedbacks;
    assert.deepEqual(
      rest.map(({ payload: { status, baseline, actions } }) => [status, baseline, actions?.length]),
      [
        ['DOWNLOADING', 'containers:map', 3],
        ['DOWNLOAD_SUCCESS', 'containers:map', 3],
        ['DOWNLOADING', '*', 3],
        ['DOWNLOADING', '*', 3],
        ['DOWNLOAD_SUCCESS', '*', 3],
        ['UPDATING', undefined, 3],
        ['UPDATE_SUCCESS', undefined, 3],
      ],
    );
  });

  it('CUA-10 the version of a component is echoed, whatever its image', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want([{ ...component('map:1'), version: '9' }]);
    assert.equal(agent.last.payload.actions?.[0]?.component.version, '9');
  });

  it('configurations are with the containers, and not kept by the agent', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want([component('map:1', { env: 'TOKEN=hunter2' })]);
    const persisted = JSON.stringify(agent.system.cell('container-update-agent/containers')?.persisted());
    assert.ok(!persisted.includes('hunter2'), persisted);
  });
});

describe('groups', () => {
  const found = [
    { kind: 'create', name: 'map', version: '1', planned: 'n1' },
    { kind: 'create', name: 'nav', version: '1', planned: 'n2' },
    { kind: 'create', name: 'app', version: '1', planned: 'n3' },
    { kind: 'destroy', name: 'old', version: '1', present: 'p1' },
  ] as const;
  const grouped = (groups: readonly { title: string; names: readonly string[] }[], of: typeof found | [] = found) =>
    newOperation({ activityId: 'a', digest: '', domain: 'containers', found: of, groups }).groups.map(
      ({ baseline, members }) => [baseline, ...members],
    );

  it('CUA-19 each baseline is one, and what goes is one, even if nothing does', () => {
    const wanted = [
      { title: 'nav', names: ['nav', 'map'] },
      { title: 'elsewhere', names: [] },
      { title: 'containers:app', names: ['app'] },
      { title: 'containers:sua', names: ['sua'] },
    ];
    assert.deepEqual(grouped(wanted), [
      ['nav', 0, 1],
      ['elsewhere'],
      ['containers:app', 2],
      ['containers:remove-components', 3],
    ]);
    assert.deepEqual(grouped([], []), [['containers:remove-components']]);
  });

  it('CUA-19 each has a status of its own, so that * and names do not mix', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want(['map:1', 'nav:1'], 'a1', {
      baselines: [{ title: 'nav', components: ['containers:map', 'other:x'] }],
    });
    await agent.command('DOWNLOAD', 'nav');
    agent.messages.length = 0;
    await agent.command('UPDATE', '*');
    await agent.command('UPDATE', 'containers:nav');
    assert.deepEqual(
      agent.feedbacks.map(({ payload: { status, message } }) => [status, message]),
      [
        ['UPDATE_FAILURE', 'UPDATE is possible only after status DOWNLOAD_SUCCESS is reported'],
        ['UPDATE_FAILURE', 'UPDATE is possible only after status DOWNLOAD_SUCCESS is reported'],
      ],
    );
    await agent.command('UPDATE', 'nav');
    assert.equal(agent.last.payload.status, 'UPDATE_SUCCESS');
    assert.deepEqual(
      agent.parts.view().groups.map(({ baseline, status }) => [baseline, status]),
      [
        ['', 'IDENTIFIED'],
        ['nav', 'UPDATE_SUCCESS'],
        ['containers:nav', 'IDENTIFIED'],
        ['containers:remove-components', 'IDENTIFIED'],
      ],
    );
  });
});
