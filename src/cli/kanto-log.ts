import { appendFileSync, statSync } from 'node:fs';
import { systemClock } from '../runtime/index.js';
import type { Terminal } from './output.js';
import { RotatedLog } from './rotated-log.js';

export interface KantoLogOptions {
  /** Empty: standard error. */
  readonly logFile: string;
  /** Megabytes at which the file is put aside. */
  readonly logFileSize: number;
  /** Files that were put aside and are kept, compressed. */
  readonly logFileCount: number;
  /** Days that those are kept. */
  readonly logFileMaxAge: number;
}

const MEGABYTE = 1_000_000;

/** Writes the lines of a logger in the form of Kanto's: `2026/01/31 10:00:00.123000  [update-manager] INFO    text`. */
export function kantoLog(name: string, options: KantoLogOptions, terminal: Pick<Terminal, 'err'>) {
  const { logFile, logFileSize, logFileCount: count, logFileMaxAge: maxAgeDays } = options;
  const aside = new RotatedLog({ file: logFile, count, maxAgeDays, clock: systemClock });
  let bytes = logFile === '' ? 0 : (statSync(logFile, { throwIfNoEntry: false })?.size ?? 0);
  return {
    write: (json: string): void => {
      const line = kantoLine(name, json);
      if (logFile === '') {
        terminal.err(line);
        return;
      }
      try {
        if (aside.isReady && bytes > 0 && bytes + line.length > logFileSize * MEGABYTE) {
          aside.putAside();
          bytes = 0;
        }
        appendFileSync(logFile, line);
        bytes += line.length;
      } catch {
        // A log that cannot be written must not end an update.
      }
    },
  };
}

/** A line of a logger in that form. */
export function kantoLine(name: string, json: string): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const [date = '', clock = ''] = String(time).replace('Z', '000').split('T');
  const told = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const word = String(level).toUpperCase().padEnd(7);
  return `${date.replaceAll('-', '/')} ${clock}  [${name}] ${word} ${String(msg)}${told.join('')}\n`;
}
