import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { eventually } from './ingest-hub.js';

/** A client that says what it likes to the TLS port, byte for byte. */
export class RawClient {
  received = '';
  isSecure = false;
  isClosed = false;
  errorCode = '';
  session: Buffer | undefined;
  readonly closed: Promise<void>;

  private constructor(readonly socket: TLSSocket) {
    socket.on('secureConnect', () => {
      this.isSecure = true;
    });
    socket.on('session', (session) => {
      this.session = session;
    });
    socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.errorCode ||= error.code ?? error.message;
      // An alert that crosses a write leaves the socket half open for good.
      socket.destroy();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.isClosed = true;
        resolve();
      });
    });
  }

  /** Resolves once the handshake is over, one way or the other. */
  static async open(options: ConnectionOptions): Promise<RawClient> {
    const client = new RawClient(connect({ host: '127.0.0.1', servername: 'localhost', ...options }));
    await eventually(() => client.isSecure || client.isClosed, 'the end of the handshake');
    return client;
  }

  write(bytes: string | Uint8Array): this {
    this.socket.write(bytes);
    return this;
  }

  /** Waits until what came so far holds `text`. */
  async reads(text: string): Promise<string> {
    await eventually(() => this.received.includes(text), `${JSON.stringify(text)} in ${JSON.stringify(this.received)}`);
    return this.received;
  }

  /** All that came until the server closed. */
  async readsAll(): Promise<string> {
    await this.closed;
    return this.received;
  }
}

/** The head of a request, for which the lines are as they should be if nothing else is said. */
export function upgradeHead(
  changes: Readonly<Record<string, string | undefined>> = {},
  line = 'GET / HTTP/1.1',
): string {
  const headers: Record<string, string | undefined> = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...changes,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return [line, ...lines, '', ''].join('\r\n');
}
