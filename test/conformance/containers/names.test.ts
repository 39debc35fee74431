import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContainersUnderTest, configOf } from '../../fakes/containers.js';

const OLD = '11111111-0000-4000-8000-000000000001';
const NEW = '22222222-0000-4000-8000-000000000002';
const OK = { ok: true };

describe('names in the engine', () => {
  it('ENG-2 current, pending and old ones, and the swap of an activation with its reversal', async (t) => {
    const test = await ContainersUnderTest.start(t);
    await test.plan(OLD, {}, 'current', '');
    await test.command(OLD, { type: 'CREATE' });
    await test.plan(NEW, {}, 'pending', 'act-7');
    await test.command(NEW, { type: 'CREATE' });
    const names = () => [test.engine.at(OLD).name, test.engine.at(NEW).name];
    assert.deepEqual(names(), ['map', 'map.new-act-7']);
    assert.deepEqual(
      test.containers.present().map(({ id }) => id),
      [OLD],
    );
    assert.deepEqual(await test.command(OLD, { type: 'ROLE', role: 'old' }), OK);
    assert.deepEqual(await test.command(NEW, { type: 'ROLE', role: 'current' }), OK);
    assert.match(names()[0] ?? '', /^map\.old-[0-9a-zA-Z_-]{1,8}$/);
    assert.equal(names()[1], 'map');
    assert.deepEqual(
      test.containers.present().map(({ id }) => id),
      [NEW],
    );
    // What was done is not done again.
    const renames = test.engine.count('rename');
    assert.deepEqual(await test.command(NEW, { type: 'ROLE', role: 'current' }), OK);
    assert.equal(test.engine.count('rename'), renames);
    await test.command(NEW, { type: 'REMOVE', force: true });
    assert.deepEqual(await test.command(OLD, { type: 'ROLE', role: 'current' }), OK);
    assert.equal(test.engine.at(OLD).name, 'map');
  });

  it('ENG-2 the role of one that is only planned', async (t) => {
    const test = await ContainersUnderTest.start(t);
    await test.plan(NEW);
    assert.deepEqual(await test.command(NEW, { type: 'ROLE', role: 'current' }), OK);
    await test.command(NEW, { type: 'CREATE' });
    assert.equal(test.engine.at(NEW).name, 'map');
  });

  it('ENG-2 an underscore in front becomes x_ (POD-7), and the record keeps it', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make({ name: '_map' });
    assert.equal(test.engine.at(id).name, 'x_map');
    assert.equal(test.containers.find(id)?.config.name, '_map');
  });

  it('ENG-2 CTR-10 a second one of a name has its id in the name of the engine', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const first = await test.make();
    await test.advance(1);
    const second = await test.make();
    await test.advance(1);
    assert.equal(test.engine.at(first).name, 'map');
    assert.equal(test.engine.at(second).name, `map.${second.slice(0, 8)}`);
    const third = await test.make({ name: 'other' });
    assert.deepEqual(await test.command(third, { type: 'RENAME', name: 'map' }), OK);
    assert.equal(test.engine.at(third).name, `map.${third.slice(0, 8)}`);
    assert.deepEqual(
      test.containers.present().map(({ id }) => id),
      [first, second, third],
    );
  });

  it('ENG-2 two that are made at the same time', async (t) => {
    const test = await ContainersUnderTest.start(t);
    test.engine.hold('create');
    await test.plan(OLD, {}, 'current', '');
    await test.plan(NEW, {}, 'current', '');
    const made = [test.ask(OLD, { type: 'CREATE' }), test.ask(NEW, { type: 'CREATE' })];
    await test.settled();
    test.engine.release('create');
    assert.deepEqual(await Promise.all(made), [OK, OK]);
    assert.deepEqual(
      [test.engine.at(OLD).name, test.engine.at(NEW).name].sort(),
      ['map', `map.${NEW.slice(0, 8)}`].sort(),
    );
  });

  it('ENG-2 a name that is held by a container of somebody else', async (t) => {
    const test = await ContainersUnderTest.start(t);
    test.engine.foreign.add('map');
    const error = 'container name map is in use by a container that is not managed here';
    for (const role of ['pending', 'current'] as const) {
      await test.plan(role === 'pending' ? NEW : OLD, {}, role);
      assert.deepEqual(await test.command(role === 'pending' ? NEW : OLD, { type: 'CREATE' }), { ok: false, error });
    }
    assert.equal(test.engine.containers.size, 0);
  });

  it('ENG-1 it is found by its id, however it is called', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make();
    test.engine.at(id).name = 'renamed-by-hand';
    await test.sight(id);
    assert.equal(test.state(id), 'running');
    assert.deepEqual(await test.command(id, { type: 'STOP' }), OK);
    assert.deepEqual(test.containers.owner.known(), [id]);
    assert.equal(test.containers.owner.owner, 'containers');
  });
});

describe('what an engine is given', () => {
  it('ENG-5 no policy, no role: the model as ENG §E maps it', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const name = 'n'.repeat(70);
    const id = await test.make({
      name,
      env: ['A=1', 'GONE'],
      cmd: ['--fast'],
      resources: { memory: '50M' },
      extraHosts: ['db:10.0.0.7'],
      ports: [{ containerPort: 80, hostPort: 8080 }],
    });
    const { spec } = test.engine.at(id);
    // POD-34, POD-29
    assert.equal(spec.hostName.length, 63);
    assert.equal(test.containers.find(id)?.config.hostName, `${name}-host`);
    assert.deepEqual(spec.env, ['A=1', 'GONE=']);
    assert.deepEqual(spec.cmd, ['--fast']);
    assert.deepEqual(spec.limits, { memory: 50 * 2 ** 20, memorySwap: 100 * 2 ** 20 });
    assert.deepEqual(spec.extraHosts, ['db:10.0.0.7']);
    assert.deepEqual(spec.ports, [{ proto: 'tcp', containerPort: 80, hostIp: '0.0.0.0', hostPort: 8080 }]);
    assert.ok(!JSON.stringify(spec).includes('unless-stopped'));
    assert.deepEqual(configOf({ name }).restartPolicy.type, 'unless-stopped');
  });
});
