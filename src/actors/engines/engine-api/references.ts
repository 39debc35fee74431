import { imageParts } from '../../../protocols/containers/index.js';
import { EngineError } from '../errors.js';

const REFERENCE = /^[A-Za-z0-9][\w.-]*(?::\d+)?(?:[/:@][\w.:@-]+)*$/;

/** As it may stand in a path. Throws `ENGINE_REFUSED`. */
export function checkedReference(reference: string): string {
  if (REFERENCE.test(reference) && !reference.includes('..')) return reference;
  throw new EngineError('ENGINE_REFUSED', `invalid reference format: ${reference.slice(0, 200)}`);
}

/** Name and tag, or name and digest; without either the tag is `latest` (POD-23). */
export function nameAndTag(reference: string): { readonly name: string; readonly tag: string } {
  const { name, tag = 'latest', digest } = imageParts(reference);
  return digest === undefined ? { name, tag } : { name: reference.slice(0, reference.indexOf('@')), tag: digest };
}
