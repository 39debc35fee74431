/** Members of the `Message` union that this protocol uses (section 2.1). */
export const MESSAGE_TYPE = { none: 0, stream: 4, ack: 5 } as const;

/** What an absent or empty byte vector reads as. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The table FlatbuffersStream. Byte fields are views of the message they were read from. */
export interface Stream {
  /** Seconds since the epoch, by the sender's clock. */
  readonly createdAt: number;
  readonly senderId: Uint8Array;
  readonly payload: Uint8Array;
  readonly deviceType: Uint8Array;
  readonly deviceId: Uint8Array;
  /** Epoch milliseconds; 0 when nobody has set it. */
  readonly deliveredAtMs: number;
}

interface EnvelopeFields {
  /** Transaction id chosen by the sender, opaque; the key of the reply. */
  readonly txid: Uint8Array;
  readonly topic: Uint8Array;
  /** The union type byte. */
  readonly messageType: number;
  readonly messageId: Uint8Array;
}

/**
 * The root table FlatbuffersEnvelope. Byte fields are views of the message they were read from.
 *
 * `kind` tells a stream from what is not one: `empty` is a message without union value, whose other fields are not
 * looked at and read as empty (FT-FB-2); `other` is a union type that is not a stream, among them acks (FT-FB-3).
 */
export type Envelope =
  | (EnvelopeFields & { readonly kind: 'stream'; readonly stream: Stream })
  | (EnvelopeFields & { readonly kind: 'other' })
  | (EnvelopeFields & { readonly kind: 'empty' });
