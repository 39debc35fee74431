/** What Go prints for values (`%v`) and quoted texts (`%q`): the reference's text log is made of both. */

/** From here on Go writes a fraction with an exponent. */
const LARGE = 1e6;
const SMALL = 1e-4;
const SHORT: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};
/** All that is no graphic character, and all spaces but the usual one. */
const UNPRINTABLE = /["\\]|[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** A value as Go's `%v` prints it: maps with their keys in order, lists in brackets. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'number') return numberText(value);
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
    return `map[${members.map(([name, member]) => `${name}:${goText(member)}`).join(' ')}]`;
  }
  return String(value);
}

/** A text in quotes on one line, as Go's `%q` prints it. */
export function goQuoted(text: string): string {
  const inside = text.replace(UNPRINTABLE, (character) => SHORT[character] ?? escaped(character.codePointAt(0) ?? 0));
  return `"${inside}"`;
}

function escaped(code: number): string {
  if (code < 0x80) return `\\x${hex(code, 2)}`;
  // Half of a character is none in Go's UTF-8.
  if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd';
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

function numberText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  // An integer of ours is one of Go's, too.
  if (Number.isSafeInteger(value) || (size >= SMALL && size < LARGE)) return String(value);
  const [mantissa, exponent = ''] = value.toExponential().split('e');
  return `${mantissa}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, '0')}`;
}
