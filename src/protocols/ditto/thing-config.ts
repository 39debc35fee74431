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

const LONGEST = 512;
/** What no level of a topic may hold, whether of MQTT or of Ditto. */
const UNFIT = /[/+#\0]/;

/** Reads the answer of a cloud connector; an id that would lead to other topics is refused. */
export function readThingConfig(bytes: Uint8Array): Result<ThingConfig> {
  const parsed = parseJson(bytes);
  if (!parsed.ok) return parsed;
  const read = readAs(parsed.value, readMembers);
  if (!read.ok) return read;
  const { deviceId = '', tenantId = '', policyId = '' } = read.value ?? {};
  const thing = parseThingId(deviceId);
  const refused = (detail: string) => ({ ok: false, error: { code: 'wrong_type', detail } }) as const;
  for (const [name, part] of Object.entries({ deviceId, tenantId, policyId })) {
    if (part.length > LONGEST) return refused(`${name} is longer than ${LONGEST} characters`);
    if (UNFIT.test(part)) return refused(`${name} cannot be part of a topic: ${part}`);
  }
  if (!thing) return refused(`no id of a thing: ${deviceId}`);
  return { ok: true, value: { thing, tenantId, policyId } };
}
