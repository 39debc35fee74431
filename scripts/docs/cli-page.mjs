// The help of every command, as the command line itself prints it.
import { buildProgram, runProgram } from '../../dist/src/cli/program.js';

/** Markdown with a section for each command, groups before what they hold. */
export async function commandHelp() {
  // Help is as wide as the terminal where there is one.
  process.stdout.isTTY = false;
  const sections = [];
  for (const path of pathsBelow(buildProgram(), [])) {
    const text = await helpOf(path);
    sections.push(`## fleetchart ${path.join(' ')}`, '', '```text', text, '```', '');
  }
  return sections.join('\n').trimEnd();
}

/** `['hub'], ['run'], ['run', 'fleet-telemetry'], …` */
function pathsBelow(command, path) {
  return command.commands.flatMap((child) => {
    const childPath = [...path, child.name()];
    return [childPath, ...pathsBelow(child, childPath)];
  });
}

async function helpOf(path) {
  let text = '';
  const take = (piece) => {
    text += piece;
  };
  await runProgram([...path, '--help'], { out: take, err: take, isInteractive: false, columns: 80, environment: {} });
  return text.replaceAll(/[ \t]+$/gm, '').trim();
}
