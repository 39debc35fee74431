import { createHash } from 'node:crypto';
import type { GroupCommit } from '../../runtime/store/group-commit.js';

/** What tells a redelivery from a new message. */
export interface ReceivedPacket {
  readonly messageId: number;
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** More than a broker has unacknowledged at once; the oldest are forgotten. */
const REMEMBERED = 1_024;
const DIGEST_BYTES = 16;

/**
 * The QoS 1 messages that were stored last, over restarts: the acknowledgement of any of them may have been lost, and
 * then the broker sends it again. A row is written with the batch that holds the message itself, so that there is
 * never one without the other.
 */
export class ReceivedMessages {
  /** Packet id and digest, at the place of their row. */
  private readonly marks: Buffer[] = [];
  private next = 0;

  constructor(
    private readonly commit: GroupCommit,
    private readonly link: string,
  ) {
    let last = -1;
    for (const [key, row] of commit.range('meta', this.key(''), this.key('\uffff'))) {
      const place = Number(key.slice(this.key('').length));
      const sequence = row.readUIntBE(0, 6);
      this.marks[place] = row.subarray(6);
      if (sequence > last) last = sequence;
    }
    this.next = last + 1;
  }

  has(packet: ReceivedPacket): boolean {
    const mark = markOf(packet);
    return this.marks.some((other) => other.equals(mark));
  }

  /** With the batch that gathers now. */
  add(packet: ReceivedPacket): void {
    const place = this.next % REMEMBERED;
    const mark = markOf(packet);
    const sequence = Buffer.alloc(6);
    sequence.writeUIntBE(this.next++, 0, 6);
    this.marks[place] = mark;
    this.commit.put('meta', this.key(String(place)), Buffer.concat([sequence, mark]));
  }

  /** The broker has begun a new session: what it sends from now on is new. */
  forget(): void {
    this.marks.forEach((_, place) => {
      this.commit.remove('meta', this.key(String(place)));
    });
    this.marks.length = 0;
  }

  private key(place: string): string {
    return `mqtt-link/${this.link}/${place}`;
  }
}

function markOf({ messageId, topic, payload }: ReceivedPacket): Buffer {
  const id = Buffer.alloc(2);
  id.writeUInt16BE(messageId);
  const digest = createHash('sha256').update(topic).update('\0').update(payload).digest();
  return Buffer.concat([id, digest.subarray(0, DIGEST_BYTES)]);
}
