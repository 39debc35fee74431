import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  COMMANDS,
  type CommandName,
  type GroupStatus,
  judge,
  newOperation,
} from '../../../src/protocols/container-update/index.js';
import { AGENT, ContainerAgent } from '../../fakes/container-update.js';

describe('who goes on', () => {
  it('CUA-22 nobody but who sends commands; after a minute that is worth a warning', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want(['map:1']);
    assert.equal(agent.last.payload.message, 'waiting for commands');
    await agent.run.clock.advance(59_999);
    assert.equal(agent.state, 'waiting.identified');
    await agent.run.clock.advance(1);
    await agent.settled();
    assert.equal(agent.state, 'waiting.unattended');
    assert.equal(agent.logs('update_waits_for_commands').length, 1);
    await agent.run.clock.advance(30 * 86_400_000);
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED']);
    assert.deepEqual(
      agent.system.view(AGENT)?.waits.map(({ waitsFor, until }) => [waitsFor, until]),
      [['the command DOWNLOAD, which nobody sends', 'never']],
    );
    await agent.command('DOWNLOAD');
    assert.deepEqual(agent.said(), ['DOWNLOADING', 'DOWNLOAD_SUCCESS']);
  });

  it('CUA-22 the agent itself, if it is told to', async (t) => {
    const agent = await ContainerAgent.start(t, { autoCommands: true }, (containers) =>
      containers.have('map', 'map:1'),
    );
    await agent.want(['map:2']);
    await agent.reaches('idle');
    assert.deepEqual(agent.said(), [
      ...['IDENTIFYING', 'IDENTIFIED', 'DOWNLOADING', 'DOWNLOAD_SUCCESS', 'UPDATING', 'UPDATE_SUCCESS'],
      ...['ACTIVATING', 'ACTIVATION_SUCCESS', 'CLEANUP_SUCCESS', 'COMPLETED'],
    ]);
    assert.deepEqual(agent.containers.standing(), ['map:2 current Running']);
  });

  it('CUA-22 which rolls back what fails', async (t) => {
    for (const [call, failure] of [
      ['CREATE map:2', 'DOWNLOAD_FAILURE'],
      ['STOP map:1', 'UPDATE_FAILURE'],
      ['START map:2', 'ACTIVATION_FAILURE'],
    ] as const) {
      const agent = await ContainerAgent.start(t, { autoCommands: true }, (containers) =>
        containers.have('map', 'map:1'),
      );
      agent.containers.failures.set(call, 'no');
      await agent.want(['map:2']);
      await agent.reaches('idle');
      const said = agent.said();
      assert.deepEqual(said.slice(said.indexOf(failure)), [
        failure,
        'ROLLBACK',
        'ROLLBACK_SUCCESS',
        'CLEANUP_SUCCESS',
        'INCOMPLETE',
      ]);
      assert.deepEqual(agent.containers.standing(), ['map:1 current Running']);
    }
  });

  it('CUA-22 also an operation that waits since before it was told to', async (t) => {
    const before = await ContainerAgent.start(t);
    await before.want(['map:1']);
    const agent = await before.again('reopen', { autoCommands: true });
    await agent.reaches('idle');
    assert.equal(agent.said().at(-1), 'COMPLETED');
  });
});

