import { type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox';
import { fold } from './suggest.js';

/**
 * A schema as the loader, the validator and the explanation see it: JSON Schema plus annotations, which the sections
 * write as plain TypeBox options, so that they need nothing of this folder:
 *
 * - `peer: NAME` an object of a peer's own file: keys match in any case, unknown keys are warnings;
 * - `secret: true` never shown; `secret: false` shown although the name sounds like one (a path to a key file);
 * - `secretFile: true` on `xFile`: the path of a file that holds `x`, which is read into the sibling `x`;
 *   `secretFile: 'inPlace'` a path that is used as it is, but looked at for who may read it;
 * - `hidesUnknown: true` of an object whose keys are a peer's: what stands under a key that it does not declare may be a
 *   secret with a mistyped name, and is never shown;
 * - `include: KEY` the object may name, under that key, a file whose contents stand beneath its own keys;
 * - `unit` of a number; `expects` words for what a pattern or union accepts.
 */
export interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly const?: unknown;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly peer?: string;
  readonly secret?: boolean;
  readonly secretFile?: boolean | 'inPlace';
  readonly hidesUnknown?: boolean;
  readonly include?: string;
  readonly unit?: string;
  readonly expects?: string;
}

/** A configuration file's schema from its sections; a key that no section declares is a mistake. */
export function composeSchema<S extends TProperties>(title: string, sections: S): TObject<S> {
  return Type.Object(sections, { title, additionalProperties: false });
}

/** The same schema seen as JSON Schema. */
export function nodeOf(schema: TSchema): SchemaNode {
  return schema as SchemaNode;
}

/** How a key is matched against the declared ones. */
export type KeyMatch = 'exact' | 'anyCase' | 'folded';

/** A declared child of an object or list schema under its proper key, or undefined if nothing declares it. */
export function childOf(node: SchemaNode, key: string, match: KeyMatch): { key: string; node: SchemaNode } | undefined {
  if (node.items) return /^\d{1,6}$/.test(key) ? { key, node: node.items } : undefined;
  const properties = node.properties ?? {};
  if (Object.hasOwn(properties, key)) return { key, node: properties[key] ?? {} };
  if (match !== 'exact') {
    const normal = match === 'folded' ? fold : (text: string) => text.toLowerCase();
    for (const [name, child] of Object.entries(properties)) {
      if (normal(name) === normal(key)) return { key: name, node: child };
    }
  }
  const anyKey = Object.values(node.patternProperties ?? {})[0];
  if (anyKey) return { key, node: anyKey };
  return node.type === undefined && !node.anyOf && !node.properties ? { key, node: {} } : undefined;
}

/** What a value must be, in words: `an integer from 0 to 65535`, `one of "json", "pretty"`. */
export function expectation(node: SchemaNode): string {
  if (node.expects !== undefined) return node.expects;
  if (node.anyOf) {
    const literals = node.anyOf.every((branch) => branch.const !== undefined);
    const words = node.anyOf.map(expectation);
    return literals ? `one of ${words.join(', ')}` : words.join(' or ');
  }
  if (node.const !== undefined) return JSON.stringify(node.const);
  switch (node.type) {
    case 'integer':
    case 'number':
      return `${node.type === 'integer' ? 'an integer' : 'a number'}${range(node)}${unit(node)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return node.items ? `a list, each item ${expectation(node.items)}` : 'a list';
    case 'object':
      return 'an object';
    case 'string':
      return (node.minLength ?? 0) > 0 ? 'a non-empty string' : 'a string';
    default:
      return 'any value';
  }
}

function range({ minimum, maximum }: SchemaNode): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum !== undefined ? ` of at most ${maximum}` : '';
}

function unit(node: SchemaNode): string {
  return node.unit === undefined ? '' : ` (${node.unit})`;
}
