import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agentSubscriptions } from '../../../src/actors/container-update/inbound.js';
import { DEFAULT_AGENT_SETTINGS } from '../../../src/actors/container-update/index.js';
import { AGENT, ContainerAgent, INVENTORY } from '../../fakes/container-update.js';

const states = (agent: ContainerAgent) =>
  agent.messages.filter(({ topic }) => topic === 'containersupdate/currentstate').map(({ activityId }) => activityId);

describe('topics and envelopes', () => {
  it('CUA-1 three topics come in, two go out; the inventory is retained', async (t) => {
    const agent = await ContainerAgent.start(t);
    assert.deepEqual(
      agent.parts.subscriptions.map(({ filter, qos }) => [filter, qos]),
      [
        ['containersupdate/desiredstate', 1],
        ['containersupdate/desiredstate/command', 1],
        ['containersupdate/currentstate/get', 1],
      ],
    );
    await agent.up();
    await agent.want(['map:1']);
    assert.deepEqual(
      agent.messages.map(({ topic, retain }) => [topic, retain]),
      [
        ['containersupdate/currentstate', true],
        ['containersupdate/desiredstatefeedback', false],
        ['containersupdate/desiredstatefeedback', false],
      ],
    );
  });

  it('CUA-1 the prefix comes of the domain', async (t) => {
    const agent = await ContainerAgent.start(t, { domain: 'my-apps' });
    assert.deepEqual(
      agent.parts.subscriptions.map(({ filter }) => filter.split('/')[0]),
      ['myappsupdate', 'myappsupdate', 'myappsupdate'],
    );
  });

  it('CUA-2 every message has an id, a time in milliseconds and a payload', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.up();
    await agent.want(['map:1']);
    await agent.command('DOWNLOAD');
    for (const { activityId, timestamp, payload } of agent.messages) {
      assert.equal(typeof activityId, 'string');
      assert.equal(timestamp, agent.run.clock.now());
      assert.equal(typeof payload, 'object');
    }
    assert.equal(agent.last.activityId, 'a1');
  });

  it('CUA-2 an incoming timestamp is optional', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.receive('desiredstate', { activityId: 'a1', payload: { domains: [{ id: 'containers' }] } });
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED', 'COMPLETED']);
  });

  it('CUA-3 what is said while there is no broker is kept for it, in order and over a restart', async (t) => {
    const before = await ContainerAgent.start(t);
    before.hold();
    await before.want(['map:1']);
    await before.command('DOWNLOAD');
    assert.deepEqual(before.said(), []);
    const agent = await before.again('crash');
    assert.deepEqual(agent.said(), ['IDENTIFYING', 'IDENTIFIED', 'DOWNLOADING', 'DOWNLOAD_SUCCESS']);
  });
});

