import { PayloadFault } from './payload-result.js';
import { BYTES, WireReader } from './wire.js';
import { WireWriter } from './wire-writer.js';

const TEXT_TAG = (1 << 3) | BYTES;
const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * The bytes of a message `Value` with its text cut to so many bytes, between characters; without anything if what is
 * long in it is no text. Never throws.
 */
export function shortenedValue(bytes: Uint8Array, mostTextBytes: number): Uint8Array {
  try {
    const reader = new WireReader(bytes);
    if (reader.tag(bytes.length) !== TEXT_TAG) return NOTHING;
    const end = reader.lengthEnd(bytes.length);
    let cut = Math.min(end, reader.position + mostTextBytes);
    while (cut < end && cut > reader.position && ((bytes[cut] as number) & 0xc0) === 0x80) cut--;
    const writer = new WireWriter();
    const text = reader.bytes.toString('utf8', reader.position, cut);
    writer.text(1, text);
    return writer.finish();
  } catch (fault) {
    if (fault instanceof PayloadFault) return NOTHING;
    throw fault;
  }
}
