// Finds command lines in the documentation that the command line does not take.
import { readFileSync } from 'node:fs';
import { buildProgram } from '../../dist/src/cli/program.js';

const BLOCK = /^```sh\n([\s\S]*?)^```/gm;
const CALL = /^(?:npx )?fleetchart (.+)$/;

/** Unknown commands and options in the `sh` blocks of these Markdown files. */
export function commandLineProblems(files) {
  const program = buildProgram();
  return files.flatMap((file) => {
    const blocks = [...readFileSync(file, 'utf8').matchAll(BLOCK)].map(([, block]) => block.replaceAll('\\\n', ' '));
    return blocks
      .flatMap((block) => block.split('\n'))
      .flatMap((line) => {
        const problem = problemOf(program, CALL.exec(line.trim())?.[1]);
        return problem ? [`${file}: ${line.trim()}: ${problem}`] : [];
      });
  });
}

function problemOf(program, line) {
  if (line === undefined) return undefined;
  const words = line.replace(/\s[#|>].*$/, '').split(/\s+/);
  let command = program;
  while (command.commands.length > 0) {
    const next = command.commands.find((child) => child.name() === words[0]);
    if (!next) return `no command ${words[0]}`;
    command = next;
    words.shift();
  }
  // A peer's own flags are none of ours.
  if (command.helpInformation().includes("peer's own flags")) return undefined;
  const known = new Set(['--help', ...command.options.map(({ long }) => long)]);
  const unknown = words.filter((word) => word.startsWith('--') && !known.has(word.split('=')[0]));
  return unknown.length > 0 ? `no option ${unknown.join(', ')}` : undefined;
}
