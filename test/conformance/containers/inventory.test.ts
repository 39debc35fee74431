import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import {
  type Container,
  type ContainerDraft,
  compare,
  inventoryOf,
  NEW_STATE,
  parametersOf,
} from '../../../src/protocols/containers/index.js';
import { encodeEnvelope } from '../../../src/protocols/update-agent/index.js';
import { componentOf, containerOf, parameterPairs, stateOf, wishesOf } from '../../protocols/containers/samples.js';

const OPTIONS = { domain: 'containers', agentName: 'Agent', agentVersion: '1.2', isVerbose: false };
const shown = (container: Container, isVerbose = false) =>
  parametersOf(container, isVerbose).map(({ key, value }) => `${key}=${value}`);

describe('CUA-34 UA-6 the inventory', () => {
  it('has the agent, each container, and what belongs to what', () => {
    const containers = [containerOf(), containerOf({ name: 'sua', image: 'sua' })];
    const { softwareNodes = [], associations } = inventoryOf(containers, OPTIONS);
    assert.deepEqual(softwareNodes[0], {
      id: 'containers-update-agent',
      version: '1.2',
      name: 'Agent',
      type: 'APPLICATION',
      parameters: [{ key: 'domain', value: 'containers' }],
    });
    assert.deepEqual(
      softwareNodes.slice(1).map(({ id, version, name, type }) => [id, version, name, type]),
      [
        ['containers:map', '2.1', undefined, 'CONTAINER'],
        ['containers:sua', 'n/a', undefined, 'CONTAINER'],
      ],
    );
    assert.deepEqual(associations, [
      { sourceId: 'containers-update-agent', targetId: 'containers:map' },
      { sourceId: 'containers-update-agent', targetId: 'containers:sua' },
    ]);
  });

  it('has no associations without containers', () => {
    const text = encodeEnvelope('a', 1, inventoryOf([], { ...OPTIONS, domain: 'other' }));
    assert.deepEqual(JSON.parse(text).payload, {
      softwareNodes: [
        {
          id: 'other-update-agent',
          version: '1.2',
          name: 'Agent',
          type: 'APPLICATION',
          parameters: [{ key: 'domain', value: 'other' }],
        },
      ],
    });
  });
});

const FULL: Partial<ContainerDraft> = {
  domainName: 'd',
  hostName: 'h',
  tty: true,
  openStdin: true,
  privileged: false,
  restartPolicy: { type: 'on-failure', maxRetries: 3, retryTimeoutS: 90 },
  devices: [{ pathOnHost: '/dev/a', pathInContainer: '/dev/b', permissions: 'rw' }],
  ports: [
    { containerPort: 80, hostPort: 8080 },
    { containerPort: 81, hostPort: 90, hostPortEnd: 99, hostIp: '127.0.0.1', proto: 'udp' },
  ],
  extraHosts: ['a:1.2.3.4', 'b:host_ip'],
  log: { maxFiles: 3, maxSize: '5M', rootDir: '/l', mode: 'non-blocking', maxBufferSize: '2M' },
  resources: { memory: '200M', memoryReservation: '100M', memorySwap: '300M' },
  mounts: [{ source: '/a', destination: '/b', propagation: 'shared' }],
  env: ['A=1', 'B'],
  cmd: ['--a', 'b'],
};

