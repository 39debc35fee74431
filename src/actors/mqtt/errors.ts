import { FleetchartError } from '../../runtime/errors.js';

/** `BROKER_*`: the embedded broker cannot do its work. */
export class BrokerError extends FleetchartError {}

/** A listener's error with what to do about it. */
export function listenError(error: NodeJS.ErrnoException, host: string, port: number): BrokerError {
  const where = `${host}:${port}`;
  const code = error.code ?? '';
  const because: Readonly<Record<string, [string, string]>> = {
    EADDRINUSE: [
      'BROKER_PORT_IN_USE',
      `${where} is in use by another process: stop it, or set mqtt.embedded.port to another (0 takes a free one)`,
    ],
    EACCES: [
      'BROKER_PORT_FORBIDDEN',
      `this user may not listen on ${where}: configure a port above 1023, or grant CAP_NET_BIND_SERVICE`,
    ],
    EADDRNOTAVAIL: [
      'BROKER_ADDRESS_UNKNOWN',
      `this machine has no address ${host}: configure one that it has, or 127.0.0.1`,
    ],
  };
  const [name, message] = because[code] ?? ['BROKER_LISTEN_FAILED', `cannot listen on ${where}: ${error.message}`];
  return new BrokerError(name, message, { cause: error, retryable: true });
}
