import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { Clock } from '../../runtime/index.js';
import { type ConnectFacts, explainConnectError, explainHttpAnswer } from './connect-failure.js';
import { DisconnectedError, RefusedError } from './connection-error.js';
import type { DeviceCredentials } from './credentials.js';
import type { Wire } from './record-pump.js';
import type { Target } from './target.js';
import { clientFrame, closePayload, type FrameSink, OPCODE, readClose, ServerFrames } from './web-socket-frames.js';

export interface ConnectOptions {
  readonly target: Target;
  readonly credentials: DeviceCredentials;
  /** Sent with the upgrade (FT-CLI-1). */
  readonly headers: Readonly<Record<string, string>>;
  readonly mask: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Takes the messages of a connection. */
export interface MessageSink {
  /** The bytes are only good during the call. */
  message(payload: Buffer, now: number): void;
  /** Everything that one read brought has been given to {@link message}. */
  settled(now: number): void;
}

/** What a server needs to send is short: replies of some hundred bytes, or an echo of the largest message. */
const MOST_MESSAGE_BYTES = 1_100_000;
/** Silence after which the kernel asks whether the server is still there. */
const KEEP_ALIVE_MS = 15_000;
/** How long a server may take to answer a close frame. */
const CLOSE_MS = 1_000;
/** RFC 6455, section 1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * Opens a connection as a vehicle does: TLS with the vehicle's certificate, then the upgrade (FT-CLI-1). Rejects with a
 * {@link RefusedError} that says which check failed.
 */
export function connectVehicle(options: ConnectOptions): Promise<VehicleSocket> {
  const { target, headers, signal } = options;
  return new Promise((resolve, reject) => {
    const key = randomBytes(16).toString('base64');
    let isSecure = false;
    const refuse = (error: unknown): void => {
      const facts: ConnectFacts = { target: target.text, isSecure, hasOwnCa: target.ca !== undefined };
      reject(new RefusedError(explainConnectError(error, facts)));
    };
    const upgrade = request({
      host: target.host,
      port: target.port,
      path: target.path,
      signal,
      headers: {
        ...headers,
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': key,
      },
      createConnection: () => openTls(options).once('secureConnect', () => (isSecure = true)),
    });
    upgrade.on('error', refuse);
    upgrade.on('response', (response: IncomingMessage) => {
      response.resume();
      reject(new RefusedError(explainHttpAnswer(response.statusCode ?? 0, response.headers.location, target.text)));
      upgrade.destroy();
    });
    upgrade.on('upgrade', (response: IncomingMessage, socket: Socket, head: Buffer) => {
      const accept = createHash('sha1')
        .update(key + ACCEPT_GUID)
        .digest('base64');
      if (response.headers['sec-websocket-accept'] !== accept) {
        socket.destroy();
        reject(new RefusedError(explainHttpAnswer(101, undefined, target.text)));
        return;
      }
      resolve(new VehicleSocket(socket, head, options));
    });
    upgrade.end();
  });
}

function openTls({ target, credentials }: ConnectOptions): TLSSocket {
  const { host, port, ca, isInsecure } = target;
  return connect({
    host,
    port,
    // An address is no server name (RFC 6066, section 3).
    ...(isIP(host) ? {} : { servername: host }),
    cert: credentials.certificatePem,
    key: credentials.keyPem,
    // An intermediate authority is an anchor too, as for the server (FT-TLS-5).
    ...(ca === undefined ? {} : { ca, allowPartialTrustChain: true }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: !isInsecure,
    ALPNProtocols: ['http/1.1'],
  });
}

/** An open connection. Answers pings and close frames by itself (FT-CLI-5). */
export class VehicleSocket implements Wire, FrameSink {
  /** Rejects with a {@link DisconnectedError} when the connection is lost; resolves when this side closed it. */
  readonly ended: Promise<void>;
  private readonly frames: ServerFrames;
  private readonly mask: number;
  private readonly clock: Clock;
  private receiver: MessageSink | undefined;
  private now = 0;
  private end: (error?: DisconnectedError) => void = () => {};
  private closing = false;
  private reason: DisconnectedError | undefined;

  constructor(
    private readonly socket: Socket,
    private head: Buffer,
    { mask, clock }: Pick<ConnectOptions, 'mask' | 'clock'>,
  ) {
    this.mask = mask;
    this.clock = clock;
    this.frames = new ServerFrames(this, MOST_MESSAGE_BYTES);
    this.ended = new Promise((resolve, reject) => {
      this.end = (error) => (error ? reject(error) : resolve());
    });
    this.ended.catch(() => {});
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.reason ??= new DisconnectedError(
        error.code?.toLowerCase() ?? 'error',
        `the connection broke: ${error.message}`,
      );
    });
    socket.on('close', () => {
      const dropped = new DisconnectedError('dropped', 'the server closed the connection without a close frame');
      this.end(this.closing ? undefined : (this.reason ?? dropped));
    });
    socket.on('end', () => socket.end());
  }

  get backlogBytes(): number {
    return this.socket.writableLength;
  }

  /** From now on messages go to `receiver`; nothing is read before. */
  receive(receiver: MessageSink): void {
    this.receiver = receiver;
    const { head } = this;
    this.head = Buffer.alloc(0);
    if (head.length > 0) this.onData(head);
    this.socket.on('data', (chunk: Buffer) => this.onData(chunk));
  }

  write(frames: Buffer): void {
    if (!this.closing && this.socket.writable) this.socket.write(frames);
  }

  /** Ends the connection orderly, and by force if the server does not answer. */
  close(): void {
    if (this.closing) return;
    this.write(clientFrame(OPCODE.close, closePayload(1000), this.mask));
    this.closing = true;
    this.receiver = undefined;
    this.socket.end();
    this.socket.resume();
    const timer = this.clock.setTimeout(() => this.socket.destroy(), CLOSE_MS);
    this.socket.once('close', () => this.clock.clearTimeout(timer));
  }

  // What the frames carry.

  message(payload: Buffer): void {
    this.receiver?.message(payload, this.now);
  }

  ping(payload: Buffer): void {
    this.write(clientFrame(OPCODE.pong, payload, this.mask));
  }

  closeFrame(payload: Buffer): void {
    const { code, reason } = readClose(payload);
    const words = reason === '' ? `with code ${code}` : `with code ${code} (${reason})`;
    this.reason = new DisconnectedError(`closed_${code}`, `the server closed the connection ${words}`);
    this.write(clientFrame(OPCODE.close, payload.subarray(0, 2), this.mask));
    this.socket.end();
  }

  private onData(chunk: Buffer): void {
    this.now = this.clock.monotonic();
    const wrong = this.frames.push(chunk);
    if (wrong !== undefined) {
      this.reason = new DisconnectedError('protocol_error', `the server sent ${wrong}`);
      this.socket.destroy();
      return;
    }
    this.receiver?.settled(this.now);
  }
}
