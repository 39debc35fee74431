import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  problemWith,
  readConfiguration,
  readDevice,
  readInbound,
  readOperation,
  shownConfiguration,
} from '../../../src/protocols/container-features/index.js';
import { completeConfig } from '../../../src/protocols/containers/index.js';
import { readAs } from '../../../src/protocols/update-agent/index.js';

const OPERATIONS: ReadonlyArray<readonly [feature: string, operation: string]> = [
  ['ContainerFactory', 'create'],
  ['ContainerFactory', 'createWithConfig'],
  ...['start', 'pause', 'resume', 'stop', 'stopWithOptions', 'rename', 'remove', 'update'].map(
    (operation) => ['Container:a', operation] as const,
  ),
  ['SoftwareUpdatable', 'install'],
  ['SoftwareUpdatable', 'remove'],
  ['Metrics', 'request'],
];
const NAMES = [
  ...['imageRef', 'start', 'name', 'config', 'domainName', 'env', 'cmd', 'privileged', 'networkMode', 'mountPoints'],
  ...['source', 'destination', 'propagationMode', 'devices', 'pathOnHost', 'portMappings', 'hostPort', 'containerPort'],
  ...['restartPolicy', 'type', 'maxRetryCount', 'retryTimeout', 'log', 'mode', 'resources', 'memory', 'decryption'],
  ...[
    'keys',
    'timeout',
    'force',
    'signal',
    'correlationId',
    'softwareModules',
    'softwareModule',
    'version',
    'artifacts',
  ],
  ...['filename', 'download', 'HTTP', 'HTTPS', 'url', 'checksums', 'MD5', 'SHA256', 'software', 'forced', 'frequency'],
  ...['filter', 'id', 'originator', 'topic', 'path', 'headers', 'correlation-id', 'content-type', 'response-required'],
  ...['value', 'deviceId', 'tenantId', 'policyId', '__proto__', 'constructor'],
];
const TEXTS = [
  '',
  'a',
  'ALWAYS',
  'NO',
  '5s',
  '1h',
  'a/b/c',
  '/features/Metrics/inbox/messages/request',
  'n:d',
  'application/json',
];
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 1.5, 65_536, Number.MAX_VALUE, ...TEXTS),
    fc.dictionary(fc.constantFrom(...NAMES), tie('tree'), { maxKeys: 6 }),
    fc.array(tie('tree'), { maxLength: 4 }),
  ),
}));
const bytes = fc.oneof(
  fc.uint8Array(),
  tree.map((value) => Buffer.from(JSON.stringify(value))),
);
const known = {
  thing: { namespace: 'a', name: 'b' },
  features: ['ContainerFactory', 'SoftwareUpdatable', 'Metrics'],
  containers: ['a'],
} as const;

describe('no reader throws, whatever it is given', () => {
  it('THG-10 requests, and each has one outcome', () => {
    const topic = fc.oneof(
      fc.constantFrom('command//a:b/req/r/x', 'command//a:b/req//created', 'command//a:b/req//x', 'e/t'),
      fc.string(),
    );
    fc.assert(
      fc.property(topic, bytes, (address, payload) => {
        const inbound = readInbound(address, payload);
        if (inbound?.kind === 'refused' && inbound.answer) {
          const { status } = JSON.parse(inbound.answer.payload) as { status: number };
          assert.equal(status, 400);
          assert.ok(inbound.answer.topic.endsWith('/400'));
        }
        if (inbound?.kind !== 'request') return;
        const problem = problemWith(inbound.request, known);
        if (problem === undefined) assert.ok(inbound.request.result.ok);
        else assert.ok([400, 404].includes(problem.status) && problem.message.length < 2_000);
      }),
      { numRuns: 2_000 },
    );
  });

  for (const [feature, operation] of OPERATIONS) {
    it(`THG-10 ${operation} of ${feature}: it is read, or refused with 400`, () => {
      fc.assert(
        fc.property(tree, (value) => {
          const result = readOperation(feature, operation, value);
          if (!result.ok) assert.equal(result.failure.status, 400);
          else assert.deepEqual(JSON.parse(JSON.stringify(result.operation)), result.operation);
        }),
        { numRuns: 500 },
      );
    });
  }

  it('THG-3 devices: their topics are topics', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          bytes,
          fc.record({ deviceId: fc.string(), tenantId: fc.string() }).map((each) => Buffer.from(JSON.stringify(each))),
        ),
        (payload) => {
          const device = readDevice(payload);
          if (!device.ok) return;
          const { thing, tenantId } = device.value;
          assert.doesNotMatch(`${thing.namespace}${thing.name}${tenantId}`, /[/+#\0]/);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('CTR-6 a configuration that can be made is shown, and read again the same', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const wanted = readAs(value, readConfiguration);
        if (!wanted.ok) return;
        const made = completeConfig({ ...wanted.value, name: 'n', image: 'i' });
        if (!made.ok) return;
        const again = readAs(shownConfiguration(made.value), readConfiguration);
        assert.ok(again.ok);
        const remade = completeConfig({ ...again.value, name: 'n', image: 'i' });
        assert.deepEqual(remade, made);
      }),
      { numRuns: 1_000 },
    );
  });
});
