import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';

export interface Publication {
  readonly topic: string;
  readonly body: string;
  readonly qos: number;
  readonly retain: boolean;
}

/** A broker on loopback that remembers what was published to it and can go away and come back on its port. */
export class FakeMqttBroker {
  readonly publications: Publication[] = [];
  /** CONNECT packets, in order. */
  readonly connects: { readonly clientId: string; readonly username?: string; readonly keepalive?: number }[] = [];
  /** When a publication is acknowledged. */
  onPublished: (acknowledge: () => void) => void = (acknowledge) => acknowledge();
  private port = 0;
  private server: Server | undefined;
  private aedes: Aedes | undefined;
  private readonly sockets = new Set<Socket>();

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(options: { readonly password?: string } = {}): Promise<void> {
    this.aedes = await Aedes.createBroker({
      preConnect: (_client, packet, done) => {
        this.connects.push({ ...packet });
        done(null, true);
      },
      authenticate: (_client, _user, password, done) =>
        done(null, options.password === undefined || password?.toString() === options.password),
      // The one moment before it is acknowledged.
      authorizePublish: (_client, { topic, payload, qos, retain }, done) => {
        this.publications.push({ topic, body: payload.toString(), qos, retain });
        this.onPublished(() => done(null));
      },
    });
    const { aedes } = this;
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      aedes.handle(socket);
    });
    const { server } = this;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as { port: number }).port;
  }

  /** Drops every connection, as a machine does that loses its power. */
  async stop(): Promise<void> {
    const { server, aedes } = this;
    this.server = undefined;
    this.aedes = undefined;
    if (!server || !aedes) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
    await new Promise<void>((resolve) => aedes.close(resolve));
  }
}
