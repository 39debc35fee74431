// Bundles the command line into dist/program: a process that loads a few files starts in two thirds of the time of one
// that loads several hundred. Packages stay as npm installs them, except TypeBox: of its 200 files a handful is needed.
import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const target = 'dist/program';
const inlined = '@sinclair/typebox';
const license = 'typebox-license.txt';

const { dependencies, optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const packages = Object.keys({ ...dependencies, ...optionalDependencies });
const { metafile } = await build({
  entryPoints: ['src/main.ts'],
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.18',
  keepNames: true,
  external: packages.filter((name) => name !== inlined),
  outdir: target,
  sourcemap: true,
  metafile: true,
  logLevel: 'warning',
});
copyFileSync(`node_modules/${inlined}/license`, join(target, license));
// Chunks have names by their content; a process that runs may still want the others until they are replaced.
const written = new Set([...Object.keys(metafile.outputs), join(target, license)]);
for (const name of readdirSync(target)) if (!written.has(join(target, name))) rmSync(join(target, name));
