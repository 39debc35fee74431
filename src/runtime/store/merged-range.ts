import { compareRowKeys } from './row-key.js';
import type { Rows } from './store-file.js';

/** Rows on disk and pending ones, which go over them, in key order or against it: at most `limit`. */
export function* mergedRange(
  written: Iterable<[string, Buffer]>,
  pending: Rows,
  limit: number,
  isReverse: boolean,
): Generator<[string, Buffer]> {
  if (limit <= 0) return;
  const order = isReverse ? -1 : 1;
  const fresh = [...pending].filter((row): row is [string, Buffer] => row[1] !== null);
  fresh.sort((a, b) => order * compareRowKeys(a[0], b[0]));
  let next = 0;
  let left = limit;
  for (const row of written) {
    for (let early = fresh[next]; early && order * compareRowKeys(early[0], row[0]) <= 0; early = fresh[++next]) {
      yield early;
      if (--left <= 0) return;
    }
    if (pending.has(row[0])) continue;
    yield row;
    if (--left <= 0) return;
  }
  yield* fresh.slice(next, next + left);
}
