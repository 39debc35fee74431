import { DerError, DerReader, type Element, explicitTag, TAG } from './der.js';
import type { NameAttribute } from './types.js';

const OIDS = { O: [0x55, 0x04, 0x0a], OU: [0x55, 0x04, 0x0b], CN: [0x55, 0x04, 0x03] } as const;

/** What differs between certificates of one template. */
export interface TemplateFields {
  /** Positive, big-endian. */
  readonly serial: Uint8Array;
  readonly subject: readonly (NameAttribute & { readonly type: keyof typeof OIDS })[];
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
}

/**
 * Certificates that are equal but for serial number, subject and public key, for many at a time: each is the template's
 * bytes with those three exchanged, to be signed anew with the same algorithm.
 */
export class CertificateTemplate {
  private constructor(
    private readonly beforeSerial: Buffer,
    private readonly betweenSerialAndSubject: Buffer,
    private readonly behindPublicKey: Buffer,
    private readonly signatureAlgorithm: Buffer,
  ) {}

  /** @throws Error if `der` is no certificate: a template is one's own, never a peer's. */
  static of(der: Uint8Array): CertificateTemplate {
    const bytes = Buffer.from(der);
    const reader = DerReader.of(bytes);
    const certificate = reader.inside(reader.expect(TAG.sequence, 'certificate'));
    const bodyElement = certificate.expect(TAG.sequence, 'certificate body');
    const body = certificate.inside(bodyElement);
    body.optional(explicitTag(0), 'version');
    const serial = body.expect(TAG.integer, 'serial number');
    let before: Element = serial;
    for (const what of ['signature algorithm', 'issuer', 'validity']) before = body.expect(TAG.sequence, what);
    body.expect(TAG.sequence, 'subject');
    const publicKey = body.expect(TAG.sequence, 'public key');
    const algorithm = certificate.expect(TAG.sequence, 'signature algorithm');
    return new CertificateTemplate(
      bytes.subarray(bodyElement.contentStart, serial.start),
      bytes.subarray(serial.end, before.end),
      bytes.subarray(publicKey.end, bodyElement.end),
      bytes.subarray(algorithm.start, algorithm.end),
    );
  }

  /** What is to be signed. */
  body({ serial, subject, publicKey }: TemplateFields): Buffer {
    return element(
      TAG.sequence,
      this.beforeSerial,
      element(TAG.integer, (serial[0] ?? 0) >= 0x80 ? Buffer.of(0) : Buffer.alloc(0), serial),
      this.betweenSerialAndSubject,
      element(TAG.sequence, ...subject.map(attribute)),
      publicKey,
      this.behindPublicKey,
    );
  }

  /** The certificate in DER. */
  seal(body: Uint8Array, signature: Uint8Array): Buffer {
    return element(TAG.sequence, body, this.signatureAlgorithm, element(TAG.bitString, Buffer.of(0), signature));
  }
}

function attribute({ type, value }: TemplateFields['subject'][number]): Buffer {
  const pair = element(
    TAG.sequence,
    element(TAG.oid, Buffer.from(OIDS[type])),
    element(TAG.utf8String, Buffer.from(value, 'utf8')),
  );
  return element(TAG.set, pair);
}

function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  if (length > 0xffff) throw new DerError('X509_TOO_LARGE', 'content of more than 65 535 bytes', 0);
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), ...contents]);
}
