/**
 * Configuration as inert data.
 *
 * Invariants
 * - CFG-1 Default < file < environment < `--set` < a command's own options. What a section includes stands beneath the
 *   section's own keys. Every value knows who set it.
 * - CFG-2 Loading opens nothing but the files that are named, and changes nothing.
 * - CFG-3 All mistakes are reported at once, each once, with where it stands, what was expected and what was got.
 * - CFG-4 An unknown key is a mistake in our own file; in a peer's it is a warning, and keys match in any case.
 * - CFG-5 Files are bounded in size, depth and aliases. No input makes loading throw, or reaches a prototype.
 * - CFG-6 A secret appears in no mistake and no explanation.
 * - CFG-7 A secret may stand in a file of its own. A file with a secret that others can read is a warning.
 */
import type { TSchema } from '@sinclair/typebox';
import { type Assignment, fromEnvironment, fromSets } from './assignments.js';
import type { Mistake } from './mistake.js';
import { type Path, toPointer } from './pointer.js';
import { type ParsedFile, readConfigFile } from './read-file.js';
import { isSecret } from './redact.js';
import { nodeOf, type SchemaNode } from './schema.js';
import { exposure, readSecretFiles } from './secret-files.js';
import { Sources } from './sources.js';
import { assign, fillDefaults, isTree, merge, normalize, valueAt } from './tree.js';
import { nodesAlong, validate } from './validate.js';

export interface LoadOptions {
  readonly schema: TSchema;
  /** The YAML or JSON file; without one, defaults and what stands over them. */
  readonly file?: string | undefined;
  /** @default {} */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What the names of the variables begin with. @default 'FLEETCHART_' */
  readonly environmentPrefix?: string;
  /** `path=value` arguments, over the environment. */
  readonly sets?: readonly string[];
  /** What a command's own options say (`--data DIR`), over everything. */
  readonly assignments?: readonly Assignment[];
}

/** An effective configuration. `value` fits the schema only while there are no mistakes. */
export interface Loaded {
  readonly schema: TSchema;
  readonly value: unknown;
  readonly sources: Sources;
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly Mistake[];
  /** Pointers to the values that cannot be used. */
  readonly unsound: readonly string[];
}

/** The effective configuration and everything wrong with it. A section includes a file by `telemetry: {file: PATH}`. */
export function load(options: LoadOptions): Loaded {
  const schema = nodeOf(options.schema);
  const read = options.file === undefined ? undefined : readConfigFile(options.file);
  if (read && !read.ok) return unreadable(options.schema, read.error);
  const fromEnv = fromEnvironment(options.environment ?? {}, options.environmentPrefix ?? 'FLEETCHART_', schema);
  const fromArgs = fromSets(options.sets ?? [], schema);
  const over = [...fromEnv.assignments, ...fromArgs.assignments, ...(options.assignments ?? [])];
  const files = read ? [{ at: [], file: read.value }] : [];
  const included = readIncludes(compose(files, over, schema).value, schema);
  const { value: composed, sources } = compose([...included.files, ...files], over, schema);

  const complete = fillDefaults(composed, schema, [], sources);
  const validation = validate(options.schema, complete);
  const secrets = readSecretFiles(complete, schema, sources);
  const inValues = [...included.mistakes, ...validation.mistakes, ...secrets.mistakes];
  const warnings = [
    ...fromEnv.warnings,
    ...validation.warnings,
    ...secrets.warnings,
    ...exposedFiles([...included.files, ...files], schema),
  ];
  return {
    schema: options.schema,
    value: secrets.value,
    sources,
    mistakes: [...fromArgs.mistakes, ...inValues],
    warnings,
    unsound: inValues.filter(({ code }) => code !== 'CONFIG_UNKNOWN_KEY').map(({ pointer }) => pointer),
  };
}

function unreadable(schema: TSchema, mistake: Mistake): Loaded {
  return { schema, value: {}, sources: new Sources(), mistakes: [mistake], warnings: [], unsound: [''] };
}

interface Layer {
  /** Where in the configuration the file's contents stand. */
  readonly at: Path;
  readonly file: ParsedFile;
}

function compose(layers: readonly Layer[], over: readonly Assignment[], schema: SchemaNode) {
  const sources = new Sources();
  let value: unknown = {};
  for (const { at, file } of layers) {
    const content = normalize(file.value ?? {}, nodesAlong(schema, at).at(-1) ?? {});
    const wrapped = at.reduceRight<unknown>((inner, key) => ({ [key]: inner }), content);
    value = merge(value, wrapped, [], sources, (path) => ({
      kind: 'file',
      path: file.path,
      get position() {
        return file.locate(path.slice(at.length));
      },
    }));
  }
  for (const { path, value: assigned, source } of over) value = assign(value, path, assigned, sources, source);
  return { value, sources };
}

function readIncludes(value: unknown, schema: SchemaNode): { files: Layer[]; mistakes: Mistake[] } {
  const files: Layer[] = [];
  const mistakes: Mistake[] = [];
  for (const [key, node] of Object.entries(schema.properties ?? {})) {
    const path = node.include === undefined ? undefined : valueAt(value, [key, node.include]);
    if (typeof path !== 'string' || node.include === undefined) continue;
    const read = readConfigFile(path);
    if (!read.ok) mistakes.push({ ...read.error, pointer: toPointer([key]) });
    else if (isTree(read.value.value)) files.push({ at: [key], file: read.value });
    else mistakes.push({ code: 'CONFIG_TYPE', pointer: `/${key}`, message: 'expected an object', where: path });
  }
  return { files, mistakes };
}

/** Warnings for files that hold secrets themselves and that others can read. */
function exposedFiles(layers: readonly Layer[], schema: SchemaNode): Mistake[] {
  return layers
    .filter(({ at, file }) => holdsSecret(file.value, at, schema))
    .flatMap(({ file }) => {
      const exposed = exposure(file.path);
      if (!exposed) return [];
      return { ...exposed, where: file.path, hint: `${exposed.hint}, or move the secret to a file of its own` };
    });
}

function holdsSecret(value: unknown, path: Path, schema: SchemaNode): boolean {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'string' && value !== '' && isSecret(path, nodesAlong(schema, path));
  }
  return Object.entries(value).some(([key, child]) => holdsSecret(child, [...path, key], schema));
}
