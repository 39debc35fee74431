import { expectation, type SchemaNode } from './schema.js';

/** The keys of a schema as a Markdown table, with what each accepts and its default. */
export function renderReference(schema: SchemaNode): string {
  const rows = rowsOf(schema, '').map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  return ['| key | value | default | meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function rowsOf(node: SchemaNode, prefix: string): string[][] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    const items = child.items?.properties ? rowsOf(child.items, `${name}[]`) : [];
    const entry = Object.values(child.patternProperties ?? {})[0];
    const entries = entry?.properties ? rowsOf(entry, `${name}.*`) : [];
    return [
      [`\`${name}\``, accepts(child), defaultOf(child), child.description ?? ''],
      ...rowsOf(child, name),
      ...items,
      ...entries,
    ];
  });
}

function accepts(node: SchemaNode): string {
  if (node.items?.properties) return 'a list of objects';
  const entry = Object.values(node.patternProperties ?? {})[0];
  if (entry && !entry.properties) return `an object, each value ${expectation(entry)}`;
  return expectation(node);
}

function defaultOf(node: SchemaNode): string {
  if (node.default === undefined || node.properties) return '';
  return `\`${JSON.stringify(node.default)}\``;
}
