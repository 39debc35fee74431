import type { DatumView } from './datum-view.js';
import { rewriteFloatText } from './float-text.js';
import { parseLocation } from './location.js';
import type { WireWriter } from './wire-writer.js';

const DATA = 1;
const VALUE = 2;
const STRING_VALUE = 1;
const LOCATION_VALUE = 7;

/**
 * The whole field `data` that stands for a datum whose text is a position or a number to be written otherwise, or
 * undefined for a datum that stays as it is. `start` and `end` are the span of the datum's content.
 */
export function rewriteDatum(
  writer: WireWriter,
  bytes: Buffer,
  datum: DatumView,
  start: number,
  end: number,
  isFirstLocation: boolean,
): Uint8Array | undefined {
  if (datum.member !== STRING_VALUE) return undefined;
  const writeMember = (isFirstLocation ? locationMember(bytes, datum) : undefined) ?? floatTextMember(bytes, datum);
  if (writeMember === undefined) return undefined;
  writer.message(DATA, () => {
    writer.raw(bytes, start, datum.valueStart);
    writer.message(VALUE, () => {
      writer.raw(bytes, datum.valueContent, datum.memberStart);
      writeMember(writer);
      writer.raw(bytes, datum.memberEnd, datum.valueEnd);
    });
    writer.raw(bytes, datum.valueEnd, end);
  });
  return writer.finish();
}

type WriteMember = (writer: WireWriter) => void;

/** FT-TX-2. */
function locationMember(bytes: Buffer, datum: DatumView): WriteMember | undefined {
  if (bytes[datum.memberContent] !== OPENING_PARENTHESIS) return undefined;
  const position = parseLocation(textOf(bytes, datum));
  if (position === undefined) return undefined;
  return (writer) => {
    writer.message(LOCATION_VALUE, () => {
      writer.double(1, position.latitude);
      writer.double(2, position.longitude);
    });
  };
}

/** FT-TX-3. */
function floatTextMember(bytes: Buffer, datum: DatumView): WriteMember | undefined {
  if (!mayBeFloatText(bytes, datum.memberContent, datum.memberEnd)) return undefined;
  const text = rewriteFloatText(textOf(bytes, datum));
  return text === undefined ? undefined : (writer) => writer.text(STRING_VALUE, text);
}

const OPENING_PARENTHESIS = 0x28;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const LOWER_CASE_E = 0x65;
const PLUS = 0x2b;
const MINUS = 0x2d;

/** Sorts out nearly all texts without making a string of them: an exponent must stand at the end. */
function mayBeFloatText(bytes: Uint8Array, start: number, end: number): boolean {
  let position = end - 1;
  while (position > start && isDigit(bytes[position] as number)) position -= 1;
  if (position === end - 1) return false;
  const sign = bytes[position];
  if (sign === PLUS || sign === MINUS) position -= 1;
  return position > start && ((bytes[position] as number) | 0x20) === LOWER_CASE_E;
}

function isDigit(byte: number): boolean {
  return byte >= DIGIT_0 && byte <= DIGIT_9;
}

function textOf(bytes: Buffer, datum: DatumView): string {
  return bytes.toString('utf8', datum.memberContent, datum.memberEnd);
}
