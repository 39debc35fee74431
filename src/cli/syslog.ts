import { spawn } from 'node:child_process';
import { kantoLine } from './kanto-log.js';
import type { Terminal } from './output.js';

/** Facility daemon with the severity of each level. */
const PRIORITIES: Readonly<Record<string, number>> = { fatal: 26, error: 27, warn: 28, info: 30, debug: 31, trace: 31 };

/**
 * Writes the lines of a logger to syslog, by the program `logger`: what listens there takes datagrams, which Node does
 * not send. Without the program they go to the terminal.
 */
export function syslog(name: string, terminal: Pick<Terminal, 'err'>) {
  const program = spawn('logger', ['--tag', name, '--prio-prefix'], { stdio: ['pipe', 'ignore', 'ignore'] });
  let isThere = true;
  const lose = (error: Error): void => {
    if (isThere) terminal.err(`could not enable syslog: ${error.message}\n`);
    isThere = false;
  };
  program.on('error', lose);
  program.stdin.on('error', lose);
  program.unref();
  return {
    write: (json: string): void => {
      const line = kantoLine(name, json);
      const { level } = JSON.parse(json) as { level?: string };
      if (isThere) program.stdin.write(`<${PRIORITIES[level ?? ''] ?? PRIORITIES['info']}>${line}`);
      else terminal.err(line);
    },
  };
}
