// Compares the rules that the project keeps with the tests that prove them. test/conformance/rules.json lists the rules by
// the beginning of their ids: those that are covered by a test, and those whose test comes later.
//
//   node scripts/check-rules.mjs          fails on a covered rule without a test, a later one that has a test, and an id
//                                         that is none
//   node scripts/check-rules.mjs --list   also lists the rules without a test, and conformance tests that name no rule
//   node scripts/check-rules.mjs --write  moves later rules that have a test to the covered ones
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LIST = 'test/conformance/rules.json';
/** Of the formatter. */
const LINE_WIDTH = 120;
const { covered, later } = JSON.parse(readFileSync(LIST, 'utf8'));
const coveredRules = new Set(idsOf(covered));
const laterRules = new Set(idsOf(later));
const prefixes = [...new Set([...Object.keys(covered), ...Object.keys(later)])];
const ID = new RegExp(`(?<![\\w-])(?:${prefixes.join('|')})-\\d+(?![\\w-]*-\\d)`, 'g');
/** What a title begins with: a rule, a section of the specification, or an error code. */
const NAMED = /^(?:[A-Z]+-)+\d|^(?:spec )?\d+\.\d+|^[A-Z0-9]+_[A-Z_*]+/;

const proofs = new Map();
const unnamed = [];
for (const file of testFiles()) {
  const text = withoutComments(readFileSync(file, 'utf8'));
  for (const [id] of text.matchAll(ID)) proofs.set(id, file);
  if (file.startsWith(join('test', 'conformance'))) unnamed.push(...unnamedTests(file, text));
}

const proven = [...laterRules].filter((id) => proofs.has(id));
if (process.argv.includes('--write') && proven.length > 0) {
  writeFileSync(
    LIST,
    listOf(
      [...coveredRules, ...proven],
      [...laterRules].filter((id) => !proofs.has(id)),
    ),
  );
  console.log(`covered now: ${proven.join(', ')}`);
  process.exit();
}
if (process.argv.includes('--list')) {
  console.log(`without a test: ${[...laterRules].join(', ')}`);
  for (const line of unnamed) console.log(line);
}
const problems = [
  ...[...coveredRules].filter((id) => !proofs.has(id)).map((id) => `${id}: listed as covered, and no test names it`),
  ...proven.map((id) => `${id}: listed as later, and ${proofs.get(id)} names it: npm run docs moves it`),
  ...[...proofs]
    .filter(([id]) => !coveredRules.has(id) && !laterRules.has(id))
    .map(([id, file]) => `${file}: ${id} is no rule that ${LIST} lists`),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log(`${coveredRules.size} rules are covered by tests, the tests of ${laterRules.size} come later`);

function idsOf(rules) {
  return Object.entries(rules).flatMap(([prefix, numbers]) => numbers.map((number) => `${prefix}-${number}`));
}

/** The file's text, as the formatter leaves it. */
function listOf(coveredIds, laterIds) {
  const section = (ids) => {
    const numbersOf = (prefix) =>
      ids
        .filter((id) => id.slice(0, id.lastIndexOf('-')) === prefix)
        .map((id) => Number(id.slice(prefix.length + 1)))
        .sort((a, b) => a - b);
    const rows = prefixes.sort().map((prefix) => [prefix, numbersOf(prefix)]);
    const lines = rows.filter(([, numbers]) => numbers.length > 0);
    return `{\n${lines.map(([prefix, numbers]) => rowOf(`    "${prefix}": [`, numbers)).join(',\n')}\n  }`;
  };
  return `{\n  "covered": ${section(coveredIds)},\n  "later": ${section(laterIds)}\n}\n`;
}

/** On one line, or in as many full ones as it takes. */
function rowOf(opening, numbers) {
  const row = `${opening}${numbers.join(', ')}]`;
  if (row.length <= LINE_WIDTH - 1) return row;
  const lines = [];
  for (const number of numbers) {
    const line = lines.at(-1);
    const longer = `${line}, ${number}`;
    if (line !== undefined && longer.length < LINE_WIDTH) lines[lines.length - 1] = longer;
    else lines.push(`      ${number}`);
  }
  return `${opening}\n${lines.join(',\n')}\n    ]`;
}

function unnamedTests(file, text) {
  let isGroupNamed = false;
  return text.split('\n').flatMap((line) => {
    const [, call, title] = /^\s*(describe|suite|test|it)\(\s*['"`](.*)/.exec(line) ?? [];
    if (call === undefined) return [];
    if (call === 'describe' || call === 'suite') {
      isGroupNamed = NAMED.test(title);
      return [];
    }
    const isNamed = isGroupNamed || NAMED.test(title) || title.startsWith('${');
    return isNamed ? [] : [`${file}: no rule is named by "${title.slice(0, 60)}"`];
  });
}

function testFiles() {
  const names = readdirSync('test', { recursive: true }).map(String);
  return names.filter((name) => name.endsWith('.ts')).map((name) => join('test', name));
}

/** A comment proves nothing. */
function withoutComments(text) {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}
