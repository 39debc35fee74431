/**
 * Watches the lengths in the fixed headers of a client's packets (MQT-3). aedes has no limit of its own: it gathers
 * whatever length a header announces.
 */

export interface PacketMeter {
  /**
   * Takes what was read from the socket. Returns why the connection has to end, if it has to; the packet that is too
   * large has then hardly begun.
   */
  take(chunk: Uint8Array): 'packet_too_large' | 'malformed_length' | undefined;
}

/** A remaining length has four bytes at most (MQTT 3.1.1, 2.2.3). */
const LENGTH_BYTES = 4;

/** `limitBytes` bounds a whole packet, its fixed header included. */
export function createPacketMeter(limitBytes: number): PacketMeter {
  /** Bytes of the present packet's body that are still to come. */
  let body = 0;
  /** Bytes of the present fixed header that have been seen: 0 between packets. */
  let header = 0;
  let length = 0;
  return {
    take(chunk) {
      for (let at = 0; at < chunk.length; ) {
        if (body > 0) {
          const step = Math.min(body, chunk.length - at);
          body -= step;
          at += step;
          continue;
        }
        const byte = chunk[at++] as number;
        if (header++ === 0) continue;
        length += (byte & 0x7f) * 128 ** (header - 2);
        if (byte >= 0x80) {
          if (header > LENGTH_BYTES) return 'malformed_length';
          continue;
        }
        if (header + length > limitBytes) return 'packet_too_large';
        body = length;
        header = 0;
        length = 0;
      }
      return undefined;
    },
  };
}
