import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Passes connections on to a port of this machine, and can cut or hold them in the middle of what comes back. */
export class CuttingProxy {
  /** What happens to a connection after so many bytes of what comes back; undefined: nothing. */
  after: { readonly bytes: number; readonly way: 'cut' | 'hold' } | undefined;
  /** Connections that were cut or held. */
  interrupted = 0;
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

  /** Both sides of the connections that are open. */
  get open(): number {
    return this.sockets.size;
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
      if (!this.after || bytes < this.after.bytes) return;
      this.interrupted++;
      if (this.after.way === 'cut') end();
      else target.pause();
    });
  }
}
