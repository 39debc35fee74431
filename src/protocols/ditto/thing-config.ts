import { objectOf, parseJson, type Result, readAs, text } from '../update-agent/index.js';
import { parseThingId, type ThingId } from './envelope.js';

/** What a cloud connector says of the thing that a vehicle is (UM-TH-2). */
export interface ThingConfig {
  readonly thing: ThingId;
  readonly tenantId: string;
  readonly policyId: string;
}

const readMembers = objectOf((member) => ({
  deviceId: member('deviceId', text),
  tenantId: member('tenantId', text),
  policyId: member('policyId', text),
}));

export function readThingConfig(bytes: Uint8Array): Result<ThingConfig> {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return parsed;
  const read = readAs(parsed.value, readMembers);
  if (!read.ok) return read;
  const { deviceId = '', tenantId = '', policyId = '' } = read.value ?? {};
  const thing = parseThingId(deviceId);
  if (!thing) return { ok: false, error: { code: 'wrong_type', detail: `no id of a thing: ${deviceId}` } };
  return { ok: true, value: { thing, tenantId, policyId } };
}
