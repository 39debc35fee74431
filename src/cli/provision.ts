import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { KeyKind, ProvisionedPair, ProvisioningError, ProvisionOptions } from '../actors/provisioning/index.js';
import { registryCommand } from './provision-registry.js';

/** Where a command writes, what it reads and how it ends; tests put their own in. */
export interface ProvisionIo {
  out(text: string): void;
  err(text: string): void;
  /** Asks a person for a secret, without showing it. */
  ask(question: string): Promise<string>;
  /** All of standard input. */
  input(): Promise<string>;
  /** The exit code once everything is written. */
  end(exitCode: number): void;
  /** Ends at once. */
  exit(exitCode: number): never;
}

const processIo: ProvisionIo = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  ask: async (question) => (await import('./secret-input.js')).askSecret(question),
  input: async () => (await import('./secret-input.js')).wholeInput(),
  end: (exitCode) => {
    process.exitCode = exitCode;
  },
  exit: (exitCode) => process.exit(exitCode),
};

/** Exit codes of provisioning; 0 is done or nothing to do. */
const EXIT = { unexpected: 1, usage: 2, conflict: 4, files: 5 } as const;

const EXIT_BY_CODE: Readonly<Record<ProvisioningError['code'], number>> = {
  PROVISIONING_ARGUMENT: EXIT.usage,
  PROVISIONING_NAME: EXIT.usage,
  PROVISIONING_NO_AUTHORITY: EXIT.usage,
  PROVISIONING_CONFLICT: EXIT.conflict,
  PROVISIONING_FILES: EXIT.files,
};

/** More certificates than this are summed up unless `--json` asks for all. */
const MOST_LISTED = 10;

/** Loaded when a certificate is to be made. */
type Provisioning = typeof import('../actors/provisioning/index.js');

interface CommonOptions {
  readonly out: string;
  readonly days?: number;
  readonly rsa?: number;
  readonly force?: true;
  readonly json?: true;
}

interface Outcome {
  readonly kind: 'ca' | 'hub' | 'device';
  readonly certificates: readonly ProvisionedPair[];
  readonly next: readonly string[];
}

/** `fleetchart provision ca | hub | device`. */
export function provisionCommand(io: ProvisionIo = processIo): Command {
  const command = new Command('provision').description(
    'make keys and certificates for a hub and its vehicles; name registries of containers',
  );
  command.addCommand(authorityCommand(io)).addCommand(hubCommand(io)).addCommand(deviceCommand(io));
  command.addCommand(registryCommand(io));
  command.addHelpText(
    'after',
    `
Example: an authority, a hub and a vehicle, all below certs
  fleetchart provision ca --out certs
  fleetchart provision hub --ca certs --host hub.example.com --out certs
  fleetchart provision device 5YJ3E1EA7JF000001 --ca certs --out certs/devices`,
  );
  for (const each of [command, ...command.commands.flatMap((child) => [child, ...child.commands])]) usageExit(each, io);
  return command;
}

function authorityCommand(io: ProvisionIo): Command {
  return commonOptions(new Command('ca'), 'ca.crt and ca.key', '3650')
    .description('make the authority that signs the certificates of vehicles and hub')
    .option('--name <cn>', 'its name; the default means vehicles to a hub without further configuration')
    .addHelpText('after', '\nExample:\n  fleetchart provision ca --out certs --name "Example Fleet CA"')
    .action((options: CommonOptions & { name?: string }) =>
      run(io, options, async (common, { provisionAuthority }) => {
        const pair = await provisionAuthority({
          ...common,
          ...(options.name === undefined ? {} : { commonName: options.name }),
        });
        const next = [
          `keep ${pair.files.key} on this machine alone: whoever has it can pose as any vehicle`,
          `fleetchart provision hub --ca ${options.out} --host NAME --out ${options.out}`,
          `fleetchart provision device VIN --ca ${options.out} --out ${join(options.out, 'devices')}`,
        ];
        return { kind: 'ca', certificates: [pair], next };
      }),
    );
}

function hubCommand(io: ProvisionIo): Command {
  return commonOptions(new Command('hub'), 'hub.crt, hub.key and ca.crt', '365')
    .description('make the certificate that a hub shows to vehicles')
    .requiredOption('--ca <dir>', 'folder of the authority')
    .requiredOption('--host <name...>', 'names and addresses that vehicles connect to')
    .addHelpText(
      'after',
      '\nExample:\n  fleetchart provision hub --ca certs --host hub.example.com 192.0.2.7 --out certs',
    )
    .action((options: CommonOptions & { ca: string; host: string[] }) =>
      run(io, options, async (common, { provisionHub }) => {
        const pair = await provisionHub({ ...common, authorityDirectory: options.ca, names: options.host });
        const files = {
          server_cert: pair.files.certificate,
          server_key: pair.files.key,
          ca_file: join(options.out, 'ca.crt'),
        };
        const next = [
          `in the hub's configuration, section telemetry: tls: ${JSON.stringify(files)}`,
          'fleetchart hub --config FILE; a running hub takes renewed files by itself',
        ];
        return { kind: 'hub', certificates: [pair], next };
      }),
    );
}

