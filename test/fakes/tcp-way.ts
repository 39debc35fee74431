import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Ending } from './mosquitto.js';

/** A way to a port of this machine that can be closed and opened again, with what is on it cut. */
export class TcpWay {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private isOpen = true;
  /** How many connections there have been. */
  joined = 0;

  private constructor(private readonly target: number) {
    this.server = createServer((socket) => this.join(socket));
  }

  static async to(t: Ending, target: number): Promise<TcpWay> {
    const way = new TcpWay(target);
    await new Promise<void>((resolve) => way.server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      way.close();
      way.server.close();
    });
    return way;
  }

  get port(): number {
    const { port } = this.server.address() as { port: number };
    return port;
  }

  close(): void {
    this.isOpen = false;
    for (const socket of this.sockets) socket.destroy();
  }

  open(): void {
    this.isOpen = true;
  }

  private join(near: Socket): void {
    if (!this.isOpen) {
      near.destroy();
      return;
    }
    this.joined++;
    const far = connect(this.target, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  }
}
