// Builds, then runs the command line in this process, so that what signals `npm start` reaches it: `npm start`,
// `npm run hub -- --config FILE`, `npm run -s fleetchart -- COMMAND …`.
import { spawnSync } from 'node:child_process';

// Not on standard output, which is the command's.
process.stderr.write('building; the first time takes longest …\n');
const { status } = spawnSync('npm run -s build', { stdio: ['ignore', 'inherit', 'inherit'], shell: true });
if (status === 0) await import('../dist/program/main.js');
else process.exitCode = status ?? 1;