describe('commands that are not carried out', () => {
  it('CUA-23 without payload, unknown, of no operation or of another: nothing is said', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.command('DOWNLOAD');
    await agent.want(['map:1']);
    agent.messages.length = 0;
    await agent.receive('desiredstate/command', { activityId: 'a1', timestamp: 9 });
    await agent.command('REBOOT');
    await agent.command('DOWNLOAD', '', 'a2');
    assert.deepEqual(agent.messages, []);
    assert.equal(agent.state, 'waiting.identified');
    assert.equal(agent.logs('command_ignored').length, 2);
  });

  it('CUA-23 however many are ignored, the log tells of them once a minute', async (t) => {
    const agent = await ContainerAgent.start(t);
    for (let count = 0; count < 20; count++) await agent.command('DOWNLOAD', '', `x${count}`);
    assert.equal(agent.logs('command_ignored').length, 1);
    await agent.run.clock.advance(60_000);
    await agent.command('DOWNLOAD');
    assert.deepEqual(
      agent.logs('command_ignored').map(({ fields }) => fields['repeated']),
      [undefined, 19],
    );
  });

  it('CUA-23 for an unknown baseline the failure is that of the command, and CLEANUP for CLEANUP', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want(['map:1']);
    for (const command of COMMANDS) await agent.command(command, 'nav');
    assert.deepEqual(
      agent.feedbacks.slice(2).map(({ payload: { status, baseline, message } }) => [status, baseline, message]),
      [
        ['DOWNLOAD_FAILURE', 'nav', 'Unknown baseline nav'],
        ['UPDATE_FAILURE', 'nav', 'Unknown baseline nav'],
        ['ACTIVATION_FAILURE', 'nav', 'Unknown baseline nav'],
        ['ROLLBACK_FAILURE', 'nav', 'Unknown baseline nav'],
        ['CLEANUP', 'nav', 'Unknown baseline nav'],
      ],
    );
  });

  it('CUA-23 out of order: a text, and the status of the group stays', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want(['map:1']);
    await agent.commands('UPDATE', 'ACTIVATE', 'ROLLBACK');
    assert.deepEqual(
      agent.feedbacks.slice(2).map(({ payload: { status, message, actions } }) => [status, message, actions?.length]),
      [
        ['UPDATE_FAILURE', 'UPDATE is possible only after status DOWNLOAD_SUCCESS is reported', 1],
        ['ACTIVATION_FAILURE', 'ACTIVATE is possible only after status UPDATE_SUCCESS is reported', 1],
        [
          'ROLLBACK_FAILURE',
          'ROLLBACK is possible only after status DOWNLOAD_SUCCESS|UPDATE_SUCCESS|ACTIVATION_FAILURE|ACTIVATION_SUCCESS is reported',
          1,
        ],
      ],
    );
    agent.messages.length = 0;
    await agent.command('DOWNLOAD');
    assert.deepEqual(agent.said(), ['DOWNLOADING', 'DOWNLOAD_SUCCESS']);
    await agent.command('DOWNLOAD');
    assert.equal(agent.last.payload.message, 'DOWNLOAD is possible only after status IDENTIFIED is reported');
  });

  it('CUA-23 the whole table', () => {
    const statuses: readonly GroupStatus[] = [
      ...(['IDENTIFIED', 'DOWNLOAD_SUCCESS', 'DOWNLOAD_FAILURE', 'UPDATE_SUCCESS', 'UPDATE_FAILURE'] as const),
      ...(['ACTIVATION_SUCCESS', 'ACTIVATION_FAILURE', 'ROLLBACK_SUCCESS', 'ROLLBACK_FAILURE'] as const),
    ];
    const operation = newOperation({ activityId: 'a', digest: '', domain: 'containers', found: [], groups: [] });
    const allowed = (command: CommandName): readonly GroupStatus[] =>
      statuses.filter(
        (status) =>
          judge({ ...operation, status }, { activityId: 'a', command, baseline: '*', timestamp: 1 }) === 'taken',
      );
    assert.deepEqual(allowed('DOWNLOAD'), ['IDENTIFIED']);
    assert.deepEqual(allowed('UPDATE'), ['DOWNLOAD_SUCCESS']);
    assert.deepEqual(allowed('ACTIVATE'), ['UPDATE_SUCCESS']);
    assert.deepEqual(allowed('ROLLBACK'), [
      'DOWNLOAD_SUCCESS',
      'DOWNLOAD_FAILURE',
      'UPDATE_SUCCESS',
      'UPDATE_FAILURE',
      'ACTIVATION_SUCCESS',
      'ACTIVATION_FAILURE',
    ]);
    assert.deepEqual(allowed('CLEANUP'), statuses);
  });

  it('CUA-23 a command that is delivered again is dropped', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want(['map:1']);
    agent.messages.length = 0;
    await agent.command('DOWNLOAD', '', 'a1', 77);
    await agent.command('DOWNLOAD', '', 'a1', 77);
    assert.deepEqual(agent.said(), ['DOWNLOADING', 'DOWNLOAD_SUCCESS']);
    await agent.command('DOWNLOAD', '', 'a1', 78);
    assert.deepEqual(agent.said(), ['DOWNLOAD_FAILURE']);
  });
});

