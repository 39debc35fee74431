import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { fastify } from 'fastify';
import { assign, setup } from 'xstate';
import {
  createEngineLink,
  type EngineContainer,
  type EngineLink,
  type EngineListed,
  type EngineSighting,
} from '../../../../src/actors/engines/index.js';
import { type ActorType, createLogger, Metrics } from '../../../../src/runtime/index.js';
import { eventually, testSystem } from '../../../fakes/runtime.js';
import { ScriptedEngine, seen } from './scripted-engine.js';

type Told = EngineSighting | EngineListed;

/** Notes what it is told. */
const listener: ActorType = {
  name: 'container',
  version: 1,
  machine: setup({ types: { context: {} as { told: Told[] }, events: {} as Told } }).createMachine({
    id: 'container',
    context: { told: [] },
    on: { 'ENGINE.*': { actions: assign({ told: ({ context, event }) => [...context.told, event] }) } },
  }),
  durability: 'committed',
  startOnTell: true,
  idleAfterMs: 'never',
};

async function start(
  t: TestContext,
  scripted = new ScriptedEngine(),
  known: string[] = ['a', 'b'],
  adopt: (container: EngineContainer) => void = () => {},
) {
  const lines: Array<Record<string, unknown>> = [];
  const logger = createLogger({ destination: { write: (line: string) => lines.push(JSON.parse(line)) } });
  const metrics = new Metrics();
  let link: EngineLink | undefined;
  let choices = 0;
  const { system, clock } = await testSystem(t, (made) => {
    link = createEngineLink({
      name: 'containers',
      choose: async () => {
        choices++;
        if (!scripted.isThere) throw new Error('no engine');
        return { engine: scripted.engine, why: 'the test says so' };
      },
      owners: [
        {
          owner: 'containers',
          address: (id) => `container/${id}`,
          known: () => known,
          adopt,
          knows: (id) => known.includes(id),
          watchers: ['container/watcher'],
        },
      ],
      relistMs: 60_000,
      system: made,
      clock: made.clock,
      logger,
      metrics,
    });
    return [link.type, listener];
  });
  assert.ok(link);
  const { child, view, engine, routes } = link;
  const told = (id: string): string[] =>
    ((system.peek(`container/${id}`)?.context as { told?: Told[] } | undefined)?.told ?? []).map((event) => {
      if (event.type === 'ENGINE.SEEN') return `${event.container.status} ${event.container.name}`;
      return event.type === 'ENGINE.LISTED' ? `listed ${event.ids.join(' ')}` : 'missing';
    });
  const settled = async (): Promise<void> => {
    for (let round = 0; round < 3; round++) await system.settled();
  };
  return {
    ...{ system, clock, link, engine, view, routes, told, settled, lines, metrics, scripted, known },
    choices: () => choices,
    begin: async () => {
      await child.start(() => {});
      await eventually(() => view().state !== 'connecting', 'it is connected or lost');
      await settled();
    },
    end: () => child.stop(1_000),
    messages: () => lines.map(({ msg }) => msg),
    text: () => metrics.text(),
  };
}

