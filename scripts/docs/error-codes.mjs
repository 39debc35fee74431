// Compares the error codes in the source with the rows of the reference.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** HTTP codes have their table, with status codes, in a page of their own. */
const PAGES = ['docs/reference/errors.md', 'docs/reference/http.md'];

const CODE = '[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+';
/** Where only a code of our own can stand. */
const MADE_HERE = new RegExp(`(?:new \\w*Error\\(|\\w*[eE]rror\\(|\\bcode: )\\s*'(${CODE})'`, 'g');

/** A text that is a code, or begins with one. */
const LITERAL = new RegExp(`['\`](${CODE})(?='|: )`, 'g');

/** What is wrong: codes without a row, rows without a code. */
export function errorCodeProblems() {
  const documented = new Map();
  for (const page of PAGES) {
    for (const [, code] of readFileSync(page, 'utf8').matchAll(new RegExp(`^\\| \`(${CODE})\` \\|`, 'gm'))) {
      documented.set(code, page);
    }
  }
  const areas = new Set([...documented.keys()].map(areaOf));
  const used = new Map();
  for (const file of sources()) {
    const text = readFileSync(file, 'utf8');
    for (const [, code] of text.matchAll(MADE_HERE)) used.set(code, file);
    for (const [, code] of text.matchAll(LITERAL)) if (areas.has(areaOf(code))) used.set(code, file);
  }
  const missing = [...used].filter(([code]) => !documented.has(code));
  const stale = [...documented].filter(([code]) => !used.has(code));
  return [
    ...missing.map(([code, file]) => `${PAGES[0]}: no row for ${code} of ${file}`),
    ...stale.map(([code, page]) => `${page}: a row for ${code}, which no source file names`),
  ].sort();
}

const areaOf = (code) => code.slice(0, code.indexOf('_'));

/** The page in the browser has no codes of its own. */
function sources() {
  const names = readdirSync('src', { recursive: true }).map(String);
  return names.filter((name) => name.endsWith('.ts') && !name.startsWith('console')).map((name) => join('src', name));
}
