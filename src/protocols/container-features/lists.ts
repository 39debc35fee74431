import { listOf, Mismatch, type Read } from '../update-agent/index.js';

/** A list of at most so many items. */
export const boundedListOf =
  <T>(most: number, read: Read<T | undefined>): Read<T[]> =>
  (value, path) => {
    if (Array.isArray(value) && value.length > most) throw new Mismatch(path, `at most ${most} items`, value);
    return listOf(read)(value, path);
  };
