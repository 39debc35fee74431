import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  compare,
  decodeDescriptor,
  descriptorOf,
  inventoryOf,
  parseDevice,
  parseExtraHost,
  parseMount,
  parsePort,
  readContainersState,
  readDescriptor,
  readEngineName,
  readStopOptions,
  readWishes,
  sizeToBytes,
  versionOfImage,
} from '../../../src/protocols/containers/index.js';
import { decodeEnvelope, parseJson, readAs } from '../../../src/protocols/update-agent/index.js';
import { componentOf, DOMAIN, stateOf } from './samples.js';

const NAMES = [
  ...[
    'activityId',
    'payload',
    'domains',
    'id',
    'config',
    'components',
    'version',
    'key',
    'value',
    'baselines',
    'title',
  ],
  ...['parameters', 'container_id', 'container_name', 'image', 'name', 'decrypt_config', 'keys', 'mount_points'],
  ...[
    'source',
    'destination',
    'host_config',
    'devices',
    'path_on_host',
    'port_mappings',
    'host_port',
    'container_port',
  ],
  ...[
    'restart_policy',
    'type',
    'retry_timeout',
    'log_config',
    'driver_config',
    'resources',
    'memory',
    'state',
    'status',
  ],
  ...['config', 'env', 'cmd', 'io_config', 'tty', '__proto__', 'constructor', 'toString'],
];
const KEYS = [
  ...['image', 'env', 'cmd', 'terminal', 'privileged', 'network', 'host', 'port', 'device', 'mount', 'restartPolicy'],
  ...['restartMaxRetries', 'restartTimeout', 'logDriver', 'logMaxFiles', 'logMaxSize', 'logMode', 'logMaxBufferSize'],
  ...['memory', 'memorySwap', 'memoryReservation', 'systemContainers', '__proto__', ''],
];
const WORDS = [
  ...['containers', 'map', 'a:1', '/a:/b', '80:80', '200M', '-1', 'host', 'on-failure', 'none', 'non-blocking', 'true'],
  ...['A=1', 'a:host_ip', 'containers:map', '*', '', 'constructor'],
];
const word = fc.oneof(fc.constantFrom(...WORDS), fc.string());
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.oneof(word, fc.constantFrom(null, true, 0, 1, -1, 1.5, 2 ** 60, 65_536)),
    fc.dictionary(fc.constantFrom(...NAMES), tie('tree'), { maxKeys: 8 }),
    fc.array(tie('tree'), { maxLength: 4 }),
  ),
}));
const entries = fc.array(fc.tuple(fc.constantFrom(...KEYS), word), { maxLength: 8 });

/** Whatever it is, an answer; a refusal says something, and not at length. */
function answers(result: { ok: boolean; error?: { detail: string } }): void {
  if (result.ok) return;
  assert.ok(result.error !== undefined && result.error.detail !== '');
  assert.ok(result.error.detail.length < 3_000, result.error.detail.slice(0, 200));
}

