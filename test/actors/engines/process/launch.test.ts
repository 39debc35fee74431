import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { launch } from '../../../../src/actors/engines/process/launch.js';
import { killWithChildren, ofSession } from '../../../../src/actors/engines/process/processes.js';
import { ManualClock } from '../../../../src/runtime/index.js';
import { temporaryFolder } from '../../../fakes/runtime.js';
import { until } from '../../../fakes/until.js';

/** The start of a container whose wrapper waits for a reader before it can write itself down. */
async function stuck(t: TestContext) {
  const folder = join(temporaryFolder(t), 'container');
  mkdirSync(folder);
  execFileSync('mkfifo', [join(folder, 'run.new')]);
  const pidFile = join(folder, 'pid');
  const clock = new ManualClock();
  const end = new AbortController();
  const cmd = ['/bin/sh', '-c', 'echo "$$ $PPID" > "$0.new" && mv "$0.new" "$0" && exec sleep 1000', pidFile];
  const log = { driver: 'none', maxFiles: 1, maxSize: '1M', rootDir: '', mode: 'blocking', maxBufferSize: '' } as const;
  const launched = launch(
    { folder, workFolder: folder, cmd, env: new Map(), log, group: undefined, clock },
    end.signal,
  ).then(
    () => undefined,
    (error: unknown) => error as { code?: string; message: string },
  );
  await until(() => existsSync(pidFile), 'the process runs');
  const [main = Number.NaN, wrapper = Number.NaN] = readFileSync(pidFile, 'utf8').split(' ').map(Number);
  t.after(() => killWithChildren(wrapper).catch(() => {}));
  const living = async () =>
    [...(await ofSession(main)), ...(await ofSession(wrapper))].filter(({ state }) => state !== 'Z').length;
  return { clock, end, launched, living };
}

describe('a wrapper that does not write itself down', () => {
  it('ENG-6 is killed after a time, with the process that it started', async (t) => {
    const { clock, launched, living } = await stuck(t);
    assert.ok((await living()) >= 2);
    await clock.advance(30_000);
    const error = await launched;
    assert.equal(error?.code, 'ENGINE_TIMEOUT');
    await until(async () => (await living()) === 0, 'nothing of it is left');
  });

  it('ENG-6 is not waited for by an agent that stops, and goes on without it', async (t) => {
    const { end, launched, living } = await stuck(t);
    end.abort(new Error('the agent stops'));
    assert.equal((await launched)?.message, 'the agent stops');
    assert.ok((await living()) >= 2);
  });
});
