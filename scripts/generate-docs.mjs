// Writes what the documentation takes from the code: `npm run docs`. With --check it writes nothing and fails if what is
// there differs, if a link leads nowhere, an example of configuration or of the command line is wrong, or an error
// code has no row.
// Needs a build.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLineProblems } from './docs/command-lines.mjs';
import { configBlockProblems } from './docs/config-blocks.mjs';
import { errorCodeProblems } from './docs/error-codes.mjs';
import { lineDifferences } from './docs/line-differences.mjs';
import { linkProblems } from './docs/links.mjs';
import { DIAGRAMS, generatedPages } from './docs/pages.mjs';

const pages = await generatedPages();
const obsolete = namesIn(DIAGRAMS).filter((file) => !pages.has(file));

if (process.argv.includes('--check')) {
  const problems = [
    ...[...pages].flatMap(([file, text]) => differences(file, text)),
    ...obsolete.map((file) => `${file}: there is no such machine any more`),
    ...linkProblems(markdownFiles()),
    ...configBlockProblems(markdownFiles()),
    ...commandLineProblems(markdownFiles()),
    ...errorCodeProblems(),
  ];
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error('\nnpm run docs writes what is generated; the rest is to be corrected by hand.');
    process.exitCode = 1;
  } else console.log(`${pages.size} generated pages are up to date, and links, examples and error codes are right`);
} else {
  mkdirSync(DIAGRAMS, { recursive: true });
  for (const file of obsolete) rmSync(file);
  for (const [file, text] of pages) writeFileSync(file, text);
  console.log(`${pages.size} pages written`);
}

function differences(file, expected) {
  const found = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return found === expected ? [] : [`${file} differs from the code:\n${lineDifferences(found, expected).join('\n')}`];
}

function markdownFiles() {
  const top = readdirSync('.').filter((name) => name.endsWith('.md'));
  return [...top, ...namesIn('docs').filter((name) => name.endsWith('.md'))];
}

function namesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
