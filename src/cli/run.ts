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
  group.addCommand(updateManagerCommand());
  group.addCommand(selfUpdateAgentCommand());
  group.addCommand(containerManagementCommand());
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

function updateManagerCommand(): Command {
  const command = peerCommand('update-manager', {
    summary: "Kanto's update manager, from its config.json, flags and environment",
    example: 'fleetchart run update-manager -config-file /etc/kanto-update-manager/config.json',
  });
  return command.action(async (args: readonly string[]) =>
    (await import('./run-update-manager.js')).runUpdateManager(args, terminalOf(command)),
  );
}

function selfUpdateAgentCommand(): Command {
  const command = peerCommand('self-update-agent', {
    summary: "Leda's self-update agent, with RAUC",
    example: 'fleetchart run self-update-agent --server tcp://mosquitto:1883 --path /data/selfupdates',
  });
  return command.action(async (args: readonly string[]) =>
    (await import('./run-self-update-agent.js')).runSelfUpdateAgent(args, terminalOf(command)),
  );
}

function containerManagementCommand(): Command {
  const command = peerCommand('container-management', {
    summary: "Kanto's container management, from its config.json and flags",
    example: 'fleetchart run container-management --cfg-file /etc/container-management/config.json',
  });
  return command.action(async (args: readonly string[]) =>
    (await import('./run-container-management.js')).runContainerManagement(args, terminalOf(command)),
  );
}
