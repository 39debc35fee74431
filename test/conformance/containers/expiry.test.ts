import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ImageExpiry } from '../../../src/actors/engines/images/expiry.js';
import { silentLogger } from '../../../src/runtime/index.js';
import { TestImages } from '../../fakes/images.js';
import { START, temporaryFolder } from '../../fakes/runtime.js';
import { DAY } from '../../fakes/timed.js';
import { until } from '../../fakes/until.js';

const EXPIRY = { expiryMs: 31 * DAY } as const;
const IMAGE = 'reg/app:1';

describe('expiry of images', () => {
  it('REG-8 an image that nobody uses is deleted when its time is over', async (t) => {
    const subject = new TestImages(t, { settings: EXPIRY });
    await subject.start();
    await subject.ensure(IMAGE);
    await subject.clock.advance(31 * DAY - 1);
    assert.deepEqual(subject.fake.removals, []);
    await subject.clock.advance(1);
    assert.deepEqual(subject.fake.removals, [IMAGE]);
    assert.equal(subject.clock.pending, 0);
  });

  it('REG-8 the time counts from the pull, over restarts', async (t) => {
    const folder = temporaryFolder(t);
    const first = new TestImages(t, { settings: EXPIRY }, folder);
    await first.start();
    await first.ensure(IMAGE);
    await first.images.child.stop(0);
    const second = new TestImages(t, { settings: EXPIRY }, folder, START + 30 * DAY);
    await second.start();
    await second.clock.advance(DAY - 1);
    assert.deepEqual(second.fake.removals, []);
    await second.images.child.stop(0);
    const third = new TestImages(t, { settings: EXPIRY }, folder, START + 40 * DAY);
    await third.start();
    await until(() => third.fake.removals.length > 0, 'the deletion at the start');
    assert.deepEqual(third.fake.removals, [IMAGE]);
    await third.images.child.stop(0);
  });

  it('REG-8 one in use is left alone until a container of it is removed', async (t) => {
    const subject = new TestImages(t, { settings: EXPIRY });
    await subject.start();
    await subject.ensure(IMAGE);
    subject.fake.inUse.add(IMAGE);
    await subject.clock.advance(100 * DAY);
    assert.deepEqual(subject.fake.removals, [IMAGE], 'asked once');
    subject.fake.inUse.clear();
    subject.images.removed(IMAGE);
    await subject.clock.advance(0);
    assert.deepEqual(subject.fake.removals, [IMAGE, IMAGE]);
  });

  it('REG-8 one that the engine refuses to delete holds up no other', async (t) => {
    const subject = new TestImages(t, { settings: EXPIRY });
    await subject.start();
    for (const image of [IMAGE, 'reg/app:2']) await subject.ensure(image);
    subject.fake.stuck.add(IMAGE);
    await subject.clock.advance(100 * DAY);
    await until(() => subject.fake.removals.length > 1, 'the deletion of the other');
    assert.deepEqual(subject.fake.removals, [IMAGE, 'reg/app:2']);
    subject.fake.stuck.clear();
    subject.images.removed(IMAGE);
    await until(() => subject.fake.removals.length > 2, 'another try');
    assert.deepEqual(subject.fake.removals.slice(2), [IMAGE]);
  });

  it('REG-8 one that has time left stays when a container of it is removed', async (t) => {
    const subject = new TestImages(t, { settings: EXPIRY });
    await subject.start();
    await subject.ensure(IMAGE);
    await subject.clock.advance(DAY);
    subject.images.removed(IMAGE);
    await subject.clock.advance(0);
    assert.deepEqual(subject.fake.removals, []);
  });

  it('REG-8 one that was asked for a moment ago waits for its container', async (t) => {
    const subject = new TestImages(t, { settings: EXPIRY });
    await subject.start();
    await subject.ensure(IMAGE);
    await subject.clock.advance(31 * DAY - 60_000);
    await subject.ensure(IMAGE);
    await subject.clock.advance(120_000);
    assert.deepEqual(subject.fake.removals, []);
    await subject.clock.advance(10 * 60_000);
    assert.deepEqual(subject.fake.removals, [IMAGE]);
  });

  it('REG-8 what is remembered of images is bounded, on disk and in memory', async (t) => {
    const folder = temporaryFolder(t);
    const file = join(folder, 'images.json');
    const images = Object.fromEntries(Array.from({ length: 10_000 }, (_, number) => [`reg/app:${number}`, START]));
    writeFileSync(file, JSON.stringify({ version: 1, images }));
    const subject = new TestImages(t, { settings: EXPIRY }, folder);
    await subject.start();
    await subject.ensure('reg/new:1');
    const recorded = Object.keys((JSON.parse(readFileSync(file, 'utf8')) as { images: object }).images);
    assert.deepEqual([recorded.length, recorded[0], recorded.at(-1)], [10_000, 'reg/app:1', 'reg/new:1']);

    const { fake, clock } = subject;
    const expiry = new ImageExpiry({ file, expiryMs: undefined, engine: fake.engine, clock, logger: silentLogger() });
    for (let minute = 0; minute < 100; minute++) {
      expiry.wanted(`reg/invented:${minute}`);
      await clock.advance(60_000);
    }
    const { size } = (expiry as unknown as { wantedAt: ReadonlyMap<string, number> }).wantedAt;
    assert.ok(size <= 11, String(size));
  });

  it('REG-8 is turned off by the configuration', async (t) => {
    const subject = new TestImages(t);
    await subject.start();
    await subject.ensure(IMAGE);
    await subject.clock.advance(100 * DAY);
    assert.deepEqual(subject.fake.removals, []);
  });

  it('REG-8 images that others placed in the engine are theirs', async (t) => {
    const subject = new TestImages(t, { settings: EXPIRY });
    await subject.start();
    await subject.fake.engine.pull({ image: IMAGE }, () => {}, new AbortController().signal);
    await subject.ensure(IMAGE);
    subject.images.removed(IMAGE);
    await subject.clock.advance(100 * DAY);
    assert.deepEqual(subject.fake.removals, []);
  });

  it('REG-8 is tried again when the engine did not answer', async (t) => {
    const subject = new TestImages(t, { settings: EXPIRY });
    await subject.start();
    await subject.ensure(IMAGE);
    subject.fake.isLost = true;
    await subject.clock.advance(31 * DAY);
    subject.fake.isLost = false;
    await subject.clock.advance(60_000);
    assert.deepEqual(subject.fake.removals, [IMAGE]);
  });
});
