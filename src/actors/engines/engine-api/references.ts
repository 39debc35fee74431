import { EngineError } from '../errors.js';

const REFERENCE = /^[A-Za-z0-9][\w.-]*(?::\d+)?(?:[/:@][\w.:@-]+)*$/;

/** As it may stand in a path. Throws `ENGINE_REFUSED`. */
export function checkedReference(reference: string): string {
  if (REFERENCE.test(reference) && !reference.includes('..')) return reference;
  throw new EngineError('ENGINE_REFUSED', `invalid reference format: ${reference.slice(0, 200)}`);
}

/** Name and tag, or name and digest; without either the tag is `latest` (POD-23). */
export function nameAndTag(reference: string): { readonly name: string; readonly tag: string } {
  const digest = reference.indexOf('@');
  const colon = reference.lastIndexOf(':');
  const cut = digest >= 0 ? digest : colon > reference.lastIndexOf('/') ? colon : -1;
  return cut < 0
    ? { name: reference, tag: 'latest' }
    : { name: reference.slice(0, cut), tag: reference.slice(cut + 1) };
}
