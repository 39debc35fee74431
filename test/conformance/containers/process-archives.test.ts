import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { createProcessEngine } from '../../../src/actors/engines/process/index.js';
import { silentLogger, systemClock } from '../../../src/runtime/index.js';
import { containerSpec } from '../../fakes/container-spec.js';
import { archiveImage } from '../../fakes/process-images.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { until } from '../../fakes/until.js';

const { signal } = new AbortController();
const IMAGE = 'local/packed:1';

interface Entry {
  readonly path: string;
  readonly type?: 'File' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO';
  readonly linkpath?: string;
  readonly text?: string;
  readonly mode?: number;
}

/** An archive as nobody's tool would make it. */
function craft(root: string, reference: string, entries: readonly Entry[]): void {
  const blocks: Buffer[] = [];
  const description: Entry = { path: 'image.json', text: JSON.stringify({ cmd: ['/bin/true'] }) };
  for (const { path, type = 'File', linkpath, text = '', mode = 0o644 } of [description, ...entries]) {
    const header = new Header({ path, type, mode, size: text.length, ...(linkpath ? { linkpath } : {}) });
    header.encode();
    const padding = Buffer.alloc((512 - (text.length % 512)) % 512);
    blocks.push(header.block as Buffer, Buffer.from(text), padding);
  }
  const path = join(root, `${reference}.tar.gz`);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)])));
}

function lab(t: TestContext) {
  const folder = temporaryFolder(t);
  const imageRoot = join(folder, 'root');
  mkdirSync(imageRoot);
  const engine = createProcessEngine({
    folder: join(folder, 'engine'),
    imageRoot,
    clock: systemClock,
    logger: silentLogger(),
    archiveLimits: { bytes: 64 * 1024, entries: 20 },
  });
  const pull = (image: string) => engine.pull({ image }, () => {}, signal);
  const unpacked = () => (existsSync(join(folder, 'engine/images')) ? readdirSync(join(folder, 'engine/images')) : []);
  return { engine, folder, imageRoot, pull, unpacked };
}

describe('archives as images of processes', () => {
  it('ENG-6 an archive is unpacked once, run, and deleted with its image', async (t) => {
    const { engine, imageRoot, pull, unpacked } = lab(t);
    await archiveImage(imageRoot, IMAGE, ['./bin/hello'], { 'bin/hello': '#!/bin/sh\nexit 9\n' });
    const image = await pull(IMAGE);
    assert.match(image.digests[0] ?? '', /^local\/packed@sha256:[0-9a-f]{64}$/);
    assert.equal((await pull(IMAGE)).id, image.id);
    const spec = containerSpec({ image: IMAGE });
    await engine.create(spec, signal);
    await engine.start(spec.id, signal);
    let status = '';
    await until(() => {
      void engine.inspect(spec.id, signal).then((found) => {
        status = found?.status ?? '';
      });
      return status === 'exited';
    }, 'its end');
    assert.equal((await engine.inspect(spec.id, signal))?.exitCode, 9);
    assert.equal(await engine.removeImage(IMAGE, signal), false);
    await engine.remove(spec.id, signal);
    assert.equal(await engine.removeImage(IMAGE, signal), true);
    assert.deepEqual(unpacked(), ['images.json']);
  });

  it('REG-6 a reference with a digest takes an archive of this digest only', async (t) => {
    const { imageRoot, pull } = lab(t);
    const archive = await archiveImage(imageRoot, IMAGE, ['/bin/true']);
    const [digest = ''] = (await pull(IMAGE)).digests;
    copyFileSync(archive, join(imageRoot, `${digest}.tar.gz`));
    assert.deepEqual((await pull(digest)).digests, [digest]);
    const wrong = `local/packed@sha256:${'0'.repeat(64)}`;
    copyFileSync(archive, join(imageRoot, `${wrong}.tar.gz`));
    await assert.rejects(pull(wrong), { code: 'ENGINE_REFUSED', message: /has the digest/ });
  });

  const hostile: Readonly<Record<string, readonly Entry[]>> = {
    'a path that leads out': [{ path: '../../escaped', text: 'x' }],
    'an absolute path': [{ path: '/tmp/fleetchart-escaped', text: 'x' }],
    'a link that leads out': [{ path: 'link', type: 'SymbolicLink', linkpath: '../../..' }],
    'a link to an absolute path': [{ path: 'link', type: 'SymbolicLink', linkpath: '/etc' }],
    'a hard link that leads out': [{ path: 'link', type: 'Link', linkpath: '../../../etc/passwd' }],
    'a device': [{ path: 'null', type: 'CharacterDevice' }],
    'a pipe': [{ path: 'pipe', type: 'FIFO' }],
    'more bytes than allowed': [{ path: 'large', text: 'x'.repeat(65 * 1024) }],
    'more entries than allowed': Array.from({ length: 30 }, (_, index) => ({ path: `file-${index}`, text: 'x' })),
  };
  for (const [what, entries] of Object.entries(hostile)) {
    it(`ENG-6 an archive with ${what} is refused, and nothing of it stays`, async (t) => {
      const { folder, imageRoot, pull, unpacked, engine } = lab(t);
      craft(imageRoot, IMAGE, entries);
      await assert.rejects(pull(IMAGE), { code: 'ENGINE_REFUSED', message: /cannot be unpacked/ });
      assert.deepEqual(unpacked(), []);
      assert.deepEqual(readdirSync(folder), ['root'], 'nothing beside it, either');
      assert.equal(existsSync('/tmp/fleetchart-escaped'), false);
      assert.equal(await engine.image(IMAGE, signal), undefined);
    });
  }

  it('ENG-6 links within an image work, and a program gets no rights by how it lies there', async (t) => {
    const { folder, imageRoot, pull } = lab(t);
    craft(imageRoot, IMAGE, [
      { path: 'program', text: '#!/bin/sh\n', mode: 0o4755 },
      { path: 'lib/link', type: 'SymbolicLink', linkpath: '../program' },
    ]);
    const { id } = await pull(IMAGE);
    const image = join(folder, 'engine', 'images', id.replace('sha256:', ''));
    assert.equal(readFileSync(join(image, 'lib/link'), 'utf8'), '#!/bin/sh\n');
    const { mode } = statSync(join(image, 'program'));
    assert.equal(mode & 0o7000, 0);
  });

  it('ENG-6 a file that is no archive is refused', async (t) => {
    const { imageRoot, pull, unpacked } = lab(t);
    mkdirSync(join(imageRoot, 'local'));
    writeFileSync(join(imageRoot, `${IMAGE}.tar.gz`), 'no archive at all');
    await assert.rejects(pull(IMAGE), { code: 'ENGINE_REFUSED' });
    assert.deepEqual(unpacked(), []);
  });
});
