import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GroupCommit, Table } from './group-commit.js';

const PAGE_ROWS = 1_000;
const PAGE_BYTES = 1024 * 1024;

/**
 * Goes through the rows with `from` <= key < `to` in bounded pages, and lets the loop turn between them: for what is
 * too much for one slice.
 */
export async function* pagesOf(
  commit: GroupCommit,
  table: Table,
  from: string,
  to: string,
): AsyncGenerator<Array<[string, Buffer]>> {
  for (let start: string | undefined = from; start !== undefined; ) {
    const page: Array<[string, Buffer]> = [];
    const end = fill(page, commit.range(table, start, to));
    yield page;
    start = end;
    if (start !== undefined) await nextTurn();
  }
}

/** The first key that does not begin with `prefix`, which ends in an ASCII character. */
export function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

/** Returns the key to go on from when the page is full. */
function fill(page: Array<[string, Buffer]>, rows: Iterable<[string, Buffer]>): string | undefined {
  let bytes = 0;
  for (const row of rows) {
    page.push(row);
    bytes += row[1].length;
    if (page.length === PAGE_ROWS || bytes >= PAGE_BYTES) return `${row[0]}\0`;
  }
  return undefined;
}
