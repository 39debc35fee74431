import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import {
  completeConfig,
  dependencyKey,
  dependencyOf,
  engineName,
  imageParts,
  isReservedHost,
  parseExtraHost,
  readEngineName,
  registryKey,
  secondEngineName,
  shortActivity,
} from '../../../src/protocols/containers/index.js';
import { read } from '../../protocols/containers/samples.js';

const ID = '4f3c2a10-0000-4000-8000-000000000001';

test('REG-2 an image is of the registry before its first slash', () => {
  const keys = {
    'ghcr.io/a/b:1': 'ghcr.io',
    'localhost:5000/a': 'localhost:5000',
    'hello:1': 'hello:1',
    'a/b': 'a',
    '': '',
  };
  for (const [reference, key] of Object.entries(keys)) assert.equal(registryKey(reference), key);
});

test('REG-2 a reference is read in its parts', () => {
  assert.deepEqual(imageParts('reg:5000/a/b:1@sha256:12'), { name: 'reg:5000/a/b', tag: '1', digest: 'sha256:12' });
  assert.deepEqual(imageParts('reg:5000/a'), { name: 'reg:5000/a' });
  assert.deepEqual(imageParts('a@sha256:12'), { name: 'a', digest: 'sha256:12' });
  assert.deepEqual(imageParts('a:missing-1'), { name: 'a', tag: 'missing-1' });
});

test('THG-16 a container as installed software', () => {
  const dependency = dependencyOf('reg.example.com/veh/map:2.1', 'c1');
  assert.deepEqual(dependency, { group: 'reg.example.com/veh/map', name: 'c1', version: '2.1' });
  assert.equal(dependencyKey(dependency), 'reg.example.com%2Fveh%2Fmap.c1:2.1');
  const withPort = dependencyOf('127.0.0.1:5000/a:1', 'c2');
  assert.deepEqual(withPort, { group: '127.0.0.1', name: 'c2', version: '5000/a:1' });
  assert.equal(dependencyKey(withPort), '127.0.0.1.c2:5000%2Fa:1');
  assert.deepEqual(dependencyOf('a', 'c3'), { group: 'a', name: 'c3', version: '' });
});

describe('ENG-2 names in engines', () => {
  it('tell name and role', () => {
    const activity = '7f0c1234-0000-4000-8000-00000000000a';
    assert.equal(engineName('map', 'current', activity), 'map');
    assert.equal(engineName('map', 'pending', activity), 'map.new-7f0c1234');
    assert.equal(engineName('map', 'old', 'a1'), 'map.old-a1');
    assert.equal(engineName('_map', 'current', ''), 'x_map');
    assert.equal(secondEngineName('map', ID), 'map.4f3c2a10');
  });

  it('tell activities apart that begin alike', () => {
    assert.notEqual(shortActivity('campaign-1'), shortActivity('campaign-2'));
    for (const activity of ['', 'ä', 'a b', 'x'.repeat(1_000)]) assert.match(shortActivity(activity), /^[\w-]{1,8}$/);
  });

  it('are read again where nothing else is known', () => {
    for (const name of ['map', '_map', 'a.b', 'a.new', 'x']) {
      for (const role of ['current', 'pending', 'old'] as const) {
        const own = engineName(name, role, '7f0c1234-0000-4000-8000-00000000000a');
        assert.deepEqual(readEngineName(own, ID), { name, role });
        assert.deepEqual(readEngineName(secondEngineName(own, ID), ID), { name, role });
      }
    }
  });
});

test('ENG-2 extra hosts are read when their container starts', () => {
  const targetOf = (entry: string) => {
    const parsed = parseExtraHost(entry);
    return parsed.ok ? parsed.value : parsed.error.detail;
  };
  assert.deepEqual(targetOf('a:1.2.3.4'), { name: 'a', target: { kind: 'address', address: '1.2.3.4' } });
  assert.deepEqual(targetOf(' a:host_ip '), { name: 'a', target: { kind: 'host' } });
  assert.deepEqual(targetOf('a:host_ip_eth0'), { name: 'a', target: { kind: 'interface', interface: 'eth0' } });
  assert.deepEqual(targetOf('a:container_b-host'), { name: 'a', target: { kind: 'container', hostName: 'b-host' } });
  assert.equal(targetOf('a:b:c'), 'host [a b c] is incorrectly defined');
  assert.equal(targetOf('a'), 'host [a] is incorrectly defined');
  assert.deepEqual(['a:1.2.3.4', 'a:host_ip', 'a:host_ip_eth0', 'a:container_b', 'a'].map(isReservedHost), [
    false,
    true,
    true,
    true,
    false,
  ]);
  assert.ok(read(['host', 'a']).config);
  assert.ok(completeConfig({ name: 'a', image: 'b', extraHosts: ['x'] }).ok);
});
