import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What the spool can keep as part of a key; a certificate may say anything. */
const STORABLE = /^[\x20-\x7e]{1,128}$/;

/** 96 bits of SHA-1: a checksum of 32 would take one record for another, and acknowledge what is lost. */
const digest = (payload: Uint8Array): string => hash('sha1', payload, 'base64url').slice(0, 16);

/**
 * Names a record over connections and restarts, so that a vehicle which never heard the acknowledgement may send it
 * again (FT-ACK-3). The payload belongs to it: a txid is opaque, and the same one with other data is another record
 * (FT-AUTH-5). Without txid, or for a vehicle whose name cannot be kept, there is none.
 */
export function resendKey(vehicle: string, topic: string, txid: Uint8Array, payload: Uint8Array): string | undefined {
  if (txid.length === 0 || !STORABLE.test(vehicle)) return undefined;
  return `${crc32(txid, crc32(topic)).toString(36)}.${digest(payload)}.${vehicle}`;
}
