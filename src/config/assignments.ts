import type { Mistake } from './mistake.js';
import { fromPointer, type Path, toPointer } from './pointer.js';
import { childOf, type KeyMatch, type SchemaNode } from './schema.js';
import { describeSource, type Source } from './sources.js';
import { suggest } from './suggest.js';
import { yamlLibrary } from './yaml-library.js';

/** One value given outside the files: by the environment, by `--set`, by a command's own option. */
export interface Assignment {
  readonly path: Path;
  readonly value: unknown;
  readonly source: Source;
}

export interface Assignments {
  readonly assignments: readonly Assignment[];
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly Mistake[];
}

/** Variables that a command reads and no configuration holds. */
const OF_COMMANDS: ReadonlySet<string> = new Set(['FLEETCHART_TOKEN']);

/**
 * The environment variables that begin with `prefix`. `__` separates the keys of a path; case and `_` within a key do
 * not count (`FLEETCHART_DATA_DIR` is `dataDir`). An empty variable counts as unset. A name that fits no key is a
 * warning: images and test benches set variables of their own.
 */
export function fromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  prefix: string,
  schema: SchemaNode,
): Assignments {
  const assignments: Assignment[] = [];
  const warnings: Mistake[] = [];
  for (const name of Object.keys(environment).sort()) {
    const text = environment[name];
    if (!name.startsWith(prefix) || OF_COMMANDS.has(name) || text === undefined || text === '') continue;
    const source: Source = { kind: 'environment', name };
    const found = resolve(schema, name.slice(prefix.length).split('__'), 'folded');
    if (found.ok) assignments.push({ path: found.path, value: parseText(text, found.node), source });
    else warnings.push({ ...found.mistake, where: describeSource(source) });
  }
  return { assignments, mistakes: [], warnings };
}

/** `path=value` arguments of `--set`; the path is dotted (`http.port`), or a JSON pointer where keys hold dots. */
export function fromSets(sets: readonly string[], schema: SchemaNode): Assignments {
  const assignments: Assignment[] = [];
  const mistakes: Mistake[] = [];
  for (const argument of sets) {
    const equals = argument.indexOf('=');
    const name = equals < 0 ? argument : argument.slice(0, equals);
    const source: Source = { kind: 'option', option: `--set ${name}` };
    const where = describeSource(source);
    if (equals < 1) {
      mistakes.push({ code: 'CONFIG_SYNTAX', pointer: '', message: 'expected PATH=VALUE', hint: setExample, where });
      continue;
    }
    const found = resolve(schema, name.startsWith('/') ? fromPointer(name) : name.split('.'), 'exact');
    if (found.ok)
      assignments.push({ path: found.path, value: parseText(argument.slice(equals + 1), found.node), source });
    else mistakes.push({ ...found.mistake, where });
  }
  return { assignments, mistakes, warnings: [] };
}

const setExample = 'for example --set http.port=9000';

type Resolved =
  | { readonly ok: true; readonly path: Path; readonly node: SchemaNode }
  | { readonly ok: false; readonly mistake: Mistake };

function resolve(schema: SchemaNode, keys: readonly string[], match: KeyMatch): Resolved {
  let node = schema;
  const path: string[] = [];
  for (const key of keys) {
    const peerMatch = node.peer !== undefined && match === 'exact' ? 'anyCase' : match;
    const child = key === '' || key === '__proto__' ? undefined : childOf(node, key, peerMatch);
    if (!child) return { ok: false, mistake: unknownKey(path, key, Object.keys(node.properties ?? {})) };
    path.push(child.key);
    node = child.node;
  }
  return { ok: true, path, node };
}

/** Longer lists of keys help nobody. */
const mostNamed = 12;

/** An unknown key, with the declared one that was probably meant. */
export function unknownKey(parent: Path, key: string, known: readonly string[]): Mistake {
  const meant = suggest(key, known);
  return {
    code: 'CONFIG_UNKNOWN_KEY',
    pointer: toPointer([...parent, key]),
    message: meant === undefined ? 'unknown key' : `unknown key; did you mean "${meant}"?`,
    ...(meant === undefined && known.length > 0 && known.length <= mostNamed
      ? { hint: `known here: ${known.join(', ')}` }
      : {}),
  };
}

/**
 * Text as the value the schema asks for. Text that does not fit is kept as it is, so that the validation says what was
 * expected and what it got.
 */
function parseText(text: string, node: SchemaNode): unknown {
  if (node.anyOf) {
    const values = node.anyOf.map((branch) => ({ branch, value: parseText(text, branch) }));
    return values.find(({ branch, value }) => value !== text || branch.const === text)?.value ?? text;
  }
  switch (node.type) {
    case 'integer':
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    case 'boolean':
      return booleans.get(text.toLowerCase()) ?? text;
    case 'object':
    case 'array':
    case undefined:
      return parseFlow(text);
    default:
      return text;
  }
}

const booleans = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/** Lists and objects are written as JSON or YAML: `[file, logger]`. */
function parseFlow(text: string): unknown {
  try {
    return yamlLibrary().parse(text, { maxAliasCount: 0, logLevel: 'error', stringKeys: true });
  } catch {
    return text;
  }
}
