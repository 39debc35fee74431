import type { Command } from 'commander';
import { leafCommand } from './command.js';
import type { DemoOptions } from './demo-action.js';
import { outputOf } from './output.js';
import { positive } from './quantities.js';

/** `fleetchart demo`: a hub, simulated vehicles and one to update, on loopback, with certificates made on the fly. */
export function demoCommand(): Command {
  const command = leafCommand('demo', {
    summary: 'A hub, simulated vehicles and one to update in one go, on this machine only',
    example: 'fleetchart demo --vehicles 10 --rate 5',
  })
    .option('--data <dir>', 'where everything is stored', './data/demo')
    .option('--vehicles <count>', 'simulated vehicles', Number, 5)
    .option('--rate <records>', 'records a second of each', positive, 1)
    .option('--log-level <level>', 'least serious lines of the log, on standard error', 'warn');
  return command.action(async (options: DemoOptions) =>
    (await import('./demo-action.js')).runDemo(options, outputOf(command)),
  );
}
