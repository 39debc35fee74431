import type { Command } from 'commander';
import { leafCommand } from './command.js';
import { outputOf } from './output.js';

/** `fleetchart replay`: recorded flows against the machines of this build. */
export function replayCommand(): Command {
  const command = leafCommand('replay', {
    summary: 'Feed recorded flows to the machines and compare what they give; exit 1 with a diff',
    example: 'fleetchart replay fixtures/',
  }).argument('<path...>', 'fixtures (*.jsonl), or folders of them');
  return command.action(async (paths: string[]) =>
    (await import('./replay-action.js')).replayAll(paths, outputOf(command)),
  );
}
