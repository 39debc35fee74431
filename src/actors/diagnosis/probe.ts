/** One connection each: as a vehicle would make it, but for what the probe is after. Never rejects. */
import { request } from 'node:https';
import { connect as connectTcp, isIP, Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureVersion } from 'node:tls';
import { WebSocket } from 'ws';
import { readServerFlight, type ServerFlight } from '../../protocols/tls-handshake/index.js';
import type { Clock } from '../../runtime/index.js';
import { Relay } from './relay.js';

export interface ProbeTarget {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
}

/** What this side shows and trusts, PEM. */
export interface ProbeCredentials {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Undefined: the authorities of this machine. */
  readonly ca?: string | undefined;
}

export interface HandshakeOptions extends ProbeCredentials {
  /** Undefined: none is sent. */
  readonly serverName?: string | undefined;
  readonly versions?: readonly [SecureVersion, SecureVersion];
  readonly alpn?: readonly string[];
  /** For versions that OpenSSL offers under no other. */
  readonly ciphers?: string;
}

export interface ProbeError {
  /** Node's or OpenSSL's. */
  readonly code: string;
  readonly message: string;
}

export interface Handshake {
  /** Absent: it came about. */
  readonly error?: ProbeError;
  readonly isConnected: boolean;
  /** `TLSv1.3` */
  readonly protocol: string;
  readonly cipher: string;
  /** Empty: none was agreed on. */
  readonly alpn: string;
  /** OpenSSL's verdict on the chain, such as `CERT_HAS_EXPIRED`; empty: it is trusted. */
  readonly verdict: string;
  /** Undefined if it could not be read. */
  readonly flight: ServerFlight | undefined;
  readonly address: string;
}

export interface HttpAnswer {
  readonly error?: ProbeError;
  /** 0: not even the head of an answer came. */
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** When the answer had come, epoch milliseconds. */
  readonly at: number;
}

export type Upgrade =
  | { readonly kind: 'open' }
  /** The connection was made and ended at once. */
  | { readonly kind: 'dropped'; readonly code: number; readonly reason: string }
  | { readonly kind: 'answered'; readonly status: number; readonly location: string | undefined }
  | { readonly kind: 'failed'; readonly error: ProbeError };

/** For each connection, milliseconds. */
const PROBE_MS = 10_000;
/** For the last words of a WebSocket, milliseconds. */
const CLOSE_MS = 1_000;
const LONGEST_BODY = 4_096;
const SECRET = /^SERVER_HANDSHAKE_TRAFFIC_SECRET [0-9a-f]+ ([0-9a-f]+)\s*$/i;
const TIMED_OUT: ProbeError = { code: 'ETIMEDOUT', message: 'no answer in time' };

const NO_HANDSHAKE: Handshake = {
  isConnected: false,
  protocol: '',
  cipher: '',
  alpn: '',
  verdict: '',
  flight: undefined,
  address: '',
};

/** Node has an error there, or a code. */
const verdictOf = (verdict: unknown): string =>
  String((verdict as { readonly code?: string } | null)?.code ?? verdict ?? '');

/** A name that may be sent to a server: addresses are not (RFC 6066 §3). */
export const serverNameOf = (host: string): string | undefined => (isIP(host) === 0 ? host : undefined);

export class Prober {
  constructor(
    readonly target: ProbeTarget,
    private readonly clock: Clock,
    private readonly probeMs = PROBE_MS,
  ) {}

  /** A handshake and nothing more. Whether the chain is trusted is told, and stops nothing. */
  async shake(options: HandshakeOptions = {}): Promise<Handshake> {
    const connected = await this.connect();
    if (!(connected instanceof Socket)) return { ...NO_HANDSHAKE, error: connected };
    const address = connected.remoteAddress ?? '';
    const relay = await Relay.to(connected);
    let secret: Buffer | undefined;
    const shaken = await this.bounded<Partial<Handshake>>((resolve) => {
      const fail = (error: ProbeError): void => resolve({ error });
      try {
        const tls = connectTls({ ...tlsOptions(options), ...alpnOf(options), host: '127.0.0.1', port: relay.port });
        tls.on('keylog', (line: Buffer) => {
          const hex = SECRET.exec(line.toString())?.[1];
          if (hex !== undefined) secret = Buffer.from(hex, 'hex');
        });
        tls.once('secureConnect', () => {
          resolve({
            protocol: tls.getProtocol() ?? '',
            cipher: tls.getCipher().name,
            alpn: tls.alpnProtocol || '',
            verdict: verdictOf(tls.authorizationError),
          });
          tls.destroy();
        });
        tls.on('error', (error) => fail(errorOf(error)));
        tls.once('close', () => fail({ code: 'ECONNRESET', message: 'the connection was closed' }));
        return () => {
          fail(TIMED_OUT);
          tls.destroy();
        };
      } catch (error) {
        fail(errorOf(error));
        return () => {};
      }
    });
    relay.close();
    const read = readServerFlight(relay.received, secret);
    return { ...NO_HANDSHAKE, isConnected: true, address, flight: read.ok ? read.value : undefined, ...shaken };
  }

