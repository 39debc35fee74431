/**
 * What the broker keeps for persistent sessions until it is acknowledged (MQT-3), in memory.
 *
 * Invariants
 * - OQ-1 No client holds more than its messages and bytes, nor all together more than theirs; the oldest message of
 *   the client that goes past a bound is dropped and counted.
 * - OQ-2 A message that was sent before is sent again with `dup` (MQTT-3.3.1-1).
 * - OQ-3 A message keeps no more memory than it has bytes: payloads are views of what was read from a socket.
 */

/** A message or a PUBREL on its way to a client, as aedes hands them over. */
export interface OutgoingPacket {
  readonly cmd: string;
  readonly topic?: string;
  readonly payload?: Uint8Array | string;
  readonly brokerId?: string;
  readonly brokerCounter?: number;
  readonly dup?: boolean;
  messageId?: number | undefined;
}

export interface OfflineLimits {
  readonly messages: number;
  readonly bytes: number;
  /** Of all clients together. */
  readonly totalBytes: number;
}

interface Queue {
  packets: OutgoingPacket[];
  bytes: number;
}

export class OfflineQueues {
  private readonly queues = new Map<string, Queue>();
  private totalBytes = 0;
  /** Messages lost at a bound. */
  dropped = 0;

  constructor(private readonly limits: OfflineLimits) {}

  enqueue(clientIds: readonly string[], packet: OutgoingPacket): void {
    const kept = withOwnPayload(packet);
    const bytes = sizeOf(kept);
    for (const clientId of clientIds) {
      const queue = this.queues.get(clientId) ?? { packets: [], bytes: 0 };
      this.queues.set(clientId, queue);
      queue.packets.push({ ...kept, messageId: undefined });
      this.grow(queue, bytes);
      this.trim(queue);
    }
  }

  /** Notes the packet id that a message is sent under, or that it has become a PUBREL. False if it is unknown. */
  update(clientId: string, packet: OutgoingPacket): boolean {
    const queue = this.queues.get(clientId);
    if (!queue) return false;
    for (const [index, queued] of queue.packets.entries()) {
      if (queued.brokerId === packet.brokerId) {
        if (queued.brokerCounter === packet.brokerCounter) {
          queued.messageId = packet.messageId;
          return true;
        }
      } else if (queued.messageId === packet.messageId) {
        this.grow(queue, sizeOf(packet) - sizeOf(queued));
        queue.packets[index] = { ...packet };
        return true;
      }
    }
    return false;
  }

  /** Forgets the message that was sent under a packet id, and returns it. */
  acknowledge(clientId: string, messageId: number | undefined): OutgoingPacket | undefined {
    const queue = this.queues.get(clientId);
    const index = queue?.packets.findIndex((packet) => packet.messageId === messageId) ?? -1;
    if (!queue || index < 0) return undefined;
    const [packet] = queue.packets.splice(index, 1);
    this.grow(queue, -sizeOf(packet as OutgoingPacket));
    if (queue.packets.length === 0) this.queues.delete(clientId);
    return packet;
  }

  /** What waits for a client that comes back, oldest first. */
  waiting(clientId: string): OutgoingPacket[] {
    const packets = this.queues.get(clientId)?.packets ?? [];
    return packets.map((packet) =>
      packet.cmd === 'publish' && packet.messageId !== undefined ? { ...packet, dup: true } : packet,
    );
  }

  /** A session that ends takes its messages along. */
  discard(clientId: string): void {
    const queue = this.queues.get(clientId);
    if (!queue) return;
    this.totalBytes -= queue.bytes;
    this.queues.delete(clientId);
  }

  get size(): { readonly messages: number; readonly bytes: number } {
    let messages = 0;
    for (const { packets } of this.queues.values()) messages += packets.length;
    return { messages, bytes: this.totalBytes };
  }

  private trim(queue: Queue): void {
    const { messages, bytes, totalBytes } = this.limits;
    while (
      queue.packets.length > 0 &&
      (queue.packets.length > messages || queue.bytes > bytes || this.totalBytes > totalBytes)
    ) {
      this.grow(queue, -sizeOf(queue.packets.shift() as OutgoingPacket));
      this.dropped++;
    }
  }

  private grow(queue: Queue, bytes: number): void {
    queue.bytes += bytes;
    this.totalBytes += bytes;
  }
}

/** Topic and payload, and about what an object for them costs. */
function sizeOf({ topic, payload }: OutgoingPacket): number {
  return 64 + (topic?.length ?? 0) + (payload?.length ?? 0);
}

/** Copies a payload that would keep a much larger buffer alive (OQ-3). */
export function withOwnPayload<P extends { readonly payload?: Uint8Array | string }>(packet: P): P {
  const { payload } = packet;
  if (payload === undefined || typeof payload === 'string') return packet;
  if (payload.buffer.byteLength <= payload.length * 2) return packet;
  return { ...packet, payload: Buffer.from(payload) };
}
