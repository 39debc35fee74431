import { Command, Option } from 'commander';
import type { ProvisionIo } from './provision.js';

/** Where the reference's own tool keeps it. */
const DEFAULT_CONFIG = '/etc/container-management/config.json';

interface RegistryOptions {
  readonly config: string;
  readonly json?: true;
}

export interface AddOptions extends RegistryOptions {
  readonly username: string;
  readonly passwordFile?: string;
  readonly passwordStdin?: true;
}

export interface RemoveOptions extends RegistryOptions {
  readonly all?: true;
}

export type ListOptions = RegistryOptions;

/** `fleetchart provision registry add | remove | list` (REG-5). */
export function registryCommand(io: ProvisionIo): Command {
  const command = new Command('registry').description('name the registries that containers are pulled from');
  command.addCommand(addCommand(io)).addCommand(removeCommand(io)).addCommand(listCommand(io));
  command.addHelpText(
    'after',
    '\nA running process takes the change by itself; no container is restarted.\n\nExample:\n  fleetchart provision registry add ghcr.io --username fleet --config config/vehicle.yaml',
  );
  return command;
}

function addCommand(io: ProvisionIo): Command {
  return common(new Command('add'))
    .description('set the credentials of a registry; the password is asked for')
    .argument('<host>', 'host[:port], as images name it before their first slash')
    .requiredOption('-u, --username <name>', 'user name at the registry')
    .addOption(new Option('--password-file <file>', 'file that holds the password').conflicts('passwordStdin'))
    .option('--password-stdin', 'read the password from standard input')
    .addHelpText(
      'after',
      '\nExample:\n  fleetchart provision registry add ghcr.io --username fleet --password-file ghcr.password',
    )
    .action(async (host: string, options: AddOptions) =>
      (await import('./provision-registry-action.js')).addToFile(host, options, io),
    );
}

function removeCommand(io: ProvisionIo): Command {
  return common(new Command('remove'))
    .description('forget registries')
    .argument('[host...]', 'as they were added')
    .option('--all', 'all of them')
    .addHelpText('after', '\nExample:\n  fleetchart provision registry remove ghcr.io --config config/vehicle.yaml')
    .action(async (hosts: string[], options: RemoveOptions) =>
      (await import('./provision-registry-action.js')).removeFromFile(hosts, options, io),
    );
}

function listCommand(io: ProvisionIo): Command {
  return common(new Command('list'))
    .description('print the registries with their user names; passwords never')
    .addHelpText('after', '\nExample:\n  fleetchart provision registry list --config config/vehicle.yaml')
    .action(async (options: ListOptions) => (await import('./provision-registry-action.js')).listFile(options, io));
}

function common(command: Command): Command {
  return command
    .option(
      '--config <file>',
      'the config.json of container management, a file of registries, or a vehicle’s configuration that names one',
      DEFAULT_CONFIG,
    )
    .option('--json', 'print one JSON document');
}
