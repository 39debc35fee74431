/** The authentication protocol of ZeroMQ (RFC 27): what a socket asks its handler about each client, and the answer. */
import type { Result } from '../result.js';
import { z85Encode } from './z85.js';

/** Where the handler of a context has to listen. */
export const ZAP_ADDRESS = 'inproc://zeromq.zap.01';

const VERSION = '1.0';
const FIXED_FRAMES = 6;
const KEY_BYTES = 32;

export interface ZapRequest {
  /** To be returned as it is. */
  readonly id: Uint8Array;
  readonly domain: string;
  /** Of the client. */
  readonly address: string;
  readonly mechanism: string;
  /** The client's public key in Z85; undefined for mechanisms other than CURVE. */
  readonly publicKey: string | undefined;
}

export function decodeZapRequest(frames: readonly Uint8Array[]): Result<ZapRequest> {
  const [version, id, domain, address, , mechanism, ...credentials] = frames;
  if (!version || !id || !domain || !address || !mechanism || frames.length < FIXED_FRAMES) {
    return invalid(`${frames.length} frames`);
  }
  if (text(version) !== VERSION) return invalid(`version ${JSON.stringify(text(version).slice(0, 20))}`);
  const request = { id, domain: text(domain), address: text(address), mechanism: text(mechanism) };
  if (request.mechanism !== 'CURVE') return { ok: true, value: { ...request, publicKey: undefined } };
  const [key] = credentials;
  if (key?.length !== KEY_BYTES || credentials.length !== 1) return invalid('a CURVE request without a key');
  return { ok: true, value: { ...request, publicKey: z85Encode(key) } };
}

export type ZapAnswer = 'allowed' | 'denied' | 'failed';

const STATUS: Readonly<Record<ZapAnswer, readonly [string, string]>> = {
  allowed: ['200', 'OK'],
  denied: ['400', 'NO ACCESS'],
  failed: ['500', 'INTERNAL ERROR'],
};

/** The frames of an answer; a request whose id could not be read is answered without one. */
export function encodeZapReply(id: Uint8Array, answer: ZapAnswer, userId = ''): (string | Uint8Array)[] {
  const [status, reason] = STATUS[answer];
  return [VERSION, id, status, reason, userId, ''];
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

const invalid = (detail: string): Result<never> => ({ ok: false, error: { code: 'ZAP_INVALID', detail } });
