#!/usr/bin/env node
import { runProgram } from './cli/program.js';

// A reader that has seen enough (`fleetchart config print | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const exitCode = await runProgram(process.argv.slice(2));
// A command may have set one itself.
if (exitCode !== 0) process.exitCode = exitCode;
