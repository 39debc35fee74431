import { X509Certificate } from 'node:crypto';
import { Server, type Socket } from 'node:net';
import { type PeerCertificate, TLSSocket, type TLSSocketOptions, type TlsOptions } from 'node:tls';
import type { Clock, TimerHandle } from '../clock.js';
import type { TlsMaterial } from './tls.js';
import { explainHandshakeFailure, type HandshakeFailure, type HandshakeReason } from './tls-failure.js';
import type { TlsSnapshot } from './tls-files.js';

// A TLS listener that can say why it refuses. `tls.createServer` cannot do two things that are needed here: trust an
// issuing authority without its root for clients that send no SNI (it drops `allowPartialTrustChain`, FT-TLS-5), and
// keep the certificate of a refused client until the refusal is explained. So the sockets are wrapped here, as
// `tls.createServer` itself does it. Invariants:
//
// 1. `onSecure` gets a socket only after OpenSSL verified a certificate that the client has shown, if the material
//    has client authorities; if the verdict cannot be had, the client is refused.
// 2. A refused client gets no byte of the application, and none of its bytes is read by the application (FT-TLS-3). One
//    without certificate is refused by OpenSSL in the handshake, with an alert. For one whose certificate is not accepted
//    node always lets OpenSSL go on; it is cut off in the turn in which the verdict is known. Under TLS 1.2 that is before
//    this side's Finished, so that its handshake fails, with an alert; under TLS 1.3 a client's part of the handshake ends
//    before the server has seen its certificate, and it finds the connection closed, without an alert.
// 3. Each connection ends in exactly one call of `onSecure` or `onRefused`.
// 4. What a client can make this side hold before it is known is bounded in number and time.

export interface TlsServerOptions {
  readonly material: TlsMaterial;
  readonly clock: Clock;
  /** Protocols to choose from for clients that negotiate one (ALPN). @default ['http/1.1'] */
  readonly protocols?: readonly string[];
  /** For a handshake from the first byte, in ms. @default 10 000 */
  readonly handshakeTimeoutMs?: number;
  /** Handshakes under way at once; connections beyond are closed. @default 4 096 */
  readonly maxHandshakes?: number;
  /** A connection that is ready: hand it to an HTTP server by `httpServer.emit('connection', socket)`. */
  onSecure(socket: TLSSocket): void;
  /** A connection that came to nothing, to be counted under its reason and logged. */
  onRefused(failure: HandshakeFailure, remoteAddress: string, remotePort: number): void;
}

/** Idle time until a peer that may have vanished is probed. */
const KEEP_ALIVE_DELAY_MS = 15_000;

/** A listener to call `listen` and `close` on. */
export function createTlsServer(options: TlsServerOptions): Server {
  return new TlsServer(options);
}

/**
 * The certificate that a client has shown, in DER. `getPeerX509Certificate` leaves a copy of the authorities that a client
 * sends along in memory for good, some 5 kB for each connection.
 */
export function peerCertificate(socket: TLSSocket): Uint8Array | undefined {
  return (socket.getPeerCertificate() as Partial<PeerCertificate> | null)?.raw;
}

class TlsServer extends Server {
  private readonly handshakes = new Set<Handshake>();

  constructor(options: TlsServerOptions) {
    super({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS });
    const { protocols = ['http/1.1'] } = options;
    const { handshakes } = this;
    const chooseProtocol: ChooseProtocol = ({ protocols: offered }) => protocols.find((name) => offered.includes(name));
    this.on('connection', (raw: Socket) => new Handshake(raw, options, { handshakes, chooseProtocol }).start());
  }

  /** Waits for the connections that were let in; those that were about to be are cut. */
  override close(callback?: (error?: Error) => void): this {
    for (const handshake of this.handshakes) handshake.cut({ code: 'LISTENER_CLOSED' });
    return super.close(callback);
  }
}

/** What the handshakes of a server share. */
interface Shared {
  readonly handshakes: Set<Handshake>;
  /** Instead of a list of protocols, of which each socket would keep a copy. */
  readonly chooseProtocol: ChooseProtocol;
}

type ChooseProtocol = NonNullable<TlsOptions['ALPNCallback']>;

/** Node takes it for any socket of a server, its types for `tls.createServer` only. */
type ServerSocketOptions = TLSSocketOptions & Pick<TlsOptions, 'ALPNCallback'>;

class Handshake {
  /** Taken once, so that a reload in between cannot mix what is presented with what is demanded. */
  private readonly tls: TlsSnapshot;
  private readonly remoteAddress: string;
  private readonly remotePort: number;
  private socket: TLSSocket | undefined;
  private timer: TimerHandle | undefined;
  private isSettled = false;
  private readonly listeners = {
    error: (error: Error) => {
      this.refuse(error);
    },
    close: () => {
      this.refuse({ code: 'CLOSED_EARLY' });
    },
    // Of a socket made like this, node tells TLS errors after the handshake only here.
    _tlsError: (error: Error) => {
      this.refuse(error);
      this.socket?.destroy(error);
    },
  };

  constructor(
    private readonly raw: Socket,
    private readonly options: TlsServerOptions,
    private readonly shared: Shared,
  ) {
    this.tls = options.material.current;
    this.remoteAddress = raw.remoteAddress ?? 'unknown';
    this.remotePort = raw.remotePort ?? 0;
    this.shared.handshakes.add(this);
  }

