/** Texts that stand in JSON as they are, and in the HTML that Go thinks of. */
const SAFE = /^[\w\-./: @+]*$/;
/** What Go escapes beside what JSON demands, so that a text may stand in HTML. */
const HTML = /[<>&\u2028\u2029]/g;

/**
 * JSON of plain data as Go writes it: members in the order of their names. Those without a value are left out, a
 * bigint is written as the integer it is, and what is no number is `null`.
 */
export function goJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      if (Object.is(value, -0)) return '-0';
      return Number.isFinite(value) ? String(value) : 'null';
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? list(value) : members(value as Readonly<Record<string, unknown>>);
    default:
      return 'null';
  }
}

function list(items: readonly unknown[]): string {
  return `[${items.map(goJson).join(',')}]`;
}

function members(record: Readonly<Record<string, unknown>>): string {
  let text = '';
  for (const name of Object.keys(record).sort()) {
    const member = record[name];
    if (member !== undefined) text += `${text === '' ? '' : ','}${quoted(name)}:${goJson(member)}`;
  }
  return `{${text}}`;
}

function quoted(text: string): string {
  if (SAFE.test(text)) return `"${text}"`;
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replace(HTML, escaped);
}
