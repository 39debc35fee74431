import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerSpec } from '../../../../src/actors/engines/engine.js';
import { containerView, imageView } from '../../../../src/actors/engines/engine-api/container-view.js';
import { createBody, dockerLimits, podmanLimits } from '../../../../src/actors/engines/engine-api/create-body.js';
import { eventOf } from '../../../../src/actors/engines/engine-api/event-of.js';
import { callFailure, engineText, pullFailure } from '../../../../src/actors/engines/engine-api/failures.js';
import { isInsecureAllowed } from '../../../../src/actors/engines/engine-api/insecure.js';
import { jsonLines } from '../../../../src/actors/engines/engine-api/json-lines.js';
import { LogFrames } from '../../../../src/actors/engines/engine-api/log-frames.js';
import { PullProgress } from '../../../../src/actors/engines/engine-api/pull-progress.js';
import { checkedReference, nameAndTag } from '../../../../src/actors/engines/engine-api/references.js';
import { statsSample } from '../../../../src/actors/engines/engine-api/stats-sample.js';

const spec: ContainerSpec = {
  id: 'id-1',
  owner: 'containers',
  activity: 'a-1',
  name: 'app',
  image: 'r.example/app:1',
  hostName: 'h'.repeat(75),
  domainName: 'd',
  env: ['A=b', 'GONE'],
  cmd: [],
  tty: false,
  openStdin: true,
  privileged: false,
  network: 'bridge',
  mounts: [{ source: '/s', destination: '/d', propagation: 'rslave' }],
  devices: [{ pathOnHost: '/dev/a', pathInContainer: '/dev/b', permissions: 'rw' }],
  extraHosts: ['x:10.0.0.1'],
  extraCapabilities: ['CAP_NET_ADMIN'],
  ports: [
    { proto: 'tcp', containerPort: 80, hostIp: '127.0.0.1', hostPort: 8080 },
    { proto: 'tcp', containerPort: 80, hostIp: '127.0.0.1', hostPort: 8081 },
    { proto: 'udp', containerPort: 53, hostIp: '0.0.0.0', hostPort: 53 },
  ],
  log: { driver: 'json-file', maxFiles: 2, maxSize: '100M', rootDir: '/x', mode: 'non-blocking', maxBufferSize: '1M' },
  limits: { memory: 1_000, memoryReservation: 500 },
};

type Body = Record<string, unknown> & { HostConfig: Record<string, unknown> };
const bodyOf = (changes: Partial<ContainerSpec> = {}): Body => createBody({ ...spec, ...changes }) as Body;

describe('what a container is created from', () => {
  it('ENG-1 the labels that tell ours from all others', () => {
    assert.deepEqual(bodyOf()['Labels'], {
      'fleetchart.id': 'id-1',
      'fleetchart.owner': 'containers',
      'fleetchart.activity': 'a-1',
    });
  });

  it('POD-14 no restart policy, and LAB-7 no ulimits', () => {
    assert.deepEqual(bodyOf().HostConfig['RestartPolicy'], { Name: 'no' });
    assert.equal('Ulimits' in bodyOf().HostConfig, false);
  });

  it('POD-29 a variable that is to go is empty', () => {
    assert.deepEqual(bodyOf()['Env'], ['A=b', 'GONE=']);
  });

  it('POD-34 a host name fits the kernel', () => {
    assert.equal(String(bodyOf()['Hostname']).length, 63);
  });

  it('POD-17 POD-18 POD-21 mounts with propagation, one port each, a domain name', () => {
    const { HostConfig, ExposedPorts, Domainname } = bodyOf();
    assert.deepEqual(HostConfig['Mounts'], [
      { Type: 'bind', Source: '/s', Target: '/d', BindOptions: { Propagation: 'rslave' } },
    ]);
    assert.deepEqual(HostConfig['PortBindings'], {
      '80/tcp': [
        { HostIp: '127.0.0.1', HostPort: '8080' },
        { HostIp: '127.0.0.1', HostPort: '8081' },
      ],
      '53/udp': [{ HostIp: '0.0.0.0', HostPort: '53' }],
    });
    assert.deepEqual([ExposedPorts, Domainname], [{ '80/tcp': {}, '53/udp': {} }, 'd']);
  });

  it('ENG-5 devices, capabilities, hosts, and a command only if there is one', () => {
    const { HostConfig, ...rest } = bodyOf();
    assert.deepEqual(HostConfig['Devices'], [
      { PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'rw' },
    ]);
    assert.deepEqual([HostConfig['CapAdd'], HostConfig['ExtraHosts']], [['CAP_NET_ADMIN'], ['x:10.0.0.1']]);
    assert.equal('Cmd' in rest, false);
    assert.deepEqual(bodyOf({ cmd: ['a'] })['Cmd'], ['a']);
  });

  it('POD-22 a log that engines of all kinds take', () => {
    assert.deepEqual(bodyOf().HostConfig['LogConfig'], {
      Type: 'json-file',
      Config: { 'max-size': '100m', 'max-file': '2' },
    });
    assert.deepEqual(bodyOf({ log: { ...spec.log, driver: 'none' } }).HostConfig['LogConfig'], {
      Type: 'none',
      Config: {},
    });
  });

  it('POD-4 limits: swap without a limit of its own is unlimited, and what is lifted is said', () => {
    const { HostConfig } = bodyOf();
    assert.deepEqual(
      [HostConfig['Memory'], HostConfig['MemoryReservation'], HostConfig['MemorySwap']],
      [1_000, 500, -1],
    );
    assert.equal('MemorySwap' in bodyOf({ limits: {} }).HostConfig, false);
    assert.deepEqual(podmanLimits({ memory: 5, memorySwap: 6 }), { memory: { limit: 5, reservation: -1, swap: 6 } });
    const limited = { Memory: 64, MemoryReservation: 32, MemorySwap: 128 };
    const lifted = { Memory: 2 ** 50, MemoryReservation: -1, MemorySwap: 2 ** 51 };
    assert.deepEqual(dockerLimits({}, limited), lifted);
    assert.deepEqual(dockerLimits({}, { Memory: 0, MemorySwap: -1 }), {}, 'there is nothing to lift');
    assert.deepEqual(dockerLimits({ memory: 96 }, limited), { ...lifted, Memory: 96 });
    assert.deepEqual(dockerLimits({ memoryReservation: 48 }, {}), { MemoryReservation: 48 });
  });
});