describe('CUA-11 hostile messages', () => {
  it('are answered, whatever they hold', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const bytes = Buffer.from(JSON.stringify(value) ?? '');
        const state = readAs(value, readContainersState);
        if (state.ok) answers(readWishes(state.value, DOMAIN, []));
        decodeEnvelope(bytes, readContainersState);
        answers(readDescriptor(value, 'id'));
        answers(decodeDescriptor(bytes, 'id'));
        assert.equal(parseJson(bytes).ok, true);
      }),
      { numRuns: 3_000, seed: 1 },
    );
  });

  it('near to desired states make containers that compare, or are refused', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, entries), { maxLength: 4 }), entries, (components, config) => {
        const [domain = {}] = stateOf(...components.map(([id, pairs]) => componentOf(id, '1', ...pairs))).domains ?? [];
        const asked = { ...domain, config: config.map(([key, value]) => ({ key, value })) };
        const read = readWishes({ domains: [asked] }, DOMAIN, ['sua']);
        answers(read);
        if (!read.ok) return;
        const present = read.value.wishes.map((wish, index) => ({ id: String(index), config: wish.config }));
        assert.ok(compare(read.value, present).every(({ kind }) => kind === 'check'));
        assert.ok(compare(read.value, []).every(({ kind }) => kind === 'create'));
        const grouped = read.value.groups.flatMap(({ names }) => names);
        assert.deepEqual(grouped.sort(), read.value.wishes.map((wish) => wish.config.name).sort());
      }),
      { numRuns: 3_000, seed: 2 },
    );
  });

  it('of any bytes and lines are answered', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (bytes, text) => {
        answers(decodeDescriptor(bytes, 'id'));
        for (const parse of [parsePort, parseDevice, parseMount]) assert.equal(Object.keys(parse(text)).length, 1);
        parseExtraHost(text);
        sizeToBytes(text);
        versionOfImage(text);
        readEngineName(text, text);
        readStopOptions({ signal: text }, 1);
      }),
      { numRuns: 2_000, seed: 3 },
    );
  });
});

describe('CUA-11 huge messages', () => {
  const refusal = (components: ReturnType<typeof componentOf>[]) => {
    const read = readWishes(stateOf(...components), DOMAIN, []);
    return read.ok ? '' : read.error.detail;
  };

  it('are refused with a short text', () => {
    const many = Array.from({ length: 1_001 }, (_, index) => componentOf(`c${index}`, '1'));
    assert.equal(refusal(many), 'at most 1000 components expected, but got 1001');
    const pairs = Array.from({ length: 2_001 }, (): [string, string] => ['env', 'A=1']);
    assert.match(refusal([componentOf('a', '1', ...pairs)]), /more than 2000 configuration entries/);
    assert.match(refusal([componentOf('a', '1', ['env', `A=${'x'.repeat(300_000)}`])]), /262144 characters/);
    for (const key of ['network', 'memory', 'restartPolicy', 'logMaxSize', 'env']) {
      assert.ok(refusal([componentOf('a', '1', [key, '1'.repeat(200_000)])]).length < 500, key);
    }
    assert.ok(refusal([componentOf('a'.repeat(100_000), '1')]).length < 1_000);
    const systemContainers = { key: 'systemContainers', value: ','.repeat(5_000) };
    const read = readWishes({ domains: [{ id: DOMAIN, config: [systemContainers] }] }, DOMAIN, []);
    assert.ok(!read.ok && read.error.detail === 'at most 1000 system containers expected');
  });

  it('leave no more warnings than people read', () => {
    const pairs = Array.from({ length: 1_500 }, (): [string, string] => ['port', 'x'.repeat(100)]);
    const read = readWishes(stateOf(componentOf('a', '1', ...pairs)), DOMAIN, []);
    assert.ok(read.ok);
    assert.equal(read.value.warnings.length, 101);
    assert.equal(read.value.warnings.at(-1), 'and more');
  });

  it('are read in one pass', () => {
    const lines = [`${':host_ip_'.repeat(20_000)}\n`, `${'1'.repeat(200_000)}.`, `${'a:'.repeat(100_000)}`];
    for (const line of lines) {
      for (const key of ['host', 'memory', 'port', 'device', 'env', 'mount']) {
        answers(readWishes(stateOf(componentOf('a', '1', ['network', 'host'], [key, line])), DOMAIN, []));
      }
    }
  });
});

describe('CUA-36 what was read', () => {
  it('is written, and read again as the same', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const read = readDescriptor(value, 'id');
        if (!read.ok) return;
        inventoryOf([read.value], { domain: DOMAIN, agentName: 'a', agentVersion: '1', isVerbose: true });
        assert.deepEqual(readDescriptor(descriptorOf(read.value), 'other'), read);
      }),
      { numRuns: 2_000, seed: 4 },
    );
  });
});
