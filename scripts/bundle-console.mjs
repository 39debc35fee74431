// Bundles the console page into dist/src/console, from where hub and vehicle serve it.
import { cpSync } from 'node:fs';
import { build } from 'esbuild';

const source = 'src/console/browser';
const target = 'dist/src/console/public';

await build({
  entryPoints: [`${source}/main.ts`, `${source}/style.css`],
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  outdir: target,
  logLevel: 'warning',
});
for (const file of ['index.html', 'icon.svg']) cpSync(`${source}/${file}`, `${target}/${file}`);
