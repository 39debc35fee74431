import { appendFileSync, renameSync, rmSync, statSync } from 'node:fs';
import type { Terminal } from './output.js';

export interface KantoLogOptions {
  /** Empty: standard error. */
  readonly logFile: string;
  /** Megabytes at which the file is put aside. */
  readonly logFileSize: number;
  /** Files that were put aside and are kept. */
  readonly logFileCount: number;
}

const MEGABYTE = 1_000_000;

/** Writes the lines of a logger in the form of Kanto's: `2026/01/31 10:00:00.123000  [update-manager] INFO    text`. */
export function kantoLog(name: string, { logFile, logFileSize, logFileCount }: KantoLogOptions, terminal: Terminal) {
  let bytes = logFile === '' ? 0 : (statSync(logFile, { throwIfNoEntry: false })?.size ?? 0);
  return {
    write: (json: string): void => {
      const line = kantoLine(name, json);
      if (logFile === '') {
        terminal.err(line);
        return;
      }
      try {
        if (bytes > 0 && bytes + line.length > logFileSize * MEGABYTE) {
          putAside(logFile, logFileCount);
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

function kantoLine(name: string, json: string): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const [date = '', clock = ''] = String(time).replace('Z', '000').split('T');
  const told = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const word = String(level).toUpperCase().padEnd(7);
  return `${date.replaceAll('-', '/')} ${clock}  [${name}] ${word} ${String(msg)}${told.join('')}\n`;
}

/** `log` becomes `log.1`, that one `log.2`, and so on; what is too many goes. */
function putAside(file: string, count: number): void {
  rmSync(`${file}.${count}`, { force: true });
  for (let number = count - 1; number >= 1; number--) {
    if (statSync(`${file}.${number}`, { throwIfNoEntry: false }))
      renameSync(`${file}.${number}`, `${file}.${number + 1}`);
  }
  if (count > 0) renameSync(file, `${file}.1`);
  else rmSync(file, { force: true });
}
