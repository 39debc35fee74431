import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readConfiguration, shownConfiguration, shownState } from '../../../src/protocols/container-features/index.js';
import { completeConfig } from '../../../src/protocols/containers/index.js';
import { redacted } from '../../../src/runtime/redaction.js';
import { BRIDGE, configOf, type FakeContainers, request, stateOf, THING, ThingsUnderTest } from '../../fakes/things.js';

const NO_TYPE = { 'correlation-id': 'c-1', 'response-required': true };
const put = (containers: FakeContainers): void => {
  containers.put('c', configOf('map', 'reg/map:1'));
};

describe('the factory of containers', () => {
  it('THG-14 answers when the image is there and the container made, with its id', async (t) => {
    const things = await ThingsUnderTest.known(t);
    things.containers.hold('create');
    await things.ask('ContainerFactory', 'create', { imageRef: 'reg/a:1', start: true });
    assert.equal(things.answer(), undefined);
    things.containers.release('create');
    await things.settled();
    const answer = things.answer();
    assert.equal(answer?.to, 'r1/200');
    assert.equal(answer.read.value, 'c1');
    assert.deepEqual(things.containers.calls, ['create reg/a:1 and start']);
  });

  it('THG-14 a long operation holds up no other', async (t) => {
    const things = await ThingsUnderTest.known(t, {}, put);
    things.containers.hold('create');
    await things.ask('ContainerFactory', 'create', { imageRef: 'reg/a:1', start: true });
    await things.ask('Container:c', 'stop');
    assert.equal(things.answer()?.to, 'r1/204');
  });

  it('THG-14 more operations at once than are taken are refused', async (t) => {
    const things = await ThingsUnderTest.known(t);
    things.containers.hold('create');
    for (let count = 0; count < 64; count++) {
      await things.receive(
        `command//${THING}/req/r${count}/create`,
        JSON.stringify(request('ContainerFactory', 'create', { imageRef: 'reg/a:1' })),
      );
    }
    assert.equal(things.answer(), undefined);
    await things.ask('ContainerFactory', 'create', { imageRef: 'reg/b:1' });
    const answer = things.answer();
    assert.equal(answer?.to, 'r1/500');
    assert.match((answer.read.value as { message: string }).message, /64 operations are under way/);
  });

  it('THG-14 operations are carried out by a role that was started again', async (t) => {
    const things = await ThingsUnderTest.known(t);
    await things.parts.child.stop(1_000);
    await things.parts.child.start(() => {});
    await things.up();
    await things.named();
    things.taken();
    things.containers.hold('create');
    await things.ask('ContainerFactory', 'create', { imageRef: 'reg/app:1' });
    things.containers.release('create');
    await things.settled();
    assert.equal(things.answer()?.to, 'r1/200');
  });

  it('THG-14 an image must be named, and what the engine refuses is said', async (t) => {
    const things = await ThingsUnderTest.known(t);
    things.containers.failures.set('create', 'manifest unknown');
    for (const [operation, value, message] of [
      ['create', { imageRef: '', start: true }, 'imageRef must be set'],
      ['createWithConfig', { start: true }, 'imageRef must be set'],
      ['create', { imageRef: 'reg/missing:1' }, 'manifest unknown'],
      [
        'createWithConfig',
        { imageRef: 'a:1', config: { privileged: true, extraCapabilities: ['NET_ADMIN'] } },
        'cannot create the container as privileged and with extra capabilities at the same time - choose one of the options',
      ],
      [
        'createWithConfig',
        { imageRef: 'a:1', config: { restartPolicy: { type: 'ALWAYS', maxRetryCount: 3 } } },
        'cannot use max retry count when the restart policy is always',
      ],
    ] as const) {
      await things.ask('ContainerFactory', operation, value);
      const answer = things.answer();
      assert.equal(answer?.to, 'r1/500');
      assert.deepEqual(answer.read.value, { error: 'messages:execution.failed', status: 500, message });
    }
  });

  it('THG-14 a value of another form is 400', async (t) => {
    const things = await ThingsUnderTest.known(t);
    for (const value of [undefined, null, 5, [], { imageRef: 5 }, { imageRef: 'a', start: 'yes' }]) {
      await things.ask('ContainerFactory', 'create', value, value === null ? { headers: NO_TYPE } : {});
      assert.equal(things.answer()?.to, 'r1/400', JSON.stringify(value));
    }
    await things.ask('ContainerFactory', 'createWithConfig', {
      imageRef: 'a',
      config: { env: Array(1_001).fill('A=1') },
    });
    assert.equal(things.answer()?.to, 'r1/400');
    assert.deepEqual(things.containers.calls, []);
  });

  it('THG-14 what a configuration holds is seen by nobody who looks at the actors', async (t) => {
    const things = await ThingsUnderTest.known(t);
    const config = { env: ['TOKEN=hidden-value'] };
    await things.ask('ContainerFactory', 'createWithConfig', { imageRef: 'a:1', name: 'map', config, start: false });
    assert.deepEqual(things.containers.find('c1')?.config.env, config.env);
    const looked = JSON.stringify([things.recorded, redacted(things.system.view(BRIDGE))]);
    assert.ok(!looked.includes('hidden-value'), 'it is not recorded');
    const published = things.taken().map((each) => (typeof each === 'string' ? '' : each.payload));
    assert.ok(
      published.some((payload) => payload.includes('hidden-value')),
      'its owner sees it (C.4)',
    );
  });
});

