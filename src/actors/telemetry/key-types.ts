/** What keys of the configuration are made of. */
import { type TProperties, Type } from '@sinclair/typebox';

/** An object of the reference's file: keys match in any case, unknown ones warn (spec 7.1). */
export const peer = <P extends TProperties>(properties: P, description: string, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, peer: 'fleet-telemetry', description, ...options });
export const text = (description: string, options: object = {}) =>
  Type.Optional(Type.String({ description, ...options }));
export const flag = (description: string, byDefault = false) =>
  Type.Optional(Type.Boolean({ description, default: byDefault }));
export const count = (description: string, options: object = {}) =>
  Type.Optional(Type.Integer({ description, minimum: 0, ...options }));
export const milliseconds = (description: string, byDefault: number) =>
  count(description, { unit: 'milliseconds', maximum: 2 ** 31 - 1, default: byDefault });
export const nanoseconds = (description: string, options: object = {}) =>
  count(description, { unit: 'nanoseconds', ...options });
/** Anything: what it is for is another's business. */
export const later = (description: string) => Type.Optional(Type.Unknown({ description }));
