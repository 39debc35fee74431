/** Whether a member is left out: `""`, `0`, `false`, `null`, an empty list (UM-MSG-2). */
const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === 0 ||
  value === false ||
  (Array.isArray(value) && value.length === 0);

/** The members that say something, of this object alone. */
export function omitEmpty<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value))) as Partial<T>;
}

/** The same all the way down; items of lists stay. */
export function compact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(compact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(omitEmpty(value)).map(([name, inner]) => [name, compact(inner)]));
}