  start(): void {
    const { clock, handshakeTimeoutMs = 10_000, maxHandshakes = 4_096 } = this.options;
    if (this.shared.handshakes.size > maxHandshakes) {
      this.raw.on('error', () => {});
      this.cut({ code: 'TOO_MANY_HANDSHAKES' });
      return;
    }
    const socket = new TLSSocket(this.raw, {
      isServer: true,
      secureContext: this.tls.context,
      requestCert: this.verifiesClients,
      rejectUnauthorized: this.verifiesClients,
      ALPNCallback: this.shared.chooseProtocol,
    } satisfies ServerSocketOptions as TLSSocketOptions);
    this.socket = socket;
    this.timer = clock.setTimeout(() => this.cut({ code: 'HANDSHAKE_TIMEOUT' }), handshakeTimeoutMs);
    // Who a connection is does not change while it lasts.
    socket.disableRenegotiation();
    socket.once('secure', () => this.judge(socket));
    for (const [event, listener] of Object.entries(this.listeners)) socket.on(event, listener);
  }

  /** Ends a handshake that is under way. */
  cut(error: { readonly code: string }): void {
    this.refuse(error);
    (this.socket ?? this.raw).destroy();
  }

  private get verifiesClients(): boolean {
    return this.tls.clientAuthorities.length > 0;
  }

  /** OpenSSL has finished: did it accept the client? */
  private judge(socket: TLSSocket): void {
    const verdict = this.verifiesClients ? verificationError(socket) : undefined;
    if (verdict !== undefined) {
      const failure = this.refuse({ code: verdict }, shownCertificate(socket));
      if (failure && isUnencryptedYet(socket)) this.raw.write(fatalAlert(failure.reason));
      socket.destroy();
    } else if (this.settle()) {
      socket.authorized = this.verifiesClients;
      this.letGo(socket);
      this.options.onSecure(socket);
    }
  }

  /** A connection may last for weeks, and there are many: nothing of its handshake stays in memory with it. */
  private letGo(socket: TLSSocket): void {
    for (const [event, listener] of Object.entries(this.listeners)) socket.off(event, listener);
    // Node's own, which waits for what has happened.
    this.raw.removeAllListeners('connect');
    socket.on('error', ignore);
    socket.on('_tlsError', destroyWith);
  }

  private refuse(
    error: { readonly code?: string; readonly message?: string },
    certificate?: X509Certificate,
  ): HandshakeFailure | undefined {
    if (!this.settle()) return undefined;
    const failure = explainHandshakeFailure(error, {
      remote: `${this.remoteAddress}:${this.remotePort}`,
      certificate,
      authorities: this.tls.clientAuthorities,
      now: this.options.clock.now(),
    });
    this.options.onRefused(failure, this.remoteAddress, this.remotePort);
    return failure;
  }

  /** True once. */
  private settle(): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    this.shared.handshakes.delete(this);
    this.options.clock.clearTimeout(this.timer);
    return true;
  }
}

/** Nobody has vouched for it. */
function shownCertificate(socket: TLSSocket): X509Certificate | undefined {
  const shown = peerCertificate(socket);
  return shown && new X509Certificate(shown);
}

/** Who has the socket may listen, too. */
function ignore(): void {}

function destroyWith(this: TLSSocket, error: Error): void {
  this.destroy(error);
}

/**
 * OpenSSL's verdict on the client's chain, undefined if there is one and it is good. Node keeps it on the native half of
 * the socket and copies it to `authorized` only for sockets that a `tls.Server` made; where it cannot be had, nobody is
 * let in.
 */
function verificationError(socket: TLSSocket): string | undefined {
  const { ssl } = socket as unknown as { ssl?: { verifyError?(): { code?: string } | null } | null };
  if (typeof ssl?.verifyError !== 'function') return 'VERDICT_UNAVAILABLE';
  const error = ssl.verifyError();
  return error ? (error.code ?? 'VERDICT_UNAVAILABLE') : undefined;
}

/**
 * Whether the client still reads this side in clear: under TLS 1.2 until this side's Finished, which comes last and is
 * not sent yet when the verdict is known.
 */
function isUnencryptedYet(socket: TLSSocket): boolean {
  return socket.getProtocol() === 'TLSv1.2';
}

const CONTENT_TYPE_ALERT = 21;
const LEVEL_FATAL = 2;
const BAD_CERTIFICATE = 42;

/** Alert descriptions of RFC 5246 §7.2 by reason; node gives no way to have OpenSSL send them. */
const ALERTS: Readonly<Partial<Record<HandshakeReason, number>>> = {
  no_certificate: 40,
  wrong_purpose: 43,
  expired: 45,
  unknown_issuer: 48,
  self_signed: 48,
};

/** A TLS record that tells a client why: without it, it only sees the connection end. */
function fatalAlert(reason: HandshakeReason): Uint8Array {
  return Uint8Array.of(CONTENT_TYPE_ALERT, 3, 3, 0, 2, LEVEL_FATAL, ALERTS[reason] ?? BAD_CERTIFICATE);
}
