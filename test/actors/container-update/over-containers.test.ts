/** The agent over the actors of containers as a vehicle has them, and a fake engine. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  containerUpdateWatcher,
  createContainerUpdateAgent,
  DEFAULT_AGENT_SETTINGS,
} from '../../../src/actors/container-update/index.js';
import { createContainers } from '../../../src/actors/containers/index.js';
import { Metrics, seededIds } from '../../../src/runtime/index.js';
import { silentLogger } from '../../../src/runtime/logging/log.js';
import { component } from '../../fakes/container-update.js';
import { FakeImages } from '../../fakes/containers.js';
import { FakeEngine } from '../../fakes/fake-engine.js';
import { START, temporaryFolder, testSystem, turnsOfLoop } from '../../fakes/runtime.js';

async function vehicle(t: TestContext, images = new FakeImages()) {
  const said: string[] = [];
  const progress: number[] = [];
  let now = (): number => START;
  const engine = new FakeEngine(() => now());
  const common = { ids: seededIds(3), logger: silentLogger(), metrics: new Metrics() };
  const made: {
    agent?: ReturnType<typeof createContainerUpdateAgent>;
    containers?: ReturnType<typeof createContainers>;
  } = {};
  const run = await testSystem(t, (system) => {
    const containers = createContainers({
      ...common,
      system,
      clock: system.clock,
      engine,
      images,
      watchers: [containerUpdateWatcher('containers')],
      stopTimeoutS: 30,
      stopOnExit: false,
      folder: join(temporaryFolder(t), 'hosts'),
      isPortFree: async () => true,
    });
    const agent = createContainerUpdateAgent({
      ...common,
      system,
      clock: system.clock,
      settings: { ...DEFAULT_AGENT_SETTINGS, version: '1', autoCommands: true },
      containers,
      publish: (output) => {
        const { payload } = output as { type: string; payload?: string };
        const { status, actions = [] } = (
          JSON.parse(payload ?? '{}') as { payload: { status?: string; actions?: { progress?: number }[] } }
        ).payload;
        if (status !== undefined) said.push(status);
        progress.push(...actions.flatMap((action) => action.progress ?? []));
        if (progress.length > 0) images.release();
      },
    });
    Object.assign(made, { agent, containers });
    return [...containers.types, ...agent.types];
  });
  now = () => run.clock.now();
  const { agent, containers } = made;
  assert.ok(agent && containers);
  await containers.child.start(() => {});
  await agent.child.start(() => {});
  const want = async (...images: readonly string[]): Promise<void> => {
    const ends = said.length;
    const [desiredState] = agent.subscriptions;
    const domains = [{ id: 'containers', components: images.map((image) => component(image)) }];
    const payload = Buffer.from(JSON.stringify({ activityId: `a${ends}`, payload: { domains } }));
    for (const { to, event } of desiredState?.read({ topic: '', payload }) ?? [])
      await run.system.tellStored(to, event);
    const deadline = performance.now() + 60_000;
    while (!said.slice(ends).some((status) => /COMPLETE/.test(status))) {
      assert.ok(performance.now() < deadline, said.join());
      await turnsOfLoop(20);
      await run.clock.advance(250);
    }
  };
  const standing = () =>
    containers
      .all()
      .map(({ config, role, state }) => `${config.image} ${role} ${state.status}`)
      .sort();
  return { want, standing, said, progress };
}

describe('an update over the containers of a vehicle', () => {
  it('CUA-18 POD-3 what an engine tells of a pull arrives as progress of the action', async (t) => {
    const images = new FakeImages();
    images.progress = [1, 30, 62];
    images.hold();
    const { want, standing, progress } = await vehicle(t, images);
    await want('map:1');
    assert.deepEqual(progress, [62]);
    assert.deepEqual(standing(), ['map:1 current Running']);
  });

  it('CUA-25 CUA-28 makes, replaces, keeps and removes them', async (t) => {
    const { want, standing, said } = await vehicle(t);
    await want('map:1', 'nav:1', 'old:1');
    assert.deepEqual(standing(), ['map:1 current Running', 'nav:1 current Running', 'old:1 current Running']);
    await want('map:2', 'nav:1');
    assert.deepEqual(standing(), ['map:2 current Running', 'nav:1 current Running']);
    assert.equal(said.filter((status) => status === 'COMPLETED').length, 2);
    assert.ok(!said.some((status) => status.endsWith('FAILURE')));
  });
});
