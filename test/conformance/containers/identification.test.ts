import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { type Change, type ContainerDraft, compare, versionOfImage } from '../../../src/protocols/containers/index.js';
import { componentOf, containerOf, stateOf, wishesOf } from '../../protocols/containers/samples.js';

const image = 'reg.example.com/veh/map:2.1';
const brief = (changes: readonly Change[]) => changes.map(({ kind, name }) => `${kind} ${name}`);
/** What a container of `present` becomes where `pairs` are wished for. */
const kindWith = (present: Partial<ContainerDraft>, ...pairs: readonly [string, string][]) =>
  compare(wishesOf(stateOf(componentOf('map', '9', ['image', image], ...pairs))), [containerOf(present)])[0]?.kind;

describe('CUA-16 what becomes of each container', () => {
  it('wishes in their order, then removals by name', () => {
    const wishes = wishesOf(stateOf(componentOf('z', '1'), componentOf('map', '2'), componentOf('a', '3')));
    const present = ['q', 'map', 'b', 'z'].map((name) => containerOf({ name, image: `${name}:1` }));
    const changes = compare(wishes, present);
    assert.deepEqual(brief(changes), ['check z', 'recreate map', 'create a', 'destroy b', 'destroy q']);
    assert.deepEqual(
      changes.map(({ message }) => message),
      [
        'No changes detected, existing container will be check only if it is running.',
        'Existing container will be destroyed and replaced by a new one.',
        'New container will be created and started.',
        'Existing container will be destroyed, no longer needed.',
        'Existing container will be destroyed, no longer needed.',
      ],
    );
    assert.deepEqual(changes[1]?.present, present[1]);
    assert.equal(changes[1]?.wish?.image, 'map:2');
    assert.equal(changes[2]?.present, undefined);
    assert.equal(changes[3]?.wish, undefined);
  });

  it('system containers are not touched, wished for or not', () => {
    const wishes = wishesOf(stateOf(componentOf('sua', '2'), componentOf('a', '1')), ['sua', 'broker', 'new']);
    const present = ['sua', 'broker'].map((name) => containerOf({ name, image: 'x:1' }));
    assert.deepEqual(brief(compare(wishes, present)), ['create a']);
  });

  const recreated: readonly (readonly [string, Partial<ContainerDraft>, readonly [string, string][]])[] = [
    ['image', { image: 'reg.example.com/veh/map:2.0' }, []],
    ['mounts', {}, [['mount', '/a:/b']]],
    ['propagation', { mounts: [{ source: '/a', destination: '/b' }] }, [['mount', '/a:/b:shared']]],
    [
      'cmd',
      { cmd: ['a', 'b'] },
      [
        ['cmd', 'b'],
        ['cmd', 'a'],
      ],
    ],
    ['fewer cmd', { cmd: ['a', 'b'] }, [['cmd', 'a']]],
    ['env', { env: ['A=1'] }, [['env', 'A=2']]],
    ['env that is there twice', { env: ['A=1', 'A=1'] }, [['env', 'A=1']]],
    [
      'env twice for one more',
      { env: ['A=1', 'A=1'] },
      [
        ['env', 'A=1'],
        ['env', 'B=1'],
      ],
    ],
    [
      'one more for env twice',
      { env: ['A=1', 'B=1'] },
      [
        ['env', 'A=1'],
        ['env', 'A=1'],
      ],
    ],
    ['config that is gone', { env: ['A=1'], cmd: ['a'] }, []],
    ['tty', { tty: true }, []],
    ['open stdin', {}, [['interactive', 'true']]],
    ['privileged', {}, [['privileged', 'true']]],
    ['network', { network: 'host' }, []],
    ['devices', { devices: [{ pathOnHost: '/a', permissions: 'r' }] }, [['device', '/a:/a']]],
    ['extra hosts', { extraHosts: ['a:1.2.3.4'] }, [['host', 'a:1.2.3.5']]],
    ['extra capabilities', { extraCapabilities: ['CAP_NET_ADMIN'] }, []],
    ['ports', { ports: [{ containerPort: 80, hostPort: 80 }] }, [['port', '80-81:80']]],
    ['log driver', { log: { driver: 'none' } }, []],
    ['log files', { log: { maxFiles: 3 } }, []],
    ['log mode', {}, [['logMode', 'non-blocking']]],
    [
      'log buffer',
      { log: { mode: 'non-blocking' } },
      [
        ['logMode', 'non-blocking'],
        ['logMaxBufferSize', '2M'],
      ],
    ],
  ];
  for (const [what, present, pairs] of recreated) {
    it(`${what}: replaced, even if more changed`, () => {
      assert.equal(kindWith(present, ...pairs), 'recreate');
      assert.equal(kindWith(present, ...pairs, ['memory', '5M']), 'recreate');
    });
  }

  it('limits and restart policy are changed in place', () => {
    assert.equal(kindWith({}, ['memory', '5M']), 'update');
    assert.equal(kindWith({ resources: { memory: '5M' } }), 'update');
    assert.equal(kindWith({ resources: { memory: '5M' } }, ['memory', '5M'], ['memoryReservation', '4M']), 'update');
    assert.equal(kindWith({}, ['restartPolicy', 'always']), 'update');
    assert.equal(
      kindWith({ restartPolicy: { type: 'on-failure' } }, ['restartPolicy', 'on-failure'], ['restartTimeout', '5']),
      'update',
    );
  });
});

