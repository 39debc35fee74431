import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const CARRIAGE_RETURN = 13;
const NEWLINE = 10;
/** Bytes behind the head, such as the request's body, that are read and thrown away. */
const MOST_BYTES_BEHIND = 64 * 1024;

/**
 * A connection of which HTTP sees the head of one request. What comes behind is thrown away without a look, so that many
 * requests at once cost no more than one: HTTP would go through all that came with the first before anything can end it.
 */
export class FirstRequest extends Duplex {
  private hasBegun = false;
  private isLineEmpty = false;
  private isHeadRead = false;
  private bytesBehind = 0;

  constructor(
    private readonly socket: Socket,
    private readonly headRead: () => void,
  ) {
    super();
    socket.on('data', (bytes: Buffer) => this.received(bytes));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
    socket.on('end', () => {
      // Nobody waits for an answer any more; what is on its way still gets there.
      if (this.isHeadRead) this.destroySoon();
      else this.push(null);
    });
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.socket.write(bytes, done);
  }

  override _final(done: () => void): void {
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }

  /** What is written still leaves. */
  destroySoon(): void {
    this.end(() => this.destroy());
  }

  private received(bytes: Buffer): void {
    const end = this.isHeadRead ? 0 : this.headEnd(bytes);
    if (end > 0 && !this.push(bytes.subarray(0, end))) this.socket.pause();
    if (!this.isHeadRead) return;
    this.socket.resume();
    this.bytesBehind += bytes.length - end;
    if (this.bytesBehind > MOST_BYTES_BEHIND) this.destroy();
  }

  /** Where the head ends in `bytes`, or all of them: behind the first empty line that does not stand before it. */
  private headEnd(bytes: Buffer): number {
    for (let index = 0; index < bytes.length; index++) {
      const byte = bytes[index];
      if (byte === CARRIAGE_RETURN) continue;
      if (byte !== NEWLINE) {
        this.hasBegun = true;
        this.isLineEmpty = false;
      } else if (this.isLineEmpty) {
        this.isHeadRead = true;
        this.headRead();
        return index + 1;
      } else this.isLineEmpty = this.hasBegun;
    }
    return bytes.length;
  }
}