describe('what an engine shows', () => {
  const labels = { 'fleetchart.id': 'i', 'fleetchart.owner': 'o' };

  it('ENG-1 a container without our labels is none of ours', () => {
    assert.equal(containerView({ Id: 'x' }), undefined);
    assert.equal(containerView({ Id: 'x', Config: { Labels: { 'fleetchart.id': 'i' } } }), undefined);
    assert.equal(containerView({ Id: 'x', Config: { Labels: labels } })?.owner, 'o');
  });

  it('ENG-5 POD-11 states, times and addresses in one form', () => {
    const view = (State: object, more: object = {}) =>
      containerView({ Id: 'x', Config: { Labels: labels }, State, ...more });
    const states = ['configured', 'running', 'paused', 'stopped', 'exited', 'removing', 'dead', 'improper'];
    assert.deepEqual(
      states.map((Status) => view({ Status })?.status),
      ['created', 'running', 'paused', 'exited', 'exited', 'removing', 'dead', 'unknown'],
    );
    const never = view({ Status: 'created', Pid: 0, StartedAt: '0001-01-01T00:00:00Z', FinishedAt: '' });
    assert.deepEqual([never?.pid, never?.startedAt, never?.finishedAt], [-1, '', '']);
    const local = view({ Status: 'exited', FinishedAt: '2026-01-01T02:00:00.5+02:00', Pid: 7 }, { Created: 'x' });
    assert.deepEqual([local?.finishedAt, local?.pid, local?.createdAt], ['2026-01-01T00:00:00.500Z', -1, '']);
    const again = view({ Status: 'running', FinishedAt: '2026-01-01T00:00:00Z', Pid: 7 });
    assert.deepEqual([again?.finishedAt, again?.pid], ['', 7]);
    const networks = {
      NetworkSettings: { IPAddress: '', Networks: { none: null, podman: { IPAddress: '10.88.0.2' } } },
    };
    assert.equal(view({}, networks)?.ipAddress, '10.88.0.2');
  });

  it('POD-24 a reference by digest is no tag', () => {
    assert.deepEqual(
      imageView({ Id: 'ab', RepoTags: ['r/a:1', 'r/a@sha256:1'], RepoDigests: ['r/a@sha256:1'], Size: 5 }),
      { id: 'sha256:ab', tags: ['r/a:1'], digests: ['r/a@sha256:1'], sizeBytes: 5 },
    );
    assert.deepEqual(imageView({ Id: 'sha256:ab', RepoTags: null }).tags, []);
  });

  it('POD-15 samples of both engines, whatever is left out', () => {
    assert.equal(statsSample(''), undefined);
    assert.equal(statsSample(undefined), undefined);
    const podman = statsSample({
      cpu_stats: { cpu_usage: { total_usage: 7 }, system_cpu_usage: 0 },
      blkio_stats: { io_service_bytes_recursive: null },
      memory_stats: { usage: 9, limit: 10 },
    });
    assert.equal('hostCpuNs' in (podman ?? {}), false);
    assert.deepEqual(
      [podman?.cpuNs, podman?.memoryBytes, podman?.readBytes, podman?.rxBytes, podman?.pids],
      [7, 9, 0, 0, 0],
    );
    const docker = statsSample({
      cpu_stats: { cpu_usage: { total_usage: 7 }, system_cpu_usage: 70 },
      blkio_stats: {
        io_service_bytes_recursive: [
          { op: 'Read', value: 1 },
          { op: 'read', value: 2 },
          { op: 'write', value: 4 },
        ],
      },
      memory_stats: { usage: 9, limit: 10, stats: { inactive_file: 3 } },
      networks: { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 3, tx_bytes: 4 } },
      pids_stats: { current: 5 },
    });
    assert.deepEqual(docker, {
      cpuNs: 7,
      hostCpuNs: 70,
      memoryBytes: 9,
      inactiveFileBytes: 3,
      memoryLimitBytes: 10,
      readBytes: 3,
      writeBytes: 4,
      rxBytes: 4,
      txBytes: 6,
      pids: 5,
    });
  });

  it('POD-27 events of both engines', () => {
    const attributes = { 'fleetchart.id': 'i', 'fleetchart.owner': 'o' };
    const event = (Action: string, more: object = {}) =>
      eventOf({ Action, Actor: { Attributes: { ...attributes, ...more } } });
    assert.deepEqual(event('die', { containerExitCode: '3' }), { owner: 'o', id: 'i', change: 'died', exitCode: 3 });
    assert.deepEqual(event('die', { exitCode: '137' })?.exitCode, 137);
    assert.deepEqual(event('die'), { owner: 'o', id: 'i', change: 'died' });
    assert.deepEqual([event('remove')?.change, event('destroy')?.change], ['removed', 'removed']);
    assert.deepEqual([event('exec_died'), event('cleanup'), event('stop')], [undefined, undefined, undefined]);
    assert.equal(eventOf({ Action: 'die', Actor: { Attributes: {} } }), undefined, 'none of ours');
    assert.equal(eventOf({}), undefined);
  });
});

