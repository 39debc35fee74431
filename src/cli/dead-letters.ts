import { type Command, InvalidArgumentError } from 'commander';
import { type ApiOptions, withApiOptions } from './api-client.js';
import { groupCommand, leafCommand } from './command.js';

export interface LettersOptions extends ApiOptions {
  readonly limit?: number;
}

/** `fleetchart ctl dead-letters`: what nobody took, and how it is sent again. */
export function deadLettersCommand(): Command {
  const group = groupCommand('dead-letters', {
    summary: 'Records and messages that were refused, and how they are sent again',
    example: 'fleetchart ctl dead-letters replay dispatcher/kafka',
  });
  return group.addCommand(listCommand()).addCommand(replayCommand());
}

function listCommand(): Command {
  const command = withApiOptions(
    leafCommand('list', {
      summary: 'List dead letters with their reasons, the newest first',
      example: 'fleetchart ctl dead-letters list dispatcher/kafka',
    })
      .argument('[address]', 'those of one destination, link or actor only: type/key')
      .option('--limit <number>', 'letters at most', whole, 20),
  );
  return command.action(async (address: string | undefined, options: LettersOptions) =>
    (await import('./dead-letters-action.js')).listDeadLetters(command, address, options),
  );
}

function replayCommand(): Command {
  const command = withApiOptions(
    leafCommand('replay', {
      summary:
        'Send dead letters again once their cause is mended, the oldest first: a record to the destination that refused it and to no other, a publication over its link',
      example: 'fleetchart ctl dead-letters replay dispatcher/kafka --limit 1',
    })
      .argument('<which...>', 'ids of letters; or type/key: all letters of that destination, link or actor')
      .option(
        '--limit <number>',
        'of each type/key, letters at most; by default all that are there at the beginning',
        whole,
      ),
  );
  command.addHelpText('after', 'Exit code: 0 all were sent again, 1 some stay, and why stands on standard error.');
  return command.action(async (which: string[], options: LettersOptions) =>
    (await import('./dead-letters-action.js')).replayDeadLetters(command, which, options),
  );
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}
