/**
 * A bound socket that publishes.
 *
 * Invariants
 * - ZMP-1 It is an XPUB socket, which for subscribers is a PUB socket, and tells here whether anybody has subscribed.
 * - ZMP-2 A message is passed to every subscriber of its topic or, where slow ones are waited for, to none.
 */
import type { Context, XPublisher } from 'zeromq';
import type { FleetchartError } from '../../../runtime/errors.js';
import { DispatchError } from '../errors.js';
import { type CurveKeys, readCurveKeys } from './curve-keys.js';
import { type DeniedClient, Gatekeeper, ZAP_DOMAIN } from './gatekeeper.js';

export type Library = Pick<typeof import('zeromq'), 'Context' | 'Reply' | 'XPublisher'>;

/** Something that happened to the socket, for `verbose`. */
export interface SocketEvent {
  readonly type: string;
  readonly address?: string;
  readonly error?: string;
}

export interface PublisherOptions {
  readonly address: string;
  readonly serverKeyFile: string;
  readonly allowedKeysFile: string;
  readonly highWaterMark: number;
  readonly slowSubscriber: 'wait' | 'drop';
  /** Told of what happens to the socket. */
  readonly onEvent: ((event: SocketEvent) => void) | undefined;
  readonly onDenied: (client: DeniedClient) => void;
}

/** Whoever waits for a subscriber has to notice that it is dead, or stopped: TCP alone may take hours, or never does. */
const HEARTBEAT = { heartbeatInterval: 10_000, heartbeatTimeout: 30_000 } as const;

const SUBSCRIBE = 1;
const UNSUBSCRIBE = 0;

export class ZmqPublisher {
  /** Topics, or beginnings of topics, that somebody has subscribed to. */
  private subscriptions = 0;
  private readonly subscriptionListeners = new Set<() => void>();
  private readonly lossListeners = new Set<(error: FleetchartError) => void>();

  private constructor(
    private readonly socket: XPublisher,
    private readonly gatekeeper: Gatekeeper | undefined,
  ) {
    void this.followSubscriptions();
  }

  /** Rejects with what to do about it if the address cannot be had or the keys cannot be read. */
  static async bind(library: Library, context: Context, options: PublisherOptions): Promise<ZmqPublisher> {
    const { address, serverKeyFile, allowedKeysFile, onEvent, onDenied } = options;
    const isWaiting = options.slowSubscriber === 'wait';
    const keys = serverKeyFile === '' ? undefined : await readCurveKeys(serverKeyFile, allowedKeysFile);
    const gatekeeper = keys && (await Gatekeeper.start(library, context, keys, onDenied));
    let socket: XPublisher | undefined;
    try {
      socket = new library.XPublisher({
        context,
        sendHighWaterMark: options.highWaterMark,
        noDrop: isWaiting,
        sendTimeout: 0,
        linger: 0,
        ipv6: address.includes('['),
        ...(isWaiting ? HEARTBEAT : {}),
        ...(keys ? securityOf(keys) : {}),
      });
      if (onEvent) void tellEvents(socket, onEvent);
      await socket.bind(address);
      return new ZmqPublisher(socket, gatekeeper);
    } catch (error) {
      socket?.close();
      gatekeeper?.close();
      throw new DispatchError('DISPATCH_ZMQ_UNBOUND', `${address}: ${explain(error)}`, {
        cause: error,
        retryable: true,
      });
    }
  }

  get isUp(): boolean {
    return !this.socket.closed;
  }

  get hasSubscribers(): boolean {
    return this.subscriptions > 0;
  }

  /** Calls back when the first one has subscribed, or the last one is gone. Returns how to stop listening. */
  onSubscribers(callback: () => void): () => void {
    this.subscriptionListeners.add(callback);
    return () => this.subscriptionListeners.delete(callback);
  }

  onLost(callback: (error: FleetchartError) => void): () => void {
    this.lossListeners.add(callback);
    return () => this.lossListeners.delete(callback);
  }

  /** False if a subscriber has no room for it and is waited for (ZMP-2); rejects if the socket cannot send any more. */
  async send(topic: string, body: Uint8Array): Promise<boolean> {
    try {
      await this.socket.send([topic, Buffer.from(body.buffer, body.byteOffset, body.byteLength)]);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN' && this.isUp) return false;
      throw error;
    }
  }

  /** What waits for subscribers is still sent, in the background, for so long. */
  close(lingerMs: number): void {
    this.gatekeeper?.close();
    if (this.socket.closed) return;
    this.socket.linger = lingerMs;
    this.socket.close();
  }

  private async followSubscriptions(): Promise<void> {
    try {
      for await (const [message] of this.socket) {
        const had = this.hasSubscribers;
        // Anything else is a message that a subscriber sent on its own account.
        if (message?.[0] === SUBSCRIBE) this.subscriptions++;
        else if (message?.[0] === UNSUBSCRIBE) this.subscriptions--;
        if (this.hasSubscribers === had) continue;
        for (const callback of [...this.subscriptionListeners]) callback();
      }
    } catch (error) {
      if (!this.isUp) return;
      this.close(0);
      const lost = new DispatchError('DISPATCH_ZMQ_LOST', explain(error), { cause: error, retryable: true });
      for (const callback of [...this.lossListeners]) callback(lost);
    }
  }
}

function securityOf({ serverSecretKey }: CurveKeys) {
  return {
    curveServer: true,
    curveSecretKey: serverSecretKey,
    zapDomain: ZAP_DOMAIN,
    zapEnforceDomain: true,
  };
}

async function tellEvents(socket: XPublisher, tell: (event: SocketEvent) => void): Promise<void> {
  try {
    for await (const event of socket.events) {
      const { type } = event;
      const address = 'address' in event ? { address: event.address } : {};
      tell({ type, ...address, ...('error' in event ? { error: event.error.message } : {}) });
    }
  } catch {
    // The socket is closed.
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'the address is in use: another process listens there, perhaps the reference server; stop it, or set zmq.addr to another port',
  EADDRNOTAVAIL: 'this machine has no such address; zmq.addr takes * for all interfaces, as in tcp://*:5284',
  ENODEV: 'this machine has no such interface; zmq.addr takes * for all of them, as in tcp://*:5284',
  EACCES: 'not permitted: ports below 1024 need privileges, and the folder of a socket has to be writable',
  ENOENT: 'the folder of the socket does not exist',
  EINVAL: 'that is no address; zmq.addr is one like tcp://*:5284',
};

function explain(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return CAUSES[code] ?? (code === '' ? message : `${message} (${code})`);
}
