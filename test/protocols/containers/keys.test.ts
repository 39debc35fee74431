import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerConfig } from '../../../src/protocols/containers/index.js';
import { ignores, refuses, takes, takesAll } from './key-checks.js';
import { configOf, read } from './samples.js';

describe('CUA-11 the keys of a component (§A.3)', () => {
  it('nothing said is the default of everything', () => {
    assert.deepEqual(read(), { config: configOf({ image: 'map:2.1' }), warnings: [] });
    assert.deepEqual(read(['unknown', 'x'], ['', ''], ['__proto__', 'x']).config, configOf({ image: 'map:2.1' }));
  });

  it('of a key with one value the last one counts', () => {
    takes([
      [
        [
          ['image', 'a'],
          ['image', 'b'],
        ],
        ({ image }) => image,
        'b',
      ],
      [
        [
          ['terminal', '1'],
          ['terminal', '0'],
        ],
        ({ tty }) => tty,
        false,
      ],
      [
        [
          ['memory', 'bad'],
          ['memory', '4M'],
        ],
        ({ resources }) => resources.memory,
        '4M',
      ],
    ]);
  });

  it('image', () => {
    takesAll('image', ({ image }) => image, [
      ['docker.io/library/hello:1', 'docker.io/library/hello:1'],
      [' any thing', ' any thing'],
    ]);
    refuses([[[['image', '']], 'the containers image configuration is invalid']]);
  });

  it('env', () => {
    takesAll('env', ({ env }) => env, [
      ['NAME', ['NAME']],
      ['NAME=', ['NAME=']],
      ['_n1=a b=c', ['_n1=a b=c']],
    ]);
    takes([
      [
        [
          ['env', 'A=1'],
          ['env', 'B'],
          ['env', 'A=1'],
        ],
        ({ env }) => env,
        ['A=1', 'B', 'A=1'],
      ],
    ]);
    for (const value of ['', '1A', 'A-B', ' A', 'Ä']) {
      refuses([[[['env', value]], `invalid environmental variable declaration provided : ${value}`]]);
    }
  });

  it('env: a refusal does not give away what may be a secret', () => {
    refuses([
      [[['env', 'A-B=secret']], 'invalid environmental variable declaration provided : A-B=…'],
      [[['env', 'KEY=first\nsecond']], 'invalid environmental variable declaration provided : KEY=…'],
    ]);
  });

  it('cmd keeps its order', () => {
    takes([
      [
        [
          ['cmd', '--b'],
          ['cmd', ''],
          ['cmd', '--a'],
        ],
        ({ cmd }) => cmd,
        ['--b', '', '--a'],
      ],
    ]);
  });

  for (const [key, part] of [
    ['terminal', ({ tty }: ContainerConfig) => tty],
    ['interactive', ({ openStdin }: ContainerConfig) => openStdin],
    ['privileged', ({ privileged }: ContainerConfig) => privileged],
  ] as const) {
    it(key, () => {
      takesAll(key, part, [
        ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((value): [string, unknown] => [value, true]),
        ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((value): [string, unknown] => [value, false]),
      ]);
      ignores(key, ['', 'yes', 'tRUE', ' true', '2', 'on']);
    });
  }

  it('privileged goes without devices', () => {
    refuses([
      [
        [
          ['privileged', 'true'],
          ['device', '/dev/a:/dev/a'],
        ],
        'cannot create the container as privileged and with specified devices at the same time - choose one of the options',
      ],
    ]);
    assert.ok(read(['privileged', 'true'], ['device', 'ignored']).config);
  });

  it('network', () => {
    takesAll('network', ({ network }) => network, [
      ['bridge', 'bridge'],
      ['host', 'host'],
      ['', 'bridge'],
    ]);
    const reserved = 'cannot use the host_ip reserved key or any of its modifications when in host network mode';
    refuses([
      [[['network', 'none']], 'unsupported network mode none'],
      [[['network', 'Host']], 'unsupported network mode Host'],
      [
        [
          ['network', 'host'],
          ['port', '80:80'],
        ],
        'cannot use port mappings when in host network mode',
      ],
      [
        [
          ['network', 'host'],
          ['host', 'a:host_ip'],
        ],
        reserved,
      ],
      [
        [
          ['network', 'host'],
          ['host', 'a:host_ip_eth0'],
        ],
        reserved,
      ],
      [
        [
          ['network', 'host'],
          ['host', 'a:b:host_ip'],
        ],
        reserved,
      ],
    ]);
    for (const host of ['a:1.2.3.4', ':host_ip', 'a:host_ipx', 'a:host_ip_', 'a:container_b', 'a\n:host_ip']) {
      assert.deepEqual(read(['network', 'host'], ['host', host]).config?.extraHosts, [host]);
    }
  });

  it('host is taken as it is', () => {
    takes([
      [
        [
          ['host', 'a:b:c'],
          ['host', ''],
        ],
        ({ extraHosts }) => extraHosts,
        ['a:b:c', ''],
      ],
    ]);
  });

  it('port', () => {
    const port = (containerPort: number, hostPort: number, rest = {}) => [
      { proto: 'tcp', containerPort, hostIp: '0.0.0.0', hostPort, hostPortEnd: hostPort, ...rest },
    ];
    takesAll('port', ({ ports }) => ports, [
      ['80:81', port(81, 80)],
      [' 80:81/udp ', port(81, 80, { proto: 'udp' })],
      ['80:81/', port(81, 80)],
      ['80:81/sctp', port(81, 80, { proto: 'sctp' })],
      ['127.0.0.1:80-90:81', port(81, 80, { hostIp: '127.0.0.1', hostPortEnd: 90 })],
      ['1:65535', port(65_535, 1)],
      ['255.255.255.255:80-80:1/tcp', port(1, 80, { hostIp: '255.255.255.255' })],
    ]);
    ignores('port', [
      ...['', '80', ':', '80:', ':80', '1:2:3:4', 'localhost:80:80', '::1:80:80', '1.2.3:80:80', '01.2.3.4:80:80'],
      ...[
        '256.1.1.1:80:80',
        '1.2.3.4.5:80:80',
        '1.2.3.4.:80:80',
        ':80:80',
        '80:80-90',
        '80-:80',
        '-80:80',
        '80-90-99:80',
      ],
      ...[
        'x:80',
        '80:y',
        '0:80',
        '80:0',
        '70000:80',
        '80:65536',
        '90-80:80',
        '80:80/TCP',
        '80:80/icmp',
        '80:80/tcp/udp',
      ],
      ...['8 0:80', '80.5:80', '1e3:80', '0x50:80', `${'9'.repeat(5_000)}:80`],
    ]);
  });

  it('device', () => {
    const device = (pathOnHost: string, pathInContainer: string, permissions: string) => [
      { pathOnHost, pathInContainer, permissions },
    ];
    takesAll('device', ({ devices }) => devices, [
      ['/dev/a:/dev/b', device('/dev/a', '/dev/b', 'rwm')],
      [' /dev/a:/dev/b:r ', device('/dev/a', '/dev/b', 'r')],
      ['/dev/a:/dev/b:mwr', device('/dev/a', '/dev/b', 'mwr')],
      ['/dev/a:', device('/dev/a', '/dev/a', 'rwm')],
    ]);
    ignores('device', ['', '/dev/a', '/dev/a:/dev/b:r:w', '/dev/a:/dev/b:', '/dev/a:/dev/b:x', '/dev/a:/dev/b:rwmr']);
    refuses([
      [[['device', ':/dev/b']], 'both path on the host and in the container must be specified for a device mapping'],
    ]);
  });

  it('mount', () => {
    takesAll('mount', ({ mounts }) => mounts, [
      ...['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave'].map((propagation): [string, unknown] => [
        `/a:/b:${propagation}`,
        [{ source: '/a', destination: '/b', propagation }],
      ]),
      [' /a:/b ', [{ source: '/a', destination: '/b', propagation: 'rprivate' }]],
      ['/a:/b:', [{ source: '/a', destination: '/b', propagation: 'rprivate' }]],
    ]);
    ignores('mount', ['', '/a', '/a:/b:ro:z']);
    refuses([
      [[['mount', '/a:/b:ro']], 'propagation mode must be set to one of the supported modes'],
      [[['mount', ':/b']], 'source and destination must be set for a mount point'],
      [[['mount', '/a:']], 'source and destination must be set for a mount point'],
      [[['mount', '::bad']], 'source and destination must be set for a mount point'],
    ]);
  });
});
