import type { Command } from 'commander';
import { groupCommand, leafCommand } from './command.js';
import { withConfigOptions } from './config-options.js';

export interface DoctorTlsOptions {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly clientConfig?: string;
}

export interface DoctorEngineOptions {
  readonly pull?: string;
}

/** `fleetchart doctor`: say what is wrong, and what to do about it. */
export function doctorCommand(): Command {
  const group = groupCommand('doctor', {
    summary: 'Say what is wrong with a TLS end point or with the container engine of this machine',
    example: 'fleetchart doctor tls telemetry.example.com:4443 --cert device.crt --key device.key --ca ca.crt',
  });
  group.addCommand(tlsCommand());
  group.addCommand(engineCommand());
  return group;
}

function tlsCommand(): Command {
  const command = leafCommand('tls', {
    summary:
      'Connect to a telemetry server as a vehicle would, about a dozen times, and explain chain, names, authorities, ALPN, versions, clock and identity; the server sees this vehicle come and go',
    example:
      'fleetchart doctor tls telemetry.example.com --client-config client.json --cert device.crt --key device.key',
  })
    .argument('[host[:port]]', 'the server; port 443 without one, or what the client configuration says')
    .option('--cert <file>', "a vehicle's certificate, PEM, first in its file")
    .option('--key <file>', 'the key of that, PEM')
    .option('--ca <file>', "what vehicles trust, PEM; without it this machine's authorities")
    .option('--client-config <file>', 'the client configuration of the vehicles: its hostname, port and ca')
    .addHelpText('after', 'Exit code: 0 nothing has to be mended, 1 something has, 2 wrong usage.');
  return command.action(async (host: string | undefined, options: DoctorTlsOptions) =>
    (await import('./doctor-tls-action.js')).doctorTls(command, host, options),
  );
}

function engineCommand(): Command {
  const command = withConfigOptions(
    leafCommand('engine', {
      summary: 'Say which container engine a vehicle would take and why, and what works with it',
      example: 'fleetchart doctor engine --config config/vehicle.yaml --pull ghcr.io/example/app:1.0',
    })
      .option('--pull <image>', 'pull this one for real, with the registries of the configuration')
      .addHelpText('after', 'Exit code: 0 nothing has to be mended, 1 something has, 3 wrong configuration.'),
    { data: true },
  );
  return command.action(async (options: DoctorEngineOptions) =>
    (await import('./doctor-engine-action.js')).doctorEngine(command, options),
  );
}
