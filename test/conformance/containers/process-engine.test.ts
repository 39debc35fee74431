import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { ContainerSpec } from '../../../src/actors/engines/engine.js';
import { ControlGroups } from '../../../src/actors/engines/process/cgroup.js';
import { createProcessEngine, type ProcessEngineOptions } from '../../../src/actors/engines/process/index.js';
import { createLogger, systemClock } from '../../../src/runtime/index.js';
import { containerSpec } from '../../fakes/container-spec.js';
import { archiveImage, folderImage, RUNNING } from '../../fakes/process-images.js';
import { temporaryFolder } from '../../fakes/runtime.js';

const IMAGE = 'local/app:1.0';
const DEADLINE_MS = 60_000;
const { signal } = new AbortController();

/** A process engine with one image, whose containers go with the test. */
async function lab(
  t: TestContext,
  options: Partial<ProcessEngineOptions> = {},
  named: (path: string) => string = (path) => path,
) {
  t.after(async () => {
    for (const { id } of await engine.list(undefined, signal)) await engine.remove(id, signal);
  });
  const folder = temporaryFolder(t);
  const imageRoot = join(folder, 'root');
  let log = '';
  const destination = {
    write: (line: string) => {
      log += line;
    },
  };
  const logger = createLogger({ level: 'info', destination });
  const engine = createProcessEngine({
    folder: named(join(folder, 'engine')),
    imageRoot: named(imageRoot),
    clock: systemClock,
    logger,
    cgroupRoot: join(folder, 'no-cgroups'),
    ...options,
  });
  folderImage(imageRoot, IMAGE, ['/bin/sh', '-c', RUNNING]);
  await engine.pull({ image: IMAGE }, () => {}, signal);
  const started = async (script: string, overrides: Partial<ContainerSpec> = {}): Promise<string> => {
    const spec = containerSpec({ image: IMAGE, cmd: ['/bin/sh', '-c', script], ...overrides });
    await engine.create(spec, signal);
    await engine.start(spec.id, signal);
    return spec.id;
  };
  const linesOf = async (id: string, tail = 100_000): Promise<string[]> => {
    const lines: string[] = [];
    for await (const { text } of engine.logs(id, { tail, follow: false }, signal)) lines.push(text);
    return lines;
  };
  const containerFolder = (id: string): string => join(folder, 'engine', 'containers', id);
  return { engine, folder, imageRoot, started, linesOf, containerFolder, log: () => log };
}

async function eventually(condition: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!(await condition())) assert.ok(performance.now() < end, `not within ${DEADLINE_MS} ms: ${what}`);
}

