#!/usr/bin/env node
// There before the first build: what `npx` cannot find once, it does not look for again.
import { existsSync } from 'node:fs';

if (existsSync(new URL('../dist/program/main.js', import.meta.url))) await import('../dist/program/main.js');
else {
  console.error('error: this checkout is not built yet: npm run build');
  process.exitCode = 1;
}
