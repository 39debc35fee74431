import type { Static, TSchema } from '@sinclair/typebox';
import { Ajv, type Options } from 'ajv';
import formats from 'ajv-formats';
import type { FastifySchemaCompiler, FastifyTypeProvider } from 'fastify';

/** Gives a route's `request.body`, `.query` and `.params` the types of its TypeBox schemas. */
export interface TypeBoxTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
  readonly serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
}

/** All mistakes at once, defaults filled in, nothing unknown silently removed. */
const OPTIONS: Options = { allErrors: true, useDefaults: true, removeAdditional: false, allowUnionTypes: true };

/**
 * Validates requests against their schemas. What comes as text (path, query, headers) is read as the type that the
 * schema names; a JSON body has types of its own and must have the right ones.
 */
export function schemaValidator(): FastifySchemaCompiler<TSchema> {
  const strict = formats.default(new Ajv(OPTIONS));
  const fromText = formats.default(new Ajv({ ...OPTIONS, coerceTypes: 'array' }));
  return ({ schema, httpPart }) => (httpPart === 'body' ? strict : fromText).compile(schema);
}
