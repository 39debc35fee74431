import { type Command, Option } from 'commander';
import { groupCommand, leafCommand } from './command.js';
import { deadLettersCommand } from './dead-letters.js';
import { positive } from './quantities.js';

export interface ClientConfigOptions {
  readonly config?: string;
  readonly from?: string;
  readonly hostname?: string;
  /** The same. */
  readonly host?: string;
  readonly port?: number;
  readonly ca?: string;
  readonly serverCert?: string;
  readonly field?: readonly string[];
  readonly alertTypes?: readonly string[];
  readonly preferTyped?: boolean;
  readonly deliveryPolicy?: string;
  readonly expires?: string;
  readonly vin?: readonly string[];
  readonly out?: string;
  readonly force?: boolean;
}

/** `fleetchart ctl`: operate a hub. */
export function ctlCommand(): Command {
  const group = groupCommand('ctl', {
    summary: 'Operate a hub',
    example: 'fleetchart ctl dead-letters replay dispatcher/kafka',
  });
  const telemetry = groupCommand('telemetry', {
    summary: 'Telemetry of vehicles',
    example:
      'fleetchart ctl telemetry client-config --config server_config.json --ca certs/ca.crt --field VehicleSpeed=10',
  });
  telemetry.addCommand(clientConfigCommand());
  return group.addCommand(telemetry).addCommand(deadLettersCommand());
}

function clientConfigCommand(): Command {
  const command = leafCommand('client-config', {
    summary:
      "Make the configuration that vehicles are sent to connect to this server, or check one, against the server's own certificate",
    example:
      'fleetchart ctl telemetry client-config --config server_config.json --ca certs/ca.crt --field VehicleSpeed=10 --field Soc=60,resend=3600,delta=1 --out client.json',
  })
    .option('--config <file>', "the hub's configuration, or a server_config.json: its port and certificate")
    .option('--from <file>', 'a client configuration to begin with; alone, it is checked and printed')
    .option('--hostname <name>', "the server's full name; by default the first of its certificate")
    .addOption(new Option('--host <name>', 'the same').hideHelp())
    .option('--port <number>', 'where vehicles reach it; by default the port of the configuration', wholePort)
    .option('--ca <file>', "what vehicles are to trust, PEM; by default the root in the server's file, if it is there")
    .option('--server-cert <file>', 'in the place of that of the configuration')
    .option(
      '--field <name=seconds...>',
      'a signal and its interval; resend=SECONDS and delta=NUMBER may follow, by commas',
    )
    .option('--alert-types <type...>', 'service, customer')
    .option('--prefer-typed', 'values by their type, from firmware 2024.38 on')
    .option('--delivery-policy <policy>', 'latest: what was not acknowledged is sent again')
    .option('--expires <days>', 'days from now, or a date such as 2027-01-31')
    .option('--vin <vin...>', 'make the whole request of the API, for these vehicles')
    .option('--out <file>', 'write it there instead of printing it')
    .option('--force', 'replace that file, and write or print though there are mistakes')
    .addHelpText('after', 'Exit code: 0 done, 1 the file is there already, 2 wrong usage, 3 mistakes in it.');
  return command.action(async (options: ClientConfigOptions) =>
    (await import('./client-config-action.js')).clientConfig(command, options),
  );
}

function wholePort(text: string): number {
  const port = positive(text);
  return Number.isInteger(port) ? port : Number.NaN;
}