describe('the current state', () => {
  it('CUA-4 UA-2 is published at each connection', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.up();
    await agent.down();
    await agent.run.clock.advance(5_000);
    await agent.up();
    const now = agent.run.clock.now();
    assert.deepEqual(states(agent), [`initial-current-state-${now - 5_000}`, `initial-current-state-${now}`]);
    assert.ok(agent.messages.every(({ retain }) => retain));
  });

  it('CUA-4 and after a restart of the process, not before there is a connection', async (t) => {
    const before = await ContainerAgent.start(t);
    await before.up();
    const agent = await before.again('crash');
    assert.deepEqual(states(agent), []);
    await agent.up();
    assert.equal(states(agent).length, 1);
  });

  it('CUA-5 answers a question with its id, and one without content with none', async (t) => {
    const agent = await ContainerAgent.start(t, {}, (containers) => containers.have('map', 'map:1'));
    await agent.up();
    agent.messages.length = 0;
    await agent.receive('currentstate/get', { activityId: 'g', timestamp: 1, payload: {} });
    await agent.receive('currentstate/get', '');
    assert.deepEqual(states(agent), ['g', '']);
    assert.deepEqual(
      agent.messages.at(0)?.payload.softwareNodes?.map(({ id, version, name }) => [id, version, name]),
      [
        ['containers-update-agent', '1.2.3', 'Fleetchart Containers Update Agent'],
        ['containers:map', '1', undefined],
      ],
    );
  });

  it('CUA-5 answers while a step runs', async (t) => {
    const agent = await ContainerAgent.start(t);
    agent.containers.hold('CREATE map:1');
    await agent.want(['map:1']);
    await agent.command('DOWNLOAD');
    assert.equal(agent.state, 'downloading.working');
    await agent.receive('currentstate/get', { activityId: 'g' });
    assert.deepEqual(states(agent), ['g']);
  });

  it('CUA-5 drops a question that is no JSON', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.receive('currentstate/get', '{');
    assert.deepEqual(agent.messages, []);
  });

  it('CUA-7 UA-4 is published without an id after an operation', async (t) => {
    const agent = await ContainerAgent.start(t);
    await agent.up();
    await agent.want(['map:1']);
    await agent.commands('DOWNLOAD', 'UPDATE', 'ACTIVATE');
    agent.messages.length = 0;
    await agent.command('CLEANUP');
    assert.deepEqual(states(agent), ['']);
    const nodes = agent.messages.find(({ topic }) => topic.endsWith('/currentstate'))?.payload.softwareNodes;
    assert.deepEqual(
      nodes?.map(({ id }) => id),
      ['containers-update-agent', 'containers:map'],
    );
  });

  it('CUA-7 UA-4 and a second after containers have changed, once for all of them', async (t) => {
    const agent = await ContainerAgent.start(t);
    agent.containers.watcher = INVENTORY;
    await agent.up();
    agent.messages.length = 0;
    const one = await agent.containers.have('map', 'map:1');
    const two = await agent.containers.have('nav', 'nav:1');
    await agent.containers.tell(one, { type: 'STOP' });
    await agent.containers.tell(two, { type: 'STOP' });
    await agent.run.clock.advance(999);
    assert.deepEqual(states(agent), []);
    await agent.run.clock.advance(1);
    await agent.settled();
    assert.deepEqual(states(agent), ['']);
  });

  it('CUA-7 not while there is no broker, and not for what an update prepares', async (t) => {
    const agent = await ContainerAgent.start(t);
    agent.containers.watcher = INVENTORY;
    await agent.containers.have('map', 'map:1');
    await agent.run.clock.advance(10_000);
    await agent.settled();
    assert.deepEqual(states(agent), []);
    await agent.up();
    agent.messages.length = 0;
    await agent.want(['map:2']);
    await agent.command('DOWNLOAD');
    await agent.run.clock.advance(10_000);
    await agent.settled();
    assert.deepEqual(states(agent), []);
  });
});

describe('messages that are broken', () => {
  it('CUA-6 a desired state that names its activity is answered', async (t) => {
    const agent = await ContainerAgent.start(t);
    const config = [{ key: 'image', value: 5 }];
    const domains = [{ id: 'containers', components: [{ id: 'map', config }] }];
    await agent.receive('desiredstate', { activityId: 'a1', payload: { domains } });
    const { activityId, payload } = agent.last;
    assert.equal(activityId, 'a1');
    assert.deepEqual(payload, {
      status: 'IDENTIFICATION_FAILED',
      message: 'payload.domains[0].components[0].config[0].value: expected a string, got 5',
    });
  });

  it('CUA-6 the log repeats nothing of what is no JSON', () => {
    const refused: string[] = [];
    const subscriptions = agentSubscriptions(DEFAULT_AGENT_SETTINGS, (_topic, _reason, detail) => refused.push(detail));
    const texts = ['{"value":correct-horse}', 'correct-horse', `{"activityId":"a1",${'"x":1,'.repeat(9)}correct-horse`];
    for (const text of texts) {
      assert.deepEqual(subscriptions[0]?.read({ topic: '', payload: Buffer.from(text) }), []);
    }
    assert.equal(refused.length, texts.length);
    for (const detail of refused) assert.doesNotMatch(detail, /corr/);
    for (const detail of refused) assert.match(detail, /JSON/);
  });

  it('CUA-6 all others are dropped', async (t) => {
    const agent = await ContainerAgent.start(t);
    for (const body of ['{', '[]', '5', { activityId: 7 }]) await agent.receive('desiredstate', body);
    for (const body of ['', '{', { activityId: 'a1', payload: { command: 5 } }]) {
      await agent.receive('desiredstate/command', body);
    }
    assert.deepEqual(agent.messages, []);
    assert.equal(agent.state, 'idle');
    assert.equal(agent.system.view(AGENT)?.restarts, 0);
  });
});
