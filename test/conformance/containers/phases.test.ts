import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContainerAgent, component } from '../../fakes/container-update.js';

const messages = (agent: ContainerAgent) => agent.last.payload.actions?.map(({ message }) => message);

/** One action of each kind. */
const start = (t: Parameters<typeof ContainerAgent.start>[0]) =>
  ContainerAgent.start(t, {}, async (containers) => {
    await containers.have('map', 'map:1');
    await containers.have('limits', 'limits:1', { resources: { memory: '100M' } });
    await containers.have('same', 'same:1', {}, false);
    await containers.have('old', 'old:1');
  });
const WANTED = ['new:1', 'map:2', component('limits:1', { memory: '200M' }), 'same:1'];

describe('the phases, action by action', () => {
  it('CUA-25 CUA-26 n eligible actions make n + 1 feedbacks', async (t) => {
    const agent = await start(t);
    await agent.want(WANTED);
    agent.messages.length = 0;
    const I = 'IDENTIFIED';
    const D = 'DOWNLOAD_SUCCESS';
    const U = 'UPDATE_SUCCESS';
    const A = 'ACTIVATION_SUCCESS';
    await agent.command('DOWNLOAD');
    assert.deepEqual(agent.table(), [
      ['DOWNLOADING', 'DOWNLOADING', I, I, I, I],
      ['DOWNLOADING', D, 'DOWNLOADING', I, I, I],
      ['DOWNLOAD_SUCCESS', D, D, I, I, I],
    ]);
    await agent.command('UPDATE');
    assert.deepEqual(agent.table(), [
      ['UPDATING', D, 'UPDATING', I, I, I],
      ['UPDATING', D, U, 'UPDATING', I, I],
      ['UPDATING', D, U, U, I, 'UPDATING'],
      ['UPDATE_SUCCESS', D, U, U, I, U],
    ]);
    await agent.command('ACTIVATE');
    assert.deepEqual(agent.table(), [
      ['ACTIVATING', 'ACTIVATING', U, U, I, U],
      ['ACTIVATING', A, 'ACTIVATING', U, I, U],
      ['ACTIVATING', A, A, 'ACTIVATING', I, U],
      ['ACTIVATING', A, A, A, 'ACTIVATING', U],
      ['ACTIVATION_SUCCESS', A, A, A, A, U],
    ]);
    assert.deepEqual(agent.containers.calls, [
      ...['CREATE new:1', 'CREATE map:2'],
      ...['STOP map:1', 'UPDATE limits:1 200M', 'STOP old:1'],
      ...['ROLE new:1 current', 'START new:1', 'ROLE map:1 old', 'ROLE map:2 current', 'START map:2'],
      ...['START limits:1', 'START same:1'],
    ]);
  });

  it('CUA-18 tells how far an image is while it is fetched: now and then, never less, and not when it is there', async (t) => {
    const agent = await start(t);
    await agent.want(['new:1', 'map:2']);
    agent.containers.hold('CREATE new:1');
    await agent.command('DOWNLOAD');
    agent.messages.length = 0;
    const told = () =>
      agent.feedbacks.map(({ payload: { status, actions = [] } }) => [status, ...actions.map((each) => each.progress)]);
    const rest = [undefined, undefined, undefined, undefined];
    const seconds = async (count: number): Promise<void> => {
      for (let each = 0; each < count; each++) {
        await agent.run.clock.advance(1_000);
        await agent.settled();
      }
    };
    await agent.containers.fetched('new:1', 4);
    await seconds(6);
    assert.deepEqual(told(), [], 'too little to speak of');
    await agent.containers.fetched('new:1', 20);
    await seconds(1);
    const first = ['DOWNLOADING', 20, ...rest];
    assert.deepEqual(told(), [first]);
    await agent.containers.fetched('new:1', 40);
    await seconds(4);
    assert.deepEqual(told(), [first], 'not every second');
    assert.equal(agent.parts.view().actions[0]?.progress, 20);
    await agent.containers.fetched('new:1', 100);
    await seconds(1);
    const last = ['DOWNLOADING', 99, ...rest];
    assert.deepEqual(told(), [first, last]);
    await agent.containers.fetched('new:1', 30);
    await seconds(10);
    assert.deepEqual(told(), [first, last], 'one that begins again');
    agent.containers.release('CREATE new:1');
    await agent.reaches('waiting.downloaded');
    assert.deepEqual(told().slice(2), [
      ['DOWNLOADING', undefined, ...rest],
      ['DOWNLOAD_SUCCESS', undefined, ...rest],
    ]);
    assert.equal(agent.parts.view().actions[0]?.progress, undefined);
  });

  it('CUA-25 messages come with the success, and an updated one keeps its own', async (t) => {
    const agent = await start(t);
    await agent.want(WANTED);
    const found = messages(agent) ?? [];
    await agent.command('DOWNLOAD');
    assert.deepEqual(messages(agent), ['New container created.', 'New container created.', ...found.slice(2)]);
    await agent.command('UPDATE');
    const updated = 'Container instance is updated with new configuration.';
    const stopped = 'Old container instance is stopped.';
    assert.deepEqual(messages(agent), ['New container created.', stopped, updated, found[3], stopped]);
    await agent.command('ACTIVATE');
    const started = 'New container instance is started.';
    const running = 'Existing container instance is running.';
    assert.deepEqual(messages(agent), [started, started, updated, running, stopped]);
  });

  it('CUA-25 with no eligible action one feedback, and actions untouched', async (t) => {
    const agent = await ContainerAgent.start(t, {}, (containers) => containers.have('old', 'old:1'));
    await agent.want([]);
    agent.messages.length = 0;
    await agent.command('DOWNLOAD');
    assert.deepEqual(agent.table(), [['DOWNLOAD_SUCCESS', 'IDENTIFIED']]);
  });

  it('CUA-25 the first error ends the phase with its text; later actions stay as they are', async (t) => {
    const agent = await ContainerAgent.start(t);
    agent.containers.failures.set('CREATE two:1', 'manifest unknown');
    await agent.want(['one:1', 'two:1', 'three:1']);
    agent.messages.length = 0;
    await agent.command('DOWNLOAD');
    const actions = agent.last.payload.actions?.map(({ status, message }) => [status, message]);
    assert.deepEqual(actions?.[1], ['DOWNLOAD_FAILURE', 'manifest unknown']);
    assert.deepEqual(agent.table(), [
      ['DOWNLOADING', 'DOWNLOADING', 'IDENTIFIED', 'IDENTIFIED'],
      ['DOWNLOADING', 'DOWNLOAD_SUCCESS', 'DOWNLOADING', 'IDENTIFIED'],
      ['DOWNLOAD_FAILURE', 'DOWNLOAD_SUCCESS', 'DOWNLOAD_FAILURE', 'IDENTIFIED'],
    ]);
    assert.equal(agent.state, 'waiting.downloadFailed');
    assert.deepEqual(agent.containers.calls, ['CREATE one:1', 'CREATE two:1']);
    assert.equal(agent.logs('container_step_failed').length, 1);
  });

  it('CUA-25 a paused container is resumed, and a running one left alone', async (t) => {
    const agent = await ContainerAgent.start(t, {}, async (containers) => {
      const paused = await containers.have('paused', 'paused:1');
      await containers.tell(paused, { type: 'PAUSE' });
      await containers.have('running', 'running:1');
    });
    await agent.want(['paused:1', 'running:1']);
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    assert.deepEqual(agent.containers.calls, ['RESUME paused:1', 'START running:1']);
    assert.deepEqual(agent.containers.standing(), ['paused:1 current Running', 'running:1 current Running']);
  });

  it('CUA-25 a container that vanished after the identification fails its activation', async (t) => {
    const agent = await ContainerAgent.start(t);
    const id = await agent.containers.have('same', 'same:1');
    await agent.want(['same:1', 'new:1']);
    await agent.containers.tell(id, { type: 'REMOVE', force: true });
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    assert.equal(agent.last.payload.status, 'ACTIVATION_FAILURE');
    assert.equal(messages(agent)?.[0], 'container same no longer exists');
  });

  it('CUA-25 one that was to be stopped and vanished is stopped', async (t) => {
    const agent = await ContainerAgent.start(t);
    const id = await agent.containers.have('map', 'map:1');
    await agent.want(['map:2']);
    await agent.containers.tell(id, { type: 'REMOVE', force: true });
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP');
    assert.equal(agent.said().at(-1), 'COMPLETED');
    assert.deepEqual(agent.containers.standing(), ['map:2 current Running']);
  });

  it('CUA-25 one that vanishes while it is asked is not waited for', async (t) => {
    const agent = await ContainerAgent.start(t);
    agent.containers.hold('CREATE map:1');
    await agent.want(['map:1']);
    await agent.command('DOWNLOAD');
    const [planned] = agent.containers.all();
    await agent.system.remove(`container/${planned?.id}`);
    await agent.run.clock.advance(5_000);
    await agent.reaches('waiting.downloadFailed');
    assert.equal(messages(agent)?.[0], 'container map no longer exists');
  });

  it('CUA-25 one that never answers fails its step in the end', async (t) => {
    const agent = await ContainerAgent.start(t, { pullTimeoutS: 600 });
    agent.containers.hold('CREATE map:1');
    await agent.want(['map:1']);
    await agent.command('DOWNLOAD');
    await agent.run.clock.advance(1_199_999);
    assert.equal(agent.state, 'downloading.working');
    await agent.run.clock.advance(1);
    await agent.reaches('waiting.downloadFailed');
  });

  it('CUA-25 a hundred actions have a hundred and one feedbacks', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.want(Array.from({ length: 100 }, (_, index) => `c${index}:1`));
    agent.messages.length = 0;
    await agent.command('DOWNLOAD');
    await agent.reaches('waiting.downloaded');
    const table = agent.table();
    assert.equal(table.length, 101);
    assert.ok(table.every((row) => row.length === 101));
  });
});
