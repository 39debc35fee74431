import { readThingConfig, type ThingId } from '../ditto/index.js';
import type { Result } from '../result.js';

/** The device as a cloud connector names it, and the thing that stands for its containers (THG-3, THG-4). */
export interface Device {
  readonly thing: ThingId;
  readonly tenantId: string;
  readonly policyId: string;
}

/** Reads the answer of a cloud connector. */
export function readDevice(payload: Uint8Array): Result<Device> {
  const read = readThingConfig(payload);
  if (!read.ok) return read;
  const { thing, tenantId, policyId } = read.value;
  return {
    ok: true,
    value: { thing: { ...thing, name: `${thing.name}:edge:containers` }, tenantId, policyId },
  };
}

export const thingIdOf = ({ namespace, name }: ThingId): string => `${namespace}:${name}`;

/** Nothing would change if one took the place of the other (THG-5). */
export const sameDevice = (one: Device, other: Device): boolean =>
  thingIdOf(one.thing) === thingIdOf(other.thing) && one.tenantId === other.tenantId && one.policyId === other.policyId;