function deviceCommand(io: ProvisionIo): Command {
  return commonOptions(new Command('device'), 'NAME/device.crt, NAME/device.key and ca.crt', '365')
    .description('make the certificates that vehicles show to the hub')
    .argument('[vin...]', 'VINs or other device ids')
    .requiredOption('--ca <dir>', 'folder of the authority')
    .option('--count <n>', 'make N numbered ones instead', wholeNumber)
    .option('--prefix <text>', 'what their names start with', 'FLEETCHART')
    .option('--shared-key', 'one key for all, for load tests only')
    .addHelpText(
      'after',
      `
Examples:
  fleetchart provision device 5YJ3E1EA7JF000001 --ca certs --out certs/devices
  fleetchart provision device --count 200 --prefix TEST --shared-key --ca certs --out certs/load`,
    )
    .action((vins: string[], options: CommonOptions & DeviceOptions) =>
      run(io, options, async (common, provisioning) => {
        const certificates = await provisioning.provisionDevices({
          ...common,
          authorityDirectory: options.ca,
          names: deviceNames(vins, options, provisioning),
          sharedKey: options.sharedKey ?? false,
        });
        const first = certificates[0]?.files;
        const authority = join(options.out, 'ca.crt');
        const next = [
          `give each vehicle its folder, and ${authority} to know the hub by`,
          `curl --cert ${first?.certificate} --key ${first?.key} --cacert ${authority} https://HOST:PORT/status answers "mtls ok"`,
          ...certificates
            .filter(({ name }) => name.includes('.'))
            .slice(0, 1)
            .map(dotNote),
        ];
        return { kind: 'device', certificates, next };
      }),
    );
}

interface DeviceOptions {
  readonly ca: string;
  readonly count?: number;
  readonly prefix: string;
  readonly sharedKey?: true;
}

function deviceNames(
  vins: readonly string[],
  { count, prefix }: DeviceOptions,
  { numberedNames, ProvisioningError }: Provisioning,
): readonly string[] {
  if (vins.length > 0 && count === undefined) return vins;
  if (vins.length === 0 && count !== undefined) return numberedNames(prefix, count);
  const problem =
    vins.length > 0 ? 'name devices or give --count, not both' : 'name a device (its VIN), or give --count';
  throw new ProvisioningError('PROVISIONING_ARGUMENT', problem);
}

/** FT-ID-1. */
function dotNote({ name }: ProvisionedPair): string {
  return `a hub of the fleet-telemetry protocol will know ${name} as ${name.replaceAll('.', '-')}`;
}

function commonOptions(command: Command, files: string, days: string): Command {
  return command
    .requiredOption('--out <dir>', `folder for ${files}`)
    .option('--days <n>', `validity in days (default: ${days})`, wholeNumber)
    .option('--rsa <bits>', 'RSA keys of 2048 bits or more, for peers without elliptic curves', wholeNumber)
    .option('--force', 'replace what exists')
    .option('--json', 'print one JSON document');
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

async function run(
  io: ProvisionIo,
  options: CommonOptions,
  work: (common: ProvisionOptions, provisioning: Provisioning) => Promise<Outcome>,
): Promise<void> {
  const key: KeyKind | undefined = options.rsa === undefined ? undefined : { type: 'rsa', bits: options.rsa };
  try {
    const common = {
      directory: options.out,
      force: options.force ?? false,
      ...(options.days === undefined ? {} : { days: options.days }),
      ...(key === undefined ? {} : { key }),
    };
    const outcome = await work(common, await import('../actors/provisioning/index.js'));
    io.out(options.json ? jsonText(outcome) : plainText(outcome));
  } catch (error) {
    fail(io, options.json ?? false, error);
  }
}

function fail(io: ProvisionIo, json: boolean, error: unknown): void {
  const code = EXIT_BY_CODE[(error as { code?: unknown }).code as ProvisioningError['code']] ?? EXIT.unexpected;
  const message = error instanceof Error ? error.message : String(error);
  if (json) io.out(`${JSON.stringify({ ok: false, code, error: message })}\n`);
  else io.err(`error: ${message}\n`);
  io.end(code);
}

function jsonText({ kind, certificates, next }: Outcome): string {
  const changed = certificates.some(({ state }) => state !== 'kept');
  return `${JSON.stringify({ ok: true, changed, kind, certificates, next }, null, 2)}\n`;
}

function plainText({ certificates, next }: Outcome): string {
  const listed = certificates.slice(0, MOST_LISTED).map(describe);
  const rest = certificates.length - listed.length;
  const more = rest > 0 ? [`and ${rest} more; --json lists all\n`] : [];
  const isKept = certificates.every(({ state }) => state === 'kept');
  const kept = isKept ? ['Nothing was written: all of it exists already and fits; --force makes it anew.\n'] : [];
  return [...listed, ...more, ...kept, 'Next:', ...next.map((line) => `  ${line}`), ''].join('\n');
}

function describe({ name, state, files, thumbprints, notAfter, warning }: ProvisionedPair): string {
  return `${state} ${name}, valid until ${notAfter.slice(0, 10)}
  certificate  ${files.certificate}
  key          ${files.key}
  SHA-1        ${thumbprints.sha1}
  SHA-256      ${thumbprints.sha256}
${warning === undefined ? '' : `  warning      ${warning}\n`}`;
}

/** Wrong usage ends with 2, where commander's own answer is 1. */
function usageExit(command: Command, io: ProvisionIo): void {
  command
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .exitOverride(({ exitCode }) => io.exit(exitCode === 0 ? 0 : EXIT.usage));
}
