import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { EngineEvent } from '../../../src/actors/engines/engine.js';
import { createSimulatedEngine } from '../../../src/actors/engines/simulated/index.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { containerSpec } from '../../fakes/container-spec.js';
import { START, temporaryFolder, turnsOfLoop } from '../../fakes/runtime.js';
import { until } from '../../fakes/until.js';

const { signal } = new AbortController();
const NAME = 'reg/app';

function simulated(t: TestContext, { delayMs = 0, folder = temporaryFolder(t), atMs = START } = {}) {
  const clock = new ManualClock(atMs, () => turnsOfLoop(20));
  const file = join(folder, 'engine.json');
  const engine = createSimulatedEngine({ file, clock, delayMs });
  const made = async (image: string) => {
    const spec = containerSpec({ image });
    await engine.pull({ image }, () => {}, signal);
    await engine.create(spec, signal);
    return spec.id;
  };
  return { engine, clock, folder, file, made };
}

describe('the simulated engine', () => {
  it('ENG-7 says that it is simulated', async (t) => {
    assert.equal((await simulated(t).engine.info(signal)).name, 'simulated');
  });

  it('ENG-7 the tag says how a pull fails', async (t) => {
    const { engine } = simulated(t);
    const pull = (tag: string) => engine.pull({ image: `${NAME}:${tag}` }, () => {}, signal);
    await assert.rejects(pull('missing'), { code: 'ENGINE_NOT_FOUND', message: /manifest unknown/ });
    await assert.rejects(pull('missing-2'), { code: 'ENGINE_NOT_FOUND' });
    await assert.rejects(pull('unauthorized'), { code: 'ENGINE_UNAUTHORIZED', message: /unauthorized/ });
    await engine.pull({ image: 'missing:5000/app:1.0' }, () => {}, signal);
    assert.deepEqual(
      (await engine.images(signal)).flatMap(({ tags }) => tags),
      ['missing:5000/app:1.0'],
    );
  });

  it('ENG-7 a bad one fails at its start', async (t) => {
    const { engine, made } = simulated(t);
    await assert.rejects(engine.start(await made(`${NAME}:bad-2`), signal), { code: 'ENGINE_REFUSED' });
  });

  it('ENG-7 a crashing one exits with 3 a second after each start', async (t) => {
    const { engine, clock, made } = simulated(t);
    const events: EngineEvent[] = [];
    const watch = new AbortController();
    const watched = engine.events(
      (event) => events.push(event),
      () => {},
      watch.signal,
    );
    const id = await made(`${NAME}:crash`);
    for (let start = 1; start <= 2; start++) {
      await engine.start(id, signal);
      await clock.advance(999);
      assert.equal((await engine.inspect(id, signal))?.status, 'running');
      await clock.advance(1);
      const died = () => events.filter(({ change }) => change === 'died');
      await until(() => died().length === start, 'the crash');
      assert.equal(died().at(-1)?.exitCode, 3);
      assert.equal((await engine.inspect(id, signal))?.exitCode, 3);
    }
    watch.abort();
    await watched;
  });

  it('ENG-7 its state survives a restart, a crash that was to come as well', async (t) => {
    const before = simulated(t);
    const running = await before.made(`${NAME}:1.0`);
    const crashing = await before.made(`${NAME}:crash`);
    const created = await before.made(`${NAME}:2.0`);
    await before.engine.start(running, signal);
    await before.engine.start(crashing, signal);
    assert.equal(statSync(before.file).mode & 0o777, 0o600);

    const { engine, clock } = simulated(t, { folder: before.folder, atMs: START + 5_000 });
    const statusOf = async (id: string) => (await engine.inspect(id, signal))?.status;
    assert.deepEqual([await statusOf(running), await statusOf(created)], ['running', 'created']);
    assert.equal((await engine.images(signal)).length, 3);
    await clock.advance(0);
    let status = await statusOf(crashing);
    await until(() => {
      void statusOf(crashing).then((found) => {
        status = found;
      });
      return status === 'exited';
    }, 'the crash');
    assert.equal((await engine.inspect(crashing, signal))?.exitCode, 3);
  });

  it('ENG-7 what works takes as long as is configured', async (t) => {
    const { engine, clock } = simulated(t, { delayMs: 500 });
    let isDone = false;
    const pulled = engine
      .pull({ image: `${NAME}:1.0` }, () => {}, signal)
      .then(() => {
        isDone = true;
      });
    await clock.advance(499);
    assert.equal(isDone, false);
    await clock.advance(1);
    await pulled;
    const life = new AbortController();
    const given = assert.rejects(
      engine.pull({ image: `${NAME}:2.0` }, () => {}, life.signal),
      /enough/,
    );
    life.abort(new Error('enough'));
    await given;
  });

  it('ENG-7 a file that is no state of it is not written over', async (t) => {
    const { engine, file } = simulated(t);
    writeFileSync(file, 'something else');
    await assert.rejects(engine.info(signal), { code: 'ENGINE_UNAVAILABLE', message: /move it away/ });
  });
});
