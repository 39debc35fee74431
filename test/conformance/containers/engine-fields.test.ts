import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ContainersUnderTest } from '../../fakes/containers.js';
import { temporaryFolder } from '../../fakes/runtime.js';

describe('ports', () => {
  it('ENG-5 the first free one of each range (POD-18), and none that another of ours has', async (t) => {
    const busy = [8080];
    const test = await ContainersUnderTest.start(t, {
      isPortFree: async ({ hostPort }) => !busy.includes(hostPort),
    });
    const ports = [{ containerPort: 80, hostPort: 8080, hostPortEnd: 8083 }];
    const chosen = async (name: string) =>
      test.engine.at(await test.make({ name, ports }, false)).spec.ports[0]?.hostPort;
    assert.deepEqual([await chosen('a'), await chosen('b')], [8081, 8082]);
    busy.push(8083);
    // Whoever has the first one may be gone by the time of the start; and if not, the engine says so.
    assert.equal(await chosen('c'), 8080);
  });

  it('ENG-5 two ranges of one container do not collide; protocols are apart', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const range = { hostPort: 9000, hostPortEnd: 9001 };
    const ports = [
      { containerPort: 1, ...range },
      { containerPort: 2, ...range },
      { containerPort: 3, ...range, proto: 'udp' },
    ];
    const id = await test.make({ ports });
    assert.deepEqual(
      test.engine.at(id).spec.ports.map(({ hostPort }) => hostPort),
      [9000, 9001, 9000],
    );
  });

  it('ENG-5 a successor gets the port of the one that it replaces', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const ports = [{ containerPort: 80, hostPort: 8080 }];
    await test.make({ ports });
    const id = await test.plan('44444444-0000-4000-8000-000000000004', { ports });
    await test.command(id, { type: 'CREATE' });
    assert.equal(test.engine.at(id).spec.ports[0]?.hostPort, 8080);
  });
});

describe('mounts', () => {
  it('ENG-5 a source that does not exist fails the create, and the start (POD-16)', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const source = join(temporaryFolder(t), 'data');
    const mounts = [{ source, destination: '/data' }];
    await assert.rejects(test.make({ mounts }), { message: `mount source ${source} does not exist` });
    writeFileSync(source, '');
    const id = await test.make({ mounts });
    assert.equal(test.state(id), 'running');
    assert.deepEqual(test.engine.at(id).spec.mounts, [{ source, destination: '/data', propagation: 'rprivate' }]);
  });
});

describe('names of hosts', () => {
  it('ENG-5 reserved ones are resolved at each start, in a file of its own that is written in place (POD-33)', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const broker = await test.make({ name: 'broker' });
    const [name, addresses] =
      Object.entries(networkInterfaces()).find(([, all]) =>
        all?.some(({ family, internal }) => family === 'IPv4' && !internal),
      ) ?? [];
    const id = await test.make({
      extraHosts: [
        ...[
          'gateway:host_ip',
          'mqtt:container_broker-host',
          'nobody:container_nobody',
          'db:10.0.0.7',
          'nic:host_ip_none0',
        ],
        ...(name === undefined ? [] : [`real:host_ip_${name}`]),
      ],
    });
    const { spec } = test.engine.at(id);
    const mount = spec.mounts.at(-1);
    assert.equal(mount?.destination, '/etc/hosts');
    assert.deepEqual(spec.extraHosts, []);
    const file = mount?.source ?? '';
    const lines = () => readFileSync(file, 'utf8').trim().split('\n').slice(2);
    const expected = [
      ...['10.88.0.1 gateway', `${test.engine.seen(broker).ipAddress} mqtt`, '10.0.0.7 db'],
      ...(name === undefined
        ? []
        : [`${addresses?.find(({ family, internal }) => family === 'IPv4' && !internal)?.address} real`]),
    ];
    assert.deepEqual(lines(), expected);
    const { ino } = statSync(file);
    await test.command(id, { type: 'STOP' });
    test.engine.gateway = '10.99.0.1';
    test.engine.change(broker, { ipAddress: '10.99.0.2' });
    await test.command(id, { type: 'START' });
    assert.deepEqual(lines(), ['10.99.0.1 gateway', '10.99.0.2 mqtt', ...expected.slice(2)]);
    assert.equal(statSync(file).ino, ino);
    await test.command(id, { type: 'REMOVE', force: true });
    assert.throws(() => statSync(file));
  });

  it('ENG-5 two of one host name are none', async (t) => {
    const test = await ContainersUnderTest.start(t);
    for (const name of ['a', 'b']) await test.make({ name, hostName: 'twin' });
    const id = await test.make({ name: 'c', extraHosts: ['x:container_twin'] });
    const file = test.engine.at(id).spec.mounts.at(-1)?.source ?? '';
    assert.ok(!readFileSync(file, 'utf8').includes(' x'));
  });

  it('ENG-5 one that is incorrectly defined fails the start', async (t) => {
    const test = await ContainersUnderTest.start(t);
    const id = await test.make({ extraHosts: ['a:b:c'] });
    assert.equal(test.state(id), 'stopped');
    assert.match(test.containers.find(id)?.state.error ?? '', /^host \[.*\] is incorrectly defined$/);
  });
});
