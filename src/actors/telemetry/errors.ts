import { FleetchartError, listenHint } from '../../runtime/index.js';
import { TlsError } from '../../runtime/tls/tls-files.js';

/** `TELEMETRY_*`: ingest cannot start. */
export class TelemetryError extends FleetchartError {
  constructor(
    override readonly code: 'TELEMETRY_ADDRESS_IN_USE' | 'TELEMETRY_ADDRESS_UNUSABLE' | 'TELEMETRY_DEMO_CERTIFICATE',
    message: string,
    options: { cause?: unknown } = {},
  ) {
    super(code, message, options);
  }
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** What stands before `host` and `port` in the configuration that they are from. */
  readonly keyPrefix: string;
}

/** Why an address cannot be listened on, in words. */
export function addressError(
  cause: Error & { readonly code?: string },
  { host, port, keyPrefix }: ListenAddress,
): TelemetryError {
  const where = `port ${port} on ${host === '' ? 'all interfaces' : host}`;
  if (cause.code === 'EADDRINUSE') {
    const next = `stop what listens there, or set ${keyPrefix}port to another (0 takes a free one)`;
    return new TelemetryError('TELEMETRY_ADDRESS_IN_USE', `${where} is taken: ${next}`, { cause });
  }
  const next = listenHint(cause.code, { hostKey: `${keyPrefix}host`, portKey: `${keyPrefix}port` });
  return new TelemetryError(
    'TELEMETRY_ADDRESS_UNUSABLE',
    `cannot listen on ${where} (${cause.code ?? cause.message}): ${next}`,
    { cause },
  );
}

/** A file that cannot be used, with the keys that name it and how to make one. */
export function certificateError(error: unknown): unknown {
  if (!(error instanceof TlsError)) return error;
  const next =
    'tls.server_cert, tls.server_key and tls.ca_file of the configuration name these files; `fleetchart provision ca`, `provision hub` and `provision device` make them';
  return new TlsError(error.code, `${error.message}. ${next}`, { cause: error });
}
