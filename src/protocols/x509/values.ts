import { DerError, type Element, TAG } from './der.js';

/** Text of any of the string types of distinguished names; undefined for what is no text. */
export function textOf(bytes: Buffer, element: Element): string | undefined {
  const { contentStart, end } = element;
  switch (element.tag) {
    case TAG.utf8String:
      return bytes.toString('utf8', contentStart, end);
    case TAG.printableString:
    case TAG.numericString:
    case TAG.ia5String:
    case TAG.visibleString:
    case TAG.teletexString:
      return bytes.toString('latin1', contentStart, end);
    case TAG.bmpString:
      return wideText(bytes, element, 2);
    case TAG.universalString:
      return wideText(bytes, element, 4);
    default:
      return undefined;
  }
}

/** Big-endian characters of `width` bytes each. */
function wideText(bytes: Buffer, { contentStart, end, start }: Element, width: 2 | 4): string {
  if ((end - contentStart) % width !== 0) throw new DerError('X509_MALFORMED', 'text ends within a character', start);
  let text = '';
  for (let at = contentStart; at < end; at += width) {
    const character = bytes.readUIntBE(at, width);
    if (character > 0x10ffff) throw new DerError('X509_MALFORMED', 'text has no such character', at);
    text += width === 2 ? String.fromCharCode(character) : String.fromCodePoint(character);
  }
  return text;
}

/** Longer arcs than this do not fit a double exactly (a UUID as an arc has 128 bits). */
const SAFE_ARC = 2 ** 45;

/** More than any identifier in use; without a bound, adding up one endless arc costs the square of its length. */
const LONGEST_OID_BYTES = 128;

/** Dotted form of an object identifier. */
export function oidOf(bytes: Buffer, { contentStart, end, start }: Element): string {
  if (end - contentStart > LONGEST_OID_BYTES) throw new DerError('X509_MALFORMED', 'object identifier too long', start);
  const arcs: string[] = [];
  let arc: number | bigint = 0;
  for (let at = contentStart; at < end; at++) {
    const byte = bytes[at] as number;
    if (typeof arc === 'number' && arc < SAFE_ARC) arc = arc * 128 + (byte & 0x7f);
    else arc = BigInt(arc) * 128n + BigInt(byte & 0x7f);
    if (byte >= 0x80) continue;
    if (arcs.length > 0) arcs.push(String(arc));
    else if (arc < 80) arcs.push(arc < 40 ? '0' : '1', String(Number(arc) % 40));
    else arcs.push('2', String(BigInt(arc) - 80n));
    arc = 0;
  }
  if (arcs.length === 0 || (bytes[end - 1] as number) >= 0x80) {
    throw new DerError('X509_MALFORMED', 'object identifier is cut short', start);
  }
  return arcs.join('.');
}

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** Epoch milliseconds of a validity bound (RFC 5280 §4.1.2.5: always with seconds, always Z). */
export function timeOf(bytes: Buffer, element: Element): number {
  const text = bytes.toString('latin1', element.contentStart, element.end);
  const isShort = element.tag === TAG.utcTime;
  const match =
    isShort || element.tag === TAG.generalizedTime ? (isShort ? UTC_TIME : GENERALIZED_TIME).exec(text) : null;
  if (!match) throw new DerError('X509_MALFORMED', 'time is not of RFC 5280', element.start);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const fullYear = !isShort ? year : year < 50 ? 2000 + year : 1900 + year;
  const at = new Date(0);
  at.setUTCFullYear(fullYear, month - 1, day);
  at.setUTCHours(hour, minute, second);
  return at.getTime();
}

/** Upper-case hex of an INTEGER without leading zeros, `-` in front if negative. */
export function integerOf(bytes: Buffer, { contentStart, end, start }: Element): string {
  if (end === contentStart) throw new DerError('X509_MALFORMED', 'integer without content', start);
  const isNegative = (bytes[contentStart] as number) >= 0x80;
  if (isNegative) return `-${bytes.toString('hex', contentStart, end).toUpperCase()}`;
  const digits = bytes.toString('hex', contentStart, end).toUpperCase();
  return digits.replace(/^(?:00)+(?=..)/, '');
}
