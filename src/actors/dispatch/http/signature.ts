import { createHmac } from 'node:crypto';

/** Of requests: `t=SECONDS,v1=HEX`. */
export const SIGNATURE_HEADER = 'Fleetchart-Signature';

/**
 * The value of the header: HMAC-SHA-256 over the time in decimal epoch seconds, a dot, and the body as it goes over the
 * wire, compressed if it is. The time lets a receiver refuse what somebody recorded and sends again.
 */
export function signatureOf(secret: string, epochSeconds: number, body: Uint8Array): string {
  const digest = createHmac('sha256', secret).update(`${epochSeconds}.`).update(body).digest('hex');
  return `t=${epochSeconds},v1=${digest}`;
}
