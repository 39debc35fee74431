import type { Command } from 'commander';
import { leafCommand } from './command.js';
import { withConfigOptions } from './config-options.js';

/** `fleetchart hub`: the cloud side. */
export function hubCommand(): Command {
  const command = withConfigOptions(
    leafCommand('hub', {
      summary: 'Run the cloud side: telemetry ingest, dispatchers, console',
      example: 'fleetchart hub --config config/hub.yaml',
    }),
    { data: true },
  );
  return command.action(async () => (await import('./hub-action.js')).serveHub(command));
}
