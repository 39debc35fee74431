import type { TSchema } from '@sinclair/typebox';
import { Errors, type ValueError, ValueErrorType } from '@sinclair/typebox/errors';
import { unknownKey } from './assignments.js';
import type { Mistake } from './mistake.js';
import { fromPointer, type Path } from './pointer.js';
import { isSecret } from './redact.js';
import { childOf, expectation, nodeOf, type SchemaNode } from './schema.js';

export interface Validation {
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly Mistake[];
}

/** A value of another type than the schema's; all other errors are of a value that is of the right one. */
const TYPE_ERRORS: ReadonlySet<ValueErrorType> = new Set([
  ValueErrorType.Array,
  ValueErrorType.Boolean,
  ValueErrorType.Integer,
  ValueErrorType.Number,
  ValueErrorType.Object,
  ValueErrorType.String,
]);

/**
 * Everything in `value` that does not fit `schema`. Unknown keys of a peer's objects only warn. The schema is walked
 * along the value: compiling it first, for the one or two values that a process reads, would take longer than all of the
 * rest of reading them.
 */
export function validate(schema: TSchema, value: unknown): Validation {
  const mistakes: Mistake[] = [];
  const warnings: Mistake[] = [];
  const told = new Set<string>();
  for (const error of Errors(schema, value)) {
    // A value that is missing is of a wrong type, too, and one may break several rules at once.
    if (told.has(error.path)) continue;
    told.add(error.path);
    const isPeers = error.type === ValueErrorType.ObjectAdditionalProperties && nodeOf(error.schema).peer !== undefined;
    (isPeers ? warnings : mistakes).push(toMistake(error, schema));
  }
  return { mistakes, warnings };
}

function toMistake({ type, path: pointer, schema, value }: ValueError, root: TSchema): Mistake {
  const path = fromPointer(pointer);
  const node = nodeOf(schema);
  switch (type) {
    case ValueErrorType.ObjectAdditionalProperties: {
      const mistake = unknownKey(path.slice(0, -1), path.at(-1) ?? '', Object.keys(node.properties ?? {}));
      return node.peer === undefined ? mistake : { ...mistake, message: `${mistake.message} (ignored)` };
    }
    case ValueErrorType.ObjectRequiredProperty:
      return { code: 'CONFIG_MISSING', pointer, message: `missing; expected ${expectation(node)}` };
    default: {
      const got = describeValue(value, isSecret(path, nodesAlong(nodeOf(root), path)));
      const code = TYPE_ERRORS.has(type) ? 'CONFIG_TYPE' : 'CONFIG_VALUE';
      return { code, pointer, message: `expected ${expectation(node)}, got ${got}` };
    }
  }
}

/** The schema of each value on the way to `path`, the root's first. */
export function nodesAlong(schema: SchemaNode, path: Path): SchemaNode[] {
  const nodes = [schema];
  for (const key of path) nodes.push(childOf(nodes.at(-1) ?? {}, key, 'exact')?.node ?? {});
  return nodes;
}

/** `the string "80a"`, `a list`; never the text of a secret. */
function describeValue(value: unknown, hidden: boolean): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return value === null ? 'nothing' : 'an object';
  if (hidden) return `a ${typeof value} (not shown: it may be a secret)`;
  if (typeof value !== 'string') return `${typeof value === 'number' ? 'the number ' : ''}${String(value)}`;
  return `the string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`;
}
