import { existsSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type ClientConfigRequest, makeClientConfig, type ServerOfClients } from '../actors/diagnosis/index.js';
import { readConfigFile } from '../config/read-file.js';
import { suggest } from '../config/suggest.js';
import { valueAt } from '../config/tree.js';
import { checkHubConfig, checkServerConfig, looksLikeServerConfig } from '../hub-config.js';
import type { ClientField } from '../protocols/fleet-telemetry/index.js';
import { systemClock } from '../runtime/index.js';
import type { ClientConfigOptions } from './ctl.js';
import { CliError, exitCodes, QuietExit } from './exit-code.js';
import { jsonOf, textOf, usage } from './input-file.js';
import { type Output, outputOf } from './output.js';

const DAY_S = 86_400;

/** Makes a client configuration, or checks one. */
export function clientConfig(command: Command, options: ClientConfigOptions): void {
  const output = outputOf(command);
  if (options.config === undefined && options.from === undefined && options.field === undefined) {
    throw usage(
      'there is nothing to make it of',
      'name the configuration of the server with --config, and signals with --field',
    );
  }
  const server = serverOf(options, output);
  const request = requestOf(options);
  const { document, findings } = makeClientConfig(request, server, { now: systemClock.now(), suggest });
  const ok = findings.every(({ severity }) => severity !== 'mistake');
  for (const { severity, key, message } of findings) {
    output.note(`${severity === 'mistake' ? 'error' : 'warning'}: ${key === '' ? '' : `${key}: `}${message}`);
    const option = OPTIONS.get(key);
    if (severity === 'mistake' && option !== undefined && !isIn(document, key)) output.note(`    give ${option}`);
  }
  // What a script sends on must be sound, so that nothing else is printed.
  const isMade = ok || options.force === true;
  const text = `${JSON.stringify(document, null, 2)}\n`;
  const { out } = options;
  if (isMade && out !== undefined) write(out, text, options.force === true);
  const said = {
    ok,
    ...(isMade && out !== undefined ? { out } : {}),
    findings,
    ...(isMade ? { config: document } : {}),
  };
  if (isMade) output.result(out === undefined ? text : `${out} is written`, said);
  else if (output.json) output.result('', said);
  else output.note(`nothing was ${out === undefined ? 'printed' : 'written'}; --force does it all the same`);
  if (!ok) throw new QuietExit(exitCodes.wrongConfiguration);
}

/** What gives the value of a key. */
const OPTIONS: ReadonlyMap<string, string> = new Map([
  ['hostname', '--hostname NAME'],
  ['port', '--port NUMBER'],
  ['ca', '--ca FILE, with the certificates that vehicles are to trust'],
  ['fields', '--field NAME=SECONDS'],
]);

/** Whether a configuration, with or without the request around it, has a key. */
const isIn = (document: object, key: string): boolean =>
  valueAt(document, [key]) !== undefined || valueAt(document, ['config', key]) !== undefined;

/** Port and certificate as the server has them. */
function serverOf({ config: file, serverCert }: ClientConfigOptions, output: Output): ServerOfClients {
  const named = serverCert === undefined ? {} : { certificates: textOf(serverCert) };
  if (file === undefined) return named;
  const { environment } = output.terminal;
  const isPeer = looksLikeServerConfig(file);
  const { loaded } = isPeer ? checkServerConfig({ file, environment }) : checkHubConfig({ file, environment });
  // Of a file that cannot be read nothing is there.
  const read = readConfigFile(file);
  if (!read.ok)
    throw usage(`${file} cannot be used: ${read.error.message}`, 'name a hub’s configuration or a server_config.json');
  const at = (...path: string[]): unknown => valueAt(loaded.value, [...(isPeer ? [] : ['telemetry']), ...path]);
  const certificate = at('tls', 'server_cert');
  const port = at('port');
  return {
    ...(typeof port === 'number' && port > 0 ? { port } : {}),
    ...(typeof certificate === 'string' && certificate !== '' ? { certificates: textOf(certificate) } : {}),
    ...named,
  };
}

function requestOf(options: ClientConfigOptions): ClientConfigRequest {
  const {
    from,
    host,
    hostname = host,
    port,
    ca,
    field,
    alertTypes,
    preferTyped,
    deliveryPolicy,
    expires,
    vin,
  } = options;
  return {
    ...(from === undefined ? {} : { from: jsonOf(from, 'give a client configuration as JSON') }),
    ...{ hostname, port, alertTypes, preferTyped, deliveryPolicy, vins: vin },
    ca: ca === undefined ? undefined : textOf(ca),
    fields: field && Object.fromEntries(field.map(fieldOf)),
    exp: expires === undefined ? undefined : epochOf(expires),
  };
}

/** `Soc=60,resend=3600,delta=1` */
function fieldOf(text: string): [string, ClientField] {
  const [first = '', ...more] = text.split(',');
  const [name = '', interval = ''] = first.split('=');
  const options = new Map(more.map((each) => each.split('=') as [string, string]));
  const numberOf = (option: string): number | undefined => {
    const value = options.get(option);
    options.delete(option);
    return value === undefined ? undefined : Number(value);
  };
  const resend = numberOf('resend');
  const delta = numberOf('delta');
  const isSound = name !== '' && [Number(interval || Number.NaN), resend ?? 0, delta ?? 0].every(Number.isFinite);
  if (!isSound || options.size > 0) {
    throw usage(`${text} is no signal with an interval`, 'write VehicleSpeed=10, or Soc=60,resend=3600,delta=1');
  }
  return [
    name,
    {
      interval_seconds: Number(interval),
      ...(resend === undefined ? {} : { resend_interval_seconds: resend }),
      ...(delta === undefined ? {} : { minimum_delta: delta }),
    },
  ];
}

/** Days from now, or the beginning of a day. */
function epochOf(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Math.floor(systemClock.now() / 1_000) + Number(text) * DAY_S;
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw usage(`${text} is no number of days and no date`, 'write 365, or 2027-01-31');
  return Math.floor(at / 1_000);
}

function write(file: string, text: string, isForced: boolean): void {
  if (existsSync(file) && !isForced) {
    throw new CliError(`${file} is there already`, { code: 'CLI_EXISTS', hint: 'name another file, or give --force' });
  }
  writeFileSync(file, text, { mode: 0o644 });
}
