/**
 * Answers which clients may connect to the sockets of a context (ZeroMQ RFC 27).
 *
 * Invariants
 * - ZAP-1 Only who proves a key of CURVE that is allowed gets in; whatever cannot be read, or is of another domain, is
 *   denied. Sockets ask with their domain enforced, so that without this handler nobody gets in either.
 * - ZAP-2 A question that fails is answered, and does not end the answering.
 */
import type { Context, Reply } from 'zeromq';
import { decodeZapRequest, encodeZapReply, ZAP_ADDRESS, type ZapAnswer } from '../../../protocols/zeromq/index.js';
import { type CurveKeys, isAllowed } from './curve-keys.js';
import type { Library } from './publisher.js';

/** Of the one socket that asks. */
export const ZAP_DOMAIN = 'fleetchart';

/** Clients are told of once each, and not without end: one that is denied tries again several times a second. */
const MOST_TOLD = 100;

/** A client that was not let in. */
export interface DeniedClient {
  readonly address: string;
  /** Undefined if it proved none. */
  readonly publicKey: string | undefined;
}

export class Gatekeeper {
  /** Addresses and keys that were told of. */
  private readonly told = new Set<string>();

  private constructor(
    private readonly socket: Reply,
    private readonly keys: CurveKeys,
    private readonly onDenied: (client: DeniedClient) => void,
  ) {}

  static async start(
    { Reply }: Library,
    context: Context,
    keys: CurveKeys,
    onDenied: (client: DeniedClient) => void,
  ): Promise<Gatekeeper> {
    const socket = new Reply({ context, linger: 0 });
    await socket.bind(ZAP_ADDRESS);
    const gatekeeper = new Gatekeeper(socket, keys, onDenied);
    void gatekeeper.answerAll();
    return gatekeeper;
  }

  close(): void {
    if (!this.socket.closed) this.socket.close();
  }

  private async answerAll(): Promise<void> {
    while (!this.socket.closed) {
      try {
        const frames = await this.socket.receive();
        await this.socket.send(this.answerTo(frames));
      } catch (error) {
        // Closed, or a socket that can do nothing more: then nobody gets in.
        if (this.socket.closed || (error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      }
    }
  }

  /** ZAP-2. */
  private answerTo(frames: readonly Buffer[]): (string | Uint8Array)[] {
    try {
      return this.answer(frames);
    } catch {
      return encodeZapReply(frames[1] ?? new Uint8Array(), 'failed');
    }
  }

  private answer(frames: readonly Buffer[]): (string | Uint8Array)[] {
    const request = decodeZapRequest(frames);
    if (!request.ok) return encodeZapReply(frames[1] ?? new Uint8Array(), 'denied');
    const { id, domain, address, publicKey } = request.value;
    const isWelcome = domain === ZAP_DOMAIN && publicKey !== undefined && isAllowed(this.keys, publicKey);
    const answer: ZapAnswer = isWelcome ? 'allowed' : 'denied';
    if (!isWelcome) this.tell({ address, publicKey });
    return encodeZapReply(id, answer, isWelcome ? publicKey : '');
  }

  private tell(client: DeniedClient): void {
    const name = `${client.address} ${client.publicKey}`;
    if (this.told.has(name) || this.told.size >= MOST_TOLD) return;
    this.told.add(name);
    this.onDenied(client);
  }
}
