import { NO_BYTES } from './types.js';

// Both replies are envelopes whose layout depends only on two lengths, so they are copied from templates (section 2.3).

/** Envelope table of a reply up to its first vector, and the empty message_id, which always stands at 0x2c. */
const HEAD = Buffer.from(
  '140000000000' +
    '0e001800140010000f0008000400' + // vtable
    '0e000000' +
    '14000000' + // message_id
    '00000000' + // message, filled in
    '00000000' + // message_type in the last of these bytes, filled in
    '10000000' + // topic, always right behind message_id
    '00000000' + // txid, filled in
    '0000000000000000',
  'hex',
);
const MESSAGE_AT = 0x1c;
const MESSAGE_TYPE_AT = 0x23;
const TXID_AT = 0x28;
const TOPIC_AT = HEAD.length;

/** The stream of an error from its vtable on: its text and three empty vectors. */
const ERROR_TAIL = Buffer.concat([
  Buffer.from('0e00140000001000' + '0c0008000400', 'hex'), // vtable
  Buffer.from('0e00000010000000140000001800000034000000', 'hex'), // table
  Buffer.from('00000000000000000000000000000000', 'hex'), // device_id, device_type
  Buffer.from('18000000', 'hex'),
  Buffer.from('incorrect message format', 'latin1'),
  Buffer.from('000000000000000000000000', 'hex'), // end of the text, sender_id
]);
const ERROR_VTABLE_BYTES = 14;

/** Length of a byte vector: its count, its bytes, a NUL, zeros up to a multiple of 4. */
function vectorBytes(length: number): number {
  return (length + 8) & ~3;
}

function putU32(target: Buffer, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}

/** Writes the vector `bytes` at `at` and zeros up to `end`. */
function putVector(target: Buffer, at: number, bytes: Uint8Array, end: number): void {
  putU32(target, at, bytes.length);
  let next = at + 4;
  if (bytes.length > 64) {
    target.set(bytes, next);
    next += bytes.length;
  } else {
    // For the few bytes of a txid a loop is quicker than a call out of JavaScript.
    for (let i = 0; i < bytes.length; i++) target[next++] = bytes[i] as number;
  }
  while (next < end) target[next++] = 0;
}

/** The ack of a record: message_type 5, with its txid and topic; byte-exact (section 2.3). */
export function encodeAck(txid: Uint8Array, topic: Uint8Array): Uint8Array {
  const txidAt = TOPIC_AT + vectorBytes(topic.length);
  const messageAt = txidAt + vectorBytes(txid.length);
  const reply = Buffer.allocUnsafe(messageAt + vectorBytes(0));
  reply.set(HEAD);
  putU32(reply, MESSAGE_AT, messageAt - MESSAGE_AT);
  reply[MESSAGE_TYPE_AT] = 5;
  putU32(reply, TXID_AT, txidAt - TXID_AT);
  putVector(reply, TOPIC_AT, topic, txidAt);
  putVector(reply, txidAt, txid, messageAt);
  // The union value points to an empty vector instead of a table, as vehicles are used to.
  putVector(reply, messageAt, NO_BYTES, reply.length);
  return reply;
}

/**
 * The refusal of a record: message_type 4, with its txid (empty if it could not be read) and a text that is the same
 * whatever the cause; byte-exact (section 2.3).
 */
export function encodeError(txid: Uint8Array): Uint8Array {
  const txidAt = TOPIC_AT + vectorBytes(0);
  // A vtable needs no more than 2-alignment; the padding in front of it is what puts the table behind it on 4.
  const tableAt = (txidAt + 4 + txid.length + 1 + ERROR_VTABLE_BYTES + 3) & ~3;
  const tailAt = tableAt - ERROR_VTABLE_BYTES;
  const reply = Buffer.allocUnsafe(tailAt + ERROR_TAIL.length);
  reply.set(HEAD);
  putU32(reply, MESSAGE_AT, tableAt - MESSAGE_AT);
  reply[MESSAGE_TYPE_AT] = 4;
  putU32(reply, TXID_AT, txidAt - TXID_AT);
  putVector(reply, TOPIC_AT, NO_BYTES, txidAt);
  putVector(reply, txidAt, txid, tailAt);
  reply.set(ERROR_TAIL, tailAt);
  return reply;
}
