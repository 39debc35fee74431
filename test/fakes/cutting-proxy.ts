import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Passes connections on to a port of this machine, and can cut them in the middle of what comes back. */
export class CuttingProxy {
  /** Bytes of an answer after which its connection is cut; undefined: none is. */
  cutAfterBytes: number | undefined;
  /** Connections that were cut. */
  cuts = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((client) => this.pass(client));

  private constructor(private readonly targetPort: number) {}

  static async start(targetPort: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(targetPort);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(client: Socket): void {
    const target = connect(this.targetPort, '127.0.0.1');
    const end = (): void => {
      client.destroy();
      target.destroy();
    };
    for (const socket of [client, target]) {
      this.sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        this.sockets.delete(socket);
        end();
      });
    }
    let bytes = 0;
    client.pipe(target);
    target.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      client.write(chunk);
      if (this.cutAfterBytes === undefined || bytes < this.cutAfterBytes) return;
      this.cuts++;
      end();
    });
  }
}
