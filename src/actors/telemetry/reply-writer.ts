import type { Writable } from 'node:stream';

const BINARY_FINAL = 0x82;
const SHORT = 125;

/**
 * Writes the replies of a connection: all that were made in one turn of the event loop go out in one write (ING-4), as
 * unmasked, final binary frames (RFC 6455 §5.2). Replies are far shorter than 64 KiB.
 */
export class ReplyWriter {
  /** Bytes handed to the socket so far. */
  written = 0;
  private replies: Uint8Array[] = [];
  private bytes = 0;

  constructor(private readonly socket: Writable) {}

  push(reply: Uint8Array): void {
    if (this.replies.length === 0) process.nextTick(() => this.flush());
    this.replies.push(reply);
    this.bytes += reply.length + (reply.length > SHORT ? 4 : 2);
  }

  /** Writes what waits for the end of the turn: before a close frame, behind which nothing may come. */
  flush(): void {
    if (this.replies.length === 0) return;
    const frames = Buffer.allocUnsafe(this.bytes);
    let at = 0;
    for (const reply of this.replies) {
      frames[at++] = BINARY_FINAL;
      if (reply.length > SHORT) {
        frames[at++] = 126;
        at = frames.writeUInt16BE(reply.length, at);
      } else frames[at++] = reply.length;
      frames.set(reply, at);
      at += reply.length;
    }
    this.replies = [];
    this.bytes = 0;
    if (!this.socket.writable) return;
    this.socket.write(frames);
    this.written += frames.length;
  }
}
