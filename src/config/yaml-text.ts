import type { Document, LineCounter, Node } from 'yaml';
import type { Path } from './pointer.js';
import type { Position } from './sources.js';
import { yamlLibrary } from './yaml-library.js';

/** Most values that YAML aliases may stand for, so that a few lines cannot expand to gigabytes. */
const maxAliases = 100;

const YAML_HINT = 'check the indentation and the quotes before it; tabs are not allowed';

/** What is no YAML, at `line:column`. */
export class YamlMistake extends Error {
  constructor(
    readonly place: string,
    message: string,
    readonly hint: string | undefined,
  ) {
    super(message);
  }
}

/** A text of YAML, or JSON, that is parsed when its value is asked for, or where something stands in it. */
export class YamlText {
  private parsed: { readonly document: Document.Parsed; readonly lines: LineCounter } | undefined;

  constructor(private readonly text: string) {}

  /** Throws {@link YamlMistake}, or a RangeError for what would take all memory. */
  value(): unknown {
    const { document, lines } = this.parse();
    const { YAMLError } = yamlLibrary();
    const error = document.errors[0] ?? duplicateKey(document.contents);
    if (error instanceof YAMLError && error.code === 'RESOURCE_EXHAUSTION') throw new RangeError(error.message);
    if (error) {
      const { line, col } = lines.linePos(error.pos[0]);
      throw new YamlMistake(`${line}:${col}`, error.message, error instanceof YAMLError ? YAML_HINT : undefined);
    }
    return document.toJS({ maxAliasCount: maxAliases });
  }

  /** Where a path's key stands. */
  locate(path: Path): Position | undefined {
    const { isAlias, isMap, isScalar, isSeq } = yamlLibrary();
    const { document, lines } = this.parse();
    let node: unknown = document.contents;
    let place: Node | undefined;
    for (const key of path) {
      if (isAlias(node)) node = node.resolve(document);
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && sameKey(item.key.value, key));
        place = pair && isScalar(pair.key) ? pair.key : undefined;
        node = pair?.value;
      } else if (isSeq(node)) {
        node = node.items[Number(key)];
        place = node as Node | undefined;
      } else {
        return undefined;
      }
    }
    const offset = place?.range?.[0];
    if (offset === undefined) return undefined;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  }

  private parse() {
    if (this.parsed) return this.parsed;
    const { LineCounter, parseDocument } = yamlLibrary();
    const lines = new LineCounter();
    // The library compares each key with all others; duplicates are looked for in one pass of our own.
    const options = { lineCounter: lines, prettyErrors: false, stringKeys: true, uniqueKeys: false };
    this.parsed = { document: parseDocument(this.text, options), lines };
    return this.parsed;
  }
}

/** The first key that stands twice in one object. */
function duplicateKey(node: unknown): { pos: readonly [number]; message: string } | undefined {
  const { isMap, isScalar, isSeq } = yamlLibrary();
  if (isSeq(node)) return firstOf(node.items, duplicateKey);
  if (!isMap(node)) return undefined;
  const seen = new Set<unknown>();
  return firstOf(node.items, ({ key, value }) => {
    const name = isScalar(key) ? key.value : key;
    if (!seen.has(name)) {
      seen.add(name);
      return duplicateKey(value);
    }
    return { pos: [(key as Node).range?.[0] ?? 0], message: `the key ${String(name)} is given twice` };
  });
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Keys of peers' files were matched in any case. */
function sameKey(inFile: unknown, key: string): boolean {
  return String(inFile).toLowerCase() === key.toLowerCase();
}