describe('CUA-17 the comparison', () => {
  it('is on what has its defaults, and of lists without order as sets', () => {
    const present: Partial<ContainerDraft> = {
      mounts: [
        { source: '/a', destination: '/b', propagation: 'rprivate' },
        { source: '/c', destination: '/d' },
      ],
      env: ['A=1', 'B=2'],
      devices: [{ pathOnHost: '/dev/a' }, { pathOnHost: '/dev/b', pathInContainer: '/dev/c' }],
      ports: [
        { containerPort: 1, hostPort: 1 },
        { containerPort: 2, hostPort: 2, proto: 'udp' },
      ],
      extraHosts: ['a:1.1.1.1', 'b:host_ip'],
    };
    const pairs: [string, string][] = [
      ['mount', '/c:/d:rprivate'],
      ['mount', '/a:/b'],
      ['env', 'B=2'],
      ['env', 'A=1'],
      ['device', '/dev/b:/dev/c:rwm'],
      ['device', '/dev/a:'],
      ['port', '2:2/udp'],
      ['port', '0.0.0.0:1-1:1'],
      ['host', 'b:host_ip'],
      ['host', 'a:1.1.1.1'],
      ['restartPolicy', 'unless-stopped'],
      ['logMaxSize', '100M'],
    ];
    assert.equal(kindWith(present, ...pairs), 'check');
  });

  it('of images is one of texts', () => {
    assert.equal(kindWith({ image: `docker.io/${image}` }), 'recreate');
    assert.equal(kindWith({ image }), 'check');
  });

  it('leaves out names of host and domain, runtime, decryption and version', () => {
    assert.equal(
      kindWith({ hostName: 'h', domainName: 'd', runtime: 'r', decryption: { keys: ['k'], recipients: [] } }),
      'check',
    );
  });

  it('takes two hundred of two hundred without comparing each with each', () => {
    let looks = 0;
    const names = Array.from({ length: 200 }, (_, index) => `c${index}`);
    const present = names.map((name) => {
      const container = containerOf({ name, image: `${name}:1`, env: names.map((variable) => `${variable}=1`) });
      const { config } = container;
      return {
        ...container,
        get config() {
          looks += 1;
          return config;
        },
      };
    });
    const wishes = wishesOf(
      stateOf(...names.map((name) => componentOf(name, '1', ...names.map((v): [string, string] => ['env', `${v}=1`])))),
    );
    assert.ok(compare(wishes, present).every(({ kind }) => kind === 'check'));
    assert.ok(looks <= 5 * names.length, `${looks} looks at containers`);
  });
});

test('CUA-18 the version of an action is that of its wish, or of the image that goes', () => {
  const wishes = wishesOf(stateOf(componentOf('map', 'v7', ['image', 'map:1'])));
  const changes = compare(wishes, [containerOf(), containerOf({ name: 'old', image: 'reg:5000/old:3' })]);
  assert.deepEqual(
    changes.map(({ version }) => version),
    ['v7', '3'],
  );
  const versions = {
    'a:1': '1',
    'reg:5000/x/a:1-b': '1-b',
    'reg:5000/a': 'n/a',
    'a@sha256:12': 'sha256:12',
    'reg/a:1@sha256:12': 'sha256:12',
    'a:1@': '1@',
    'a:1:2': '1:2',
    'a:': 'n/a',
    'a/': 'n/a',
    '': 'n/a',
  };
  for (const [reference, version] of Object.entries(versions)) assert.equal(versionOfImage(reference), version);
});

test('CTR-10 of several containers of a name the newest is compared, the others are destroyed', () => {
  const present = [
    containerOf({ image: 'map:1' }, { id: 'first' }),
    containerOf({ name: 'b', image: 'b:1' }),
    containerOf({ image: 'map:1' }, { id: 'second' }),
    containerOf({ image: 'map:2' }, { id: 'third' }),
  ];
  const changes = compare(wishesOf(stateOf(componentOf('map', '2'))), present);
  assert.deepEqual(
    changes.map(({ kind, present: of }) => `${kind} ${of?.id}`),
    ['check third', 'destroy id-of-b', 'destroy first', 'destroy second'],
  );
  assert.deepEqual(brief(compare(wishesOf(stateOf(), ['map']), present)), ['destroy b']);
});
