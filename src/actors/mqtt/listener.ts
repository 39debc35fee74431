import { createServer, type Server, type Socket } from 'node:net';
import { isLoopback } from '../../runtime/http/http-auth.js';
import type { Clock, Logger } from '../../runtime/index.js';
import { TlsMaterial } from '../../runtime/tls/tls.js';
import { TlsError, type TlsFiles, type TlsSnapshot } from '../../runtime/tls/tls-files.js';
import { createTlsServer } from '../../runtime/tls/tls-server.js';
import { isDemoCertificate } from '../provisioning/index.js';
import { BrokerError, listenError } from './errors.js';

/** The name of the protocol for clients that negotiate one (IANA's registry of ALPN ids). */
const ALPN_MQTT = 'mqtt';
/** A client without keep-alive whose machine has gone is found by TCP. */
const TCP_KEEP_ALIVE_MS = 60_000;

export interface TlsLoading {
  readonly host: string;
  readonly tls: TlsFiles;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'error'>;
}

export interface ListenerOptions {
  /** Closed with the listener. */
  readonly material: TlsMaterial | undefined;
  readonly clock: Clock;
  /** A connection that is ready: where certificates are asked for, with one that is good. */
  readonly onClient: (socket: Socket) => void;
  readonly onRefused: (detail: string, remoteAddress: string) => void;
}

/**
 * What a listener shows and asks for.
 *
 * @throws BrokerError that says which file cannot be used, and why
 */
export async function loadTls({ host, tls, clock, logger }: TlsLoading): Promise<TlsMaterial> {
  const check = (read: TlsSnapshot): void => refuseDemo(read, host);
  return TlsMaterial.load({ files: tls, clock, log: logger, check }).catch((error: unknown) => {
    throw error instanceof TlsError
      ? new BrokerError('BROKER_TLS', `${error.message}. mqtt.embedded.tls names these files`, { cause: error })
      : error;
  });
}

/** Where clients come in, over plain TCP or TLS; the files of the latter are read again when they change. */
export class BrokerListener {
  readonly server: Server;
  private readonly material: TlsMaterial | undefined;

  constructor({ material, clock, onClient, onRefused }: ListenerOptions) {
    this.material = material;
    this.server = material
      ? createTlsServer({
          material,
          clock,
          protocols: [ALPN_MQTT],
          onSecure: onClient,
          onRefused: ({ check, who, whatToDo }, remote) => onRefused(`${check}: ${who}; ${whatToDo}`, remote),
        })
      : createServer(keepAlive, onClient);
  }

  /** Resolves with the port; rejects with a {@link BrokerError} that says what to do. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => reject(listenError(error, host, port));
      this.server.once('error', failed);
      this.server.listen(port, host, () => {
        this.server.off('error', failed);
        resolve((this.server.address() as { port: number }).port);
      });
    });
  }

  /** Reads certificate and key again; whether they could be taken. */
  async reload(): Promise<boolean> {
    return (await this.material?.reload()) !== 'kept';
  }

  /** Resolves when it takes no more and those that were let in have gone. */
  close(): Promise<void> {
    this.material?.close();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

const keepAlive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEP_ALIVE_MS } as const;

function refuseDemo({ certificate, clientAuthorities }: TlsSnapshot, host: string): void {
  if (isLoopback(host) || ![certificate, ...clientAuthorities].some(isDemoCertificate)) return;
  throw new BrokerError(
    'BROKER_DEMO_CERTIFICATE',
    `other machines reach ${host}, and the certificates of mqtt.embedded.tls are for trying things out only: make real ` +
      'ones with `fleetchart provision ca` and `fleetchart provision hub`, or set mqtt.embedded.host to 127.0.0.1',
  );
}