describe('processes as containers', () => {
  it('ENG-6 says what is missing', async (t) => {
    const folder = temporaryFolder(t);
    const other = createProcessEngine({
      folder,
      imageRoot: join(folder, 'absent'),
      clock: systemClock,
      logger: createLogger({ level: 'silent' }),
    });
    await assert.rejects(other.info(signal), { code: 'ENGINE_UNAVAILABLE', message: /create it, or set imageRoot/ });
  });

  it('ENG-6 runs the command of the image in its folder, with its environment below that of the container', async (t) => {
    const { engine, imageRoot, linesOf } = await lab(t);
    const image = 'local/described:1';
    const more = { env: ['A=of the image', 'B=of the image', 'C=x'], workdir: '/data' };
    const script = 'pwd; echo "$A|$B|$C|$LC_ALL"; ./hello';
    const folder = folderImage(imageRoot, image, ['/bin/sh', '-c', script], more);
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'hello'), '#!/bin/sh\necho hello\n', { mode: 0o755 });
    await engine.pull({ image }, () => {}, signal);
    const spec = containerSpec({ image, env: ["B=of 'its' own\nline $B", 'C'] });
    await engine.create(spec, signal);
    await engine.start(spec.id, signal);
    await eventually(async () => (await linesOf(spec.id)).length === 4, 'its lines');
    assert.deepEqual(await linesOf(spec.id), [join(folder, 'data'), "of the image|of 'its' own", 'line $B||', 'hello']);
  });

  it('ENG-6 runs containers and archives from a relative folder, too', async (t) => {
    const { engine, folder, imageRoot, linesOf } = await lab(t, {}, (path) => relative(process.cwd(), path));
    const image = 'local/packed:1';
    await archiveImage(imageRoot, image, ['/bin/sh', '-c', 'pwd; echo "$A"']);
    await engine.pull({ image }, () => {}, signal);
    const spec = containerSpec({ image, env: ['A=its own'] });
    await engine.create(spec, signal);
    await engine.start(spec.id, signal);
    await eventually(async () => (await linesOf(spec.id)).length === 2, 'its lines');
    const [work, own] = await linesOf(spec.id);
    assert.ok(work?.startsWith(join(folder, 'engine', 'images')), work);
    assert.equal(own, 'its own');
  });

  it('ENG-6 says of an image that is not there where it is looked for', async (t) => {
    const { engine, imageRoot } = await lab(t);
    await assert.rejects(
      engine.pull({ image: 'local/absent:1' }, () => {}, signal),
      {
        code: 'ENGINE_NOT_FOUND',
        message: `local/absent:1: not found below ${imageRoot}: put a folder, .tar, .tar.gz or .tgz of this name there`,
      },
    );
  });

  it('ENG-6 an image.json that is none is said so', async (t) => {
    const { engine, imageRoot } = await lab(t);
    for (const [image, text] of [
      ['local/none:1', '{'],
      ['local/none:2', '{"cmd":[]}'],
      ['local/none:3', '{"cmd":["a"],"env":["1=2"]}'],
    ] as const) {
      mkdirSync(join(imageRoot, image), { recursive: true });
      writeFileSync(join(imageRoot, image, 'image.json'), text);
      await assert.rejects(
        engine.pull({ image }, () => {}, signal),
        {
          code: 'ENGINE_REFUSED',
          message: /describes no image/,
        },
      );
    }
  });

  it('ENG-6 no reference leads out of the folder of images', async (t) => {
    const { engine, folder, imageRoot } = await lab(t);
    folderImage(folder, 'outside:1', ['/bin/true']);
    symlinkSync(join(folder, 'outside:1'), join(imageRoot, 'link:1'));
    for (const image of ['../outside:1', 'local/../../outside:1', '/etc', 'link:1', '', '.', 'local/']) {
      await assert.rejects(
        engine.pull({ image }, () => {}, signal),
        { code: 'ENGINE_NOT_FOUND' },
        image,
      );
    }
  });

  it('ENG-6 its own folder shows neither variables nor logs to others', async (t) => {
    const { started, containerFolder, engine } = await lab(t);
    const id = await started(RUNNING, { env: ['API_TOKEN=secret-4711'] });
    const { pid = 0 } = (await engine.inspect(id, signal)) ?? {};
    const environ = () => readFileSync(`/proc/${pid}/environ`, 'utf8');
    await eventually(async () => environ().includes('API_TOKEN=secret-4711'), 'its environment');
    for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
      let line = '';
      try {
        line = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      } catch {
        // It is gone.
      }
      assert.ok(!line.includes('secret-4711'));
    }
    const files = readdirSync(containerFolder(id));
    assert.ok(files.includes('container.json') && files.includes('env.sh'));
    for (const name of files) assert.equal(statSync(join(containerFolder(id), name)).mode & 0o077, 0, name);
  });

  it('ENG-6 what a process leaves behind ends with it', async (t) => {
    const { engine, started, linesOf } = await lab(t);
    const id = await started('sleep 600 & echo $!; exit 5');
    await eventually(async () => (await engine.inspect(id, signal))?.status === 'exited', 'its end');
    await eventually(async () => (await linesOf(id)).length === 1, 'its line');
    const pid = Number((await linesOf(id))[0]);
    await eventually(async () => !isAlive(pid), 'the end of what it left');
    assert.equal((await engine.inspect(id, signal))?.exitCode, 5);
  });

  it('ENG-6 a later process of the same number is not taken for the container', async (t) => {
    const { engine, started, containerFolder } = await lab(t);
    const id = await started(RUNNING);
    await engine.stop(id, 10, signal);
    const [boot, , , , born] = readFileSync(join(containerFolder(id), 'run'), 'utf8')
      .trim()
      .split(' ');
    // This process has the numbers, and another start time.
    writeFileSync(join(containerFolder(id), 'run'), `${boot} ${process.pid} 1 ${process.pid} ${Number(born) + 1}\n`);
    await engine.remove(id, signal);
    assert.equal(await engine.inspect(id, signal), undefined);
  });

  it('ENG-6 one whose wrapper was killed runs on, and its end is seen', async (t) => {
    const { engine, started, containerFolder } = await lab(t);
    const id = await started(RUNNING);
    const wrapper = Number(readFileSync(join(containerFolder(id), 'run'), 'utf8').split(' ')[1]);
    process.kill(wrapper, 'SIGKILL');
    await eventually(async () => !isAlive(wrapper), 'the end of the wrapper');
    assert.equal((await engine.inspect(id, signal))?.status, 'running');
    await engine.stop(id, 10, signal);
    const ended = await engine.inspect(id, signal);
    assert.deepEqual([ended?.status, ended?.exitCode], ['exited', 137]);
    assert.deepEqual(await engine.inspect(id, signal), ended, 'and stays as it was seen first');
  });

  it('ENG-6 one of an earlier boot is over', async (t) => {
    const { engine, started, containerFolder } = await lab(t);
    const id = await started(RUNNING);
    const run = join(containerFolder(id), 'run');
    const text = readFileSync(run, 'utf8');
    writeFileSync(run, text.replace(/^\S+/, randomUUID()));
    assert.equal((await engine.inspect(id, signal))?.status, 'exited');
    for (const name of readdirSync(containerFolder(id))) {
      if (name.startsWith('exit-')) rmSync(join(containerFolder(id), name));
    }
    writeFileSync(run, text);
    assert.equal((await engine.inspect(id, signal))?.status, 'running');
  });

  it('ENG-6 logs are bounded by files that are deleted when there are too many, and a follower misses nothing of it', async (t) => {
    const { engine, started, linesOf, containerFolder } = await lab(t);
    const script =
      'i=0; while [ $i -lt 3000 ]; do echo "line $i $(printf %0200d 0)"; i=$((i + 1)); done; exec sleep 600';
    const log = { ...containerSpec({ image: IMAGE }).log, maxSize: '100k', maxFiles: 3 };
    const id = await started(script, { log });
    const follow = new AbortController();
    let last = -1;
    for await (const { text } of engine.logs(id, { tail: 0, follow: true }, follow.signal)) {
      const number = Number(text.split(' ')[1]);
      assert.ok(number > last, `line ${number} after ${last}`);
      last = number;
      if (number === 2999) follow.abort();
    }
    const files = readdirSync(containerFolder(id)).filter((name) => name.startsWith('stdout.log'));
    assert.equal(files.length, 3);
    for (const name of files) assert.ok(statSync(join(containerFolder(id), name)).size < (100 + 128 + 8) * 1024, name);
    const lines = await linesOf(id, 1_000);
    assert.equal(lines.at(-1)?.split(' ')[1], '2999');
    for (const [index, line] of lines.entries()) {
      assert.equal(line.split(' ')[1], String(3_000 - lines.length + index));
    }
    assert.ok(lines.length >= 400, `${lines.length} lines of more than one file`);
  });

  it('ENG-6 nothing is kept of a container with the log driver none', async (t) => {
    const { started, containerFolder, linesOf, engine } = await lab(t);
    const log = { ...containerSpec({ image: IMAGE }).log, driver: 'none' as const };
    const id = await started('echo one; echo two >&2; exit 0', { log });
    await eventually(async () => (await engine.inspect(id, signal))?.status === 'exited', 'its end');
    assert.deepEqual(await linesOf(id), []);
    assert.ok(!readdirSync(containerFolder(id)).some((name) => name.includes('.log')));
  });

  it('ENG-6 what is not enforced is accepted, kept, and said once', async (t) => {
    const { engine, log } = await lab(t);
    const asked = {
      network: 'bridge',
      privileged: true,
      ports: [{ proto: 'tcp', containerPort: 80, hostIp: '0.0.0.0', hostPort: 8080 }],
      devices: [{ pathOnHost: '/dev/null', pathInContainer: '/dev/null', permissions: 'rwm' }],
      mounts: [{ source: '/data', destination: '/inside', propagation: 'rprivate' }],
      limits: { memory: 64 * 1024 * 1024 },
    } as const;
    const spec = containerSpec({ image: IMAGE, ...asked });
    await engine.create(spec, signal);
    await engine.create(spec, signal);
    await engine.start(spec.id, signal);
    await engine.stop(spec.id, 10, signal);
    await engine.start(spec.id, signal);
    const lines = log().trim().split('\n');
    assert.equal(lines.length, 1);
    const { settings } = JSON.parse(lines[0] ?? '') as { settings: string[] };
    assert.deepEqual(settings, ['network', 'port', 'device', 'privileged', 'mount', 'memory']);
  });

  it('ENG-6 memory is limited by a control group where one may be made', async (t) => {
    const groups = await ControlGroups.open();
    if (!groups) return t.skip('control groups cannot be written here');
    const { engine, started, log } = await lab(t, { cgroupRoot: '/sys/fs/cgroup' });
    const memory = 32 * 1024 * 1024;
    const limits = { memory, memorySwap: memory };
    // A program that doubles a text until it has no memory left.
    const script = 't=x; while :; do t=$t$t; done';
    const greedy = await started(script, { limits });
    await eventually(async () => (await engine.inspect(greedy, signal))?.status === 'exited', 'its end');
    const ended = await engine.inspect(greedy, signal);
    assert.deepEqual([ended?.exitCode, ended?.oomKilled], [137, true]);
    const modest = await started(RUNNING, { limits });
    await engine.updateLimits(modest, { memory: 2 * memory }, signal);
    assert.equal((await engine.stats(modest, signal))?.memoryLimitBytes, 2 * memory);
    assert.equal(log(), '');
    await engine.remove(modest, signal);
    assert.equal(await groups.exists(modest), false);
  });
});

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
