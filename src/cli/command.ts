import { Command } from 'commander';

/** A command that does something: its example stands at the end of `--help`. */
export function leafCommand(name: string, words: { summary: string; example: string; reports?: boolean }): Command {
  const command = new Command(name).description(words.summary);
  if (words.reports !== false) command.option('--json', 'print machine-readable output');
  return command.addHelpText('after', `\nExample:\n  $ ${words.example}\n`);
}

/** A command that only has others below it, such as `config`. */
export function groupCommand(name: string, words: { summary: string; example: string }): Command {
  return new Command(name)
    .description(words.summary)
    .enablePositionalOptions()
    .addHelpText('after', `\nExample:\n  $ ${words.example}\n`);
}

/**
 * A command that takes the flags of a peer as they are (`-config=FILE`), to be read by `parseGoFlags` or the peer's own
 * rules. It has no options of ours, not even `--help`.
 */
export function peerCommand(name: string, words: { summary: string; example: string }): Command {
  return new Command(name)
    .description(words.summary)
    .argument('[args...]', "the peer's own flags")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText('after', `\nExample:\n  $ ${words.example}\n`);
}
