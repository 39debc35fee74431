import type { Writable } from 'node:stream';

const BINARY_FINAL = 0x82;
/** Longest payloads whose length fits into the frame's second byte, and into the two bytes behind it. */
const SHORT = 125;
const MEDIUM = 0xffff;

/**
 * Writes the replies of a connection: all that were made in one turn of the event loop go out in one write (ING-4), as
 * unmasked, final binary frames (RFC 6455 §5.2). A reply repeats a txid, which may be as long as a message.
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
    this.bytes += reply.length + (reply.length <= SHORT ? 2 : reply.length <= MEDIUM ? 4 : 10);
  }

  /** Writes what waits for the end of the turn: before a close frame, behind which nothing may come. */
  flush(): void {
    if (this.replies.length === 0) return;
    const frames = Buffer.allocUnsafe(this.bytes);
    let at = 0;
    for (const reply of this.replies) {
      frames[at++] = BINARY_FINAL;
      if (reply.length <= SHORT) frames[at++] = reply.length;
      else if (reply.length <= MEDIUM) {
        frames[at++] = 126;
        at = frames.writeUInt16BE(reply.length, at);
      } else {
        frames[at++] = 127;
        at = frames.writeBigUInt64BE(BigInt(reply.length), at);
      }
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