  private connect(): Promise<Socket | ProbeError> {
    return this.bounded<Socket | ProbeError>((resolve) => {
      const socket = connectTcp(this.target);
      socket.once('connect', () => resolve(socket));
      socket.on('error', (error) => resolve(errorOf(error)));
      return () => {
        resolve(TIMED_OUT);
        socket.destroy();
      };
    });
  }

  get(path: string, options: HandshakeOptions = {}): Promise<HttpAnswer> {
    const { host, port } = this.target;
    const nothing = { status: 0, body: '', headers: {} };
    return this.bounded<HttpAnswer>((resolve) => {
      const fail = (error: ProbeError): void => resolve({ ...nothing, error, at: this.clock.now() });
      try {
        const call = request({ ...tlsOptions(options), host, port, path, agent: false }, (response) => {
          const at = this.clock.now();
          let body = '';
          response.setEncoding('utf8');
          const end = (): void => {
            resolve({ status: response.statusCode ?? 0, body, headers: response.headers, at });
            call.destroy();
          };
          response.on('data', (text: string) => {
            body = (body + text).slice(0, LONGEST_BODY);
            if (body.length === LONGEST_BODY) end();
          });
          response.on('error', (error) => {
            const { statusCode: status = 0, headers } = response;
            resolve({ error: errorOf(error), status, body, headers, at });
          });
          response.once('end', end);
        });
        call.on('error', (error) => fail(errorOf(error)));
        call.end();
        return () => {
          fail(TIMED_OUT);
          call.destroy();
        };
      } catch (error) {
        fail(errorOf(error));
        return () => {};
      }
    });
  }

  /** A WebSocket as a vehicle opens it (FT-CLI-1), held until the server has answered a ping or ended it. */
  upgrade(options: HandshakeOptions = {}): Promise<Upgrade> {
    const { host, port } = this.target;
    const place = isIP(host) === 6 ? `[${host}]` : host;
    return this.bounded<Upgrade>((resolve) => {
      const socket = new WebSocket(`wss://${place}:${port}/`, {
        ...tlsOptions(options),
        headers: { 'X-Network-Interface': 'doctor', Version: '1.0.0' },
        perMessageDeflate: false,
        followRedirects: false,
      });
      let isOpen = false;
      socket.once('open', () => {
        isOpen = true;
        socket.ping();
      });
      socket.once('pong', () => {
        resolve({ kind: 'open' });
        socket.close(1000);
        // Whoever does not answer is not waited for.
        const late = this.clock.setTimeout(() => socket.terminate(), CLOSE_MS);
        socket.once('close', () => this.clock.clearTimeout(late));
      });
      socket.once('unexpected-response', (_request, response) => {
        resolve({ kind: 'answered', status: response.statusCode ?? 0, location: response.headers.location });
        response.destroy();
      });
      socket.on('error', (error) => {
        if (!isOpen) resolve({ kind: 'failed', error: errorOf(error) });
      });
      socket.once('close', (code, reason) => resolve({ kind: 'dropped', code, reason: reason.toString() }));
      return () => {
        resolve(isOpen ? { kind: 'open' } : { kind: 'failed', error: TIMED_OUT });
        socket.terminate();
      };
    });
  }

  /** The first word counts; `begin` returns what to do when the time is over. */
  private bounded<T>(begin: (resolve: (value: T) => void) => () => void): Promise<T> {
    return new Promise((resolve) => {
      let isOver = false;
      const once = (value: T): void => {
        if (isOver) return;
        isOver = true;
        this.clock.clearTimeout(timer);
        resolve(value);
      };
      let late = (): void => {};
      const timer = this.clock.setTimeout(() => late(), this.probeMs);
      late = begin(once);
    });
  }
}

function tlsOptions({ serverName, cert, key, ca, versions, ciphers }: HandshakeOptions) {
  const context = {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(versions === undefined ? {} : { minVersion: versions[0], maxVersion: versions[1] }),
    allowPartialTrustChain: true,
  };
  return {
    secureContext: createSecureContext(context),
    // An empty one is none.
    servername: serverName ?? '',
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  };
}

const alpnOf = ({ alpn }: HandshakeOptions) => (alpn === undefined ? {} : { ALPNProtocols: [...alpn] });

function errorOf(error: unknown): ProbeError {
  const { code = '', message = String(error) } = (error ?? {}) as { code?: string; message?: string };
  // Of some errors of OpenSSL, node tells the reason in the message alone.
  const said = code === 'EPROTO' ? /SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] : undefined;
  return { code: said === undefined ? code : said.toUpperCase().replaceAll(' ', '_'), message };
}
