import type { Command } from 'commander';
import { leafCommand } from './command.js';
import { withConfigOptions } from './config-options.js';

/** `fleetchart vehicle`: the vehicle side. */
export function vehicleCommand(): Command {
  const command = withConfigOptions(
    leafCommand('vehicle', {
      summary: 'Run the vehicle side: broker, update manager, update agents, containers, console',
      example: 'fleetchart vehicle --config config/vehicle.yaml',
    }),
    { data: true },
  );
  return command.action(async () => (await import('./vehicle-action.js')).serveVehicle(command));
}
