import type { Path } from './pointer.js';
import { childOf, type SchemaNode } from './schema.js';
import { isTree } from './tree.js';

/** What is shown in place of a secret. */
export const redacted = '(redacted)';

const secretWords = new Set([
  'password',
  'passwd',
  'passphrase',
  'token',
  'secret',
  'key',
  'credential',
  'credentials',
]);
/** What a key is taken for that an object does not know, where those may be secrets. */
const HIDDEN: SchemaNode = { secret: true };
const placeWords = new Set(['file', 'path', 'location', 'directory', 'dir']);

/** Whether a key sounds like a secret: `sasl.password`, `apiKey`; not `tokenFile`, which names a place. */
export function soundsSecret(key: string): boolean {
  const words = key
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/);
  if (placeWords.has(words.at(-1) ?? '')) return false;
  return words.some((word) => secretWords.has(word) || secretWords.has(word.replace(/s$/, '')));
}

/**
 * Whether the value at `path` is a secret; `nodes` are the schemas from the root to it. What stands within a secret is
 * one, too; the nearest schema that says `secret: true` or `false` outranks every name around it.
 */
export function isSecret(path: Path, nodes: readonly SchemaNode[]): boolean {
  let secret = false;
  for (const [index, node] of nodes.entries()) {
    const key = index === 0 ? undefined : path[index - 1];
    secret = node.secret ?? (secret || (key !== undefined && soundsSecret(key)));
  }
  return secret;
}

/** A copy to show to people: secrets by schema or by name are replaced, within unknown keys, too. */
export function redact(value: unknown, node: SchemaNode, secret = node.secret ?? false): unknown {
  if (Array.isArray(value)) return value.map((item) => redact(item, node.items ?? {}, node.items?.secret ?? secret));
  if (!isTree(value)) {
    if (secret && value !== '' && value !== null && value !== undefined) return redacted;
    return typeof value === 'string' ? withoutLogin(value) : value;
  }
  const copy: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    const childNode = childOf(node, key, 'exact')?.node ?? (node.hidesUnknown ? HIDDEN : {});
    copy[key] = redact(child, childNode, childNode.secret ?? (secret || soundsSecret(key)));
  }
  return copy;
}

/** A URL without the user and the password that may stand in it; any other text as it is. */
function withoutLogin(text: string): string {
  return text.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i, `$1${redacted}@`);
}
