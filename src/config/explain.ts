import { Document, isCollection, isMap, isPair, isScalar, isSeq, type Node } from 'yaml';
import { type Path, toPointer } from './pointer.js';
import { redact } from './redact.js';
import type { SchemaNode } from './schema.js';
import { describeSource, type Sources } from './sources.js';

/** One value of the effective configuration and who set it; secrets are redacted. */
export interface Explained {
  readonly pointer: string;
  readonly value: unknown;
  readonly source: string;
}

/** Each value of the effective configuration, in order, with its source. Lists of plain values are one value. */
export function explain(value: unknown, schema: SchemaNode, sources: Sources): Explained[] {
  return leaves(redact(value, schema), []).map(({ path, leaf }) => ({
    pointer: toPointer(path),
    value: leaf,
    source: sourceName(path, sources),
  }));
}

/** The effective configuration as YAML that says behind each value where it is from. */
export function renderExplained(value: unknown, schema: SchemaNode, sources: Sources): string {
  const document = new Document(redact(value, schema));
  annotate(document.contents, [], sources);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function annotate(node: unknown, path: Path, sources: Sources): void {
  if (isMap(node) && node.items.length > 0) {
    for (const pair of node.items) {
      if (isPair(pair) && isScalar(pair.key)) annotate(pair.value, [...path, String(pair.key.value)], sources);
    }
  } else if (isSeq(node) && node.items.some(isCollection)) {
    for (const [index, item] of node.items.entries()) annotate(item, [...path, String(index)], sources);
  } else if (isScalar(node) || isCollection(node)) {
    if (isCollection(node)) node.flow = true;
    (node as Node).comment = ` ${sourceName(path, sources)}`;
  }
}

function leaves(value: unknown, path: Path): { path: Path; leaf: unknown }[] {
  const isBranch =
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length > 0 &&
    (!Array.isArray(value) || value.some((item) => typeof item === 'object'));
  if (!isBranch) return [{ path, leaf: value }];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]));
}

function sourceName(path: Path, sources: Sources): string {
  const source = sources.of(path);
  if (source === undefined) return 'default';
  return source.kind === 'file' ? `file ${describeSource(source)}` : describeSource(source);
}
