import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type ContainerDraft,
  compare,
  completeConfig,
  descriptorOf,
  parsePort,
  portText,
  readDescriptor,
} from '../../../src/protocols/containers/index.js';
import { componentOf, containerOf, parameterPairs, stateOf, wishesOf } from './samples.js';

const name = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,20}$/);
const path = fc.stringMatching(/^\/[a-z/]{1,10}$/);
const port = fc.integer({ min: 1, max: 65_535 });
const ports = fc
  .record({
    proto: fc.constantFrom('tcp', 'udp', 'sctp'),
    containerPort: port,
    hostIp: fc.constantFrom('0.0.0.0', '127.0.0.1', '10.200.3.44'),
    bounds: fc.tuple(port, port),
  })
  .map(({ bounds, ...rest }) => ({ ...rest, hostPort: Math.min(...bounds), hostPortEnd: Math.max(...bounds) }));
const size = fc
  .tuple(fc.integer({ min: 3, max: 9_999 }), fc.constantFrom('m', 'M', 'g', 'G', ' g'))
  .map((parts) => parts.join(''));
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** Anything that is a container, by way of a descriptor or a twin. */
const draft: fc.Arbitrary<ContainerDraft> = fc.record({
  name,
  image: fc.stringMatching(/^[a-z/:.@0-9]{1,30}$/),
  hostName: maybe(name),
  domainName: maybe(name),
  mounts: fc.array(
    fc.record({
      source: path,
      destination: path,
      propagation: maybe(fc.constantFrom('rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave')),
    }),
    { maxLength: 4 },
  ),
  env: fc.array(fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,5}(=[^\n]{0,9})?$/), { maxLength: 4 }),
  cmd: fc.array(fc.string(), { maxLength: 4 }),
  tty: fc.boolean(),
  openStdin: fc.boolean(),
  network: fc.constant('bridge'),
  devices: fc.array(
    fc.record({
      pathOnHost: path,
      pathInContainer: maybe(path),
      permissions: maybe(fc.constantFrom('r', 'rw', 'mwr')),
    }),
    { maxLength: 3 },
  ),
  extraHosts: fc.array(fc.constantFrom('a:1.2.3.4', 'b:host_ip', 'c:container_d', 'odd'), { maxLength: 3 }),
  ports: fc.array(ports, { maxLength: 4 }),
  restartPolicy: maybe(
    fc.oneof(
      fc.record({ type: fc.constantFrom('no', 'always', 'unless-stopped') }),
      fc.record({ type: fc.constant('on-failure'), maxRetries: fc.nat(9), retryTimeoutS: fc.nat(9_999) }),
    ),
  ),
  log: maybe(
    fc.record({
      driver: fc.constantFrom('json-file', 'none'),
      maxFiles: fc.nat(9),
      maxSize: size,
      rootDir: fc.constantFrom('', '/l'),
      mode: fc.constantFrom('blocking', 'non-blocking'),
      maxBufferSize: size,
    }),
  ),
  resources: maybe(
    fc.record({
      memory: maybe(size),
      memorySwap: maybe(fc.constantFrom('', '-1')),
      memoryReservation: fc.constant(''),
    }),
  ),
});

describe('CUA-36 containers come back', () => {
  it('from the inventory, but for its exceptions', () => {
    fc.assert(
      fc.property(draft, (said) => {
        const completed = completeConfig(said);
        assert.ok(completed.ok, completed.ok ? '' : completed.error.detail);
        const { name: id, resources } = completed.value;
        const container = containerOf(said);
        const again = wishesOf(stateOf(componentOf(id, '1', ...parameterPairs(container.config))));
        const config = again.wishes[0]?.config;
        assert.deepEqual(config, {
          ...completed.value,
          hostName: `${id}-host`,
          domainName: `${id}-domain`,
          restartPolicy: { ...completed.value.restartPolicy, retryTimeoutS: 0 },
          resources: { ...resources, memorySwap: config?.resources.memorySwap },
        });
        const isSwapUnlimited = resources.memory !== '' && resources.memorySwap === '';
        if (!isSwapUnlimited) assert.equal(config?.resources.memorySwap, resources.memorySwap);
        const isOnlyUpdated = isSwapUnlimited || completed.value.restartPolicy.retryTimeoutS !== 0;
        assert.equal(compare(again, [container])[0]?.kind, isOnlyUpdated ? 'update' : 'check');
      }),
      { numRuns: 1_000, seed: 5 },
    );
  });

  it('from their descriptors, all of it', () => {
    fc.assert(
      fc.property(draft, (said) => {
        const container = containerOf(said);
        const value: unknown = JSON.parse(JSON.stringify(descriptorOf(container)));
        assert.deepEqual(readDescriptor(value, 'other'), { ok: true, value: container });
      }),
      { numRuns: 1_000, seed: 6 },
    );
  });

  it('port mappings from their lines', () => {
    fc.assert(
      fc.property(ports, (mapping) => {
        const { value } = parsePort(portText({ ...mapping, proto: 'udp' })) as { value: unknown };
        assert.deepEqual(value, { ...mapping, proto: 'udp' });
      }),
      { numRuns: 500, seed: 7 },
    );
  });
});
