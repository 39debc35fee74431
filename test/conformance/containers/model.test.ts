import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import {
  CONTAINER_STATUSES,
  compare,
  decodeDescriptor,
  descriptorOf,
  limitsOf,
  readDescriptor,
} from '../../../src/protocols/containers/index.js';
import { componentOf, configOf, containerOf, stateOf, wishesOf } from '../../protocols/containers/samples.js';

const ID = '4f3c2a10-0000-4000-8000-000000000001';
const described = (value: unknown) => {
  const result = readDescriptor(value, ID);
  assert.ok(result.ok, result.ok ? '' : result.error.detail);
  return result.value;
};
const refusedDescriptor = (value: unknown) => {
  const result = readDescriptor(value, ID);
  assert.ok(!result.ok, 'the descriptor is taken');
  return result.error.detail;
};

test('CTR-1 an image is enough for a descriptor', () => {
  assert.equal(described({ image: { name: 'a:1' } }).config.image, 'a:1');
  const decoded = decodeDescriptor(Buffer.from('{"image":{"name":"a:1"}}'), ID);
  assert.ok(decoded.ok && decoded.value.config.image === 'a:1');
  for (const value of [{}, { image: {} }, { image: { name: '' } }, { image: null }]) {
    assert.equal(refusedDescriptor(value), 'the containers image configuration is invalid');
  }
  for (const value of [null, undefined]) assert.equal(refusedDescriptor(value), 'expected an object');
  for (const value of [[], 'x', 1]) assert.match(refusedDescriptor(value), /expected an object, got/);
  assert.equal(decodeDescriptor(Buffer.from('{'), ID).ok, false);
});

test('CTR-2 what a descriptor leaves out has its default', () => {
  assert.deepEqual(described({ image: { name: 'a:1' } }), {
    id: ID,
    config: {
      name: ID,
      image: 'a:1',
      decryption: { keys: [], recipients: [] },
      domainName: `${ID}-domain`,
      hostName: `${ID}-host`,
      mounts: [],
      env: [],
      cmd: [],
      tty: false,
      openStdin: false,
      privileged: false,
      network: 'bridge',
      devices: [],
      extraHosts: [],
      extraCapabilities: [],
      ports: [],
      restartPolicy: { type: 'unless-stopped', maxRetries: 0, retryTimeoutS: 0 },
      runtime: 'io.containerd.runc.v2',
      log: { driver: 'json-file', maxFiles: 2, maxSize: '100M', rootDir: '', mode: 'blocking', maxBufferSize: '' },
      resources: { memory: '', memoryReservation: '', memorySwap: '' },
    },
    state: { status: 'Creating', pid: -1, exitCode: 0, error: '', startedAt: '', finishedAt: '', oomKilled: false },
    created: '',
    restartCount: 0,
    manuallyStopped: false,
    startedBefore: false,
  });
  const partial = described({
    container_id: 'own',
    container_name: 'n',
    image: { name: 'a' },
    mount_points: [{ source: '/a', destination: '/b' }],
    host_config: {
      devices: [{ path_on_host: '/dev/a' }],
      port_mappings: [{ container_port: 1, host_port: 2 }],
      log_config: { mode_config: { mode: 'non-blocking' } },
    },
  });
  assert.equal(partial.id, 'own');
  assert.equal(partial.config.hostName, 'n-host');
  assert.deepEqual(partial.config.mounts, [{ source: '/a', destination: '/b', propagation: 'rprivate' }]);
  assert.deepEqual(partial.config.devices, [{ pathOnHost: '/dev/a', pathInContainer: '/dev/a', permissions: 'rwm' }]);
  assert.deepEqual(partial.config.ports, [
    { proto: 'tcp', containerPort: 1, hostIp: '0.0.0.0', hostPort: 2, hostPortEnd: 2 },
  ]);
  assert.equal(partial.config.log.maxBufferSize, '1M');
});

describe('CTR-3 the JSON form', () => {
  it('counts restart timeouts in nanoseconds', () => {
    const restartPolicy = { maximum_retry_count: 2, retry_timeout: 1_500_000_000, type: 'on-failure' };
    const container = described({ image: { name: 'a' }, host_config: { restart_policy: restartPolicy } });
    assert.deepEqual(container.config.restartPolicy, { type: 'on-failure', maxRetries: 2, retryTimeoutS: 1.5 });
    const hostConfig = descriptorOf(container)['host_config'] as { restart_policy: unknown };
    assert.deepEqual(hostConfig.restart_policy, restartPolicy);
  });

  it('has statuses as numbers, and takes them as text, too', () => {
    const statusWith = (status: unknown) => described({ image: { name: 'a' }, state: { status } }).state.status;
    for (const [index, status] of CONTAINER_STATUSES.entries()) {
      assert.equal(statusWith(index), status);
      assert.equal(statusWith(status), status);
      assert.equal(statusWith(status.toUpperCase()), status);
      const state = descriptorOf(containerOf({}, { state: { ...containerOf().state, status } }))['state'];
      assert.equal((state as { status: number }).status, index);
    }
    for (const status of [8, -1, 'Gone']) assert.equal(statusWith(status), 'Unknown');
  });

  it('has one name in camel case', () => {
    assert.equal(described({ image: { name: 'a' }, state: { oomKilled: true } }).state.oomKilled, true);
    assert.equal(described({ image: { name: 'a' }, state: { oom_killed: true } }).state.oomKilled, false);
  });

  it('is read as it was written', () => {
    const container = containerOf(
      {
        decryption: { keys: ['k'], recipients: ['r'] },
        mounts: [{ source: '/a', destination: '/b', propagation: 'slave' }],
        env: ['A=1'],
        cmd: ['c'],
        tty: true,
        openStdin: true,
        network: 'bridge',
        devices: [{ pathOnHost: '/a', pathInContainer: '/b', permissions: 'r' }],
        extraHosts: ['a:host_ip'],
        extraCapabilities: ['CAP_NET_ADMIN'],
        ports: [{ containerPort: 1, hostPort: 2, hostPortEnd: 3, hostIp: '127.0.0.1', proto: 'udp' }],
        log: { maxFiles: 9, maxSize: '1G', rootDir: '/l', mode: 'non-blocking', maxBufferSize: '9k' },
        resources: { memory: '200M', memorySwap: '-1', memoryReservation: '100M' },
      },
      { restartCount: 3, manuallyStopped: true },
    );
    assert.deepEqual(described(JSON.parse(JSON.stringify(descriptorOf(container)))), container);
    assert.deepEqual(Object.keys(descriptorOf(container)), [
      ...['container_id', 'container_name', 'image', 'domain_name', 'host_name', 'mount_points', 'hooks', 'config'],
      ...['host_config', 'io_config', 'state', 'created', 'restart_count', 'manually_stopped'],
      'started_successfully_before',
    ]);
  });
});

