import { existsSync, statSync } from 'node:fs';
import type { Mistake } from './mistake.js';
import { type Path, toPointer } from './pointer.js';
import { readBounded } from './read-file.js';
import type { SchemaNode } from './schema.js';
import type { Sources } from './sources.js';
import { assign, childValue, isTree, valueAt } from './tree.js';

/** A secret is a line of text; anything larger is the wrong file. */
const maxSecretBytes = 64 * 1024;
const suffix = 'File';

export interface WithSecrets {
  readonly value: unknown;
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly Mistake[];
}

/**
 * Reads each file that a key marked `secretFile` names into the key beside it: `tokenFile` into `token`, without the
 * line break at its end. Files that others may read are used, with a warning.
 */
export function readSecretFiles(root: unknown, schema: SchemaNode, sources: Sources): WithSecrets {
  const mistakes: Mistake[] = [];
  const warnings: Mistake[] = [];
  let value = root;
  for (const { path, isInPlace } of secretFilePaths(root, schema, [])) {
    const target = [...path.slice(0, -1), (path.at(-1) ?? '').slice(0, -suffix.length)];
    const file = String(valueAt(root, path));
    const pointer = toPointer(path);
    if (isInPlace) {
      if (existsSync(file)) warnings.push(...exposureAt(pointer, file));
      continue;
    }
    if (valueAt(root, target) !== undefined) {
      const message = `given together with ${target.at(-1)}`;
      mistakes.push({ code: 'CONFIG_CONFLICT', pointer, message, hint: 'keep the file and remove the other' });
      continue;
    }
    try {
      const secret = readBounded(file, maxSecretBytes)?.replace(/\r?\n$/, '');
      if (secret === undefined)
        mistakes.push({ code: 'CONFIG_TOO_LARGE', pointer, message: `${file} is no secret: too large` });
      else if (secret === '') mistakes.push({ code: 'CONFIG_MISSING', pointer, message: `${file} is empty` });
      else value = assign(value, target, secret, sources, { kind: 'file', path: file, position: undefined });
      warnings.push(...exposureAt(pointer, file));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const hint = 'write the secret into that file with mode 0600, or correct the path';
      mistakes.push({ code: 'CONFIG_UNREADABLE', pointer, message: `cannot be read (${reason})`, hint });
    }
  }
  return { value, mistakes, warnings };
}

/** A warning if others than the owner can read a file that holds a secret. Windows has no such modes. */
export function exposure(file: string): Mistake | undefined {
  if (process.platform === 'win32') return undefined;
  const { mode } = statSync(file);
  if ((mode & 0o077) === 0) return undefined;
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  return {
    code: 'CONFIG_SECRET_EXPOSED',
    pointer: '',
    message: `holds a secret and others can read it (mode ${octal})`,
    hint: `chmod 600 ${file}`,
  };
}

function exposureAt(pointer: string, file: string): Mistake[] {
  const exposed = exposure(file);
  return exposed ? [{ ...exposed, pointer, message: `${file} ${exposed.message}` }] : [];
}

interface SecretFile {
  readonly path: Path;
  readonly isInPlace: boolean;
}

function secretFilePaths(value: unknown, node: SchemaNode, path: Path): SecretFile[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => secretFilePaths(item, node.items ?? {}, [...path, String(index)]));
  }
  if (isTree(value)) {
    return Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
      secretFilePaths(childValue(value, key), child, [...path, key]),
    );
  }
  const isNamed = typeof value === 'string' && value !== '' && node.secretFile !== undefined;
  return isNamed ? [{ path, isInPlace: node.secretFile === 'inPlace' }] : [];
}
