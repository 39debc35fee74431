// Finds links between the project's files that lead nowhere.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** What is wrong with the relative links of these Markdown files, headings included. */
export function linkProblems(files) {
  return files.flatMap((file) =>
    linksIn(readFileSync(file, 'utf8')).flatMap(({ target, line }) => {
      const problem = problemOf(file, target);
      return problem ? [`${file}:${line}: ${target}: ${problem}`] : [];
    }),
  );
}

function linksIn(text) {
  const links = [];
  let fence = false;
  text.split('\n').forEach((content, index) => {
    if (/^\s*```/.test(content)) fence = !fence;
    if (fence) return;
    const plain = content.replaceAll(/`[^`]*`/g, (code) => ' '.repeat(code.length));
    for (const [, target] of plain.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (!/^[a-z]+:/.test(target)) links.push({ target, line: index + 1 });
    }
  });
  return links;
}

function problemOf(file, target) {
  const [path, anchor] = target.split('#');
  const linked = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path)));
  if (!existsSync(linked)) return 'no such file';
  if (anchor === undefined || anchor === '' || statSync(linked).isDirectory()) return undefined;
  return anchorsOf(readFileSync(linked, 'utf8')).has(anchor) ? undefined : 'no such heading';
}

/** As GitHub makes them of headings. */
function anchorsOf(text) {
  const headings = text.matchAll(/^#{1,6} +(.+)$/gm);
  return new Set(
    [...headings].map(([, heading]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  );
}
