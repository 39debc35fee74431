import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContainerAgent, component } from '../../fakes/container-update.js';

const results = (agent: ContainerAgent) => agent.last.payload.actions?.map(({ status, message }) => [status, message]);
const BEFORE = ['limits:1 current Running', 'map:1 current Running', 'old:1 current Running'];

const start = (t: Parameters<typeof ContainerAgent.start>[0]) =>
  ContainerAgent.start(t, {}, async (containers) => {
    await containers.have('map', 'map:1');
    await containers.have('limits', 'limits:1', { resources: { memory: '100M' } });
    await containers.have('old', 'old:1');
  });
const WANTED = ['map:2', component('limits:1', { memory: '200M' }), 'new:1'];

describe('CLEANUP after an activation', () => {
  it('CUA-28 the old instances go, and what was destroyed is removed', async (t) => {
    const agent = await start(t);
    await agent.want(WANTED);
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    agent.containers.calls.length = 0;
    await agent.command('CLEANUP');
    assert.deepEqual(results(agent)?.at(-1), ['REMOVAL_SUCCESS', 'Old container instance is removed.']);
    assert.deepEqual(agent.containers.calls, ['REMOVE map:1', 'REMOVE old:1']);
    assert.deepEqual(agent.said().slice(-2), ['CLEANUP_SUCCESS', 'COMPLETED']);
    assert.deepEqual(agent.containers.standing(), [
      'limits:1 current Running',
      'map:2 current Running',
      'new:1 current Running',
    ]);
  });

  it('CUA-28 a destroyed one that stays is a failure, an old instance that stays is none', async (t) => {
    for (const [call, result, end] of [
      ['REMOVE old:1', 'CLEANUP_FAILURE', 'INCOMPLETE'],
      ['REMOVE map:1', 'CLEANUP_SUCCESS', 'COMPLETED'],
    ] as const) {
      const agent = await start(t);
      agent.containers.failures.set(call, 'device is busy');
      await agent.want(WANTED);
      await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP');
      const isOld = call === 'REMOVE old:1';
      assert.deepEqual(results(agent)?.at(-1), [
        isOld ? 'REMOVAL_FAILURE' : 'REMOVAL_SUCCESS',
        isOld ? 'device is busy' : 'Old container instance is removed.',
      ]);
      assert.deepEqual(agent.said().slice(-2), [result, end]);
      assert.equal(agent.logs('containers_left_behind').length, 1);
    }
  });
});

describe('an engine that is lost when UPDATE begins', () => {
  it('CUA-28 what ran before runs again', async (t) => {
    const agent = await start(t);
    const paused = await agent.containers.have('paused', 'paused:1');
    await agent.containers.tell(paused, { type: 'PAUSE' });
    await agent.want(['map:2', 'paused:1']);
    await agent.command('DOWNLOAD');
    agent.containers.isLost = true;
    await agent.commands('UPDATE');
    agent.containers.failures.set('START map:2', 'no memory');
    await agent.commands('ACTIVATE', 'CLEANUP');
    agent.containers.isLost = false;
    assert.ok(agent.containers.standing().includes('map:1 current Running'), agent.containers.standing().join());
    assert.ok(agent.containers.standing().includes('old:1 current Running'));
  });

  it('CUA-25 what is paused is resumed, not started', async (t) => {
    const agent = await start(t);
    const paused = await agent.containers.have('paused', 'paused:1');
    await agent.containers.tell(paused, { type: 'PAUSE' });
    await agent.want(['paused:1']);
    agent.containers.isLost = true;
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    assert.deepEqual(agent.said().at(-1), 'ACTIVATION_SUCCESS');
    assert.ok(agent.containers.calls.includes('RESUME paused:1'));
  });
});

describe('CLEANUP of anything else', () => {
  const stages: readonly (readonly [after: string, commands: readonly string[], failure?: string])[] = [
    ['the identification', []],
    ['DOWNLOAD', ['DOWNLOAD']],
    ['a failed DOWNLOAD', ['DOWNLOAD'], 'CREATE new:1'],
    ['UPDATE', ['DOWNLOAD', 'UPDATE']],
    ['a failed UPDATE', ['DOWNLOAD', 'UPDATE'], 'STOP old:1'],
    ['a failed ACTIVATE', ['DOWNLOAD', 'UPDATE', 'ACTIVATE'], 'START new:1'],
  ];
  for (const [after, commands, failure] of stages) {
    it(`CUA-28 after ${after} all becomes as it was, and statuses stay`, async (t) => {
      const agent = await start(t);
      if (failure !== undefined) agent.containers.failures.set(failure, 'no');
      await agent.want(WANTED);
      await agent.commands(...commands);
      const before = results(agent);
      await agent.command('CLEANUP');
      assert.deepEqual(results(agent), before);
      assert.deepEqual(agent.said().slice(-2), ['CLEANUP_SUCCESS', 'INCOMPLETE']);
      assert.deepEqual(agent.containers.standing(), BEFORE);
      const limits = agent.containers.all().find(({ config }) => config.name === 'limits');
      assert.equal(limits?.config.resources.memory, '100M');
    });
  }

  it('CUA-28 after ROLLBACK nothing is left to be done', async (t) => {
    const agent = await start(t);
    await agent.want(WANTED);
    await agent.commands('DOWNLOAD', 'UPDATE', 'ROLLBACK');
    agent.containers.calls.length = 0;
    await agent.command('CLEANUP');
    assert.deepEqual(agent.containers.calls, []);
    assert.deepEqual(agent.said().slice(-2), ['CLEANUP_SUCCESS', 'INCOMPLETE']);
  });

  it('CUA-28 after a failed ROLLBACK it is tried once more', async (t) => {
    const agent = await start(t);
    await agent.want(WANTED);
    await agent.commands('DOWNLOAD', 'UPDATE');
    agent.containers.failures.set('START map:1', 'no');
    await agent.command('ROLLBACK');
    agent.containers.failures.clear();
    await agent.command('CLEANUP');
    assert.deepEqual(agent.containers.standing(), BEFORE);
  });

  it('CUA-28 a step that fails gives the text', async (t) => {
    const agent = await start(t);
    await agent.want(WANTED);
    await agent.commands('DOWNLOAD', 'UPDATE');
    agent.containers.failures.set('START map:1', 'no room');
    agent.containers.failures.set('START old:1', 'nor here');
    await agent.command('CLEANUP');
    const result = agent.feedbacks.at(-2)?.payload;
    assert.deepEqual([result?.status, result?.message], ['CLEANUP_FAILURE', 'no room; nor here']);
    assert.equal(agent.last.payload.status, 'INCOMPLETE');
  });

  it('CUA-28 one that did not run before is not started', async (t) => {
    const agent = await ContainerAgent.start(t, {}, (containers) => containers.have('map', 'map:1', {}, false));
    await agent.want(['map:2']);
    await agent.commands('DOWNLOAD', 'UPDATE', 'CLEANUP');
    assert.deepEqual(agent.containers.standing(), ['map:1 current Created']);
  });
});

