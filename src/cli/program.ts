/**
 * Invariants of the command line
 * - CLI-1 Every command has `--help` with an example; every command that reports has `--json`.
 * - CLI-2 Exit codes: 0 done, 1 failed, 2 wrong usage, 3 wrong configuration, 70 escalated.
 * - CLI-3 An error says what to do next; an unknown command or option names the one that was probably meant.
 * - CLI-4 Results go to standard output and everything about them to standard error.
 * - CLI-5 Help costs no more than the options: what a command does is loaded when it is chosen.
 */
import { Command, CommanderError } from 'commander';
import { configCommand } from './config.js';
import { ctlCommand } from './ctl.js';
import { demoCommand } from './demo.js';
import { doctorCommand } from './doctor.js';
import { type ExitCode, exitCodes } from './exit-code.js';
import { hubCommand } from './hub.js';
import { inspectCommand } from './inspect.js';
import { attachTerminal, processTerminal, renderError, type Terminal } from './output.js';
import { provisionCommand } from './provision.js';
import { recordCommand } from './record.js';
import { replayCommand } from './replay.js';
import { runCommand } from './run.js';
import { simulateCommand } from './simulate.js';
import { vehicleCommand } from './vehicle.js';
import { packageVersion } from './version.js';

/** Every command, in the order of the help. */
const commands: readonly (() => Command)[] = [
  demoCommand,
  hubCommand,
  vehicleCommand,
  runCommand,
  simulateCommand,
  recordCommand,
  replayCommand,
  inspectCommand,
  provisionCommand,
  ctlCommand,
  configCommand,
  doctorCommand,
];

/** The command line `fleetchart`, ready to parse; errors are thrown, never ended the process with. */
export function buildProgram(terminal: Terminal = processTerminal): Command {
  const program = new Command('fleetchart')
    .description('A connected-vehicle platform: a hub on an actor runtime whose flows are statecharts.')
    .version(packageVersion(), '--version', 'print the version')
    .enablePositionalOptions()
    .addHelpText('after', '\nExample:\n  $ fleetchart config check config/hub.yaml\n');
  attachTerminal(program, terminal);
  for (const create of commands) program.addCommand(create());
  prepare(program, terminal);
  return program;
}

/** Runs the command line and says what the process ends with. */
export async function runProgram(args: readonly string[], terminal: Terminal = processTerminal): Promise<ExitCode> {
  try {
    await buildProgram(terminal).parseAsync(args, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    // Commander has written its own message by now.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage;
    const { text, exitCode } = renderError(error, args.includes('--json'));
    terminal.err(text);
    return exitCode;
  }
}

/** Commands that were made apart do not inherit these settings. */
function prepare(command: Command, terminal: Terminal): void {
  command
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text) })
    .exitOverride()
    .showHelpAfterError(`(${pathOf(command)} --help says more)`);
  for (const child of command.commands) prepare(child, terminal);
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
