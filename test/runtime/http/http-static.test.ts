import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadStaticFiles } from '../../../src/runtime/http/http-static.js';
import { serve, TOKENS } from '../http-harness.js';

function consoleFolder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'fleetchart-static-'));
  t.after(() => rmSync(root, { recursive: true }));
  const folder = join(root, 'public');
  mkdirSync(join(folder, 'charts'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Fleetchart</title>');
  writeFileSync(join(folder, 'main.js'), 'export {};');
  writeFileSync(join(folder, 'charts', 'index.html'), 'charts');
  writeFileSync(join(folder, 'notes.exe'), 'no');
  writeFileSync(join(folder, 'odd name:.js'), 'no');
  writeFileSync(join(root, 'secret.txt'), 'SECRET');
  symlinkSync(join(root, 'secret.txt'), join(folder, 'link.txt'));
  return folder;
}

test('INS-4 a folder is read once, by path, without links and strangers', (t) => {
  const files = loadStaticFiles(consoleFolder(t));
  assert.deepEqual([...files.keys()].sort(), ['/', '/charts/', '/charts/index.html', '/index.html', '/main.js']);
  assert.equal(files.get('/')?.contentType, 'text/html; charset=utf-8');
  assert.equal(files.get('/main.js')?.contentType, 'text/javascript; charset=utf-8');
  assert.equal(loadStaticFiles('/nowhere/at/all').size, 0);
});

test('INS-4 the console is served to anybody, pages never from a cache, the rest revalidated', async (t) => {
  const { get } = await serve(t, { staticFolder: consoleFolder(t), tokens: TOKENS });
  const page = await get('/');
  assert.equal(page.status, 200);
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.equal(page.headers.get('cache-control'), 'no-store');
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self'/);
  assert.match(await page.text(), /Fleetchart/);
  const script = await get('/main.js?v=1');
  assert.equal(script.headers.get('cache-control'), 'no-cache');
  const again = await get('/main.js', { headers: { 'if-none-match': script.headers.get('etag') ?? '' } });
  assert.equal(again.status, 304);
  assert.equal((await get('/', { method: 'HEAD' })).status, 200);
});

test('INS-4 no path leaves the folder', async (t) => {
  const { raw } = await serve(t, { staticFolder: consoleFolder(t) });
  const paths = ['/../secret.txt', '/..%2fsecret.txt', '/%2e%2e/secret.txt', '/charts/../../secret.txt', '/link.txt'];
  for (const path of [...paths, '//secret.txt', '/..\\secret.txt', '/main.js%00.txt', '/main.js/../../secret.txt']) {
    const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 4\d\d /, path);
    assert.doesNotMatch(answer, /SECRET/);
  }
});