describe('the end', () => {
  const BASELINES = { baselines: [{ title: 'nav', components: ['containers:map', 'containers:route'] }] };
  const all = async (agent: ContainerAgent, baseline: string): Promise<void> => {
    for (const command of ['DOWNLOAD', 'UPDATE', 'ACTIVATE']) await agent.command(command, baseline);
  };

  it('CUA-29 with named baselines it comes with the last group, without a baseline', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want(['map:1', 'route:1', 'app:1'], 'a1', BASELINES);
    for (const baseline of ['nav', 'containers:app']) {
      await all(agent, baseline);
      agent.messages.length = 0;
      await agent.command('CLEANUP', baseline);
      assert.deepEqual(agent.said(), ['CLEANUP_SUCCESS']);
      assert.equal(agent.state, 'waiting.cleanedUp');
    }
    await agent.command('CLEANUP', 'containers:remove-components');
    assert.deepEqual(
      agent.feedbacks.map(({ payload: { status, baseline } }) => [status, baseline]),
      [
        ['CLEANUP_SUCCESS', 'containers:remove-components'],
        ['COMPLETED', undefined],
      ],
    );
    assert.equal(agent.state, 'idle');
  });

  it('CUA-29 one group that was not activated makes it incomplete, whichever is the last', async (t) => {
    for (const last of ['nav', 'containers:app']) {
      const agent = await ContainerAgent.start(t);
      await agent.want(['map:1', 'route:1', 'app:1'], 'a1', BASELINES);
      await all(agent, 'nav');
      for (const baseline of ['containers:remove-components', 'containers:app', 'nav']) {
        if (baseline !== last) await agent.command('CLEANUP', baseline);
      }
      await agent.command('CLEANUP', last);
      assert.equal(agent.said().at(-1), 'INCOMPLETE');
      assert.deepEqual(agent.containers.standing(), ['map:1 current Running', 'route:1 current Running']);
    }
  });

  it('CUA-29 removals count where there are some', async (t) => {
    const agent = await ContainerAgent.start(t, {}, (containers) => containers.have('old', 'old:1'));
    await agent.want(['map:1']);
    await all(agent, 'containers:map');
    await agent.command('CLEANUP', 'containers:map');
    await all(agent, 'containers:remove-components');
    await agent.command('CLEANUP', 'containers:remove-components');
    assert.equal(agent.said().at(-1), 'COMPLETED');
    assert.deepEqual(agent.containers.standing(), ['map:1 current Running']);
  });

  it('CUA-29 a group that was cleaned up is unknown from then on', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want(['map:1', 'app:1']);
    await agent.command('CLEANUP', 'containers:map');
    await agent.command('DOWNLOAD', 'containers:map');
    assert.equal(agent.last.payload.message, 'Unknown baseline containers:map');
  });

  it('CUA-29 * ends it whatever became of the others, and takes nothing from what was cleaned up', async (t) => {
    const agent = await ContainerAgent.start(t, {}, (containers) => containers.have('map', 'map:1'));
    await agent.want(['map:2', 'app:1']);
    await all(agent, 'containers:map');
    await agent.command('CLEANUP', 'containers:map');
    await all(agent, 'containers:app');
    agent.messages.length = 0;
    await agent.command('CLEANUP', '*');
    assert.deepEqual(
      agent.feedbacks.map(({ payload: { status, baseline } }) => [status, baseline]),
      [
        ['CLEANUP_SUCCESS', '*'],
        ['INCOMPLETE', undefined],
      ],
    );
    assert.deepEqual(agent.containers.standing(), ['app:1 current Running', 'map:2 current Running']);
  });

  it('CUA-29 what follows is of no operation any more', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want(['map:1']);
    await agent.command('CLEANUP');
    agent.messages.length = 0;
    await agent.commands('CLEANUP', 'DOWNLOAD');
    assert.deepEqual(agent.messages, []);
    assert.deepEqual(agent.containers.all(), []);
  });
});
