import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { EngineEvent } from '../../src/actors/engines/engine.js';
import { createProcessEngine } from '../../src/actors/engines/process/index.js';
import { createLogger, type Logger, silentLogger, systemClock } from '../../src/runtime/index.js';
import { containerSpec } from '../fakes/container-spec.js';
import { folderImage, RUNNING } from '../fakes/process-images.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { until } from '../fakes/until.js';

const CHILD = fileURLToPath(new URL('process-engine-child.js', import.meta.url));
const GOOD = 'local/app:1.0';
const WAITING = 'local/app:waiting';
const { signal } = new AbortController();

/** Containers that an agent started before it was killed, and the engine of the next agent. */
async function afterKill(t: TestContext, images: readonly string[]) {
  t.after(async () => {
    for (const { id } of await engine.list(undefined, signal)) await engine.remove(id, signal);
  });
  const folder = temporaryFolder(t);
  const imageRoot = join(folder, 'root');
  const gate = join(folder, 'gate');
  folderImage(imageRoot, GOOD, ['/bin/sh', '-c', RUNNING]);
  const waiting = `echo waiting; while [ ! -e ${gate} ]; do sleep 0.05; done; echo done; exit 7`;
  folderImage(imageRoot, WAITING, ['/bin/sh', '-c', waiting]);
  const child = spawn(process.execPath, [CHILD, join(folder, 'engine'), imageRoot, ...images], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const killed = once(child, 'exit');
  child.kill('SIGKILL');
  await killed;
  const again = (logger: Logger = silentLogger()) =>
    createProcessEngine({ folder: join(folder, 'engine'), imageRoot, clock: systemClock, logger });
  const engine = again();
  const ids = JSON.parse(line.toString()) as string[];
  return { engine, ids, folder, open: () => writeFileSync(gate, ''), again };
}

const linesOf = async (engine: ReturnType<typeof createProcessEngine>, id: string): Promise<string[]> => {
  const lines: string[] = [];
  for await (const { text } of engine.logs(id, { tail: 100, follow: false }, signal)) lines.push(text);
  return lines;
};

describe('a killed agent with processes as containers', () => {
  it('ENG-6 kill -9 loses no container: each is adopted as it runs', async (t) => {
    const { engine, ids, again } = await afterKill(t, [GOOD, GOOD]);
    const found = await engine.list('containers', signal);
    assert.deepEqual(found.map(({ id }) => id).sort(), [...ids].sort());
    for (const { id, status, pid, startedAt } of found) {
      assert.equal(status, 'running');
      process.kill(pid, 0);
      await engine.start(id, signal);
      const after = await again().inspect(id, signal);
      assert.deepEqual([after?.pid, after?.startedAt], [pid, startedAt], 'not started twice');
      assert.ok(await engine.stats(id, signal));
    }
    const [first = ''] = ids;
    await engine.stop(first, 10, signal);
    assert.equal((await engine.inspect(first, signal))?.status, 'exited');
  });

  it('ENG-6 one that ends while no agent is there shows its exit code and its last words', async (t) => {
    const { engine, ids, open } = await afterKill(t, [WAITING]);
    const [id = ''] = ids;
    const before = await engine.inspect(id, signal);
    open();
    let status = before?.status;
    await until(() => {
      void engine.inspect(id, signal).then((found) => {
        status = found?.status;
      });
      return status === 'exited';
    }, 'its end');
    const after = await engine.inspect(id, signal);
    assert.deepEqual([after?.exitCode, after?.pid, after?.startedAt], [7, -1, before?.startedAt]);
    assert.ok(Date.parse(after?.finishedAt ?? '') >= Date.parse(after?.startedAt ?? ''));
    let lines: string[] = [];
    await until(() => {
      void linesOf(engine, id).then((found) => {
        lines = found;
      });
      return lines.includes('done');
    }, 'its last words');
    assert.deepEqual(lines, ['waiting', 'done']);
  });

  it('ENG-6 a container whose making was cut off is made again, or leaves nothing behind', async (t) => {
    const { folder, again } = await afterKill(t, []);
    const errors: string[] = [];
    const cutOff = containerSpec({ image: GOOD });
    const place = join(folder, 'engine/containers', cutOff.id);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'container.json.0123.new'), '{');
    const logger = createLogger({ level: 'error', destination: { write: (line) => errors.push(line) } });
    await again().remove('another', signal);
    assert.ok(existsSync(place));
    await again(logger).remove(cutOff.id, signal);
    assert.deepEqual([existsSync(place), errors], [false, []]);
    mkdirSync(place);
    const engine = again();
    await engine.pull({ image: GOOD }, () => {}, signal);
    await engine.create(cutOff, signal);
    assert.equal((await engine.inspect(cutOff.id, signal))?.status, 'created');
    await engine.remove(cutOff.id, signal);
    assert.ok(!existsSync(place));
  });

  it('ENG-6 the end of an adopted one is told', async (t) => {
    const { engine, ids, open } = await afterKill(t, [WAITING]);
    const events: EngineEvent[] = [];
    const watch = new AbortController();
    const watched = engine.events((event) => events.push(event), open, watch.signal);
    await until(() => events.length > 0, 'the event');
    watch.abort();
    await watched;
    assert.deepEqual(events, [{ id: ids[0], owner: 'containers', change: 'died', exitCode: 7 }]);
  });
});
