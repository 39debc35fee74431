import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { LONGEST_FLIGHT_BYTES } from '../../protocols/tls-handshake/index.js';

/**
 * A port of loopback that one connection may take, which goes on to a server. It keeps what that says first: node hands over
 * no more of a handshake than it wants, and dies of a TLS socket over a stream of our own that is ended early.
 */
export class Relay {
  private readonly parts: Buffer[] = [];
  private bytes = 0;
  private client: Socket | undefined;

  private constructor(
    private readonly upstream: Socket,
    private readonly server: Server,
  ) {}

  /** `upstream` is connected. */
  static async to(upstream: Socket): Promise<Relay> {
    const server = createServer();
    const relay = new Relay(upstream, server);
    server.once('connection', (client) => relay.join(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** What the server has said. */
  get received(): Buffer {
    return Buffer.concat(this.parts);
  }

  close(): void {
    this.server.close();
    this.client?.destroy();
    this.upstream.destroy();
  }

  private join(client: Socket): void {
    const { upstream, server } = this;
    server.close();
    this.client = client;
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => this.keep(chunk));
    upstream.pipe(client);
    upstream.once('close', () => client.end());
  }

  private keep(chunk: Buffer): void {
    const part = chunk.subarray(0, LONGEST_FLIGHT_BYTES - this.bytes);
    this.bytes += part.length;
    if (part.length > 0) this.parts.push(part);
  }
}
