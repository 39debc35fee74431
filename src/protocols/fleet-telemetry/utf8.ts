import { PayloadFault } from './payload-result.js';

/**
 * Checks that `bytes` from `start` to `end` are UTF-8 as every proto3 text field must be (FT-PB-2): no overlong form, no
 * surrogate, nothing above U+10FFFF. Throws a {@link PayloadFault}.
 */
export function checkUtf8(bytes: Uint8Array, start: number, end: number): void {
  let position = start;
  while (position < end) {
    const lead = bytes[position] as number;
    if (lead < 0x80) position += 1;
    else position = afterSequence(bytes, position, end, lead);
  }
}

/** Where the character of more than one byte that begins at `position` ends. */
function afterSequence(bytes: Uint8Array, position: number, end: number, lead: number): number {
  let length: number;
  let lowestSecond = 0x80;
  let highestSecond = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead === 0xe0) lowestSecond = 0xa0;
    if (lead === 0xed) highestSecond = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead === 0xf0) lowestSecond = 0x90;
    if (lead === 0xf4) highestSecond = 0x8f;
  } else throw notUtf8(position);
  if (position + length > end) throw notUtf8(position);
  const second = bytes[position + 1] as number;
  if (second < lowestSecond || second > highestSecond) throw notUtf8(position);
  for (let index = 2; index < length; index += 1) {
    if (((bytes[position + index] as number) & 0xc0) !== 0x80) throw notUtf8(position);
  }
  return position + length;
}

function notUtf8(offset: number): PayloadFault {
  return new PayloadFault({ code: 'PAYLOAD_NOT_UTF8', detail: `invalid UTF-8 in a text field`, offset });
}
