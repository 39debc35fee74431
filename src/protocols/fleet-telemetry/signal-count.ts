import { BYTES, WireReader } from './wire.js';

const FIRST_FIELD_TAG = (1 << 3) | BYTES;

/**
 * How many signals (topic `V`) or alerts (topic `alerts`) a well-formed payload has, by a look at its outermost fields
 * only; 0 for other topics (FT-MET-1). Of a malformed payload, those before the mistake. Never throws.
 */
export function signalCount(topic: string, payload: Uint8Array): number {
  if (topic !== 'V' && topic !== 'alerts') return 0;
  const reader = new WireReader(payload);
  const end = payload.length;
  let count = 0;
  try {
    while (reader.position < end) {
      const tag = reader.tag(end);
      reader.skip(tag, end, 0);
      if (tag === FIRST_FIELD_TAG) count += 1;
    }
  } catch {
    return count;
  }
  return count;
}
