/** Where a value stands in a configuration: the keys from the root down to it. */
export type Path = readonly string[];

/** A path as a JSON pointer (RFC 6901); the root is the empty string. */
export function toPointer(path: Path): string {
  return path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The path of a JSON pointer (RFC 6901). */
export function fromPointer(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}
