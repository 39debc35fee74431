import { type Command, InvalidArgumentError } from 'commander';
import { leafCommand } from './command.js';
import { outputOf } from './output.js';
import { positive } from './quantities.js';
import type { SimulateOptions } from './simulate-action.js';

/** `fleetchart simulate`: vehicles that load a server of the fleet-telemetry protocol. */
export function simulateCommand(): Command {
  const command = leafCommand('simulate', {
    summary: 'Load a fleet-telemetry server with simulated vehicles and count what it acknowledges',
    example: 'fleetchart simulate --url wss://localhost:4443 --device-ca data/demo/certs --vehicles 50 --duration 20',
  })
    .requiredOption('--url <url>', 'the server: wss://HOST:PORT')
    .option('--vehicles <n>', 'how many, each with its own certificate and connection', wholeNumber, 10)
    .option('--rate <r>', "records a second of each vehicle, or 'max': as fast as the window lets", rate, 1)
    .option('--device-ca <dir>', 'issue certificates with the authority in this folder (ca.crt, ca.key)')
    .option('--cert-dir <dir>', "use the certificates in this folder, from 'fleetchart provision device'")
    .option('--vin-prefix <text>', 'what VINs start with when certificates are issued')
    .option('--ca <file>', "authorities of the server's certificate; default: the ca.crt of the folder above")
    .option('--duration <s>', 'seconds to make records for; default: until Ctrl-C', positive)
    .option('--records <n>', 'records to make, all vehicles together', wholeNumber)
    .option('--mix <shares>', 'share of each topic: V=0.9,alerts=0.05,errors=0.05')
    .option('--fields <n>', 'signals in a V record (default: 8)', wholeNumber)
    .option('--payload-bytes <n>', 'size of the payload of a V record (default: what its signals take)', wholeNumber)
    .option('--window <n>', 'most un-acked records of a vehicle; 0: no limit, an open loop (default: 32)', count)
    .option('--resend-after <s>', 'seconds without reply after which values are sent again (default: 30)', positive)
    .option('--ramp <n>', 'vehicles that connect each second (default: 200)', positive)
    .option('--drain <s>', 'seconds to wait for the last acks', positive, 10)
    .option('--seed <text>', 'the same seed gives the same drives (default: 1)')
    .option('--insecure', "do not verify the server's certificate; this machine only")
    .option('--yes-load <host>', 'the host in the URL, if that is not this machine: leave to load it')
    .option('--allow-unacked', 'exit with 0 even if records are un-acked at the end');
  return command.action(async (options: SimulateOptions) =>
    (await import('./simulate-action.js')).runSimulate(options, outputOf(command)),
  );
}

function count(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function wholeNumber(text: string): number {
  const value = count(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

function rate(text: string): number {
  return text === 'max' ? 0 : positive(text);
}
