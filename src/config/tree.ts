import type { Path } from './pointer.js';
import { childOf, type SchemaNode } from './schema.js';
import type { Source, Sources } from './sources.js';

/** A JSON object. Only own keys count: `constructor` is a key like any other. */
export type Tree = Record<string, unknown>;

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The child under a key of an object or list; undefined for anything else. */
export function childValue(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value[Number(key)];
  return isTree(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The value at a path. */
export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(childValue, root);
}

/**
 * A copy as the schema spells it: keys of a peer's objects match in any case (the later of two wins, as in the peer),
 * and a key without a value (`http:` followed by nothing, or null) counts as absent.
 */
export function normalize(value: unknown, node: SchemaNode): unknown {
  if (Array.isArray(value)) return value.map((item) => normalize(item, node.items ?? {}));
  if (!isTree(value)) return value;
  const copy: Tree = {};
  for (const [key, child] of Object.entries(value)) {
    if (child === null) continue;
    const declared = childOf(node, key, node.peer === undefined ? 'exact' : 'anyCase');
    copy[declared?.key ?? key] = normalize(child, declared?.node ?? {});
  }
  return copy;
}

/** Lays `upper` over `lower`: objects are merged, everything else is replaced. `sourceOf` says where `upper` is from. */
export function merge(
  lower: unknown,
  upper: unknown,
  path: Path,
  sources: Sources,
  sourceOf: (path: Path) => Source,
): unknown {
  if (!isTree(upper)) {
    if (typeof lower === 'object') sources.clear(path);
    markAll(upper, path, sources, sourceOf);
    return upper;
  }
  sources.set(path, sourceOf(path));
  const result: Tree = isTree(lower) ? { ...lower } : {};
  for (const [key, value] of Object.entries(upper)) {
    result[key] = merge(childValue(result, key), value, [...path, key], sources, sourceOf);
  }
  return result;
}

/** A copy of `root` with one value replaced, and what is missing on the way to it created. */
export function assign(root: unknown, path: Path, value: unknown, sources: Sources, source: Source): unknown {
  sources.clear(path);
  for (let length = 1; length <= path.length; length += 1) {
    const around = path.slice(0, length);
    if (!sources.has(around)) sources.set(around, source);
  }
  return assignAt(root, path, value);
}

function assignAt(node: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const child = assignAt(childValue(node, key), rest, value);
  if (Array.isArray(node)) {
    const copy = [...node];
    copy[Math.min(Number(key), node.length)] = child;
    return copy;
  }
  if (isTree(node)) return { ...node, [key]: child };
  return /^\d+$/.test(key) ? [child] : { [key]: child };
}

/**
 * Adds the defaults that the schema states. A section that is absent stays absent unless it has a default itself
 * (`default: {}`), for a peer's section means something by its presence. Keys come in the order of the schema.
 */
export function fillDefaults(value: unknown, node: SchemaNode, path: Path, sources: Sources): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) => fillDefaults(item, node.items ?? {}, [...path, String(index)], sources));
  }
  if (!isTree(value)) return value;
  const result: Tree = {};
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    if (Object.hasOwn(value, key)) {
      result[key] = value[key];
    } else if (child.default !== undefined) {
      result[key] = structuredClone(child.default);
      sources.set([...path, key], { kind: 'default' });
    }
  }
  for (const [key, child] of Object.entries({ ...result, ...value })) {
    result[key] = fillDefaults(child, childOf(node, key, 'exact')?.node ?? {}, [...path, key], sources);
  }
  return result;
}

function markAll(value: unknown, path: Path, sources: Sources, sourceOf: (path: Path) => Source): void {
  sources.set(path, sourceOf(path));
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) markAll(child, [...path, key], sources, sourceOf);
}
