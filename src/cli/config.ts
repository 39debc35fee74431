import { type Command, Option } from 'commander';
import { groupCommand, leafCommand } from './command.js';
import type { PeerOption } from './config-action.js';
import { withConfigOptions, withSetOption } from './config-options.js';
import { PEERS } from './config-peers.js';

/** `fleetchart config`: validate and explain configuration. */
export function configCommand(): Command {
  const group = groupCommand('config', {
    summary: 'Validate and explain configuration; secrets are redacted',
    example: 'fleetchart config check config/hub.yaml',
  });
  group.addCommand(checkCommand());
  group.addCommand(printCommand());
  group.addCommand(schemaCommand());
  return group;
}

const peerOption = () =>
  new Option('--peer <name>', "the file is this peer's own; by default its keys decide").choices([...PEERS]);

const roleOption = () =>
  new Option('--role <role>', 'whose configuration it is; by default its keys decide').choices(['hub', 'vehicle']);

function checkCommand(): Command {
  const command = withSetOption(
    leafCommand('check', {
      summary: 'Report every mistake in a configuration file at once, and in the certificates it names',
      example: 'fleetchart config check config/fleet-telemetry/server_config.json',
    })
      .argument('<file>', "a hub's or vehicle's YAML or JSON file, or a peer's own")
      .addOption(peerOption())
      .addOption(roleOption()),
  );
  return command.action(async (file: string, options: PeerOption) =>
    (await import('./config-action.js')).checkFile(command, file, options),
  );
}

function printCommand(): Command {
  const command = withConfigOptions(
    leafCommand('print', {
      summary: 'Print the effective configuration and where each value comes from',
      example: 'fleetchart config print --config config/hub.yaml --set http.port=9000',
    })
      .addOption(peerOption())
      .addOption(roleOption()),
    { data: false },
  );
  return command.action(async (options: PeerOption & { config?: string }) =>
    (await import('./config-action.js')).printConfig(command, options),
  );
}

function schemaCommand(): Command {
  const command = leafCommand('schema', {
    summary: 'Print what a configuration may hold: JSON Schema for editors, or a table',
    example: 'fleetchart config schema hub > hub.schema.json',
    reports: false,
  })
    .argument('<role>', 'hub or vehicle')
    .addOption(new Option('--format <format>', 'json or markdown').choices(['json', 'markdown']).default('json'));
  return command.action(async (role: string, options: { format: string }) =>
    (await import('./config-action.js')).printSchema(command, role, options),
  );
}
