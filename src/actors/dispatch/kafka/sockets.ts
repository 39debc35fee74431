import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactoryArgs } from 'kafkajs';

/** The sockets of one client, which the library itself has no way to end hard, or to keep from coming back. */
export class Sockets {
  private readonly all = new Set<Socket>();
  /** Those that hold more than they should, each until it does no longer. */
  private readonly draining = new Map<Socket, Promise<void>>();
  private hasEnded = false;

  constructor(
    private readonly family: 0 | 4 | 6,
    /** What those learn that still used them. */
    private readonly reason: () => Error,
  ) {}

  /** Throws once they have ended. */
  open({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
    if (this.hasEnded) throw this.reason();
    const to = { host, port, family: this.family, noDelay: true, keepAlive: true };
    const socket = ssl
      ? connectTls({ ...to, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
      : connectTcp(to, onConnect);
    this.all.add(socket);
    socket.once('close', () => this.all.delete(socket));
    return socket;
  }

  /**
   * Resolves when the system has taken what was written, of which a request without an answer waits for nothing;
   * rejects if one of them closes before.
   */
  async drained(): Promise<void> {
    for (const socket of this.all) {
      if (socket.writableNeedDrain && !this.draining.has(socket)) this.draining.set(socket, this.drainOf(socket));
    }
    await Promise.all(this.draining.values());
  }

  end(): void {
    this.hasEnded = true;
    for (const socket of this.all) socket.destroy(this.reason());
  }

  private drainOf(socket: Socket): Promise<void> {
    const drained = new Promise<void>((resolve, reject) => {
      const closed = (): void => reject(this.hasEnded ? this.reason() : new Error('socket disconnected'));
      socket.once('close', closed);
      socket.once('drain', () => {
        socket.off('close', closed);
        resolve();
      });
    });
    return drained.finally(() => this.draining.delete(socket));
  }
}
