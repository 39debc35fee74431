// Compares the rules that the project keeps with the tests that prove them: `node scripts/check-rules.mjs`.
// test/conformance/rules.json lists the rules by the beginning of their ids: those that are covered, and those that come
// later. Fails on a covered rule without a test, a later one that has a test, an id that is none, and a conformance test
// that names no rule.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const { covered, later } = JSON.parse(readFileSync('test/conformance/rules.json', 'utf8'));
const coveredRules = new Set(idsOf(covered));
const laterRules = new Set(idsOf(later));
const prefixes = [...new Set([...Object.keys(covered), ...Object.keys(later)])];
const ID = new RegExp(`(?<![\\w-])(?:${prefixes.join('|')})-\\d+(?![\\w-]*-\\d)`, 'g');
/** What a title of a conformance test begins with: rules, or the section of the specification. */
const NAMED = /^(?:[A-Z]+-)+\d+|^(?:spec )?\d+\.\d+/;

const proofs = new Map();
const unnamed = [];
for (const file of testFiles()) {
  const text = withoutComments(readFileSync(file, 'utf8'));
  for (const [id] of text.matchAll(ID)) proofs.set(id, file);
  if (!file.startsWith(join('test', 'conformance'))) continue;
  for (const [, title] of text.matchAll(/^\s*(?:test|it)\(\s*['"`](.*)/gm)) {
    if (!NAMED.test(title) && !title.startsWith('${')) unnamed.push(`${file}: "${title.slice(0, 60)}" names no rule`);
  }
}

const problems = [
  ...[...coveredRules].filter((id) => !proofs.has(id)).map((id) => `${id}: listed as covered, and no test names it`),
  ...[...laterRules]
    .filter((id) => proofs.has(id))
    .map((id) => `${id}: listed as later, but ${proofs.get(id)} names it`),
  ...[...proofs]
    .filter(([id]) => !coveredRules.has(id) && !laterRules.has(id))
    .map(([id, file]) => `${file}: ${id} is no rule that test/conformance/rules.json lists`),
  ...unnamed,
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log(`${coveredRules.size} rules are covered by tests, ${laterRules.size} come later`);

function idsOf(rules) {
  return Object.entries(rules).flatMap(([prefix, numbers]) => numbers.map((number) => `${prefix}-${number}`));
}

function testFiles() {
  const names = readdirSync('test', { recursive: true }).map(String);
  return names.filter((name) => name.endsWith('.ts')).map((name) => join('test', name));
}

/** A comment proves nothing. */
function withoutComments(text) {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}