describe('CUA-35 the parameters of a container', () => {
  const stopped = {
    state: { ...NEW_STATE, status: 'Stopped' as const, exitCode: 3, finishedAt: '2025-01-02T00:00:00Z' },
    restartCount: 2,
    manuallyStopped: true,
  };
  const config = [
    ...['image=reg.example.com/veh/map:2.1', 'domainName=d', 'hostName=h', 'terminal=true', 'interactive=true'],
    ...['restartPolicy=on-failure', 'restartMaxRetries=3', 'restartTimeout=1m30s', 'device=/dev/a:/dev/b:rw'],
    ...['port=8080:80/tcp', 'port=127.0.0.1:90-99:81/udp', 'host=a:1.2.3.4', 'host=b:host_ip', 'logMaxFiles=3'],
    ...['logMaxSize=5M', 'logPath=/l', 'logMode=non-blocking', 'logMaxBufferSize=2M', 'memory=200M'],
    ...['memoryReservation=100M', 'memorySwap=300M', 'mount=/a:/b:shared', 'env=A=1', 'env=B', 'cmd=--a', 'cmd=b'],
  ];

  it('in their order', () => {
    assert.deepEqual(shown(containerOf(FULL, stopped)), [
      ...config,
      ...['status=Stopped', 'finishedAt=2025-01-02T00:00:00Z', 'exitCode=3', 'created=2025-01-01T00:00:00.123456789Z'],
      ...['restartCount=2', 'manuallyStopped=true', 'startedSuccessfullyBefore=true'],
    ]);
  });

  it('of one that runs, what ended before is left out', () => {
    const running = { ...stopped, state: { ...stopped.state, status: 'Running' as const } };
    assert.deepEqual(shown(containerOf(FULL, running)), [
      ...config,
      'status=Running',
      'created=2025-01-01T00:00:00.123456789Z',
      'restartCount=2',
    ]);
  });

  it('without defaults', () => {
    assert.deepEqual(shown(containerOf()), [
      'image=reg.example.com/veh/map:2.1',
      'status=Running',
      'created=2025-01-01T00:00:00.123456789Z',
    ]);
    const differing: Partial<ContainerDraft> = { network: 'host', log: { driver: 'none' }, privileged: true };
    assert.deepEqual(shown(containerOf(differing)).slice(1, -2), ['privileged=true', 'network=host', 'logDriver=none']);
  });

  it('with defaults, if all is asked for', () => {
    const verbose = [
      ...['image=reg.example.com/veh/map:2.1', 'domainName=map-domain', 'hostName=map-host', 'terminal=false'],
      ...['interactive=false', 'privileged=false', 'restartPolicy=unless-stopped', 'restartMaxRetries=0'],
      ...['restartTimeout=0s', 'network=bridge', 'logDriver=json-file', 'logMaxFiles=2', 'logMaxSize=100M'],
      ...['logMode=blocking', 'status=Running', 'finishedAt=', 'exitCode=0'],
      ...['created=2025-01-01T00:00:00.123456789Z', 'restartCount=0', 'manuallyStopped=false'],
      'startedSuccessfullyBefore=true',
    ];
    assert.deepEqual(shown(containerOf(), true), verbose);
  });

  it('an empty value is left out of the message', () => {
    const inventory = inventoryOf([containerOf()], { ...OPTIONS, isVerbose: true });
    const { parameters } = JSON.parse(encodeEnvelope('', 1, inventory)).payload.softwareNodes[1];
    assert.deepEqual(
      parameters.filter(({ key }: { key: string }) => key === 'finishedAt' || key === 'exitCode'),
      [{ key: 'finishedAt' }, { key: 'exitCode', value: '0' }],
    );
  });
});

test('CUA-36 parameters make the same container again, but for what desired states do not set', () => {
  const container = containerOf({ ...FULL, hostName: '', domainName: '', restartPolicy: { type: 'always' } });
  const again = wishesOf(stateOf(componentOf('map', 'x', ...parameterPairs(container.config))));
  assert.equal(compare(again, [container])[0]?.kind, 'check');
  assert.deepEqual(again.wishes[0]?.config, container.config);

  const onFailure = containerOf(FULL);
  const lossy = wishesOf(stateOf(componentOf('map', 'x', ...parameterPairs(onFailure.config))));
  const { hostName, domainName, restartPolicy } = onFailure.config;
  assert.deepEqual([hostName, domainName, restartPolicy.retryTimeoutS], ['h', 'd', 90]);
  assert.deepEqual(lossy.wishes[0]?.config, {
    ...onFailure.config,
    hostName: 'map-host',
    domainName: 'map-domain',
    restartPolicy: { ...restartPolicy, retryTimeoutS: 0 },
  });
  assert.deepEqual(lossy.warnings, ['map: restartTimeout "1m30s" is no integer, 0 is taken']);
});
