import type { Command } from 'commander';
import { diagnoseTls, readClientConfig } from '../actors/diagnosis/index.js';
import { suggest } from '../config/suggest.js';
import { systemClock } from '../runtime/index.js';
import type { DoctorTlsOptions } from './doctor.js';
import { renderChecks } from './doctor-report.js';
import { exitCodes, QuietExit } from './exit-code.js';
import { jsonOf, textOf, usage } from './input-file.js';
import { outputOf } from './output.js';

const DEFAULT_PORT = 443;

/** Diagnoses a TLS end point. */
export async function doctorTls(command: Command, place: string | undefined, options: DoctorTlsOptions): Promise<void> {
  const output = outputOf(command);
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw usage(
      'a certificate is of no use without its key, nor a key without its certificate',
      'give --cert and --key',
    );
  }
  const client =
    options.clientConfig === undefined
      ? undefined
      : readClientConfig(jsonOf(options.clientConfig, 'give the file that was sent to the API'), {
          now: systemClock.now(),
          suggest,
        });
  const named = place === undefined ? undefined : hostAndPort(place);
  const host = named?.host ?? client?.hostname;
  if (host === undefined) throw usage('no server was named', 'name it as HOST or HOST:PORT, or give --client-config');
  const port = named?.port ?? client?.port ?? DEFAULT_PORT;
  const ca = options.ca === undefined ? client?.ca : textOf(options.ca);
  const diagnosis = await diagnoseTls({
    ...{ host, port, ca, clock: systemClock },
    cert: options.cert === undefined ? undefined : textOf(options.cert),
    key: options.key === undefined ? undefined : textOf(options.key),
  });
  const checks = [...(client?.checksFor(host, port) ?? []), ...diagnosis.checks];
  const ok = checks.every(({ status }) => status !== 'problem');
  output.result(renderChecks(checks), { ...diagnosis, ok, checks });
  if (!ok) throw new QuietExit(exitCodes.failed);
}

/** `host`, `host:port`, `[address]:port`, or an address of version 6 as it is. */
function hostAndPort(text: string): { readonly host: string; readonly port?: number } {
  const bare = text.replace(/^(?:wss|https):\/\//, '').replace(/\/$/, '');
  const [, inBrackets, name, port] = /^(?:\[([^\]]+)\]|([^:[\]/]+))(?::(\d{1,5}))?$/.exec(bare) ?? [];
  const host = inBrackets ?? name ?? (/^[0-9a-f:.]+$/i.test(bare) && bare.includes('::') ? bare : undefined);
  const number = port === undefined ? undefined : Number(port);
  if (host === undefined || number === 0 || (number ?? 0) > 65_535) {
    throw usage(`${text} is no HOST or HOST:PORT`, 'write telemetry.example.com:4443, 192.0.2.7:4443 or [::1]:4443');
  }
  return number === undefined ? { host } : { host, port: number };
}
