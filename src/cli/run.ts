import type { Command } from 'commander';
import { groupCommand, peerCommand } from './command.js';
import { terminalOf } from './output.js';

/** `fleetchart run ROLE`: one role alone, under its peer's own flags, files and exit codes. */
export function runCommand(): Command {
  const group = groupCommand('run', {
    summary: "Run one role alone, in place of a peer's process, with the peer's own flags",
    example: 'fleetchart run fleet-telemetry -config=config/fleet-telemetry/server_config.json',
  });
  group.addCommand(fleetTelemetryCommand());
  return group;
}

function fleetTelemetryCommand(): Command {
  const command = peerCommand('fleet-telemetry', {
    summary: 'The fleet-telemetry server, from its server_config.json',
    example: 'fleetchart run fleet-telemetry -config=config/fleet-telemetry/server_config.json',
  });
  return command.action(async (args: readonly string[]) =>
    (await import('./run-action.js')).runFleetTelemetry(args, terminalOf(command)),
  );
}
