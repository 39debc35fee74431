import type { TSchema } from '@sinclair/typebox';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { unknownKey } from './assignments.js';
import type { Mistake, MistakeCode } from './mistake.js';
import { fromPointer, type Path, toPointer } from './pointer.js';
import { isSecret } from './redact.js';
import { annotations, childOf, expectation, nodeOf, type SchemaNode } from './schema.js';

export interface Validation {
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly Mistake[];
}

const ajv = new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true });
for (const keyword of annotations) ajv.addKeyword(keyword);

const compiled = new WeakMap<TSchema, ValidateFunction>();

/** Everything in `value` that does not fit `schema`, in document order. Unknown keys of a peer's objects only warn. */
export function validate(schema: TSchema, value: unknown): Validation {
  const check = compiled.get(schema) ?? ajv.compile(schema);
  compiled.set(schema, check);
  if (check(value)) return { mistakes: [], warnings: [] };
  const errors = check.errors ?? [];
  const unions = errors.filter((error) => error.keyword === 'anyOf').map((error) => `${error.schemaPath}/`);
  const mistakes: Mistake[] = [];
  const warnings: Mistake[] = [];
  for (const error of errors) {
    // The branches of a union say nothing that the union itself does not say better.
    if (unions.some((union) => error.schemaPath.startsWith(union))) continue;
    const parent = nodeOf(error.parentSchema as TSchema);
    const list = error.keyword === 'additionalProperties' && parent.peer !== undefined ? warnings : mistakes;
    list.push(toMistake(error, parent, schema));
  }
  return { mistakes, warnings };
}

function toMistake(error: ErrorObject, parent: SchemaNode, schema: TSchema): Mistake {
  const path = fromPointer(error.instancePath);
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params['additionalProperty']);
      const mistake = unknownKey(path, key, Object.keys(parent.properties ?? {}));
      return parent.peer === undefined ? mistake : { ...mistake, message: `${mistake.message} (ignored)` };
    }
    case 'required': {
      const key = String(error.params['missingProperty']);
      const node = parent.properties?.[key] ?? {};
      return {
        code: 'CONFIG_MISSING',
        pointer: toPointer([...path, key]),
        message: `missing; expected ${expectation(node)}`,
      };
    }
    default: {
      const hidden = isSecret(path, nodesAlong(nodeOf(schema), path));
      const code: MistakeCode = error.keyword === 'type' ? 'CONFIG_TYPE' : 'CONFIG_VALUE';
      const got = describeValue(error.data, hidden);
      return { code, pointer: error.instancePath, message: `expected ${expectation(parent)}, got ${got}` };
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
