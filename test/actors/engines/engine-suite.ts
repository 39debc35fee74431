import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { EngineEvent } from '../../../src/actors/engines/engine.js';
import { type EngineHarness, failure, linesOf, Subject } from './engine-subject.js';

export type { EngineHarness } from './engine-subject.js';

const STOP_S = 10;

/** What every engine does (ENG-5): one suite, so that who uses an engine need not know which one it is. */
export function engineSuite(
  name: string,
  start: () => Promise<EngineHarness>,
  options: { readonly skip?: string | false } = {},
): void {
  describe(name, options, () => {
    let harness: EngineHarness;
    before(async () => {
      harness = await start();
    });
    after(() => harness?.close());

    const test = (title: string, body: (subject: Subject) => Promise<void>): void => {
      it(title, async (t) => {
        const subject = new Subject(harness, t);
        try {
          await body(subject);
        } finally {
          await subject.clear();
        }
      });
    };

    test('ENG-5 says what it is', async ({ engine, signal }) => {
      const info = await engine.info(signal);
      assert.notEqual(info.name, '');
      assert.notEqual(info.version, '');
      assert.ok(info.memoryBytes > 0 && info.cpus > 0);
    });

    test('ENG-5 pulls an image, finds it by its reference, and pulls it again', async (subject) => {
      const { engine, images, signal } = subject;
      for (let time = 0; time < 2; time++) {
        const percents: number[] = [];
        const pulled = await subject.pull(images.good, (percent) => percents.push(percent));
        assert.equal((await engine.image(images.good, signal))?.id, pulled.id);
        assert.ok((await engine.images(signal)).some(({ id }) => id === pulled.id));
        assert.ok(percents.every((percent) => Number.isInteger(percent) && percent >= 0 && percent < 100));
      }
    });

    test('ENG-5 an image that nobody has is not there, and its pull says so', async (subject) => {
      const { engine, images, signal } = subject;
      assert.equal(await engine.image(images.missing, signal), undefined);
      const error = await failure(subject.pull(images.missing));
      assert.equal(error.code, 'ENGINE_NOT_FOUND');
      assert.match(error.message, /manifest unknown|not found/i);
      assert.equal(error.retryable, false);
    });

    test('ENG-5 removes an image that no container uses, and says of one in use that it does not', async (subject) => {
      const { engine, images, signal } = subject;
      const id = await subject.create(images.other);
      assert.equal(await engine.removeImage(images.other, signal), false);
      assert.ok(await engine.image(images.other, signal));
      await engine.remove(id, signal);
      assert.equal(await engine.removeImage(images.other, signal), true);
      assert.equal(await engine.image(images.other, signal), undefined);
      assert.equal(await engine.removeImage(images.other, signal), true, 'what is gone is removed');
    });

    test('ENG-5 a created container waits to be started', async (subject) => {
      const { engine, images, signal } = subject;
      const id = await subject.create(images.good, { activity: 'a-1' });
      const found = await engine.inspect(id, signal);
      assert.deepEqual(
        [found?.id, found?.owner, found?.activity, found?.status, found?.pid, found?.image],
        [id, subject.owner, 'a-1', 'created', -1, images.good],
      );
      assert.ok(Date.parse(found?.createdAt ?? '') > 0);
      assert.equal(found?.startedAt, '');
      assert.equal(found?.finishedAt, '');
    });

    test('ENG-5 creating again finds the one of this id', async (subject) => {
      const { engine, images, signal } = subject;
      const spec = subject.spec(images.good);
      await subject.createFrom(spec);
      await engine.create(spec, signal);
      assert.deepEqual(
        (await engine.list(subject.owner, signal)).map(({ id }) => id),
        [spec.id],
      );
    });

    test('ENG-5 a container cannot be created from an image that is not there', async (subject) => {
      const { engine, images, signal } = subject;
      const error = await failure(engine.create(subject.spec(images.missing), signal));
      assert.equal(error.code, 'ENGINE_NOT_FOUND');
      assert.deepEqual(await engine.list(subject.owner, signal), []);
    });

    test('ENG-5 two containers never have one name', async (subject) => {
      const { engine, images, signal } = subject;
      const first = await subject.create(images.good);
      const second = await subject.create(images.good);
      const name = await subject.nameOf(first);
      assert.equal((await failure(engine.rename(second, name, signal))).code, 'ENGINE_CONFLICT');
      assert.equal((await failure(engine.create(subject.spec(images.good, { name }), signal))).code, 'ENGINE_CONFLICT');
      assert.equal(await engine.isNameTaken(name, signal), true);
      assert.equal(await engine.isNameTaken(`${name}.nobody`, signal), false);
    });

    test('ENG-5 renames, whatever the container does, and frees the name that it had', async (subject) => {
      const { engine, images, signal } = subject;
      const id = await subject.running(images.good);
      const before = await subject.nameOf(id);
      await engine.rename(id, `${before}.old`, signal);
      await engine.rename(id, `${before}.old`, signal);
      assert.equal(await subject.nameOf(id), `${before}.old`);
      assert.equal(await engine.isNameTaken(before, signal), false);
      await engine.stop(id, STOP_S, signal);
      await engine.rename(id, before, signal);
      assert.equal(await subject.nameOf(id), before);
    });

    test('ENG-5 starts, and starts what runs without harm', async (subject) => {
      const { engine, images, signal, supports } = subject;
      const id = await subject.running(images.good);
      const first = await engine.inspect(id, signal);
      assert.ok(Date.parse(first?.startedAt ?? '') > 0);
      if (supports.processes) assert.ok((first?.pid ?? 0) > 0);
      await engine.start(id, signal);
      const second = await engine.inspect(id, signal);
      assert.deepEqual([second?.pid, second?.startedAt], [first?.pid, first?.startedAt]);
    });

    test('ENG-5 stops, stops what is stopped without harm, and starts again', async (subject) => {
      const { engine, images, signal } = subject;
      const id = await subject.running(images.good);
      await engine.stop(id, STOP_S, signal);
      const stopped = await engine.inspect(id, signal);
      assert.deepEqual([stopped?.status, stopped?.pid], ['exited', -1]);
      assert.ok(Date.parse(stopped?.finishedAt ?? '') > 0);
      await engine.stop(id, STOP_S, signal);
      await engine.start(id, signal);
      await subject.becomes(id, 'running');
    });

    test('ENG-5 stopping what never ran leaves it created', async (subject) => {
      const { engine, images, signal } = subject;
      const id = await subject.create(images.good);
      await engine.stop(id, STOP_S, signal);
      assert.ok(['created', 'exited'].includes((await engine.inspect(id, signal))?.status ?? ''));
    });

    test('ENG-5 kills with a signal', async (subject) => {
      const { engine, images, signal } = subject;
      const id = await subject.running(images.good);
      await engine.kill(id, 'SIGKILL', signal);
      await subject.becomes(id, 'exited');
      assert.equal((await engine.inspect(id, signal))?.exitCode, 137);
    });

    test('ENG-5 pauses and resumes, and does each again without harm', async (subject) => {
      const { engine, images, signal } = subject;
      const id = await subject.running(images.good);
      await engine.pause(id, signal);
      await engine.pause(id, signal);
      await subject.becomes(id, 'paused');
      await engine.resume(id, signal);
      await engine.resume(id, signal);
      await subject.becomes(id, 'running');
    });

    test('ENG-5 stops a paused container', async (subject) => {
      const { engine, images, signal } = subject;
      const id = await subject.running(images.good);
      await engine.pause(id, signal);
      await engine.stop(id, STOP_S, signal);
      assert.equal((await engine.inspect(id, signal))?.status, 'exited');
    });

    test('ENG-5 removes a container whatever it does, and one that is gone', async (subject) => {
      const { engine, images, signal } = subject;
      const running = await subject.running(images.good);
      const paused = await subject.running(images.good);
      await engine.pause(paused, signal);
      const created = await subject.create(images.good);
      for (const id of [running, paused, created, randomUUID()]) {
        await engine.remove(id, signal);
        assert.equal(await engine.inspect(id, signal), undefined);
      }
      assert.deepEqual(await engine.list(subject.owner, signal), []);
    });

    test('ENG-5 of a container that is gone, each call says so', async ({ engine, signal }) => {
      const id = randomUUID();
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        start: () => engine.start(id, signal),
        stop: () => engine.stop(id, STOP_S, signal),
        kill: () => engine.kill(id, 'SIGTERM', signal),
        pause: () => engine.pause(id, signal),
        resume: () => engine.resume(id, signal),
        rename: () => engine.rename(id, 'other', signal),
        updateLimits: () => engine.updateLimits(id, { memory: 64 * 1024 * 1024 }, signal),
      };
      for (const [name, call] of Object.entries(calls))
        assert.equal((await failure(call())).code, 'ENGINE_NOT_FOUND', name);
      assert.equal(await engine.inspect(id, signal), undefined);
      assert.equal(await engine.stats(id, signal), undefined);
    });

    test('ENG-5 a start that fails says why and leaves it as it was', async (subject) => {
      const { engine, images, signal } = subject;
      const id = await subject.create(images.bad);
      const error = await failure(engine.start(id, signal));
      assert.equal(error.code, 'ENGINE_REFUSED');
      assert.ok(error.message.length > 0 && error.message.length <= 1024);
      assert.equal((await engine.inspect(id, signal))?.status, 'created');
    });

    test('ENG-5 shows the exit code of one that ends by itself', async (subject) => {
      const id = await subject.create(subject.images.crash);
      await subject.engine.start(id, subject.signal);
      await subject.becomes(id, 'exited');
      assert.equal((await subject.engine.inspect(id, subject.signal))?.exitCode, 3);
    });

    test('ENG-1 lists those of one owner, and all of ours without one', async (subject) => {
      const { engine, images, signal, owner } = subject;
      const mine = await subject.create(images.good);
      const theirs = await subject.create(images.good, { owner: `${owner}-other` });
      const ids = async (of: string | undefined) => (await engine.list(of, signal)).map(({ id }) => id);
      assert.deepEqual(await ids(owner), [mine]);
      assert.deepEqual(await ids(`${owner}-other`), [theirs]);
      const all = await ids(undefined);
      assert.ok(all.includes(mine) && all.includes(theirs));
      assert.deepEqual(await ids(`${owner}-nobody`), []);
    });

    test('ENG-5 limits can be set at rest and at work', async (subject) => {
      const { engine, images, signal, supports } = subject;
      if (!supports.limits) return subject.skip('limits are not enforced here');
      const id = await subject.create(images.good, { limits: { memory: 64 * 1024 * 1024 } });
      await engine.start(id, signal);
      await subject.becomes(id, 'running');
      await engine.updateLimits(id, { memory: 96 * 1024 * 1024 }, signal);
      await engine.stop(id, STOP_S, signal);
      await engine.updateLimits(id, { memory: 128 * 1024 * 1024 }, signal);
    });

    test('ENG-5 measures what runs, and nothing of what does not', async (subject) => {
      const { engine, images, signal, supports } = subject;
      const id = await subject.create(images.good);
      assert.equal(await engine.stats(id, signal), undefined);
      await engine.start(id, signal);
      await subject.becomes(id, 'running');
      const sample = await engine.stats(id, signal);
      assert.ok(sample);
      for (const [name, value] of Object.entries(sample)) assert.ok(Number.isFinite(value) && value >= 0, name);
      if (supports.processes) assert.ok(sample.memoryBytes > 0);
      await engine.stop(id, STOP_S, signal);
      assert.equal(await engine.stats(id, signal), undefined);
    });

    test('ENG-5 shows the last lines of the log, and those that come', async (subject) => {
      const { engine, images, signal } = subject;
      const id = await subject.running(images.good);
      const follow = new AbortController();
      const followed: string[] = [];
      for await (const { text, stream } of engine.logs(id, { tail: 10, follow: true }, follow.signal)) {
        followed.push(`${stream} ${text}`);
        follow.abort();
      }
      assert.deepEqual(followed, ['stdout started']);
      await engine.stop(id, STOP_S, signal);
      assert.equal((await linesOf(engine, id, 10, signal))[0], 'stdout started');
      assert.deepEqual(await linesOf(engine, id, 0, signal), []);
    });

    test('ENG-5 runs the command of the container, with its environment, and keeps both outputs', async (subject) => {
      const { engine, images, signal, supports } = subject;
      if (!supports.commands) return subject.skip('commands are not run here');
      const script = 'echo one; echo "$GREETING"; echo three; echo wrong >&2; exit 7';
      const id = await subject.create(images.good, { cmd: ['/bin/sh', '-c', script], env: ['GREETING=two words'] });
      await engine.start(id, signal);
      await subject.becomes(id, 'exited');
      assert.equal((await engine.inspect(id, signal))?.exitCode, 7);
      await subject.until(async () => (await linesOf(engine, id, 10, signal)).length === 4, 'four lines');
      const lines = await linesOf(engine, id, 10, signal);
      assert.deepEqual(
        lines.filter((line) => line.startsWith('stdout')),
        ['stdout one', 'stdout two words', 'stdout three'],
      );
      assert.deepEqual(
        lines.filter((line) => line.startsWith('stderr')),
        ['stderr wrong'],
      );
      assert.equal((await linesOf(engine, id, 2, signal)).length, 2);
    });

    test('ENG-5 one that does not end on SIGTERM is killed after its time', async (subject) => {
      const { engine, images, signal, supports } = subject;
      if (!supports.commands) return subject.skip('commands are not run here');
      const script = 'trap "" TERM; echo deaf; while :; do sleep 0.1; done';
      const id = await subject.create(images.good, { cmd: ['/bin/sh', '-c', script] });
      await engine.start(id, signal);
      await subject.until(async () => (await linesOf(engine, id, 1, signal))[0] === 'stdout deaf', 'its first line');
      await engine.stop(id, 1, signal);
      const stopped = await engine.inspect(id, signal);
      assert.deepEqual([stopped?.status, stopped?.exitCode], ['exited', 137]);
    });

    test('ENG-5 tells what changes, in order, from when it says that it is ready', async (subject) => {
      const { engine, images, signal } = subject;
      const events: EngineEvent[] = [];
      const watch = new AbortController();
      let isReady = false;
      const ended = engine
        .events(
          (event) => events.push(event),
          () => {
            isReady = true;
          },
          watch.signal,
        )
        .catch((error: unknown) => assert.ok(watch.signal.aborted, String(error)));
      await subject.until(() => isReady, 'ready');
      const id = await subject.running(images.good);
      const changes = () => events.filter((event) => event.id === id).map(({ change }) => change);
      const told = (change: string) => subject.until(() => changes().includes(change as never), `told: ${change}`);
      await told('started');
      await engine.pause(id, signal);
      await told('paused');
      await engine.resume(id, signal);
      await told('resumed');
      await engine.rename(id, `${await subject.nameOf(id)}.new`, signal);
      await told('renamed');
      await engine.kill(id, 'SIGKILL', signal);
      await told('died');
      await engine.remove(id, signal);
      await told('removed');
      const wanted = ['created', 'started', 'paused', 'resumed', 'renamed', 'died', 'removed'] as const;
      assert.deepEqual([...new Set(changes())], wanted);
      assert.ok(events.filter((event) => event.id === id).every((event) => event.owner === subject.owner));
      const died = events.find((event) => event.id === id && event.change === 'died');
      if (died?.exitCode !== undefined) assert.equal(died.exitCode, 137);
      watch.abort();
      await ended;
    });

    test('ENG-5 tells that a container ended by itself', async (subject) => {
      const { engine, images, signal } = subject;
      const watch = new AbortController();
      const died: string[] = [];
      let isReady = false;
      const ended = engine
        .events(
          ({ change, id }) => {
            if (change === 'died') died.push(id);
          },
          () => {
            isReady = true;
          },
          watch.signal,
        )
        .catch((error: unknown) => assert.ok(watch.signal.aborted, String(error)));
      await subject.until(() => isReady, 'ready');
      const id = await subject.create(images.crash);
      await engine.start(id, signal);
      await subject.until(() => died.includes(id), 'told: died');
      watch.abort();
      await ended;
    });

    test('ENG-4 a call ends with its signal', async ({ engine, images }) => {
      const gone = AbortSignal.abort(new Error('enough'));
      await assert.rejects(engine.pull({ image: images.good }, () => {}, gone));
    });
  });
}
