import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { DIGEST, imageOf } from '../../fakes/image-engine.js';
import { TestImages } from '../../fakes/images.js';
import { temporaryFolder } from '../../fakes/runtime.js';

const PINNED = `sha256:${'b'.repeat(64)}`;

/** A program `notation` on a PATH of its own; `script` is what it does once it has written down how it was called. */
function notation(t: TestContext, script: string) {
  const folder = temporaryFolder(t);
  const bin = join(folder, 'bin');
  const calls = join(folder, 'calls');
  mkdirSync(bin);
  const text = `#!/bin/sh\necho "$@" >> ${calls}\nenv >> ${calls}.env\n${script}\n`;
  writeFileSync(join(bin, 'notation'), text, { mode: 0o755 });
  return {
    environment: { PATH: `${bin}:/usr/bin:/bin`, HOME: folder, UNRELATED_TOKEN: 'never-passed' },
    calls: () => readFileSync(calls, 'utf8').trim().split('\n'),
    env: () => readFileSync(`${calls}.env`, 'utf8'),
  };
}

const VERIFIED = { verifier: 'notation' } as const;

describe('verification of images', () => {
  it('REG-6 none is asked for by default', async (t) => {
    const subject = new TestImages(t, { environment: { PATH: '/nowhere' } });
    await subject.start();
    await subject.ensure('reg/app:1');
    assert.equal(subject.fake.pulls.length, 1);
  });

  it('REG-6 notation verifies before a pull, and never what is there', async (t) => {
    const program = notation(t, 'echo "Successfully verified signature for reg/app@$DIGEST"');
    const subject = new TestImages(t, { settings: VERIFIED, environment: program.environment });
    await subject.start();
    await subject.ensure('reg/app:1');
    await subject.ensure('reg/app:1');
    assert.deepEqual(program.calls(), ['verify --max-signatures 50 -- reg/app:1']);
  });

  it('REG-6 gets its two folders and the credentials by its environment, and nothing else of ours', async (t) => {
    const program = notation(t, 'exit 0');
    const subject = new TestImages(t, {
      settings: { ...VERIFIED, verifierConfig: { configDir: '/etc/notation', libexecDir: '/opt/notation' } },
      registries: { entries: { reg: { credentials: { user: 'u', password: 'pass-4711' } } }, insecure: ['reg'] },
      environment: program.environment,
    });
    await subject.ensure('reg/app:1');
    assert.deepEqual(program.calls(), ['verify --max-signatures 50 --insecure-registry -- reg/app:1']);
    const env = program.env();
    const expected = [
      'NOTATION_CONFIG=/etc/notation',
      'NOTATION_LIBEXEC=/opt/notation',
      'NOTATION_USERNAME=u',
      'NOTATION_PASSWORD=pass-4711',
    ];
    for (const line of expected) assert.ok(env.includes(`${line}\n`), line);
    assert.ok(!env.includes('never-passed'));
  });

  it('REG-6 an image that is not verified is not pulled, and the words are those of notation', async (t) => {
    const program = notation(t, 'echo "Error: signature verification failed for $5" >&2; exit 1');
    const subject = new TestImages(t, { settings: VERIFIED, environment: program.environment });
    await assert.rejects(subject.ensure('reg/app:1'), {
      code: 'IMAGE_UNVERIFIED',
      message: 'Error: signature verification failed for reg/app:1',
    });
    assert.deepEqual(subject.fake.pulls, []);
    assert.match(subject.images.lastPullError()?.error ?? '', /verification failed/);
  });

  it('REG-6 a missing program is an error of the start, and of each pull', async (t) => {
    const subject = new TestImages(t, { settings: VERIFIED, environment: { PATH: temporaryFolder(t) } });
    const missing = { code: 'IMAGE_VERIFIER', message: /no program notation on PATH/ };
    await assert.rejects(subject.start(), missing);
    await assert.rejects(subject.ensure('reg/app:1'), missing);
    assert.deepEqual(subject.fake.pulls, []);
  });

  it('REG-6 an image that was exchanged between its verification and its pull is refused', async (t) => {
    const program = notation(t, `echo "Successfully verified signature for reg/app@${PINNED}"`);
    const subject = new TestImages(t, { settings: VERIFIED, environment: program.environment });
    await assert.rejects(subject.ensure('reg/app:1'), { code: 'IMAGE_DIGEST', message: new RegExp(DIGEST) });
  });

  it('REG-6 a digest in a reference must be that of the image, pulled or present', async (t) => {
    const subject = new TestImages(t);
    assert.equal((await subject.ensure(`reg/app@${PINNED}`)).digests[0], `reg/app@${PINNED}`);
    subject.fake.present.set(`reg/other@${PINNED}`, imageOf('reg/other:1'));
    await assert.rejects(subject.ensure(`reg/other@${PINNED}`), { code: 'IMAGE_DIGEST' });
  });
});
