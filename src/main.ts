#!/usr/bin/env node
import { runProgram } from './cli/program.js';

// A reader that has seen enough (`fleetchart config print | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await runProgram(process.argv.slice(2));