describe('the link to a container engine', () => {
  it('ENG-1 POD-28 tells each container how the engine has it, or that it has not', async (t) => {
    const link = await start(t);
    link.scripted.has(seen('a'), seen('stranger', { owner: 'others' }));
    await link.begin();
    assert.deepEqual([link.told('a'), link.told('b')], [['running name-a'], ['missing']]);
    assert.deepEqual([link.told('stranger'), link.told('watcher')], [[], ['listed a']]);
    const { state, kind, name, why, containers, isSimulated, orphans } = link.view();
    assert.deepEqual(
      [state, kind, name, why, containers, isSimulated, orphans],
      ['ready', 'engine-api', 'Scripted', 'the test says so', 2, false, []],
    );
  });

  it('POD-27 at an event looks again, and tells what is new', async (t) => {
    const link = await start(t);
    link.scripted.has(seen('a'), seen('b'));
    await link.begin();
    link.scripted.has(seen('a', { status: 'exited' }));
    link.scripted.tells('a', 'died');
    await eventually(() => link.told('a').length === 2, 'told');
    link.scripted.tells('a', 'started');
    link.scripted.tells('b', 'renamed');
    await link.settled();
    assert.deepEqual([link.told('a'), link.told('b')], [['running name-a', 'exited name-a'], ['running name-b']]);
    link.scripted.containers.delete('a');
    link.scripted.tells('a', 'removed');
    await eventually(() => link.told('a').length === 3, 'told');
    assert.equal(link.told('a').at(-1), 'missing');
    assert.match(await link.text(), /engine_events_total\{change="died"\} 1/);
  });

  it('POD-28 finds by comparison what no event told, and repeats what is missing', async (t) => {
    const link = await start(t);
    link.scripted.has(seen('a'), seen('b'));
    await link.begin();
    link.scripted.has(seen('a', { status: 'paused' }));
    link.scripted.containers.delete('b');
    await link.clock.advance(60_000);
    await link.settled();
    assert.deepEqual(
      [link.told('a'), link.told('b')],
      [
        ['running name-a', 'paused name-a'],
        ['running name-b', 'missing'],
      ],
    );
    await link.clock.advance(60_000);
    await link.settled();
    assert.deepEqual([link.told('a').length, link.told('b')], [2, ['running name-b', 'missing', 'missing']]);
    assert.match(await link.text(), /engine_corrections_total 2/);
  });

  it('POD-28 what was told of a container is forgotten along with it', async (t) => {
    const link = await start(t);
    link.scripted.has(seen('a'), seen('b'));
    await link.begin();
    link.known.splice(1);
    await link.clock.advance(60_000);
    await link.settled();
    link.known.push('b');
    await link.clock.advance(60_000);
    await link.settled();
    assert.deepEqual([link.told('a'), link.told('b')], [['running name-a'], ['running name-b', 'running name-b']]);
  });

  it('POD-28 an engine that is lost and comes back is the same one, and all are told anew', async (t) => {
    const link = await start(t);
    link.scripted.has(seen('a'), seen('b'));
    await link.begin();
    link.scripted.goes();
    await eventually(() => link.view().state === 'lost', 'lost');
    assert.equal(link.view().lastError?.code, 'ENGINE_UNAVAILABLE');
    assert.equal(link.view().name, 'Scripted', 'it is still known which one');
    await link.clock.advance(10_000);
    link.scripted.isThere = true;
    await link.clock.advance(30_000);
    await link.settled();
    assert.equal(link.view().state, 'ready');
    assert.equal(link.choices(), 1);
    assert.deepEqual(link.told('a'), ['running name-a', 'running name-a']);
    const messages = link.messages();
    assert.equal(messages.filter((message) => message === 'engine_link_down').length, 1);
    assert.equal(messages.filter((message) => message === 'engine_link_up').length, 2);
    assert.ok(messages.filter((message) => message === 'engine_link_failed').length <= 1, 'once a minute');
    assert.match(await link.text(), /engine_link_losses_total 1/);
  });

  it('ENG-1 a container of ours that nobody knows is named once and left alone', async (t) => {
    const link = await start(t);
    link.scripted.has(seen('a'), seen('b'), seen('lost-one'));
    await link.begin();
    await link.clock.advance(120_000);
    await link.settled();
    assert.deepEqual(link.view().orphans, [{ id: 'lost-one', owner: 'containers', name: 'name-lost-one' }]);
    assert.deepEqual(
      link.messages().filter((message) => message === 'engine_orphans_found'),
      ['engine_orphans_found'],
    );
    assert.deepEqual(link.told('lost-one'), []);
    assert.ok(link.scripted.calls.every((call) => /^(info|list|events|inspect)/.test(call)));
  });

  it('ENG-1 one that two comparisons find is taken over, unless it is about to go', async (t) => {
    const adopted: string[] = [];
    const link = await start(t, new ScriptedEngine(), ['a'], (container) => adopted.push(container.id));
    link.scripted.has(seen('a'), seen('lost-one'), seen('dying', { status: 'removing' }), seen('passing'));
    await link.begin();
    assert.deepEqual(adopted, []);
    link.scripted.containers.delete('passing');
    await link.clock.advance(60_000);
    await link.settled();
    assert.deepEqual(adopted, ['lost-one']);
  });

  it('POD-28 one that becomes known while a list is made is neither missing nor an orphan', async (t) => {
    const link = await start(t, new ScriptedEngine(), ['a']);
    link.scripted.has(seen('a'));
    let release = (): void => {};
    link.scripted.held = new Promise((resolve) => {
      release = resolve;
    });
    const begun = link.begin();
    await eventually(() => link.scripted.calls.includes('list'), 'the list');
    link.known.push('b');
    release();
    await begun;
    await eventually(() => link.told('a').length === 1, 'told');
    assert.deepEqual([link.told('b'), link.view().orphans], [[], []]);
  });

  it('POD-28 nobody is told an older state after a newer one', async (t) => {
    const link = await start(t, new ScriptedEngine(), ['a']);
    link.scripted.has(seen('a'));
    await link.begin();
    let release = (): void => {};
    link.scripted.held = new Promise((resolve) => {
      release = resolve;
    });
    await link.clock.advance(60_000);
    link.scripted.has(seen('a', { status: 'exited' }));
    link.scripted.tells('a', 'died');
    release();
    await eventually(() => link.told('a').length === 2, 'told');
    await link.settled();
    assert.equal(link.told('a').at(-1), 'exited name-a');
  });

  it('ENG-3 until there is an engine its calls say so, and they are counted', async (t) => {
    const link = await start(t);
    link.scripted.isThere = false;
    const never = new AbortController().signal;
    await assert.rejects(link.engine.stats('a', never), { code: 'ENGINE_UNAVAILABLE' });
    await link.begin();
    assert.equal(link.view().state, 'lost');
    assert.equal(link.view().lastError?.message, 'no engine');
    link.scripted.isThere = true;
    await link.clock.advance(60_000);
    assert.equal(await link.engine.stats('a', never), undefined);
    const text = await link.text();
    assert.match(text, /engine_calls_total\{call="stats",result="ENGINE_UNAVAILABLE"\} 1/);
    assert.match(text, /engine_calls_total\{call="stats",result="ok"\} 1/);
    assert.match(text, /engine_link_ready 1/);
  });

  it('ENG-5 GET /api/v1/engine shows it, and a stop leaves nothing behind', async (t) => {
    const link = await start(t);
    link.scripted.has(seen('a'), seen('b'));
    const app = fastify();
    t.after(() => app.close());
    await app.register(async (scope) => link.routes(scope as never));
    const shown = async () => (await app.inject('/api/v1/engine')).json() as Record<string, unknown>;
    assert.equal((await shown())['state'], 'stopped');
    await link.begin();
    const { state, name, version, since } = await shown();
    assert.deepEqual([state, name, version], ['ready', 'Scripted', '1']);
    assert.ok(Number(since) > 0);
    await link.end();
    assert.equal((await shown())['state'], 'stopped');
  });

  it('ENG-1 what the engine says of a container is told as it is', async (t) => {
    const link = await start(t, new ScriptedEngine(), ['a']);
    const container: EngineContainer = seen('a', { status: 'exited', exitCode: 137, oomKilled: true, pid: -1 });
    link.scripted.has(container);
    await link.begin();
    const { told } = (link.system.peek('container/a')?.context ?? { told: [] }) as { told: Told[] };
    assert.deepEqual((told[0] as Extract<Told, { type: 'ENGINE.SEEN' }>).container, container);
  });
});