describe('CTR-4 descriptors are checked as components are', () => {
  const refused = (hostConfig: object, rest: object = {}) =>
    refusedDescriptor({ image: { name: 'a' }, host_config: hostConfig, ...rest });

  it('privileges go without capabilities', () => {
    assert.equal(
      refused({ privileged: true, extra_capabilities: ['CAP_NET_ADMIN'] }),
      'cannot create the container as privileged and with extra capabilities at the same time - choose one of the options',
    );
    assert.ok(described({ image: { name: 'a' }, host_config: { privileged: true, extra_capabilities: [] } }));
  });

  it('retries are of on-failure', () => {
    for (const type of ['no', 'always', 'unless-stopped']) {
      assert.equal(
        refused({ restart_policy: { type, maximum_retry_count: 1 } }),
        `cannot use max retry count when the restart policy is ${type}`,
      );
    }
  });

  it('with the same texts', () => {
    assert.equal(refused({ network_mode: 'none' }), 'unsupported network mode none');
    assert.equal(refused({ restart_policy: {} }), 'unsupported restart policy type ');
    assert.equal(refused({ resources: { memory: '1' } }), 'invalid format of memory - 1');
    assert.equal(refused({}, { container_name: 'a b' }), 'invalid container name format : a b');
    assert.equal(refused({}, { container_id: 'a/b' }), 'invalid container id : a/b');
  });

  it('and what only they can say', () => {
    const port = (members: object) => refused({ port_mappings: [{ container_port: 1, host_port: 2, ...members }] });
    assert.equal(port({ proto: 'icmp' }), 'unsupported protocol of a port mapping icmp');
    assert.equal(port({ host_ip: 'localhost' }), 'host address of a port mapping is no IPv4 address localhost');
    assert.equal(port({ host_port: 0 }), 'ports must be from 1 to 65535');
    assert.equal(port({ host_port_end: 1 }), 'range of host ports ends before it begins 2-1');
    assert.match(port({ host_port: 70_000 }), /expected an integer from 0 to 65535, got 70000/);
    assert.equal(
      refused({ devices: [{ path_on_host: '/a', cgroup_permissions: 'x' }] }),
      'unsupported cgroup permissions of a device mapping x',
    );
    assert.match(refused({ extra_hosts: Array.from({ length: 3_000 }, () => 'a:b') }), /extra_hosts: expected a list/);
  });
});

describe('CTR-5 swap', () => {
  const swapOf = (memory: string, memorySwap = '') =>
    configOf({ resources: { memory, memorySwap } }).resources.memorySwap;

  it('is twice the memory in its unit, unless it is said', () => {
    assert.equal(swapOf('200M'), '400M');
    assert.equal(swapOf('1.5 g'), '3g');
    assert.equal(swapOf('0.33333G'), '0.6667G');
    assert.equal(swapOf('200M', '1G'), '1G');
    assert.equal(swapOf('', ''), '');
  });

  it('of -1 is stored as empty, and is no limit', () => {
    assert.equal(swapOf('200M', '-1'), '');
    assert.deepEqual(limitsOf(configOf({ resources: { memory: '200M', memorySwap: '-1' } }).resources), {
      memory: 200 * 1_024 ** 2,
    });
    assert.deepEqual(limitsOf({ memory: '', memoryReservation: '1k', memorySwap: '0M' }), { memoryReservation: 1_024 });
  });

  it('that is left out makes no update of a container that was made so', () => {
    const wishes = wishesOf(stateOf(componentOf('map', '1', ['memory', '200M'])));
    const present = containerOf({ image: 'map:1', resources: { memory: '200M' } });
    assert.equal(compare(wishes, [present])[0]?.kind, 'check');
  });
});

test('CTR-6 the casing of twin features is not that of descriptors', () => {
  const container = described({ image: { name: 'a' }, hostConfig: { privileged: true }, hostName: 'h' });
  assert.deepEqual(container.config, configOf({ name: ID, image: 'a' }));
  assert.equal(described({ Image: { NAME: 'b' } }).config.image, 'b');
});