describe('a container as a feature', () => {
  const orders: ReadonlyArray<readonly [operation: string, value: unknown, command: object]> = [
    ['start', undefined, { type: 'START' }],
    ['pause', {}, { type: 'PAUSE' }],
    ['resume', undefined, { type: 'RESUME' }],
    ['stop', {}, { type: 'STOP' }],
    [
      'stopWithOptions',
      { timeout: 5, force: true, signal: 'SIGINT' },
      { type: 'STOP', force: true, timeoutS: 5, signal: 'SIGINT' },
    ],
    ['stopWithOptions', {}, { type: 'STOP', force: false }],
    ['stopWithOptions', { timeout: 0 }, { type: 'STOP', force: false, timeoutS: 0 }],
    ['rename', 'radio', { type: 'RENAME', name: 'radio' }],
    ['remove', true, { type: 'REMOVE', force: true }],
    ['remove', false, { type: 'REMOVE', force: false }],
    [
      'update',
      { restartPolicy: { type: 'ON_FAILURE', maxRetryCount: 3, retryTimeout: 7.9 } },
      { type: 'UPDATE', restartPolicy: { type: 'on-failure', maxRetries: 3, retryTimeoutS: 7 } },
    ],
    ['update', { resources: {} }, { type: 'UPDATE', resources: { memory: '', memoryReservation: '', memorySwap: '' } }],
  ];
  for (const [operation, value, command] of orders) {
    it(`THG-9 C.4 ${operation} ${JSON.stringify(value) ?? ''} is 204`, async (t) => {
      const things = await ThingsUnderTest.known(t, {}, put);
      await things.ask('Container:c', operation, value);
      const [call] = things.containers.calls;
      assert.deepEqual(JSON.parse(call?.slice(2) ?? ''), command);
      assert.equal(things.answer()?.to, 'r1/204');
    });
  }

  it('THG-10 values that do not fit are 400, limits that make no sense 500', async (t) => {
    const things = await ThingsUnderTest.known(t, {}, put);
    for (const [operation, value, status] of [
      ['start', 'now', 400],
      ['stopWithOptions', { timeout: 'soon' }, 400],
      ['stopWithOptions', { timeout: 1.5 }, 400],
      ['rename', undefined, 400],
      ['remove', 'yes', 400],
      ['remove', undefined, 400],
      ['update', undefined, 400],
      ['update', { resources: { memory: 5 } }, 400],
      ['update', { resources: { memory: 'much' } }, 500],
      ['update', { restartPolicy: { type: 'sometimes' } }, 500],
    ] as const) {
      await things.ask('Container:c', operation, value);
      assert.equal(things.answer()?.to, `r1/${status}`, `${operation} ${JSON.stringify(value)}`);
    }
    assert.deepEqual(things.containers.calls, []);
  });

  it('THG-15 what happens to a container shows in its feature', async (t) => {
    const things = await ThingsUnderTest.known(t);
    const { containers } = things;
    const changed = async (change: () => void): Promise<unknown[]> => {
      change();
      await things.settled();
      return things.twin().map(([path]) => path);
    };
    containers.put('c', configOf('map', 'reg/map:1'), 'Created');
    assert.deepEqual(await changed(() => containers.to('c', 'created', 'Created')), [
      'Container:c',
      'Container:c/properties/status/state',
      'SoftwareUpdatable/properties/status/installedDependencies',
    ]);
    for (const [change, status] of [
      ['running', 'Running'],
      ['paused', 'Paused'],
      ['resumed', 'Running'],
      ['stopped', 'Stopped'],
      ['exited', 'Exited'],
    ] as const) {
      containers.to('c', change, status);
      await things.settled();
      const [[path, value] = []] = things.twin();
      assert.equal(path, 'Container:c/properties/status/state');
      assert.equal((value as { status: string }).status, status.toUpperCase());
    }
    assert.deepEqual(await changed(() => containers.change('c', 'renamed')), ['Container:c/properties/status/name']);
    assert.deepEqual(await changed(() => containers.change('c', 'updated')), ['Container:c/properties/status/config']);
    containers.change('c', 'removed');
    await things.settled();
    assert.deepEqual(things.twin(), [
      ['Container:c/properties/status/state', { status: 'DEAD', pid: -1 }],
      ['delete Container:c'],
      ['SoftwareUpdatable/properties/status/installedDependencies', null],
    ]);
    containers.put('late', configOf('late', 'reg/late:1'), 'Running');
    assert.deepEqual((await changed(() => containers.to('late', 'running', 'Running')))[0], 'Container:late');
  });

  it('THG-15 the whole feature', async (t) => {
    const things = await ThingsUnderTest.known(t);
    things.containers.put('c', configOf('map', 'reg/map:1', { env: ['LANG=en'] }), 'Created');
    things.containers.to('c', 'created', 'Created');
    await things.settled();
    assert.deepEqual(things.twin()[0]?.[1], {
      definition: ['com.bosch.iot.suite.edge.containers:Container:1.5.0'],
      properties: {
        status: {
          name: 'map',
          imageRef: 'reg/map:1',
          config: {
            domainName: 'map-domain',
            hostName: 'map-host',
            env: ['LANG=en'],
            networkMode: 'BRIDGE',
            restartPolicy: { type: 'UNLESS_STOPPED' },
            log: { type: 'JSON_FILE', maxFiles: 2, maxSize: '100M', mode: 'BLOCKING' },
          },
          createdAt: '2026-01-01T00:00:00Z',
          state: { status: 'CREATED', pid: -1 },
        },
      },
    });
  });

  const FULL = {
    domainName: 'd',
    hostName: 'h',
    env: ['A=1'],
    cmd: ['--fast'],
    extraHosts: ['broker:host_ip'],
    extraCapabilities: ['NET_ADMIN'],
    networkMode: 'BRIDGE',
    openStdin: true,
    tty: true,
    mountPoints: [{ source: '/a', destination: '/b', propagationMode: 'SLAVE' }],
    devices: [{ pathOnHost: '/dev/a', pathInContainer: '/dev/b', cgroupPermissions: 'r' }],
    portMappings: [{ proto: 'udp', hostPort: 80, hostPortEnd: 90, containerPort: 8080, hostIP: '127.0.0.1' }],
    restartPolicy: { type: 'ON_FAILURE', maxRetryCount: 3, retryTimeout: 7 },
    log: { type: 'JSON_FILE', maxFiles: 3, maxSize: '1M', rootDir: '/logs', mode: 'NON_BLOCKING', maxBufferSize: '2M' },
    resources: { memory: '200M', memoryReservation: '100M', memorySwap: '400M' },
    decryption: { keys: ['k'], recipients: ['r'] },
  };

  it('CTR-6 C.5 a configuration is read as it is shown', () => {
    const wanted = readConfiguration(FULL, '');
    assert.ok(wanted);
    const config = completeConfig({ ...wanted, name: 'n', image: 'i' });
    assert.ok(config.ok, JSON.stringify(config));
    assert.deepEqual(shownConfiguration(config.value), FULL);
  });

  it('CTR-6 C.5 engine words work on input, too, and unknown ones are left to the checks', () => {
    const wanted = readConfiguration(
      {
        networkMode: 'host',
        mountPoints: [
          { source: '/a', destination: '/b', propagationMode: 'odd' },
          { source: '/c', destination: '/d' },
        ],
        restartPolicy: { type: 'on-failure', retryTimeout: 1.9 },
        log: { type: 'none', mode: 'Strange' },
      },
      '',
    );
    assert.equal(wanted?.network, 'host');
    assert.deepEqual(
      wanted.mounts?.map(({ propagation }) => propagation),
      ['rprivate', 'rprivate'],
    );
    assert.deepEqual(wanted.restartPolicy, { type: 'on-failure', maxRetries: 0, retryTimeoutS: 1 });
    assert.equal(wanted.log?.driver, 'none');
    assert.equal(wanted.log.mode, 'Strange');
  });

  it('CTR-6 C.5 members of a state that say nothing are left out, but for the process id', () => {
    assert.deepEqual(shownState(stateOf('Creating')), {
      status: 'CREATING',
      pid: -1,
      startedAt: '2026-01-01T00:00:01Z',
    });
    assert.deepEqual(
      shownState({
        ...stateOf('Exited'),
        exitCode: 3,
        error: 'OOM Killed',
        oomKilled: true,
        finishedAt: 'f',
        startedAt: '',
      }),
      { status: 'EXITED', pid: -1, exitCode: 3, error: 'OOM Killed', finishedAt: 'f', oomKilled: true },
    );
  });
});