describe('one at a time', () => {
  it('CUA-24 what comes while a step runs is taken after it, in the order in which it came', async (t) => {
    const agent = await ContainerAgent.start(t);
    agent.containers.hold('CREATE map:1');
    await agent.want(['map:1']);
    await agent.command('DOWNLOAD');
    await agent.command('UPDATE');
    await agent.command('ACTIVATE');
    await agent.want(['nav:1'], 'a2');
    await agent.command('DOWNLOAD', '', 'a2');
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED', 'DOWNLOADING']);
    agent.containers.release('CREATE map:1');
    await agent.reaches('waiting.downloaded');
    assert.deepEqual(
      agent.feedbacks.map(({ activityId, payload }) => `${activityId} ${payload.status}`),
      [
        ...['a1 DOWNLOAD_SUCCESS', 'a1 UPDATE_SUCCESS', 'a1 ACTIVATING', 'a1 ACTIVATION_SUCCESS', 'a1 SUPERSEDED'],
        ...['a2 IDENTIFYING', 'a2 IDENTIFIED', 'a2 DOWNLOADING', 'a2 DOWNLOAD_SUCCESS'],
      ],
    );
  });

  it('CUA-24 over a restart, too', async (t) => {
    const before = await ContainerAgent.start(t);
    before.containers.hold('CREATE map:1');
    await before.want(['map:1']);
    await before.command('DOWNLOAD');
    await before.command('UPDATE');
    const agent = await before.again('crash');
    agent.containers.release('CREATE map:1');
    await agent.reaches('waiting.updated');
  });
});

describe('as an update manager drives it', () => {
  it('CUA-32 CLEANUP after a failure, and the next desired state whatever is open', async (t) => {
    const agent = await ContainerAgent.start(t, {}, (containers) => containers.have('map', 'map:1'));
    agent.containers.failures.set('START map:2', 'bad image');
    await agent.want(['map:2']);
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP');
    assert.deepEqual(agent.said().slice(-3), ['ACTIVATION_FAILURE', 'CLEANUP_SUCCESS', 'INCOMPLETE']);
    assert.deepEqual(agent.containers.standing(), ['map:1 current Running']);
    await agent.want(['map:3'], 'a2');
    await agent.want(['map:1'], 'a3');
    assert.equal(agent.state, 'waiting.identified');
    assert.equal(agent.last.payload.actions?.[0]?.message?.startsWith('No changes detected'), true);
  });

  it('CUA-31 it says nothing but the statuses of an agent', async (t) => {
    const agent = await ContainerAgent.start(t, {}, (containers) => containers.have('old', 'old:1'));
    await agent.want(['map:1']);
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE', 'ROLLBACK', 'CLEANUP');
    const known = new Set([
      ...['IDENTIFYING', 'IDENTIFIED', 'IDENTIFICATION_FAILED', 'COMPLETED', 'INCOMPLETE', 'ROLLBACK'],
      ...['DOWNLOADING', 'UPDATING', 'ACTIVATING', 'DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS', 'ACTIVATION_SUCCESS'],
      ...['ROLLBACK_SUCCESS', 'CLEANUP_SUCCESS'],
    ]);
    assert.deepEqual(
      agent.said().filter((status) => !known.has(status)),
      [],
    );
  });
});