describe('what failed', () => {
  const answered = (statusCode: number, text: string) =>
    callFailure(Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${text} `), { statusCode }));

  it('ENG-3 POD-30 the text is the engine’s own, trimmed and at most 1024 characters', () => {
    assert.equal(answered(500, 'crun: (a) - b').message, 'crun: (a) - b');
    assert.equal(engineText('x'.repeat(5_000)).length, 1024);
    assert.equal(answered(500, '').message, 'the container engine answered 500');
  });

  it('POD-6 POD-9 POD-10 codes say what it is', () => {
    assert.equal(answered(404, 'no such container').code, 'ENGINE_NOT_FOUND');
    assert.equal(answered(500, 'no container with name or ID "x" found: no such container').code, 'ENGINE_NOT_FOUND');
    assert.equal(answered(409, 'clash').code, 'ENGINE_CONFLICT');
    assert.equal(answered(500, 'creating: that name is already in use').code, 'ENGINE_CONFLICT');
    const port = answered(500, 'cannot listen on the TCP port: listen tcp4 :80: bind: address already in use');
    assert.equal(port.code, 'ENGINE_REFUSED');
    const gone = callFailure(new Error('connect ENOENT /x.sock'));
    assert.deepEqual([gone.code, gone.retryable], ['ENGINE_UNAVAILABLE', true]);
  });

  it('POD-1 POD-2 REG-4 of pulls, only what may be better in a moment is worth another try', () => {
    const kind = (text: string) => `${pullFailure(text).code} ${pullFailure(text).retryable}`;
    assert.equal(kind('reading manifest: unauthorized: authentication required'), 'ENGINE_UNAUTHORIZED false');
    assert.equal(kind('denied: requested access to the resource is denied'), 'ENGINE_UNAUTHORIZED false');
    assert.equal(kind('reading manifest: manifest unknown: manifest unknown'), 'ENGINE_NOT_FOUND false');
    assert.equal(kind('dial tcp 127.0.0.1:1: connect: connection refused'), 'ENGINE_REFUSED true');
    assert.equal(kind('received unexpected HTTP status: 503 Service Unavailable'), 'ENGINE_REFUSED true');
    assert.equal(kind('copying blob: unexpected EOF'), 'ENGINE_REFUSED true');
    assert.equal(kind('net/http: TLS handshake timeout'), 'ENGINE_REFUSED true');
    assert.equal(kind('http: server gave HTTP response to HTTPS client'), 'ENGINE_REFUSED false');
    assert.equal(kind('no space left on device'), 'ENGINE_REFUSED false');
  });
});

describe('references of images', () => {
  it('REG-2 POD-23 their parts', () => {
    assert.deepEqual(nameAndTag('h:5000/a'), { name: 'h:5000/a', tag: 'latest' });
    assert.deepEqual(nameAndTag('h:5000/a:1'), { name: 'h:5000/a', tag: '1' });
    assert.deepEqual(nameAndTag('h/a:1@sha256:0a'), { name: 'h/a:1', tag: 'sha256:0a' });
  });

  it('ENG-5 one that would be another path is refused', () => {
    for (const reference of ['a/../../containers/x', 'a?b', 'a#b', '', '/a', 'a b', 'a%2e']) {
      assert.throws(() => checkedReference(reference), { code: 'ENGINE_REFUSED' }, reference);
    }
    assert.equal(checkedReference('h:5000/a_b/c-d:1.0@sha256:0a'), 'h:5000/a_b/c-d:1.0@sha256:0a');
  });

  it('REG-3 Docker says itself which registries may be insecure', () => {
    const config = {
      IndexConfigs: { 'r:5000': { Secure: false }, 's:1': { Secure: true } },
      InsecureRegistryCIDRs: ['127.0.0.0/8', '::1/128'],
    };
    const allowed = ['r:5000', 's:1', '127.0.0.1:5000', 'localhost:1', '[::1]:5000', '10.0.0.1', 'other'];
    assert.deepEqual(
      allowed.map((registry) => isInsecureAllowed(registry, config)),
      [true, false, true, true, true, false, false],
    );
    assert.equal(isInsecureAllowed('r:5000', undefined), false);
  });
});

describe('streams of an engine', () => {
  const frame = (stream: number, text: string): Buffer => {
    const header = Buffer.alloc(8);
    header[0] = stream;
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };
  const read = (bytes: Buffer, step: number, tty = false): string[] => {
    const frames = new LogFrames(tty);
    const lines = [];
    for (let at = 0; at < bytes.length; at += step) lines.push(...frames.push(bytes.subarray(at, at + step)));
    return [...lines, ...frames.end()].map(({ stream, text }) => `${stream} ${text}`);
  };

  it('ENG-5 a log, cut wherever it may be', () => {
    const bytes = Buffer.concat([
      frame(1, 'ein'),
      frame(2, 'schlecht\nund'),
      frame(1, 's – zwei\n\n'),
      frame(2, ' mehr'),
    ]);
    const expected = ['stderr schlecht', 'stdout eins – zwei', 'stdout ', 'stderr und mehr'];
    for (const step of [1, 3, 7, 1_000]) assert.deepEqual(read(bytes, step), expected);
    assert.deepEqual(read(Buffer.from('a\r\nb\r\nc'), 2, true), ['stdout a', 'stdout b', 'stdout c']);
  });

  it('ENG-5 a line without an end does not fill the memory', () => {
    const lines = read(frame(1, 'x'.repeat(200_000)), 10_000);
    assert.deepEqual(
      lines.map(({ length }) => length - 'stdout '.length),
      [65_536, 65_536, 65_536, 200_000 - 3 * 65_536],
    );
  });

  it('POD-1 objects in lines, cut wherever they may be', async () => {
    const text = Buffer.from('{"a":"ä"}\r\n\nnonsense\n{"b":2}');
    async function* chunks() {
      for (let at = 0; at < text.length; at++) yield text.subarray(at, at + 1);
    }
    const items = [];
    for await (const item of jsonLines(chunks())) items.push(item);
    assert.deepEqual(items, [{ a: 'ä' }, { b: 2 }]);
  });

  it('POD-3 progress by layers where no bytes are told, by bytes where they are, never back and never 100', () => {
    const podman = new PullProgress();
    const layer = (id: string, status: string) => podman.take({ id, status, progressDetail: {} });
    assert.equal(layer('a', 'Pulling fs layer'), undefined);
    assert.equal(layer('a', 'Download complete'), 99);
    assert.equal(layer('b', 'Pulling fs layer'), undefined);
    const docker = new PullProgress();
    docker.take({ id: 'a', status: 'Pulling fs layer' });
    docker.take({ id: 'b', status: 'Waiting' });
    const downloading = (id: string, current: number) =>
      docker.take({ id, status: 'Downloading', progressDetail: { current, total: 100 } });
    assert.deepEqual([downloading('a', 50), downloading('a', 40), downloading('b', 50)], [25, undefined, 50]);
    assert.equal(docker.take({ id: 'a', status: 'Pull complete' }), 75);
    assert.equal(docker.take({ status: 'Digest: sha256:…' }), undefined);
    assert.equal(new PullProgress().take({ id: '1.0', status: 'Pulling from veh/app' }), undefined);
  });
});
