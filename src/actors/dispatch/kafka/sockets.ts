import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactoryArgs } from 'kafkajs';

/** The sockets of one client, which the library itself has no way to end hard, or to keep from coming back. */
export class Sockets {
  private readonly all = new Set<Socket>();
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

  end(): void {
    this.hasEnded = true;
    for (const socket of this.all) socket.destroy(this.reason());
  }
}
