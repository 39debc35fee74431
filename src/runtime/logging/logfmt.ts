const FIRST = ['time', 'level', 'msg'];
const PLAIN = /^[\w.\-/@^+:]+$/;
const UNSAFE_NAME = /[^\w.\-/@]/g;
/** Control characters that JSON leaves as they are and a terminal may obey. */
const CONTROL = /[\u007f-\u009f\u2028\u2029]/g;

/**
 * One logfmt line, without its end: time, level and message, then the other fields by name. Nested fields are written
 * `outer.inner=value`, lists as JSON. Whatever a field holds, it stays on its line.
 */
export function logfmt(record: Readonly<Record<string, unknown>>): string {
  const pairs: string[] = [];
  for (const name of FIRST) if (record[name] !== undefined) pairs.push(`${name}=${value(record[name])}`);
  for (const name of Object.keys(record).sort()) if (!FIRST.includes(name)) field(name, record[name], pairs);
  return pairs.join(' ');
}

function field(name: string, member: unknown, pairs: string[]): void {
  if (typeof member === 'object' && member !== null && !Array.isArray(member)) {
    for (const [inner, nested] of Object.entries(member)) field(`${name}.${inner}`, nested, pairs);
    return;
  }
  pairs.push(`${name.replace(UNSAFE_NAME, '_')}=${value(member)}`);
}

function value(member: unknown): string {
  const text = typeof member === 'string' ? member : typeof member === 'bigint' ? `${member}` : jsonOf(member);
  if (PLAIN.test(text)) return text;
  return JSON.stringify(text).replace(CONTROL, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

const jsonOf = (member: unknown): string =>
  JSON.stringify(member, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner)) ?? '';
