// Runs compiled test files with node:test: `node scripts/run-tests.mjs [--below=FOLDER] [NAME…]`, with the beginnings of
// names below that folder (default: all of test/). Node 20 takes no glob, so the files are listed here.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = 'dist/test';
const BELOW = '--below=';
const args = process.argv.slice(2);
const [below = ''] = args.filter((arg) => arg.startsWith(BELOW)).map((arg) => arg.slice(BELOW.length));
const names = args.filter((arg) => !arg.startsWith('--'));
const folders = (names.length > 0 || below === '' ? names : ['']).map((name) => join(below, name));
const flags = args.filter((arg) => arg.startsWith('--') && !arg.startsWith(BELOW));

const files = readdirSync(root, { recursive: true })
  .map((name) => join(root, String(name)))
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => folders.length === 0 || folders.some((folder) => name.startsWith(join(root, folder))))
  .sort();

if (files.length === 0) {
  console.error(`no test files under ${folders.join(', ') || root}; build first: npm run build`);
  process.exit(1);
}
const runner = spawn(
  process.execPath,
  ['--enable-source-maps', '--test', '--test-concurrency=2', '--test-timeout=600000', ...flags, ...files],
  {
    stdio: 'inherit',
  },
);
runner.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
