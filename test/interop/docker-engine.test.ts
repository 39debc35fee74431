import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { ContainerSpec, PullRequest } from '../../src/actors/engines/engine.js';
import { ApiEngine } from '../../src/actors/engines/engine-api/api-engine.js';
import { systemClock } from '../../src/runtime/index.js';
import { failure, linesOf } from '../actors/engines/engine-subject.js';
import { engineSuite } from '../actors/engines/engine-suite.js';
import { containerSpec } from '../fakes/container-spec.js';
import { DockerLab, withoutDocker } from '../fakes/docker-lab.js';
import { LabEngine, labHarness } from '../fakes/lab-engine.js';
import { until } from '../fakes/until.js';
import { assertDiagnosed } from './engine-doctor.js';

const skip = withoutDocker();
const never = new AbortController().signal;
const MIB = 1024 * 1024;

let lab: DockerLab;
let engine: LabEngine;

before(async () => {
  if (skip) return;
  lab = await DockerLab.start();
  engine = new LabEngine(lab);
});
after(async () => {
  await lab?.close();
});

engineSuite('a real Docker', async () => labHarness(lab, engine), { skip });

describe('what Docker does otherwise', { skip }, () => {
  before(async () => {
    await engine.pull({ image: lab.image('1.0') }, () => {}, never);
  });

  async function create(t: TestContext, changes: Partial<ContainerSpec> = {}): Promise<ContainerSpec> {
    const spec = containerSpec({ image: lab.image('1.0'), hostName: 'fact-host', domainName: '', ...changes });
    t.after(() => engine.remove(spec.id, never));
    await engine.create(spec, never);
    return spec;
  }

  const inspected = async (name: string) =>
    JSON.parse(await lab.call('GET', `/containers/${name}/json`)) as { HostConfig: Record<string, unknown> };

  it('REG-2 with the right credentials it comes, with progress; with wrong ones, or none, it is refused', async () => {
    const bare = new ApiEngine({ socketPath: lab.socketPath, clock: systemClock });
    const pull = (request: Partial<PullRequest>, onProgress: (percent: number) => void = () => {}) =>
      bare.pull({ image: lab.image('2.0'), ...request }, onProgress, never);
    const { user } = lab.credentials;
    for (const credentials of [{}, { credentials: { user, password: 'wrong' } }]) {
      const error = await failure(pull(credentials));
      assert.deepEqual([error.code, error.retryable], ['ENGINE_UNAUTHORIZED', false]);
      assert.doesNotMatch(error.message, /wrong|HTTP code/);
    }
    assert.equal(await engine.removeImage(lab.image('2.0'), never), true);
    const percents: number[] = [];
    await pull({ credentials: lab.credentials }, (percent) => percents.push(percent));
    assert.ok(percents.every((percent) => Number.isInteger(percent) && percent > 0 && percent < 100));
  });

  it('REG-3 its own configuration decides what it uses without TLS, and the text says so', async () => {
    const { credentials } = lab;
    assert.ok(await engine.pull({ image: lab.image('2.0'), insecure: true, credentials }, () => {}, never));
    const error = await failure(engine.pull({ image: 'registry.invalid/app:1', insecure: true }, () => {}, never));
    assert.equal(error.code, 'ENGINE_REFUSED');
    assert.match(error.message, /add it to "insecure-registries"/);
  });

  it('POD-4 limits can be changed at rest, too, are lifted, and are kept at the next start', async (t) => {
    const { id, name } = await create(t, { limits: { memory: 64 * MIB } });
    const limit = async () => (await inspected(name)).HostConfig['Memory'];
    await engine.updateLimits(id, { memory: 96 * MIB, memorySwap: 128 * MIB }, never);
    assert.equal(await limit(), 96 * MIB);
    await engine.start(id, never);
    assert.equal(await limit(), 96 * MIB);
    await engine.updateLimits(id, { memory: 80 * MIB, memoryReservation: 48 * MIB, memorySwap: 80 * MIB }, never);
    assert.equal(await limit(), 80 * MIB);
    await engine.updateLimits(id, {}, never);
    assert.equal(await limit(), 2 ** 50, 'more than there is: Docker knows no other way');
    assert.equal((await engine.inspect(id, never))?.status, 'running');
  });

  it('POD-16 a bind mount whose source is not there is refused', async (t) => {
    const mounts = [{ source: lab.path('absent'), destination: '/data', propagation: 'rprivate' }] as const;
    const error = await failure(create(t, { mounts }).then(() => undefined));
    assert.equal(error.code, 'ENGINE_REFUSED');
    assert.match(error.message, /does not exist/);
  });

  it('POD-17 POD-29 mounts, hosts, environment and devices arrive', async (t) => {
    mkdirSync(lab.path('mounted'), { recursive: true });
    writeFileSync(lab.path('mounted/file'), 'of the host\n');
    const command = 'cat /mounted/file; echo "$GREETING"; ls /dev/lab; cat /etc/hosts; echo over';
    const { id } = await create(t, {
      mounts: [{ source: lab.path('mounted'), destination: '/mounted', propagation: 'rprivate' }],
      env: ['GREETING=two words', 'TERM'],
      devices: [{ pathOnHost: '/dev/null', pathInContainer: '/dev/lab', permissions: 'rw' }],
      extraHosts: ['brother:10.9.8.7'],
      cmd: ['/bin/sh', '-c', command],
    });
    await engine.start(id, never);
    let lines: string[] = [];
    await until(async () => {
      lines = await linesOf(engine, id, 100, never);
      return lines.at(-1) === 'stdout over';
    }, 'its output');
    assert.deepEqual(lines.slice(0, 3), ['stdout of the host', 'stdout two words', 'stdout /dev/lab']);
    assert.ok(lines.some((line) => /10\.9\.8\.7\s+brother$/.test(line)));
  });

  it('ENG-1 what somebody else runs is out of reach, and its name is taken', async (t) => {
    const name = `stranger-${randomUUID().slice(0, 8)}`;
    const body = { Image: lab.image('1.0'), HostConfig: { NetworkMode: 'host' } };
    await lab.call('POST', `/containers/create?name=${name}`, { body });
    t.after(() => lab.call('DELETE', `/containers/${name}?force=true`));
    await lab.call('POST', `/containers/${name}/start`);
    assert.equal(await engine.isNameTaken(name, never), true);
    await assert.rejects(create(t, { name }), { code: 'ENGINE_CONFLICT' });
    await engine.remove(name, never);
    assert.ok((await engine.list(undefined, never)).every((each) => each.name !== name));
    assert.ok((await lab.containers()).some(({ Names, State }) => Names.includes(`/${name}`) && State === 'running'));
  });

  it('ENG-5 REG-2 the doctor finds it, and a password that is wrong', async (t) => {
    await assertDiagnosed(t, lab, /^Docker Engine$/);
  });

  it('POD-28 a restart of the engine ends its events and leaves containers running', async (t) => {
    const { id } = await create(t);
    await engine.start(id, never);
    const ended = engine.events(
      () => {},
      () => {},
      never,
    );
    const rejected = assert.rejects(ended, { code: 'ENGINE_UNAVAILABLE', retryable: true });
    await lab.stopEngine();
    await rejected;
    assert.equal((await failure(engine.info(never))).code, 'ENGINE_UNAVAILABLE');
    await lab.startEngine();
    assert.equal((await engine.inspect(id, never))?.status, 'running');
    await engine.stop(id, 5, never);
    assert.equal((await engine.inspect(id, never))?.status, 'exited');
  });
});
