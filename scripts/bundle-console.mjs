// Bundles the console page into dist/src/console, from where hub and vehicle serve it.
import { cpSync, existsSync } from 'node:fs';
import { build } from 'esbuild';

const source = 'src/console/browser';
const target = 'dist/src/console/public';

if (existsSync(`${source}/main.ts`)) {
  await build({
    entryPoints: [`${source}/main.ts`],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    outfile: `${target}/main.js`,
    logLevel: 'warning',
  });
  for (const file of ['index.html', 'style.css']) cpSync(`${source}/${file}`, `${target}/${file}`);
}
