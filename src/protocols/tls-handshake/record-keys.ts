import { createDecipheriv, createHmac } from 'node:crypto';

interface Suite {
  readonly hash: 'sha256' | 'sha384';
  readonly cipher: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';
  readonly keyBytes: 16 | 32;
}

/** RFC 8446 §B.4, those that node offers. */
const SUITES: ReadonlyMap<number, Suite> = new Map<number, Suite>([
  [0x1301, { hash: 'sha256', cipher: 'aes-128-gcm', keyBytes: 16 }],
  [0x1302, { hash: 'sha384', cipher: 'aes-256-gcm', keyBytes: 32 }],
  [0x1303, { hash: 'sha256', cipher: 'chacha20-poly1305', keyBytes: 32 }],
]);

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Opens the records of one side and one phase of TLS 1.3, in their order (RFC 8446 §5.2, §5.3, §7.3). */
export class RecordKeys {
  private sequence = 0n;

  private constructor(
    private readonly suite: Suite,
    private readonly key: Buffer,
    private readonly nonce: Buffer,
  ) {}

  /** Undefined for a suite that is not known. */
  static of(suite: number, secret: Uint8Array): RecordKeys | undefined {
    const known = SUITES.get(suite);
    if (!known) return undefined;
    const { hash, keyBytes } = known;
    return new RecordKeys(known, expand(hash, secret, 'key', keyBytes), expand(hash, secret, 'iv', NONCE_BYTES));
  }

  /** Type and content; undefined if these are not the keys of it. */
  open(header: Buffer, payload: Buffer): { readonly type: number; readonly content: Buffer } | undefined {
    if (payload.length <= TAG_BYTES) return undefined;
    const nonce = Buffer.from(this.nonce);
    nonce.writeBigUInt64BE(nonce.readBigUInt64BE(NONCE_BYTES - 8) ^ this.sequence, NONCE_BYTES - 8);
    const body = payload.subarray(0, -TAG_BYTES);
    try {
      const options = { authTagLength: TAG_BYTES };
      const decipher = createDecipheriv(this.suite.cipher as 'aes-128-gcm', this.key, nonce, options);
      decipher.setAAD(header, { plaintextLength: body.length });
      decipher.setAuthTag(payload.subarray(-TAG_BYTES));
      const plain = Buffer.concat([decipher.update(body), decipher.final()]);
      this.sequence += 1n;
      const end = plain.findLastIndex((byte) => byte !== 0);
      return end < 0 ? undefined : { type: plain[end] ?? 0, content: plain.subarray(0, end) };
    } catch {
      return undefined;
    }
  }
}

/** HKDF-Expand-Label without a context; one block suffices for all that is asked for here. */
function expand(hash: Suite['hash'], secret: Uint8Array, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac(hash, secret).update(info).digest().subarray(0, length);
}
