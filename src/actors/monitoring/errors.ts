import { type AddressKeys, FleetchartError, listenHint } from '../../runtime/index.js';

/** `MONITORING_*`: what others look at cannot be opened. */
export class MonitoringError extends FleetchartError {}

/** Where a listener is from. */
export interface ListenerKeys extends AddressKeys {
  readonly host: string;
  readonly port: number;
}

/** Why an address cannot be listened on, in words. */
export function listenError(cause: unknown, { host, port, hostKey, portKey }: ListenerKeys): MonitoringError {
  const { code, message } = cause as { code?: string; message?: string };
  const where = `port ${port} on ${host === '' ? 'all interfaces' : host}`;
  if (code === 'EADDRINUSE') {
    const next = `stop what listens there, or set ${portKey} to another`;
    return new MonitoringError('MONITORING_ADDRESS_IN_USE', `${where} is taken: ${next}`, { cause });
  }
  const next = listenHint(code, { hostKey, portKey });
  const why = code ?? message ?? 'unknown';
  return new MonitoringError('MONITORING_ADDRESS_UNUSABLE', `cannot listen on ${where} (${why}): ${next}`, { cause });
}
